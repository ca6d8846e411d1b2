// Past one process: a stock Collector with `load_balancing` by px.cluster.id in front of two instances. Each cluster's
// data reaches one instance only, none is lost, and the fault of a cluster is found by the instance that has it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { opentelemetry } from '#proto';
import { type Traffic, trafficRequest } from '../support/peers/edge-traffic.js';
import { type NextHop, startNextHop } from '../support/peers/next-hop.js';
import { type OtlpService, startCollector, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { withoutGo } from '../support/peers/programs.js';
import { grpcSender } from '../support/peers/senders.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;
const CLUSTERS = Array.from({ length: 8 }, (_, i) => `cluster-${i}`);
const FAULTY = 'cluster-3';
const EDGES = 6;
const HISTORY = 200;
const WINDOWS = HISTORY + 6;
/** Latency, requests, errors and bytes of every edge in every window of a cluster. */
const POINTS = 4 * EDGES * WINDOWS;

const trafficOf = (cluster: string): Traffic => ({
  edges: EDGES,
  cluster,
  startSeconds: Math.floor(Date.now() / 1000) - WINDOWS * 10,
  windowSeconds: 10,
  latencyFactor: (edge, window) => (cluster === FAULTY && edge === 2 && window >= HISTORY ? 6 : 1),
});

interface Attribute {
  readonly key?: string | null;
  readonly value?: { readonly stringValue?: string | null } | null;
}

const valueIn = (attributes: readonly Attribute[] | null | undefined, key: string): string =>
  attributes?.find((attribute) => attribute.key === key)?.value?.stringValue ?? '';

/** Clusters of the forwarded metrics at a next hop, with how many data points of each. */
function clustersAt(hop: NextHop): Map<string, number> {
  const found = new Map<string, number>();
  for (const { body } of hop.of('metrics')) {
    for (const { resource, scopeMetrics } of ExportMetricsServiceRequest.decode(body).resourceMetrics) {
      const cluster = valueIn(resource?.attributes, 'px.cluster.id');
      const metrics = (scopeMetrics ?? []).flatMap((scope) => scope.metrics ?? []);
      const points = metrics.reduce((sum, { gauge }) => sum + (gauge?.dataPoints?.length ?? 0), 0);
      if (cluster !== '') found.set(cluster, (found.get(cluster) ?? 0) + points);
    }
  }
  return found;
}

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);

/** Clusters of the anomalies that an instance reported as events. */
function anomalousAt(hop: NextHop): Set<string> {
  const requests = hop.of('logs').map(({ body }) => ExportLogsServiceRequest.decode(body));
  const records = requests.flatMap(({ resourceLogs }) =>
    resourceLogs.flatMap(({ scopeLogs }) => (scopeLogs ?? []).flatMap(({ logRecords }) => logRecords ?? [])),
  );
  const spikes = records.filter(({ eventName }) => eventName === 'px.anomaly.network.latency_spike');
  return new Set(spikes.map(({ attributes }) => valueIn(attributes, 'px.cluster.id')));
}

describe('two instances behind load_balancing', { skip: withoutGo }, () => {
  const hops: NextHop[] = [];

  before(async () => {
    const instances: OtlpService[] = [];
    for (let i = 0; i < 2; i++) {
      const hop = await startNextHop();
      hops.push(hop);
      const exporters = { otlp_grpc: { endpoint: `127.0.0.1:${hop.grpcPort}`, tls: { insecure: true } } };
      const instance = await startGateway({
        processors: { anomaly: {} },
        connectors: { anomaly_events: {} },
        exporters,
        pipelines: {
          metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['otlp_grpc', 'anomaly_events'] },
          logs: { receivers: ['anomaly_events'], exporters: ['otlp_grpc'] },
        },
      });
      instances.push(instance);
    }
    const balancing = {
      routing_key: 'attributes',
      routing_attributes: ['px.cluster.id'],
      protocol: { otlp: { tls: { insecure: true }, sending_queue: { enabled: false } } },
      resolver: { static: { hostnames: instances.map(({ grpcPort }) => `127.0.0.1:${grpcPort}`) } },
    };
    const tier = await startCollector({
      exporters: { load_balancing: balancing },
      pipelines: { metrics: { receivers: ['otlp'], exporters: ['load_balancing'] } },
    });
    const sender = grpcSender(tier.grpcPort);
    for (let window = 0; window < WINDOWS; window++) {
      // Requests concatenate: one request of all clusters, which the tier has to take apart.
      const all = CLUSTERS.map((cluster) => trafficRequest(trafficOf(cluster), window));
      await sender.send('metrics', Buffer.concat(all));
    }
    sender.close();
    await eventually(() => hops.some((hop) => anomalousAt(hop).size > 0), 20_000, 'the fault of a cluster');
  });
  after(endAll);

  it('gives each cluster to one instance, and loses nothing', async () => {
    const points = (): number => hops.reduce((sum, hop) => sum + total(clustersAt(hop)), 0);
    await eventually(() => points() >= POINTS * CLUSTERS.length, 20_000, 'all points at the next hops');
    const [first, second] = hops.map(clustersAt) as [Map<string, number>, Map<string, number>];
    assert.ok(first.size > 0 && second.size > 0, 'both have work');
    assert.equal(first.size + second.size, CLUSTERS.length);
    assert.deepEqual(new Set([...first.keys(), ...second.keys()]), new Set(CLUSTERS));
    for (const count of [...first.values(), ...second.values()]) assert.equal(count, POINTS);
  });

  it('finds the fault where the cluster is', () => {
    for (const hop of hops) {
      const isHere = clustersAt(hop).has(FAULTY);
      assert.deepEqual([...anomalousAt(hop)], isHere ? [FAULTY] : []);
    }
  });
});
