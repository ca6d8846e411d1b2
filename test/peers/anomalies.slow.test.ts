// Traffic through a Collector into pxanomaly: what it finds arrives at the Collector behind, as metrics and as log
// events, with the names, types, attributes and times that docs say; once over gRPC, once over HTTP.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { edgeNames, type Traffic, trafficRequest, windowTime } from '../support/peers/edge-traffic.js';
import { attributesOf, isOwn, type Json, readRequests } from '../support/peers/otlp-files.js';
import { newFolder, type OtlpService, startCollector, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { withoutGo } from '../support/peers/programs.js';
import { grpcSender } from '../support/peers/senders.js';

const CLUSTER = '11111111-2222-3333-4444-555555555555';
const HISTORY = 400;
const FAULTY_EDGE = 7;
const FAULT_WINDOWS = 6;
const WINDOWS = HISTORY + FAULT_WINDOWS + 12;

const traffic: Traffic = {
  edges: 24,
  cluster: CLUSTER,
  startSeconds: Math.floor(Date.now() / 1000) - WINDOWS * 10,
  windowSeconds: 10,
  latencyFactor: (edge, window) =>
    edge === FAULTY_EDGE && window >= HISTORY && window < HISTORY + FAULT_WINDOWS ? 5 : 1,
};
const EDGE = { ...edgeNames(FAULTY_EDGE), src_namespace: 'shop', 'px.cluster.id': CLUSTER };
const NAMES = { src_service: 'caller-2', dst_service: 'callee-7' };

/** All metrics of our own in a file, with the resource that they came with. */
function ownMetrics(path: string): Json[] {
  const resources = readRequests(path)
    .filter(isOwn)
    .flatMap(({ resourceMetrics }) => resourceMetrics ?? []);
  return resources.flatMap(({ resource, scopeMetrics }: Json) =>
    scopeMetrics.flatMap(({ metrics }: Json) => metrics.map((metric: Json) => ({ ...metric, resource }))),
  );
}

function ownEvents(path: string): Json[] {
  const resources = readRequests(path)
    .filter(isOwn)
    .flatMap(({ resourceLogs }) => resourceLogs ?? []);
  return resources.flatMap(({ scopeLogs }: Json) => scopeLogs.flatMap(({ logRecords }: Json) => logRecords));
}

const isFaultyEdge = (owner: Json): boolean => {
  const attributes = attributesOf(owner);
  return attributes.get('src_service') === NAMES.src_service && attributes.get('dst_service') === NAMES.dst_service;
};

for (const transport of ['grpc', 'http'] as const) {
  describe(`anomalies at the Collector behind, over ${transport}`, { skip: withoutGo }, () => {
    const folder = newFolder();
    const path = join(folder, 'behind.jsonl');
    let front: OtlpService;

    before(async () => {
      const file = { path, flush_interval: '50ms' };
      const only = { receivers: ['otlp'], exporters: ['file'] };
      const behind = await startCollector({ exporters: { file }, pipelines: { metrics: only, logs: only } });
      // One consumer keeps the order of the windows; the default of ten lets later ones overtake.
      const inOrder = { sending_queue: { num_consumers: 1, block_on_overflow: true } };
      const to = ({ grpcPort, httpPort }: OtlpService) =>
        transport === 'grpc'
          ? { otlp_grpc: { endpoint: `127.0.0.1:${grpcPort}`, tls: { insecure: true }, ...inOrder } }
          : { otlp_http: { endpoint: `http://127.0.0.1:${httpPort}`, ...inOrder } };
      const out = to(behind);
      const gateway = await startGateway({
        processors: { anomaly: { export_interval: '1s' } },
        connectors: { anomaly_events: {} },
        exporters: out,
        pipelines: {
          metrics: {
            receivers: ['otlp'],
            processors: ['anomaly'],
            exporters: [...Object.keys(out), 'anomaly_events'],
          },
          logs: { receivers: ['anomaly_events'], exporters: Object.keys(out) },
        },
      });
      const exporters = to(gateway);
      front = await startCollector({
        exporters,
        pipelines: { metrics: { receivers: ['otlp'], exporters: Object.keys(exporters) } },
      });
      const sender = grpcSender(front.grpcPort, { gzip: true });
      for (let window = 0; window < WINDOWS; window++) await sender.send('metrics', trafficRequest(traffic, window));
      sender.close();
      await eventually(() => ownEvents(path).length >= 2, 20_000, 'events of the fault');
    });
    after(endAll);

    it('starts and resolves one latency spike on the faulty edge, in the time of its windows', () => {
      const events = ownEvents(path).filter(({ eventName }) => eventName.startsWith('px.anomaly.network.'));
      const ofEdge = events.filter(isFaultyEdge);
      assert.deepEqual(
        ofEdge.map((event) => [event.eventName, attributesOf(event).get('anomaly.state')]),
        [
          ['px.anomaly.network.latency_spike', 'started'],
          ['px.anomaly.network.latency_spike', 'resolved'],
        ],
      );
      const [started] = ofEdge;
      assert.equal(started.severityNumber, 9, 'INFO');
      const first = windowTime(traffic, HISTORY);
      const within = BigInt(started.timeUnixNano) - first;
      assert.ok(within >= -5_000_000_000n && within <= 25_000_000_000n, `${within} ns after the fault began`);
      assert.ok(typeof started.body.stringValue === 'string' && started.body.stringValue.length > 20);
      const attributes = attributesOf(started);
      for (const [key, value] of Object.entries({ ...EDGE, ...NAMES })) assert.equal(attributes.get(key), value, key);
      assert.ok(attributes.get('anomaly.score') >= 0.9 && attributes.get('anomaly.score') <= 1);
      assert.equal(attributes.get('anomaly.feature'), 'latency');
      assert.ok(attributes.get('anomaly.observed') > attributes.get('anomaly.upper'));
      assert.ok(attributes.get('anomaly.expected') < attributes.get('anomaly.upper'));
      assert.ok(events.length - ofEdge.length <= 1, 'hardly anything else');
    });

    it('exports the scores of the edges as gauges', async () => {
      await eventually(() => ownMetrics(path).some(({ name }) => name === 'px.anomaly.score'), 10_000, 'scores');
      for (const metric of ownMetrics(path).filter(({ name }) => name === 'px.anomaly.score')) {
        assert.equal(attributesOf(metric.resource).get('service.name'), 'pxanomaly');
        for (const point of metric.gauge.dataPoints) {
          const value = point.asDouble ?? Number(point.asInt);
          assert.ok(value >= 0 && value <= 1);
          assert.deepEqual(new Set(attributesOf(point).keys()), new Set(Object.keys(EDGE)));
        }
      }
    });

    it('exports the anomaly as a gauge of its kind while it lasts, then one 0', () => {
      const points = ownMetrics(path)
        .filter(({ name }) => name === 'px.anomaly.network.latency_spike')
        .flatMap(({ gauge }) => gauge.dataPoints)
        .filter(isFaultyEdge)
        .sort((a: Json, b: Json) => (BigInt(a.timeUnixNano) < BigInt(b.timeUnixNano) ? -1 : 1));
      const values = points.map(({ asDouble, asInt }: Json) => asDouble ?? Number(asInt));
      assert.ok(values.length >= 2, 'some while it lasts');
      assert.equal(values.filter((value: number) => value === 0).length, 1);
      assert.equal(values.at(-1), 0);
      assert.ok(values.slice(0, -1).every((value: number) => value > 0 && value <= 1));
    });

    it('counts the anomaly in a monotonic sum', () => {
      const sums = ownMetrics(path).filter(({ name }) => name === 'px.anomaly.events');
      assert.ok(sums.length > 0);
      for (const { sum } of sums) assert.equal(sum.isMonotonic, true);
      const kinds = sums.flatMap(({ sum }) =>
        sum.dataPoints.map((point: Json) => attributesOf(point).get('anomaly.kind')),
      );
      assert.ok(kinds.includes('latency_spike'));
    });
  });
}
