// Traces through the Collector's own connectors in front of pxanomaly: what service_graph and span_metrics really send
// is understood by the presets of those names: edges appear, and their windows are scored.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { opentelemetry } from '#proto';
import { startNextHop } from '../support/peers/next-hop.js';
import { type OtlpService, startCollector, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { withoutGo } from '../support/peers/programs.js';
import { grpcSender } from '../support/peers/senders.js';

const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const { SPAN_KIND_CLIENT, SPAN_KIND_SERVER } = opentelemetry.proto.trace.v1.Span.SpanKind;

/** A call from one service to another: the client's span and, as its child, the server's. */
function call(source: string, destination: string): Uint8Array {
  const traceId = randomBytes(16);
  const [client, server] = [randomBytes(8), randomBytes(8)];
  const end = BigInt(Date.now()) * 1_000_000n;
  const times = (ms: bigint) => ({
    startTimeUnixNano: String(end - ms * 1_000_000n) as never,
    endTimeUnixNano: String(end) as never,
  });
  const spanOf = (service: string, span: object) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [{ spans: [{ traceId, name: 'GET /', ...span }] }],
  });
  return ExportTraceServiceRequest.encode({
    resourceSpans: [
      spanOf(source, { spanId: client, kind: SPAN_KIND_CLIENT, ...times(30n) }),
      spanOf(destination, { spanId: server, parentSpanId: client, kind: SPAN_KIND_SERVER, ...times(20n) }),
    ],
  }).finish();
}

const CONNECTORS = {
  servicegraph: { service_graph: { metrics_flush_interval: '200ms', store: { ttl: '1s' } } },
  spanmetrics: { span_metrics: { metrics_flush_interval: '200ms' } },
} as const;

for (const [preset, connectors] of Object.entries(CONNECTORS)) {
  describe(`the Collector's ${preset} in front`, { skip: withoutGo }, () => {
    let gateway: OtlpService;

    before(async () => {
      const hop = await startNextHop();
      gateway = await startGateway({
        processors: { anomaly: { presets: [{ name: preset, window: '1s' }] } },
        exporters: { otlp_grpc: { endpoint: `127.0.0.1:${hop.grpcPort}`, tls: { insecure: true } } },
        pipelines: { metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['otlp_grpc'] } },
      });
      const front = await startCollector({
        connectors,
        exporters: { otlp_grpc: { endpoint: `127.0.0.1:${gateway.grpcPort}`, tls: { insecure: true } } },
        pipelines: {
          traces: { receivers: ['otlp'], exporters: Object.keys(connectors) },
          metrics: { receivers: Object.keys(connectors), exporters: ['otlp_grpc'] },
        },
      });
      const sender = grpcSender(front.grpcPort);
      for (let i = 0; i < 40; i++) {
        await sender.send('traces', call('frontend', 'checkout'));
        await sender.send('traces', call('checkout', 'payment'));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      sender.close();
    });
    after(endAll);

    const sample = async (pattern: RegExp): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${gateway.telemetryPort}/metrics`)).text();
      return Number(pattern.exec(text)?.[1] ?? 0);
    };

    it('gives edges, windows of which are scored', async () => {
      await eventually(async () => (await sample(/^pxanomaly_edges\{.*\} (\d+)/m)) >= 2, 20_000, 'two edges');
      await eventually(
        async () => (await sample(/^pxanomaly_edge_windows_scored\{.*\} (\d+)/m)) > 0,
        20_000,
        'a scored window',
      );
      assert.equal(await sample(/^pxanomaly_learning_failures\{.*\} (\d+)/m), 0);
      assert.ok((await sample(/^pxanomaly_points\{.*outcome="folded"\} (\d+)/m)) > 0);
    });
  });
}
