// Presets on hand-made payloads: which edge, which feature, which type, in which order of trust.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileMutes } from '../../../src/detection/rules/mutes.js';
import { formatService } from '../../../src/detection/rules/names.js';
import { PRESETS } from '../../../src/detection/rules/presets/index.js';
import { type Resolution, resolveRow } from '../../../src/detection/rules/resolve.js';
import { RowReader } from '../../../src/detection/rules/rows.js';
import { RuleBook } from '../../../src/detection/rules/rules.js';
import { featuresOf } from '../../../src/detection/rules/series-roles.js';
import { Role, SeriesType } from '../../../src/kernel/api.js';
import type { Attributes, ResourceBlock } from '../../support/otlp.js';
import * as otlp from '../../support/otlp.js';
import { requestRows } from '../../support/request-rows.js';

const rules = new RuleBook();
for (const [name, tiers] of Object.entries(PRESETS)) rules.add(name, tiers);
const mutes = compileMutes({ namespaces: ['pl'], services: ['pxanomaly'], paths: ['/healthz', '/readyz'] });

function resolve(...blocks: ResourceBlock[]): Resolution[] {
  const body = otlp.metricsRequest(...blocks);
  const reader = new RowReader(body);
  return requestRows(body).map((ranges) => resolveRow(reader.read(ranges), 'default', { rules, mutes }));
}

/** "source -> destination: features" or why not. */
function say(resolution: Resolution | undefined): string {
  assert.ok(resolution);
  if (!resolution.used) return `${resolution.reason}: ${resolution.example}`;
  const source = resolution.source ? formatService(resolution.source) : 'nobody';
  return `${source} -> ${formatService(resolution.destination)}: ${featuresOf(resolution.roles).join(', ')}`;
}

function one(resource: Attributes, ...metrics: ResourceBlock['metrics']): Resolution {
  const [first] = resolve({ resource, metrics });
  assert.ok(first);
  return first;
}

function mapped(resolution: Resolution): Extract<Resolution, { used: true }> {
  assert.ok(resolution.used, say(resolution));
  return resolution;
}

const time = 1_767_261_600;
const ends = { src_service: 'a', src_namespace: 'x', dst_service: 'b', namespace: 'y' };

describe('edge', () => {
  test('its metrics with both ends on the point', () => {
    const metrics = [
      otlp.summary('edge.latency', { attributes: ends, time, unit: 'ms', count: 5, sum: 50 }),
      otlp.gauge('edge.requests', 5, { attributes: ends, time }),
      otlp.gauge('edge.errors', 1, { attributes: ends, time }),
      otlp.gauge('edge.bytes', 1024, { attributes: ends, time, unit: 'By' }),
      otlp.gauge('edge.req_bytes', 24, { attributes: ends, time, unit: 'By' }),
      otlp.gauge('edge.resp_bytes', 1000, { attributes: ends, time, unit: 'By' }),
    ];
    const rows = resolve({ resource: {}, metrics });
    assert.deepEqual(rows.map(say), [
      'x/a -> y/b: latency, requests',
      'x/a -> y/b: requests',
      'x/a -> y/b: errors',
      'x/a -> y/b: bytes',
      'x/a -> y/b: bytes',
      'x/a -> y/b: bytes',
    ]);
    const [latency, requests, , bytes, req, resp] = rows.map(mapped);
    assert.ok(requests!.rank < latency!.rank, 'a count of its own before the count of a distribution');
    assert.ok(bytes!.rank < req!.rank, 'the whole before its parts');
    assert.equal(req!.rank, resp!.rank, 'both parts together');
    assert.equal(latency!.scale, 1e-3);
  });

  test('a protocol in front is a feed of its own', () => {
    const point = { attributes: ends, time };
    const [http, pgsql] = resolve({
      resource: {},
      metrics: [otlp.gauge('http.edge.requests', 1, point), otlp.gauge('pgsql.edge.requests', 1, point)],
    }).map(mapped);
    assert.equal(http!.feed, 'http.edge');
    assert.equal(pgsql!.feed, 'pgsql.edge');
    assert.equal(http!.rank, pgsql!.rank);
  });

  test('the resource is the end that the point does not name', () => {
    const resource = { 'service.name': 'me', 'k8s.namespace.name': 'here' };
    const requests = (attributes: Attributes) =>
      say(one(resource, otlp.gauge('edge.requests', 1, { attributes, time })));
    assert.equal(requests({ src_service: 'x/a' }), 'x/a -> here/me: requests');
    assert.equal(requests({ dst_service: 'y/b' }), 'here/me -> y/b: requests');
    assert.equal(requests({}), 'nobody -> here/me: requests');
    assert.equal(requests({ src_service: '' }), 'external -> here/me: requests');
    assert.equal(requests({ src_service: '', dst_service: 'here/me' }), 'external -> here/me: requests');
    assert.equal(requests({ 'source.service.name': 'x/a', 'destination.service.name': 'y/b' }), 'x/a -> y/b: requests');
  });

  test('of a list the first that is not empty wins', () => {
    const attributes = { src_service: '', 'source.service.name': 'x/a', dst_service: 'y/b' };
    assert.equal(say(one({}, otlp.gauge('edge.requests', 1, { attributes, time }))), 'x/a -> y/b: requests');
  });

  test('addresses and empty names are external; data between two of them is not about a service', () => {
    const requests = (src: string, dst: string) =>
      say(one({}, otlp.gauge('edge.requests', 1, { attributes: { src_service: src, dst_service: dst }, time })));
    assert.equal(requests('10.1.2.3', 'y/b'), 'external -> y/b: requests');
    assert.equal(requests('x/a', '10.1.2.3:8080'), 'x/a -> external: requests');
    assert.equal(requests('x/a', '2001:db8::17'), 'x/a -> external: requests');
    assert.equal(requests('x/a', '[2001:db8::17]:443'), 'x/a -> external: requests');
    assert.match(requests('10.1.2.3', ''), /^unmapped: edge.requests: neither end is a service/);
  });

  test('a pod of several services is its first in sorted order; copies count once', () => {
    const attributes = { 'source.service.name': '["x/web","x/api"]' };
    const metrics = [otlp.gauge('http.edge.requests', 7, { attributes, time })];
    const pixie = { 'px.cluster.id': 'c1', 'px.cloud.address': 'withpixie.ai:443' };
    const rows = resolve(
      { resource: { ...pixie, 'service.name': 'y/two' }, metrics },
      { resource: { ...pixie, 'service.name': 'y/one' }, metrics },
    );
    assert.deepEqual(rows.map(say), ['x/api -> y/one: requests']);
  });

  test('errors by status on the points that count requests; unknown where no status is told', () => {
    const roles = (more: Attributes) =>
      mapped(one({}, otlp.gauge('edge.requests', 1, { attributes: { ...ends, ...more }, time }))).roles;
    assert.equal(roles({ 'http.response.status_code': 503 }), Role.REQUESTS | Role.ERRORS);
    assert.equal(roles({ 'http.response.status_code': 404 }), Role.REQUESTS | Role.ERRORS_NONE);
    assert.equal(roles({ 'http.status_code': '500' }), Role.REQUESTS | Role.ERRORS);
    assert.equal(roles({ 'status.code': 'STATUS_CODE_ERROR' }), Role.REQUESTS | Role.ERRORS);
    assert.equal(roles({ failed: false }), Role.REQUESTS | Role.ERRORS_NONE);
    assert.equal(roles({}), Role.REQUESTS);
  });

  test('types: what the metric says of itself', () => {
    const type = (metric: ResourceBlock['metrics'][number]) => mapped(one({}, metric)).type;
    const options = { attributes: ends, time };
    assert.equal(type(otlp.gauge('edge.requests', 1, options)), SeriesType.AMOUNT);
    assert.equal(type(otlp.gauge('edge.requests', 1, { ...options, unit: '{request}/s' })), SeriesType.RATE);
    assert.equal(type(otlp.gauge('edge.bytes', 1, { ...options, unit: 'By/ns' })), SeriesType.RATE);
    assert.equal(type(otlp.gauge('edge.latency', 1, options)), SeriesType.LEVEL);
    assert.equal(type(otlp.sum('edge.requests', 1, options)), SeriesType.COUNTER);
    assert.equal(type(otlp.sum('edge.requests', 1, { ...options, temporality: 1 })), SeriesType.AMOUNT);
    const distribution = { ...options, count: 1, sum: 1 };
    assert.equal(type(otlp.histogram('edge.latency', distribution)), SeriesType.COUNTER);
    assert.equal(type(otlp.histogram('edge.latency', { ...distribution, temporality: 1 })), SeriesType.AMOUNT);
    assert.equal(type(otlp.exponentialHistogram('edge.latency', distribution)), SeriesType.COUNTER);
    assert.equal(type(otlp.summary('edge.latency', distribution)), SeriesType.AMOUNT);
    assert.equal(type(otlp.summary('edge.latency', { ...distribution, start: time - 3600 })), SeriesType.COUNTER);
  });

  test('a unit that does not fit is named', () => {
    const row = one({}, otlp.summary('edge.latency', { attributes: ends, time, unit: 'By', count: 1, sum: 1 }));
    assert.equal(say(row), 'unmapped: edge.latency [By]: unit "By" does not fit latency and requests');
  });

  test('counters of connections come from the client', () => {
    const resource = { 'service.name': 'y/b', 'instrumentation.provider': 'pixie' };
    const attributes = { 'source.service.name': 'x/a', remote_addr: '10.0.0.9', remote_port: 8080, 'px.upid': '1:2:3' };
    const row = mapped(one(resource, otlp.gauge('conn.edge.bytes_sent', 9, { attributes, time, unit: 'By' })));
    assert.equal(say(row), 'x/a -> y/b: bytes');
    assert.equal(row.type, SeriesType.COUNTER);
    assert.equal(row.feed, 'conn.edge');
  });
});

describe('pixie', () => {
  const pixie = { 'instrumentation.provider': 'pixie', 'px.cluster.id': 'c1' };
  const shop = { ...pixie, 'service.name': 'shop/checkout', 'k8s.namespace.name': 'shop' };

  test('interface counters are about the service as a whole', () => {
    const row = mapped(one(shop, otlp.gauge('network_stats.rx_bytes', 5, { time, unit: 'By' })));
    assert.equal(say(row), 'nobody -> shop/checkout: bytes');
    assert.equal(row.type, SeriesType.COUNTER);
    assert.equal(row.rule.rule.sourceRelative, false);
  });

  test('packets, processor and disk are known and say nothing about edges', () => {
    for (const name of ['network_stats.rx_packets', 'resource_summary.cpu_usage', 'resource_summary.rss']) {
      assert.match(say(one(shop, otlp.gauge(name, 5, { time }))), /^ignored/);
    }
  });

  test('HTTP of the New Relic style: the reporter is the destination, 5xx are errors', () => {
    const row = (status: number) =>
      mapped(
        one(
          { ...pixie, 'service.name': 'checkout', 'k8s.namespace.name': 'shop' },
          otlp.summary('http.server.duration', {
            attributes: { 'http.status_code': status },
            time,
            unit: 'ms',
            count: 3,
            sum: 9,
          }),
        ),
      );
    assert.equal(say(row(200)), 'nobody -> shop/checkout: latency, requests, errors');
    const base = Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT;
    assert.equal(row(200).roles, base | Role.ERRORS_NONE);
    assert.equal(row(500).roles, base | Role.ERRORS);
    assert.equal(row(500).scale, 1e-3);
  });

  test('databases of the New Relic style: the reporter is the source', () => {
    const resource = {
      ...pixie,
      'service.name': 'cart',
      'k8s.namespace.name': 'shop',
      'redis.service.name': 'redis',
      'redis.namespace.name': 'data',
    };
    const rows = resolve({
      resource,
      metrics: [
        otlp.summary('redis.latency', { time, unit: 'ms', count: 3, sum: 9 }),
        otlp.gauge('redis.req_bytes', 100, { time, unit: 'By' }),
        otlp.gauge('redis.resp_bytes', 100, { time, unit: 'By' }),
      ],
    });
    assert.deepEqual(rows.map(say), [
      'shop/cart -> data/redis: latency, requests',
      'shop/cart -> data/redis: bytes',
      'shop/cart -> data/redis: bytes',
    ]);
  });

  test('names resolve to the server', () => {
    const resource = { ...pixie, 'service.name': 'shop/cart', 'dns.server.name': 'kube-system/kube-dns' };
    const row = one(resource, otlp.summary('dns.latency', { time, unit: 'ms', count: 1, sum: 1 }));
    assert.equal(say(row), 'shop/cart -> kube-system/kube-dns: latency, requests');
  });

  test('what the export generator makes of a graph', () => {
    const resource = {
      'http_graph.responder_service': 'shop/checkout',
      'http_graph.requestor_service': 'shop/frontend',
      'http_graph.responder_pod': 'shop/checkout-1',
      'service.name': 'shop/checkout',
    };
    const rows = resolve({
      resource,
      metrics: [
        otlp.gauge('http_graph.num_requests', 40, { time }),
        otlp.gauge('http_graph.num_errors', 4, { time }),
        otlp.gauge('http_graph.latency_p50', 5e6, { time, unit: 'ns' }),
        otlp.gauge('http_graph.req_bytes', 5e6, { time }),
        otlp.gauge('http_graph.latency_p99', 5e6, { time, unit: 'ns' }),
      ],
    });
    assert.deepEqual(rows.slice(0, 4).map(say), [
      'shop/frontend -> shop/checkout: requests',
      'shop/frontend -> shop/checkout: errors',
      'shop/frontend -> shop/checkout: latency',
      'shop/frontend -> shop/checkout: bytes',
    ]);
    assert.match(say(rows[4]), /^ignored/);
  });

  test('the same connection from both ends: the client is trusted first, the server has port 0', () => {
    const attributes = (port: number) => ({
      remote_port: port,
      remote_addr: '10.0.0.7',
      'remote.service.name': 'shop/db',
    });
    const bytes = (port: number) =>
      mapped(one(shop, otlp.gauge('conn_stats.bytes_sent', 5, { attributes: attributes(port), time, unit: 'By' })));
    assert.equal(say(bytes(5432)), 'shop/checkout -> shop/db: bytes');
    assert.equal(say(bytes(0)), 'shop/db -> shop/checkout: bytes');
    assert.equal(bytes(5432).rank + 1, bytes(0).rank);
  });
});

describe('servicegraph', () => {
  const point = { client: 'frontend', server: 'checkout', 'client_k8s.namespace.name': 'web', connection_type: '' };
  const failed = (value: boolean) => ({ ...point, failed: value });

  test('requests and failures of one metric', () => {
    const name = 'traces_service_graph_request_total';
    const row = (attributes: Attributes) => mapped(one({}, otlp.sum(name, 5, { attributes, time })));
    assert.equal(say(row(failed(false))), 'web/frontend -> checkout: requests, errors');
    assert.equal(row(failed(false)).roles, Role.REQUESTS | Role.ERRORS_NONE);
    assert.equal(row(failed(true)).roles, Role.REQUESTS | Role.ERRORS);
    assert.equal(row(point).roles, Role.REQUESTS);
    assert.equal(row(point).type, SeriesType.COUNTER);
    assert.equal(row(point).rule.rule.windowMs, 60_000);
  });

  test('a failure is not counted twice', () => {
    const name = 'traces_service_graph_request_failed_total';
    assert.match(say(one({}, otlp.sum(name, 5, { attributes: failed(true), time }))), /^ignored/);
    assert.equal(say(one({}, otlp.sum(name, 5, { attributes: point, time }))), 'web/frontend -> checkout: errors');
  });

  test("latency: the client's histogram before the server's, explicit or exponential", () => {
    const options = { attributes: point, time, unit: 's', count: 5, sum: 2 };
    const client = mapped(one({}, otlp.histogram('traces_service_graph_request_client', options)));
    const server = mapped(one({}, otlp.exponentialHistogram('traces_service_graph_request_server', options)));
    assert.equal(say(client), 'web/frontend -> checkout: latency');
    assert.equal(say(server), 'web/frontend -> checkout: latency');
    assert.ok(client.rank < server.rank);
  });

  test('virtual nodes that nobody is behind are external', () => {
    const attributes = { client: 'user', server: 'checkout', virtual_node: 'client' };
    const row = one({}, otlp.sum('traces_service_graph_request_total', 5, { attributes, time }));
    assert.equal(say(row), 'external -> checkout: requests');
  });
});

describe('spanmetrics', () => {
  const resource = { 'service.name': 'cart', 'service.namespace': 'shop' };
  const calls = (attributes: Attributes) =>
    one(
      resource,
      otlp.sum('traces.span.metrics.calls', 5, { attributes: { 'span.name': 'GET', ...attributes }, time }),
    );

  test('a server span counts for its service, with errors by status', () => {
    const ok = mapped(calls({ 'span.kind': 'SPAN_KIND_SERVER', 'status.code': 'STATUS_CODE_UNSET' }));
    assert.equal(say(ok), 'nobody -> shop/cart: requests, errors');
    assert.equal(ok.roles, Role.REQUESTS | Role.ERRORS_NONE);
    const bad = mapped(calls({ 'span.kind': 'SPAN_KIND_SERVER', 'status.code': 'STATUS_CODE_ERROR' }));
    assert.equal(bad.roles, Role.REQUESTS | Role.ERRORS);
    assert.equal(ok.rule.rule.windowMs, 60_000);
  });

  test('a client span with a peer makes an edge, one without says nothing', () => {
    const kind = { 'span.kind': 'SPAN_KIND_CLIENT', 'status.code': 'STATUS_CODE_UNSET' };
    assert.equal(say(calls({ ...kind, 'peer.service': 'redis' })), 'shop/cart -> redis: requests, errors');
    assert.equal(mapped(calls({ ...kind, 'peer.service': 'redis' })).rule.rule.sourceRelative, false);
    assert.match(say(calls(kind)), /^ignored/);
    assert.match(say(calls({ 'span.kind': 'SPAN_KIND_INTERNAL' })), /^ignored/);
  });

  test('durations: latency, and requests where no calls are sent', () => {
    const attributes = { 'span.kind': 'SPAN_KIND_SERVER', 'status.code': 'STATUS_CODE_ERROR' };
    const options = { attributes, time, unit: 'ms', count: 5, sum: 100 };
    const row = mapped(one(resource, otlp.histogram('traces.span.metrics.duration', options)));
    assert.equal(row.roles, Role.LATENCY_SUM | Role.REQUESTS | Role.ERRORS | Role.FROM_COUNT);
    assert.equal(row.scale, 1e-3);
    assert.ok(mapped(calls(attributes)).rank < row.rank);
  });

  test('the overflow stream is left out', () => {
    const attributes = { 'otel.metric.overflow': true };
    assert.match(say(one(resource, otlp.sum('traces.span.metrics.calls', 5, { attributes, time }))), /^ignored/);
  });
});

describe('left out by default', () => {
  const requests = (src: string, dst: string, more: Attributes = {}) =>
    say(one({}, otlp.gauge('edge.requests', 1, { attributes: { src_service: src, dst_service: dst, ...more }, time })));

  test("Pixie's namespace, our own traffic, health checks", () => {
    assert.match(requests('pl/kelvin', 'x/a'), /^muted: .*namespace pl/);
    assert.match(requests('x/a', 'pl/vizier'), /^muted/);
    assert.match(requests('x/a', 'observability/pxanomaly'), /^muted: .*observability\/pxanomaly/);
    assert.match(requests('x/a', 'y/b', { 'url.path': '/healthz' }), /^muted: .*health/);
    assert.equal(requests('x/a', 'y/b', { 'url.path': '/orders' }), 'x/a -> y/b: requests');
  });

  test('results of another gateway are not data about edges', () => {
    const attributes = { src_service: 'x/a', dst_service: 'y/b' };
    assert.match(say(one({}, otlp.gauge('px.anomaly.score', 0.4, { attributes, time }))), /^ignored/);
  });
});

test('the cluster is what the data names, in this order, else the sender', () => {
  const cluster = (resource: Attributes) =>
    mapped(one(resource, otlp.gauge('edge.requests', 1, { attributes: ends, time }))).cluster;
  const both = { 'px.cluster.id': 'id', 'k8s.cluster.name': 'prod' };
  assert.deepEqual(cluster(both), { id: 'id', name: 'prod' });
  assert.deepEqual(cluster({ 'k8s.cluster.uid': 'uid', 'k8s.cluster.name': 'prod' }), { id: 'uid', name: 'prod' });
  assert.deepEqual(cluster({ 'k8s.cluster.name': 'prod' }), { id: 'prod', name: 'prod' });
  assert.deepEqual(cluster({ 'px.cluster.id': '' }), { id: 'default', name: 'default' });
});

test('an unknown metric says so', () => {
  assert.equal(say(one({}, otlp.gauge('temperature', 1, { time }))), 'unmapped: temperature: no rule for this metric');
});
