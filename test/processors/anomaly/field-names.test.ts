// Field cases of names: what users of service graphs, span metrics, proxies and eBPF agents send, from end to end.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { openRecording } from '../../../src/replay/readers/index.js';
import { anomalyEvents } from '../../../src/telemetry/anomaly-telemetry.js';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { Bench } from '../../support/anomaly.js';
import { type Attributes, gauge, histogram, metricsRequest, sum } from '../../support/otlp.js';
import { asRange, PRODUCERS, parseSeries } from '../../support/producers.js';

const START = 1_757_894_400;

/** Requests by edge ("ns/source -> ns/destination") in the last window; all windows have the same. */
async function requestsByEdge(bench: Bench, bodies: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<object> {
  await bench.processor.start();
  for await (const body of bodies) await bench.send(body);
  await bench.processor.flush();
  const edges: Record<string, number> = {};
  for (const { name, value, attributes: a } of bench.sink.points) {
    if (name !== 'px.anomaly.observed' || a['anomaly.feature'] !== 'requests') continue;
    const end = (service: unknown, namespace: unknown) => (namespace ? `${namespace}/${service}` : String(service));
    edges[`${end(a.src_service, a.src_namespace)} -> ${end(a.dst_service, a.namespace)}`] = value;
  }
  await bench.processor.shutdown();
  return edges;
}

const shown = { export_bands: 'all', export_interval: '60s' };

/** Four readings, a minute apart, of counters that rise by 60. */
function* counters(name: string, points: readonly Attributes[]): Generator<Uint8Array> {
  for (let i = 0; i < 4; i++) {
    const time = START + 60 * i;
    const metrics = points.map((attributes) => sum(name, 100 + 60 * i, { attributes, time }));
    yield metricsRequest({ resource: { 'service.name': 'sender' }, metrics });
  }
}

/** Answers of a range query: every series rises by `step` a minute. */
async function* rangeOf(series: readonly (readonly [string, number])[]): AsyncGenerator<Uint8Array> {
  const result = series.map(([line, step]) => ({
    metric: parseSeries(line),
    values: Array.from({ length: 6 }, (_, i) => [START + 60 * i, String(1000 + step * i)]),
  }));
  const path = join(mkdtempSync(join(tmpdir(), 'range-')), 'range.json');
  writeFileSync(path, JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
  for await (const { body } of (await openRecording([path])).requests()) yield body;
}

describe('field case 07: namespaces of service graphs', () => {
  test('two teams have a service of the same name: two edges, as Beyla and OBI write them', async () => {
    const ends = { client: 'app1', server: 'nginx', server_service_namespace: 'web', connection_type: '' };
    const teams = ['team-x', 'team-y'].map((team) => ({ ...ends, client_service_namespace: team }));
    assert.deepEqual(await requestsByEdge(new Bench(shown), counters('traces_service_graph_request_total', teams)), {
      'team-x/app1 -> web/nginx': 60,
      'team-y/app1 -> web/nginx': 60,
    });
  });

  test('as Prometheus and Tempo keep them', async () => {
    const labels = (ns: string) =>
      `{client="web",server="api",client_k8s_namespace_name="${ns}",server_k8s_namespace_name="${ns}"}`;
    const series = (['red', 'blue'] as const).map(
      (ns, i) => [`traces_service_graph_request_total${labels(ns)}`, 600 * (i + 1)] as const,
    );
    assert.deepEqual(await requestsByEdge(new Bench(shown), rangeOf(series)), {
      'red/web -> red/api': 600,
      'blue/web -> blue/api': 1200,
    });
  });

  test('a service that is really called user is one where both ends were seen', async () => {
    const points = [
      { client: 'user', server: 'cart', connection_type: '' },
      { client: 'user', server: 'web', connection_type: 'virtual_node' },
    ];
    assert.deepEqual(await requestsByEdge(new Bench(shown), counters('traces_service_graph_request_total', points)), {
      'user -> cart': 60,
      'external -> web': 60,
    });
  });
});

describe('field case 08: span metrics after a trip through Prometheus', () => {
  const labels = 'span_name="GET",status_code="STATUS_CODE_UNSET"';
  const spellings = [
    ["the Collector's", 'traces_span_metrics_calls_total', 'service_name'],
    ["Tempo's", 'traces_spanmetrics_calls_total', 'service'],
    ['the first ones', 'calls_total', 'service_name'],
  ] as const;
  for (const [whose, name, service] of spellings) {
    test(`${whose}: the edge and the service`, async () => {
      const edges = await requestsByEdge(
        new Bench(shown),
        rangeOf([
          [`${name}{${service}="frontend",span_kind="SPAN_KIND_SERVER",${labels}}`, 600],
          [`${name}{${service}="frontend",span_kind="SPAN_KIND_CLIENT",peer_service="orders",${labels}}`, 300],
        ]),
      );
      assert.deepEqual(edges, { ' -> frontend': 600, 'frontend -> orders': 300 });
    });
  }
});

test('field case 08: a client span that names a database by its kind alone is an edge', async () => {
  const points = [
    { 'service.name': 'web', 'span.kind': 'SPAN_KIND_CLIENT', 'db.system': 'postgresql' },
    {
      'service.name': 'web',
      'span.kind': 'SPAN_KIND_CLIENT',
      'db.system.name': 'redis',
      'server.address': 'cache:6379',
    },
    { 'service.name': 'web', 'span.kind': 'SPAN_KIND_INTERNAL', 'db.system': 'h2' },
  ];
  assert.deepEqual(await requestsByEdge(new Bench(shown), counters('traces.span.metrics.calls', points)), {
    'web -> postgresql': 60,
    'web -> cache': 60,
  });
});

describe('field case 09: a unit that only the name says', () => {
  const edge = { source: ['source_workload'], destination: ['destination_service_name'] };
  const rule = { metric: 'istio_request_duration_milliseconds', feature: ['latency', 'requests'], edge, window: '60s' };

  test('milliseconds stay milliseconds', async () => {
    const bench = new Bench({ presets: [], features: [rule] });
    await bench.processor.start();
    let total = 0;
    for (let i = 0; i < 100; i++) {
      // 50 ms with a little noise, then 384 ms.
      total += 600 * (i < 95 ? 49 + (i % 3) : 384);
      const point = {
        attributes: { source_workload: 'productpage', destination_service_name: 'reviews' },
        time: START + 60 * i,
        count: 600 * (i + 1),
        sum: total,
      };
      await bench.send(metricsRequest({ resource: {}, metrics: [histogram(rule.metric, point)] }));
    }
    await bench.processor.flush();
    const spike = bench.sink.events.find(({ name }) => name === 'px.anomaly.network.latency_spike');
    assert.match(spike?.body ?? '', /rose to 384 ms \(expected (?:49|5\d)\.?\d* ms/);
    await bench.processor.shutdown();
  });

  test('a scale in the rule is told in its unit too', async () => {
    const bench = new Bench({ ...shown, presets: [], features: [{ ...rule, metric: 'took', scale: 0.001 }] });
    await bench.processor.start();
    for (let i = 0; i < 4; i++) {
      const attributes = { source_workload: 'a', destination_service_name: 'b' };
      const point = { attributes, time: START + 60 * i, count: 10 * (i + 1), sum: 500 * (i + 1) };
      await bench.send(metricsRequest({ resource: {}, metrics: [histogram('took', point)] }));
    }
    await bench.processor.flush();
    const latency = bench.sink.points.find(
      ({ name, attributes }) => name === 'px.anomaly.observed' && attributes['anomaly.feature'] === 'latency',
    );
    assert.equal(latency?.unit, 'ms');
    assert.ok(Math.abs((latency?.value ?? 0) - 50) < 0.001);
    await bench.processor.shutdown();
  });

  test('where nobody says it, the log tells once a feed what was taken, and the setting', () => {
    const lines: Record<string, unknown>[] = [];
    const log = pino(
      { level: 'warn' },
      { write: (json) => void lines.push(JSON.parse(json) as Record<string, unknown>) },
    );
    const events = anomalyEvents(createTelemetry({ log }), { type: 'anomaly', name: '' });
    const assumption = { feed: 'edge', preset: 'edge', rule: 'edge.latency', metric: 'edge.latency', unit: 's' };
    events.unitAssumed(assumption);
    events.unitAssumed({ ...assumption, metric: 'edge.latency.mean' });
    events.unitAssumed({ ...assumption, feed: 'took', preset: 'features', rule: 'mine' });
    assert.deepEqual(
      lines.map(({ feed, unit, setting }) => [feed, unit, setting]),
      [
        ['edge', 's', 'presets: [{ name: edge, default_unit: ms }]'],
        ['took', 's', 'default_unit: ms in the feature rule mine'],
      ],
    );
  });
});

test('field case 18: every spelling of a host is one service', async () => {
  const hosts = [
    'orders.shop.svc.cluster.local',
    'orders.shop.svc.cluster.local:8080',
    'orders',
    'orders:8080',
    'http://orders.shop.svc.cluster.local:8080/v1',
    'dns:///orders.shop.svc.cluster.local:8080',
    'mysql-0.mysql.shop.svc.cluster.local',
    'mysql-1.mysql.shop.svc.cluster.local:3306',
    '10-0-0-1.shop.pod.cluster.local',
  ];
  function* bodies(): Generator<Uint8Array> {
    for (let i = 0; i < 4; i++) {
      const metrics = hosts.map((dst_service) =>
        gauge('edge.requests', 10, {
          attributes: { src_service: 'web', src_namespace: 'shop', dst_service, namespace: 'shop' },
          time: START + 10 * i,
        }),
      );
      yield metricsRequest({ resource: {}, metrics });
    }
  }
  assert.deepEqual(await requestsByEdge(new Bench({ ...shown, export_interval: '10s' }), bodies()), {
    'shop/web -> external': 10,
    'shop/web -> shop/mysql': 20,
    'shop/web -> shop/orders': 60,
  });
});

describe('field case 19: names that stand for nobody', () => {
  test("OBI's outgoing and incoming", async () => {
    const points = [
      { client: 'web', server: 'outgoing' },
      { client: 'ledger', server: 'outgoing' },
      { client: 'incoming', server: 'web' },
      { client: 'user', server: 'web' },
      { client: 'web', server: 'unknown' },
    ].map((ends) => ({ ...ends, connection_type: 'virtual_node' }));
    assert.deepEqual(await requestsByEdge(new Bench(shown), counters('traces_service_graph_request_total', points)), {
      'external -> web': 120,
      'ledger -> external': 60,
      'web -> external': 120,
    });
  });

  const point = (source: string, destination: string) => ({
    reporter: 'source',
    source_workload: source,
    source_workload_namespace: source === 'unknown' ? 'unknown' : 'bookinfo',
    destination_service_name: destination,
    destination_service_namespace: destination === 'unknown' ? 'unknown' : 'bookinfo',
    response_code: '200',
  });
  const points = [
    point('productpage', 'reviews'),
    point('unknown', 'reviews'),
    point('productpage', 'unknown'),
    point('productpage', 'egress-proxy'),
  ];

  test("Istio's unknown, under a rule of one's own that names more", async () => {
    const features = [
      {
        metric: 'istio_requests_total',
        feature: 'requests',
        edge: {
          source: ['source_workload'],
          src_namespace: ['source_workload_namespace'],
          destination: ['destination_service_name'],
          namespace: ['destination_service_namespace'],
        },
        window: '60s',
        external_names: ['egress-*'],
      },
    ];
    const expected = {
      'bookinfo/productpage -> bookinfo/reviews': 60,
      'bookinfo/productpage -> external': 120,
      'external -> bookinfo/reviews': 60,
    };
    assert.deepEqual(
      await requestsByEdge(new Bench({ ...shown, features }), counters('istio_requests_total', points)),
      expected,
    );
    const everywhere = new Bench({ ...shown, external_names: ['bookinfo/egress-*'] });
    assert.deepEqual(await requestsByEdge(everywhere, counters('istio_requests_total', points)), expected);
  });
});

test('two reports of one request count once: the client’s, whichever comes first', async () => {
  const [source, destination, waypoint] = PRODUCERS.filter(({ preset }) => preset === 'istio').map(({ prometheus }) =>
    parseSeries(prometheus?.[0] ?? ''),
  );
  async function* bodies(): AsyncGenerator<Uint8Array> {
    const path = join(mkdtempSync(join(tmpdir(), 'istio-')), 'range.json');
    writeFileSync(path, asRange([waypoint, destination, source].map((series) => series ?? {})));
    for await (const { body } of (await openRecording([path])).requests()) yield body;
  }
  const bench = new Bench(shown);
  assert.deepEqual(await requestsByEdge(bench, bodies()), { 'bookinfo/productpage -> bookinfo/reviews': 10 });
});
