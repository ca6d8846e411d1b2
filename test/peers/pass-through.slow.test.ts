// A real Collector in front of pxanomaly and real Collectors behind it, over gRPC and HTTP: what arrives is what was
// sent, for every signal and every kind of value; a next hop that records bytes sees the very bytes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SIGNALS } from '../../src/pipeline/index.js';
import { type NextHop, startNextHop } from '../support/peers/next-hop.js';
import { isOwn, readRequests, sorted } from '../support/peers/otlp-files.js';
import { newFolder, type OtlpService, startCollector, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { withoutGo } from '../support/peers/programs.js';
import { SAMPLES } from '../support/peers/sample-requests.js';
import { grpcSender, httpSender, type Sender } from '../support/peers/senders.js';

const everySignal = (stages: object): Record<string, object> =>
  Object.fromEntries(SIGNALS.map((signal) => [signal, { receivers: ['otlp'], ...stages }]));
const insecure = { tls: { insecure: true } };

describe('a Collector in front, Collectors behind', { skip: withoutGo }, () => {
  const folder = newFolder();
  const file = (name: string) => ({ file: { path: join(folder, name), flush_interval: '50ms' } });
  const requests = (name: string) => readRequests(join(folder, name)).filter((request) => !isOwn(request));
  let hop: NextHop;
  let gateway: OtlpService;

  before(async () => {
    hop = await startNextHop();
    const overGrpc = await startCollector({
      exporters: file('grpc.jsonl'),
      pipelines: everySignal({ exporters: ['file'] }),
    });
    const overHttp = await startCollector({
      exporters: file('http.jsonl'),
      pipelines: everySignal({ exporters: ['file'] }),
    });
    const out = {
      otlp_grpc: { endpoint: `127.0.0.1:${overGrpc.grpcPort}`, ...insecure },
      otlp_http: { endpoint: `http://127.0.0.1:${overHttp.httpPort}` },
      'otlp_grpc/hop': { endpoint: `127.0.0.1:${hop.grpcPort}`, compression: 'none', ...insecure },
      'otlp_http/hop': { endpoint: `http://127.0.0.1:${hop.httpPort}` },
    };
    gateway = await startGateway({
      processors: { anomaly: {} },
      exporters: out,
      pipelines: {
        metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: Object.keys(out) },
        traces: { receivers: ['otlp'], processors: ['anomaly'], exporters: Object.keys(out) },
        logs: { receivers: ['otlp'], exporters: Object.keys(out) },
      },
    });
  });
  after(endAll);

  for (const transport of ['grpc', 'http'] as const) {
    it(`${transport} between the front and pxanomaly`, async () => {
      const sent = `sent-${transport}.jsonl`;
      const seen = new Map(['grpc.jsonl', 'http.jsonl'].map((name) => [name, requests(name).length]));
      const exporters =
        transport === 'grpc'
          ? { otlp_grpc: { endpoint: `127.0.0.1:${gateway.grpcPort}`, ...insecure } }
          : { otlp_http: { endpoint: `http://127.0.0.1:${gateway.httpPort}` } };
      const front = await startCollector({
        exporters: { ...file(sent), ...exporters },
        pipelines: everySignal({ exporters: ['file', ...Object.keys(exporters)] }),
      });
      for (const sender of [grpcSender(front.grpcPort), httpSender(front.httpPort, { gzip: true })]) {
        for (const signal of SIGNALS) await sender.send(signal, SAMPLES[signal]);
        sender.close();
      }
      const arrived = (name: string) => requests(name).slice(seen.get(name));
      await eventually(() => requests(sent).length === 6, 10_000, 'the front receiving six requests');
      for (const name of seen.keys()) {
        await eventually(() => arrived(name).length === 6, 20_000, `six requests in ${name}`);
        assert.deepEqual(sorted(arrived(name)), sorted(requests(sent)));
      }
    });
  }

  const senders: Record<string, () => Sender> = {
    'gRPC, gzip': () => grpcSender(gateway.grpcPort, { gzip: true }),
    'gRPC, plain': () => grpcSender(gateway.grpcPort),
    'HTTP, gzip': () => httpSender(gateway.httpPort, { gzip: true }),
    'HTTP, plain': () => httpSender(gateway.httpPort),
  };
  for (const [name, open] of Object.entries(senders)) {
    it(`hands on the very bytes of ${name}`, async () => {
      const before = hop.arrivals.length;
      const sender = open();
      for (const signal of SIGNALS) await sender.send(signal, SAMPLES[signal]);
      sender.close();
      const forwarded = () =>
        hop.arrivals.slice(before).filter(({ body, signal }) => Buffer.compare(body, SAMPLES[signal]) === 0);
      await eventually(() => forwarded().length === 6, 20_000, 'each signal at both next hops');
      for (const signal of SIGNALS) {
        const transports = forwarded().flatMap((arrival) => (arrival.signal === signal ? [arrival.transport] : []));
        assert.deepEqual(new Set(transports), new Set(['grpc', 'http']), signal);
      }
    });
  }
});
