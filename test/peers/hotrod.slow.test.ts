// HotROD, a real application, through the gateway into a Collector's servicegraph: the same edges, the same counts.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Call, SpanPairs } from '../../src/detection/learning/spans/pair.js';
import { jsonToProtobuf } from '../../src/otlp/index.js';
import { attributesOf, readRequests } from '../support/peers/otlp-files.js';
import { newFolder, type OtlpService, startCollector, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts, start } from '../support/peers/processes.js';
import { peer, withoutGo } from '../support/peers/programs.js';
import { callsOf, PAIR_OPTIONS, tally } from '../support/spans.js';

const DISPATCHES = 30;

/**
 * The Collector's own connector, which makes nothing of spans without a partner while they may still come; it writes
 * its metrics to a file of its folder.
 */
function startServicegraph(folder: string): Promise<OtlpService> {
  return startCollector({
    connectors: { service_graph: { metrics_flush_interval: '500ms', store: { ttl: '10m', max_items: 100_000 } } },
    exporters: { 'file/metrics': { path: join(folder, 'metrics.jsonl') } },
    pipelines: {
      traces: { receivers: ['otlp'], exporters: ['service_graph'] },
      metrics: { receivers: ['service_graph'], exporters: ['file/metrics'] },
    },
  });
}

/** Calls by edge, from the newest values of the connector's counter. */
function servicegraphEdges(path: string): Record<string, number> {
  const series = new Map<string, number>();
  for (const request of readRequests(path))
    for (const { scopeMetrics } of request.resourceMetrics)
      for (const { metrics } of scopeMetrics)
        for (const { name, sum } of metrics)
          for (const point of name === 'traces_service_graph_request_total' ? sum.dataPoints : []) {
            const attributes = attributesOf(point);
            const failed = String(attributes.get('failed')) === 'true' ? ' !' : '';
            const value = Number(point.asInt ?? point.asDouble);
            series.set(`${attributes.get('client')} -> ${attributes.get('server')}${failed}`, value);
          }
  return Object.fromEntries(series);
}

/**
 * All four services of the application on loopback, sending their spans to `port`; returns where it takes dispatches.
 */
async function startHotrod(port: number): Promise<string> {
  const [frontend, ...others] = await freePorts(4);
  const services = ['customer', 'driver', 'route'];
  const args = services.flatMap((name, i) => [
    `--${name}-service-hostname=127.0.0.1`,
    `--${name}-service-port=${others[i]}`,
  ]);
  const url = `http://127.0.0.1:${frontend}`;
  await start(
    peer('hotrod.sh'),
    ['all', '--frontend-service-hostname=127.0.0.1', `--frontend-service-port=${frontend}`, ...args],
    {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '500' },
      ready: async () => (await fetch(`${url}/`)).ok,
    },
  );
  return url;
}

interface Recording {
  readonly pairs: SpanPairs;
  readonly calls: readonly Call[];
}

function isWholeTally(calls: Readonly<Record<string, number>>): boolean {
  const once = ['frontend -> customer', 'frontend -> driver', 'customer -> mysql'];
  return once.every((edge) => calls[edge] === DISPATCHES) && calls['frontend -> route'] === 10 * DISPATCHES;
}

/** The calls in what the gateway recorded, once the last span has come there and to the connector. */
async function wholeRecording(path: string, theirs: () => Record<string, number>): Promise<Recording> {
  let found: Recording | undefined;
  const isWhole = () => {
    const spans = readRequests(path).map((line) => jsonToProtobuf('traces', JSON.stringify(line)));
    const pairs = new SpanPairs(PAIR_OPTIONS);
    found = { pairs, calls: [...callsOf(pairs, ...spans), ...pairs.flush()] };
    return isWholeTally(tally(found.calls)) && isWholeTally({ ...theirs(), 'customer -> mysql': DISPATCHES });
  };
  await eventually(isWhole, 30_000, 'every span in both').catch(() => undefined);
  return found as Recording;
}

describe('HotROD beside the servicegraph connector', { skip: withoutGo }, () => {
  after(endAll);

  it('has the same edges and counts from the same spans, and its databases besides', async () => {
    const folder = newFolder();
    const collector = await startServicegraph(folder);
    const gateway = await startGateway({
      processors: { anomaly: { presets: ['spans'] } },
      exporters: {
        otlp_grpc: { endpoint: `127.0.0.1:${collector.grpcPort}`, tls: { insecure: true } },
        file: { path: join(folder, 'spans.jsonl') },
        debug: {},
      },
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['otlp_grpc', 'file'] },
        metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['debug'] },
      },
    });
    const hotrod = await startHotrod(gateway.httpPort);
    for (let i = 0; i < DISPATCHES; i++)
      assert.equal((await fetch(`${hotrod}/dispatch?customer=${i % 2 ? 123 : 392}&nonse=${i}`)).status, 200);

    const theirs = () => servicegraphEdges(join(folder, 'metrics.jsonl'));
    const { pairs, calls } = await wholeRecording(join(folder, 'spans.jsonl'), theirs);
    const ours = tally(calls);
    const isBeside = ([edge]: [string, number]) => /^\? -> frontend| -> mysql| -> redis-manual/.test(edge);
    assert.deepEqual(Object.fromEntries(Object.entries(ours).filter((entry) => !isBeside(entry))), theirs());
    assert.equal(ours['customer -> mysql'], DISPATCHES);
    assert.ok(
      Object.keys(ours).every((edge) => !edge.startsWith('mysql') && !edge.startsWith('redis')),
      Object.keys(ours).join(),
    );
    assert.equal(pairs.counts.late + pairs.counts.crowded + pairs.counts.duplicate + pairs.counts.untimed, 0);

    const text = await (await fetch(`http://127.0.0.1:${gateway.telemetryPort}/metrics`)).text();
    assert.doesNotMatch(text, /^pxanomaly_learning_failures\S* [1-9]/m);
    assert.doesNotMatch(gateway.output(), /warn|error/);
  });
});
