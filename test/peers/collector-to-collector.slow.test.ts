// The peers themselves: what one Collector sends, the next writes to its file, and the recording next hop sees as
// bytes. The other suites of this folder put pxanomaly between the two; this one says what they may expect without it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SIGNALS } from '../../src/pipeline/index.js';
import { type NextHop, startNextHop } from '../support/peers/next-hop.js';
import { readRequests, sorted } from '../support/peers/otlp-files.js';
import { newFolder, type OtlpService, startCollector } from '../support/peers/otlp-services.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { withoutGo } from '../support/peers/programs.js';
import { SAMPLES } from '../support/peers/sample-requests.js';
import { grpcSender, httpSender } from '../support/peers/senders.js';

describe('two Collectors', { skip: withoutGo }, () => {
  const folder = newFolder();
  let hop: NextHop;
  let first: OtlpService;
  let second: OtlpService;

  before(async () => {
    hop = await startNextHop();
    const write = (name: string) => ({ path: join(folder, name), flush_interval: '50ms' });
    const pipelines = (exporters: string[]) =>
      Object.fromEntries(SIGNALS.map((signal) => [signal, { receivers: ['otlp'], exporters }]));
    second = await startCollector({ exporters: { file: write('second.jsonl') }, pipelines: pipelines(['file']) });
    first = await startCollector({
      exporters: {
        file: write('first.jsonl'),
        otlp_grpc: { endpoint: `127.0.0.1:${second.grpcPort}`, tls: { insecure: true } },
        'otlp_http/hop': { endpoint: `http://127.0.0.1:${hop.httpPort}` },
        'otlp_grpc/hop': { endpoint: `127.0.0.1:${hop.grpcPort}`, tls: { insecure: true } },
      },
      pipelines: pipelines(['file', 'otlp_grpc', 'otlp_http/hop', 'otlp_grpc/hop']),
    });
  });
  after(endAll);

  it('hands on every kind of value, over gRPC and HTTP', async () => {
    for (const sender of [grpcSender(first.grpcPort, { gzip: true }), httpSender(first.httpPort, { gzip: true })]) {
      for (const signal of SIGNALS) await sender.send(signal, SAMPLES[signal]);
      sender.close();
    }
    const files = () => ['first.jsonl', 'second.jsonl'].map((name) => readRequests(join(folder, name)));
    await eventually(() => files().every((requests) => requests.length === 6) && hop.arrivals.length === 12);
    const [sent, received] = files();
    assert.deepEqual(sorted(received ?? []), sorted(sent ?? []));
  });

  it('serialises a request the same way for both transports', () => {
    for (const signal of SIGNALS) {
      const [one, ...others] = hop.of(signal).map(({ body }) => body.toString('hex'));
      assert.equal(others.length, 3);
      for (const other of others) assert.equal(other, one, signal);
    }
  });
});
