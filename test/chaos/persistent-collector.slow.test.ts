// kill -9 of the gateway, under senders of every signal over both protocols, with a stock Collector behind it that is
// stopped, restarted, slow (it hangs and goes on) and full (its memory limiter refuses everything): what was
// acknowledged is in the Collector's file. PXANOMALY_CHAOS_ROUNDS=200 for the long form.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { opentelemetry } from '#proto';
import { SIGNALS, type Signal } from '../../src/pipeline/index.js';
import { EAGER } from '../support/chaos/configs.js';
import { Gateway, type GatewayConfig, protocols, scratchFolder } from '../support/chaos/gateway.js';
import { type Json, readRequests } from '../support/peers/otlp-files.js';
import { type OtlpService, startCollector } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';
import { withoutGo } from '../support/peers/programs.js';
import { grpcSender, httpSender, type Sender } from '../support/peers/senders.js';

const ROUNDS = Number(process.env.PXANOMALY_CHAOS_ROUNDS ?? 20);
const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;
const PROTOCOLS = ['grpc', 'http'] as const;

/** A request that says its number. */
function numbered(signal: Signal, number: number): Uint8Array {
  const name = `${signal} ${number}`;
  const time = 1_767_261_600_000_000_000n + BigInt(number) * 1_000_000n;
  if (signal === 'metrics') {
    const gauge = { dataPoints: [{ timeUnixNano: time, asInt: BigInt(number) }] };
    const resourceMetrics = [{ scopeMetrics: [{ metrics: [{ name, gauge }] }] }];
    return ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject({ resourceMetrics })).finish();
  }
  if (signal === 'traces') {
    const span = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), name, startTimeUnixNano: time };
    const resourceSpans = [{ scopeSpans: [{ spans: [{ ...span, endTimeUnixNano: time }] }] }];
    return ExportTraceServiceRequest.encode(ExportTraceServiceRequest.fromObject({ resourceSpans })).finish();
  }
  const resourceLogs = [{ scopeLogs: [{ logRecords: [{ timeUnixNano: time, body: { stringValue: name } }] }] }];
  return ExportLogsServiceRequest.encode(ExportLogsServiceRequest.fromObject({ resourceLogs })).finish();
}

/** What a request in the Collector's file says. */
function nameOf(request: Json): string {
  return (
    request.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics?.[0]?.name ??
    request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0]?.name ??
    request.resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords?.[0]?.body?.stringValue
  );
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

after(endAll);

it(`a Collector behind, ${ROUNDS} × kill -9: acknowledged and lost = 0`, { skip: withoutGo }, async (context) => {
  const folder = scratchFolder();
  const [grpcPort = 0, httpPort = 0, hopGrpc = 0, hopHttp = 0] = await freePorts(4);
  let lives = 0;
  /** Each life of the Collector writes files of its own. */
  const collector = (isFull = false): Promise<OtlpService> => {
    const life = lives++;
    const hop = {
      protocols: { grpc: { endpoint: `127.0.0.1:${hopGrpc}` }, http: { endpoint: `127.0.0.1:${hopHttp}` } },
    };
    const file = (signal: Signal) => ({ path: join(folder, `${signal}-${life}.jsonl`), flush_interval: '50ms' });
    return startCollector({
      receivers: { 'otlp/hop': hop },
      // Its heap is never as small as that.
      processors: { memory_limiter: { check_interval: '20ms', limit_mib: 2, spike_limit_mib: 1 } },
      exporters: Object.fromEntries(SIGNALS.map((signal) => [`file/${signal}`, file(signal)])),
      pipelines: Object.fromEntries(
        SIGNALS.map((signal) => [
          signal,
          {
            receivers: ['otlp/hop'],
            processors: isFull ? ['memory_limiter'] : [],
            exporters: [`file/${signal}`],
          },
        ]),
      ),
    });
  };
  const sending_queue = { storage: 'file_storage', queue_size: 100_000 };
  const exporters = {
    otlp_grpc: { endpoint: `127.0.0.1:${hopGrpc}`, tls: { insecure: true }, sending_queue, ...EAGER },
    otlp_http: { endpoint: `http://127.0.0.1:${hopHttp}`, sending_queue, ...EAGER },
  };
  const config: GatewayConfig = {
    protocols: protocols({ endpoint: `127.0.0.1:${grpcPort}` }, { endpoint: `127.0.0.1:${httpPort}` }),
    exporters,
    extensions: { file_storage: { directory: join(folder, 'state') } },
    pipelines: Object.fromEntries(
      SIGNALS.map((signal) => [signal, { receivers: ['otlp'], exporters: Object.keys(exporters) }]),
    ),
  };
  const acknowledged = new Set<string>();
  let number = 0;
  let over = false;
  const send = async (make: () => Sender, signal: Signal): Promise<void> => {
    while (!over) {
      const sender = make();
      const current = number++;
      await sender
        .send(signal, numbered(signal, current))
        .then(() => acknowledged.add(`${signal} ${current}`))
        .catch(() => pause(20));
      sender.close();
    }
  };
  let hop: OtlpService | undefined = await collector();
  const senders = SIGNALS.flatMap((signal) => [
    send(() => grpcSender(grpcPort), signal),
    send(() => httpSender(httpPort), signal),
  ]);
  const stop = async (): Promise<void> => {
    await hop?.stop();
    hop = undefined;
  };
  /** By round: down, up again, hangs, goes on, full, empty again. */
  const changes: Readonly<Record<number, () => unknown>> = {
    1: stop,
    3: async () => {
      hop ??= await collector();
    },
    4: () => hop && process.kill(hop.pid, 'SIGSTOP'),
    5: () => hop && process.kill(hop.pid, 'SIGCONT'),
    6: async () => {
      await stop();
      hop = await collector(true);
    },
    0: async () => {
      await stop();
      hop = await collector();
    },
  };
  for (let round = 0; round < ROUNDS; round++) {
    const gateway = await Gateway.start(config);
    await pause(100 + ((round * 137) % 400));
    await changes[round % 8]?.();
    await pause((round * 71) % 150);
    assert.equal(await gateway.end('SIGKILL'), 'SIGKILL');
  }
  over = true;
  await Promise.all(senders);
  if (hop) process.kill(hop.pid, 'SIGCONT');
  await stop();
  hop = await collector();
  const last = await Gateway.start(config);
  /** How often each request was written: once by each exporter, more often where one came again. */
  const arrivals = (): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.jsonl')))
      for (const request of readRequests(join(folder, name)))
        counts.set(nameOf(request), (counts.get(nameOf(request)) ?? 0) + 1);
    return counts;
  };
  const lost = (): string[] => {
    const counts = arrivals();
    return [...acknowledged].filter((name) => (counts.get(name) ?? 0) < PROTOCOLS.length);
  };
  await eventually(() => lost().length === 0, 60_000).catch(() => {});
  assert.deepEqual(lost(), [], `of ${acknowledged.size} acknowledged`);
  for (const signal of SIGNALS)
    assert.ok(
      [...acknowledged].some((name) => name.startsWith(signal)),
      `${signal} were acknowledged`,
    );
  const again = [...arrivals().values()].reduce((sum, count) => sum + Math.max(0, count - PROTOCOLS.length), 0);
  context.diagnostic(
    `${acknowledged.size} acknowledged, ${again} delivered more than once, ${lives} lives of the Collector`,
  );
  assert.equal(await last.end('SIGTERM'), 0);
});
