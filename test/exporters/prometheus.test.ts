import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { PrometheusExporter } from '../../src/exporters/prometheus/exporter.js';
import factory from '../../src/exporters/prometheus/factory.js';
import { jsonToProtobuf } from '../../src/otlp/index.js';
import { type Batch, ownBatch, PermanentError } from '../../src/pipeline/index.js';
import { metricSum, opaqueBatch, testSettings } from '../support/batches.js';
import { fixture } from '../support/paths.js';

type Json = Record<string, unknown>;

const TIME = '1700000000123000000';
const text = (stringValue: string): Json => ({ stringValue });
const attributes = (of: Record<string, string>): Json[] =>
  Object.entries(of).map(([key, value]) => ({ key, value: text(value) }));
const gauge = (name: string, points: Json[], more: Json = {}): Json => ({
  name,
  ...more,
  gauge: { dataPoints: points },
});
const point = (asDouble: number, of: Record<string, string> = {}, timeUnixNano = TIME): Json => ({
  asDouble,
  timeUnixNano,
  attributes: attributes(of),
});

const OWN_RESOURCE = { 'service.name': 'pxanomaly', 'service.instance.id': 'i-1', 'service.version': '1.2.3' };

interface Made {
  readonly metrics: Json[];
  readonly resource?: Record<string, string>;
  readonly scope?: Json;
  readonly origin?: Batch['origin'];
  readonly items?: number;
}

function batch({ metrics, resource = {}, scope, origin = 'anomaly', items = 1 }: Made): Batch {
  const scopeMetrics = [{ ...(scope && { scope }), metrics }];
  const request = { resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics }] };
  return { ...ownBatch('metrics', jsonToProtobuf('metrics', JSON.stringify(request)), items), origin };
}

function make(options: Json = {}) {
  const settings = testSettings('prometheus');
  const clock = { now: 0 };
  const config = factory.schema.parse({ endpoint: '127.0.0.1:0', ...options });
  const exporter = new PrometheusExporter(settings, config, () => clock.now);
  const dropped = (reason: string): Promise<number> =>
    metricSum(settings.telemetry, 'pxanomaly_exporter_dropped_items', { reason });
  return { exporter, clock, settings, dropped };
}

/** The page without comments, for batches put into a fresh exporter. */
function samples(options: Json, ...batches: Batch[]): string[] {
  const { exporter } = make(options);
  for (const one of batches) assert.equal(exporter.consume(one), undefined);
  return lines(exporter.render());
}

const lines = (page: string): string[] => page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** What the anomaly processor sends, in its own units. */
function results(score = 0.97): Batch {
  const edge = {
    src_service: 'checkout',
    dst_service: 'payment',
    namespace: 'shop',
    src_namespace: '',
    'px.cluster.id': 'c1',
  };
  const band = (name: string, value: number, unit: string, feature: string): Json =>
    gauge(`px.anomaly.${name}`, [point(value, { ...edge, 'anomaly.feature': feature })], { unit, description: 'Band' });
  const events = {
    isMonotonic: true,
    aggregationTemporality: 2,
    dataPoints: [{ asInt: '3', attributes: attributes({ 'anomaly.kind': 'latency_spike' }) }],
  };
  return batch({
    resource: OWN_RESOURCE,
    scope: { name: 'pxanomaly', version: '1.2.3' },
    items: 7,
    metrics: [
      gauge('px.anomaly.network.latency_spike', [point(score, edge)], {
        unit: '{score}',
        description: 'Score of an anomaly',
      }),
      gauge('px.anomaly.score', [point(score, edge)], { unit: '{score}', description: 'Score of an edge' }),
      band('observed', 4.12e8, 'ns', 'latency'),
      band('expected', 3.8e7, 'ns', 'latency'),
      band('observed', 1024, 'By', 'bytes'),
      { name: 'px.anomaly.events', description: 'Anomalies started', sum: events },
      gauge('px.anomaly.incidents.open', [{ asInt: '1' }], { unit: '{incident}', description: 'Incidents open now' }),
    ],
  });
}

test('our results, as a page', () => {
  const { exporter } = make();
  exporter.consume(results());
  const edge =
    'dst_service="payment",instance="i-1",job="pxanomaly",namespace="shop",px_cluster_id="c1",src_namespace="",src_service="checkout"';
  assert.equal(
    exporter.render(),
    [
      '# HELP px_anomaly_events_total Anomalies started',
      '# TYPE px_anomaly_events_total counter',
      'px_anomaly_events_total{anomaly_kind="latency_spike",instance="i-1",job="pxanomaly"} 3',
      '# HELP px_anomaly_expected_seconds Band',
      '# TYPE px_anomaly_expected_seconds gauge',
      `px_anomaly_expected_seconds{anomaly_feature="latency",${edge}} 0.038`,
      '# HELP px_anomaly_incidents_open Incidents open now',
      '# TYPE px_anomaly_incidents_open gauge',
      'px_anomaly_incidents_open{instance="i-1",job="pxanomaly"} 1',
      '# HELP px_anomaly_network_latency_spike Score of an anomaly',
      '# TYPE px_anomaly_network_latency_spike gauge',
      `px_anomaly_network_latency_spike{${edge}} 0.97`,
      '# HELP px_anomaly_observed_bytes Band',
      '# TYPE px_anomaly_observed_bytes gauge',
      `px_anomaly_observed_bytes{anomaly_feature="bytes",${edge}} 1024`,
      '# HELP px_anomaly_observed_seconds Band',
      '# TYPE px_anomaly_observed_seconds gauge',
      `px_anomaly_observed_seconds{anomaly_feature="latency",${edge}} 0.412`,
      '# HELP px_anomaly_score Score of an edge',
      '# TYPE px_anomaly_score gauge',
      `px_anomaly_score{${edge}} 0.97`,
      '# HELP target_info Target metadata',
      '# TYPE target_info gauge',
      'target_info{instance="i-1",job="pxanomaly",service_version="1.2.3"} 1',
      '',
    ].join('\n'),
  );
});

const EVERY_TYPE = batch({
  origin: 'received',
  resource: { 'service.name': 'shop', 'service.namespace': 'eu', host: 'h"1"\n' },
  scope: { name: 'lib', version: '2' },
  items: 6,
  metrics: [
    gauge('temp', [point(-3.5)], { unit: 'Cel' }),
    { name: 'hits', sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [point(10)] } },
    { name: 'open', sum: { isMonotonic: false, aggregationTemporality: 2, dataPoints: [point(4)] } },
    {
      name: 'took',
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            count: '6',
            sum: 7.5,
            explicitBounds: [0.1, 1],
            bucketCounts: ['1', '2', '3'],
            attributes: attributes({ le: 'x' }),
          },
        ],
      },
    },
    {
      name: 'rank',
      summary: {
        dataPoints: [
          {
            count: '9',
            sum: 45,
            quantileValues: [{ value: 1 }, { quantile: 0.5, value: 5 }, { quantile: 1, value: 9 }],
          },
        ],
      },
    },
    { name: 'exp', exponentialHistogram: { dataPoints: [{ count: '1' }] } },
  ],
});

test('forwarded: every type in its form; what has none is counted', async () => {
  const { exporter, dropped, settings } = make({ forwarded: true });
  exporter.consume(EVERY_TYPE);
  const target = 'job="eu/shop",otel_scope_name="lib",otel_scope_version="2"';
  assert.deepEqual(lines(exporter.render()), [
    `hits_total{${target}} 10`,
    `open{${target}} 4`,
    `rank{${target},quantile="0"} 1`,
    `rank{${target},quantile="0.5"} 5`,
    `rank{${target},quantile="1"} 9`,
    `rank_sum{${target}} 45`,
    `rank_count{${target}} 9`,
    'target_info{host="h\\"1\\"\\n",job="eu/shop"} 1',
    `temp_celsius{${target}} -3.5`,
    `took_seconds_bucket{exported_le="x",${target},le="0.1"} 1`,
    `took_seconds_bucket{exported_le="x",${target},le="1"} 3`,
    `took_seconds_bucket{exported_le="x",${target},le="+Inf"} 6`,
    `took_seconds_sum{exported_le="x",${target}} 7.5`,
    `took_seconds_count{exported_le="x",${target}} 6`,
  ]);
  assert.equal(await dropped('unsupported_type'), 1);
  assert.equal(await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points'), 5);
});

test('received metrics are left alone by default', async () => {
  const { exporter, settings } = make();
  exporter.consume(EVERY_TYPE);
  assert.equal(exporter.render(), '');
  assert.equal(await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points'), 0);
});

test('the newest value is shown, an older one changes nothing', () => {
  const at = (value: number, time: string): Batch => batch({ metrics: [gauge('g', [point(value, {}, time)])] });
  assert.deepEqual(samples({}, at(1, '2000'), at(2, '3000000'), at(3, '1000')), ['g 2']);
});

test('deltas add up, sums and histograms; another bucket layout begins anew', () => {
  const sum = (value: number): Batch =>
    batch({
      metrics: [{ name: 's', sum: { isMonotonic: true, aggregationTemporality: 1, dataPoints: [point(value)] } }],
    });
  assert.deepEqual(samples({}, sum(2), sum(3)), ['s_total 5']);
  const histogram = (explicitBounds: number[], bucketCounts: string[]): Batch =>
    batch({
      metrics: [
        {
          name: 'h',
          histogram: { aggregationTemporality: 1, dataPoints: [{ count: '3', sum: 2, explicitBounds, bucketCounts }] },
        },
      ],
    });
  const twice = samples({}, histogram([1], ['1', '2']), histogram([1], ['1', '2']));
  assert.deepEqual(twice, ['h_bucket{le="1"} 2', 'h_bucket{le="+Inf"} 6', 'h_sum 4', 'h_count 6']);
  assert.equal(samples({}, histogram([1], ['1', '2']), histogram([5], ['3', '0']))[0], 'h_bucket{le="5"} 3');
});

test('a histogram without buckets or sum is valid', () => {
  const empty = batch({ metrics: [{ name: 'h', histogram: { dataPoints: [{ count: '3' }] } }] });
  assert.deepEqual(samples({}, empty), ['h_bucket{le="+Inf"} 3', 'h_count 3']);
});

test('a series that ended (NoRecordedValue) disappears', () => {
  const gone = batch({ metrics: [gauge('g', [{ flags: 1, attributes: attributes({ a: '1' }) }])] });
  const two = batch({ metrics: [gauge('g', [point(1, { a: '1' }), point(2, { a: '2' })])] });
  assert.deepEqual(samples({}, two, gone), ['g{a="2"} 2']);
});

test('metric_expiration: what is not seen again is forgotten, and its name is free', () => {
  const { exporter, clock } = make({ metric_expiration: '1m' });
  exporter.consume(batch({ metrics: [gauge('g', [point(1, { a: '1' }), point(1, { a: '2' })])] }));
  clock.now = 50_000;
  exporter.consume(batch({ metrics: [gauge('g', [point(1, { a: '2' })])] }));
  clock.now = 61_000;
  assert.deepEqual(lines(exporter.render()), ['g{a="2"} 1']);
  clock.now = 120_000;
  assert.equal(exporter.render(), '');
  exporter.consume(batch({ metrics: [{ name: 'g', summary: { dataPoints: [{ count: '1' }] } }] }));
  assert.deepEqual(lines(exporter.render()), ['g_sum 0', 'g_count 1']);
});

test('max_series: more is dropped and counted; what is known goes on', async () => {
  const { exporter, dropped } = make({ max_series: 3 });
  const many = (value: number): Batch =>
    batch({
      items: 5,
      metrics: [
        gauge(
          'g',
          [0, 1, 2, 3, 4].map((i) => point(value, { i: String(i) })),
        ),
      ],
    });
  exporter.consume(many(1));
  exporter.consume(many(2));
  exporter.consume(batch({ metrics: [gauge('other', [point(1)])] }));
  assert.deepEqual(lines(exporter.render()), ['g{i="0"} 2', 'g{i="1"} 2', 'g{i="2"} 2']);
  assert.equal(await dropped('series_limit'), 5);
});

test('one name for two types: the first stays, the other is counted', async () => {
  const { exporter, dropped } = make();
  exporter.consume(
    batch({ metrics: [gauge('x', [point(1)]), { name: 'x', summary: { dataPoints: [{ count: '1' }] } }], items: 2 }),
  );
  exporter.consume(
    batch({
      metrics: [{ name: 'h', histogram: { dataPoints: [{ count: '3' }] } }, gauge('h.count', [point(1)])],
      items: 2,
    }),
  );
  exporter.consume(
    batch({
      metrics: [gauge('s.sum', [point(1)]), { name: 's', summary: { dataPoints: [{ count: '1' }] } }],
      items: 2,
    }),
  );
  assert.equal(await dropped('type_conflict'), 3);
  assert.deepEqual(lines(exporter.render()), ['h_bucket{le="+Inf"} 3', 'h_count 3', 's_sum 1', 'x 1']);
});

test('labels: same label from two keys, values that are not strings, const_labels', () => {
  const point = {
    asInt: '1',
    attributes: [
      { key: 'b.c', value: text('second') },
      { key: 'b-c', value: text('first') },
      { key: 'flag', value: { boolValue: true } },
      { key: 'n', value: { intValue: '7' } },
      { key: 'list', value: { arrayValue: { values: [text('x'), { doubleValue: 1.5 }] } } },
      { key: 'none' },
    ],
  };
  const [line] = samples({ const_labels: { site: 'eu', flag: 'const' } }, batch({ metrics: [gauge('g', [point])] }));
  assert.equal(line, 'g{b_c="first;second",flag="const",list="[\\"x\\",1.5]",n="7",none="",site="eu"} 1');
});

test('resource attributes as labels, timestamps, no suffixes, a namespace, no scope', () => {
  const options = {
    forwarded: true,
    resource_to_telemetry_conversion: { enabled: true },
    send_timestamps: true,
    add_metric_suffixes: false,
    without_scope_info: true,
    namespace: 'px',
  };
  const one = batch({
    origin: 'received',
    resource: { 'service.name': 'a', 'k8s.pod.name': 'p' },
    scope: { name: 'lib' },
    metrics: [gauge('g', [point(1)], { unit: 's' })],
  });
  const found = samples(options, one).filter((line) => line.startsWith('px_'));
  assert.deepEqual(found, ['px_g{job="a",k8s_pod_name="p"} 1 1700000000123']);
});

test('a malformed body is refused for good', () => {
  assert.throws(() => make({ forwarded: true }).exporter.consume(opaqueBatch(1, 5)), PermanentError);
});

/** Starts it, and stops it after the test. */
async function running(
  context: TestContext,
  options: Json = {},
): Promise<{ exporter: PrometheusExporter; url: string }> {
  const { exporter } = make(options);
  await exporter.start();
  context.after(() => exporter.shutdown());
  return { exporter, url: `http://127.0.0.1:${exporter.port}` };
}

test('over HTTP: the page, compressed where taken, and nothing else', async (t) => {
  const { exporter, url } = await running(t);
  exporter.consume(results());
  const page = await fetch(`${url}/metrics?x=1`, { headers: { 'accept-encoding': 'identity' } });
  assert.equal(page.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(await page.text(), exporter.render());
  const raw = await new Promise<{ encoding: string | undefined; body: Buffer }>((resolve) => {
    http.get(`${url}/metrics`, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }),
      );
    });
  });
  assert.equal(raw.encoding, 'gzip');
  assert.equal(gunzipSync(raw.body).toString(), exporter.render());
  const other = await fetch(`${url}/`);
  assert.deepEqual([other.status, await other.text()], [404, 'nothing here; the metrics are at /metrics\n']);
  const post = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' });
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
  const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('over HTTPS', async (t) => {
  const { exporter } = await running(t, {
    tls: { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') },
  });
  const status = await new Promise((resolve, reject) => {
    const options = {
      ca: readFileSync(fixture('tls/ca.pem')),
      path: '/metrics',
      port: exporter.port,
      host: 'localhost',
    };
    https.get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
  assert.equal(status, 200);
});

test('a taken port is named', async (t) => {
  const { exporter } = await running(t);
  const second = make({ endpoint: `127.0.0.1:${exporter.port}` });
  await assert.rejects(
    second.exporter.start(),
    new RegExp(`cannot listen on 127.0.0.1:${exporter.port}: the address is in use`),
  );
  await second.exporter.shutdown();
});

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : false;

/** Findings of `promtool check metrics`; a page that does not parse ends with status 1. */
function lint(page: string): string[] {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  assert.notEqual(status, 1, stderr);
  return `${stdout}${stderr}`.split('\n').filter(Boolean);
}

test('promtool accepts our results without a remark', { skip: promtool }, () => {
  const { exporter } = make();
  exporter.consume(results());
  assert.deepEqual(lint(exporter.render()), []);
});

test('promtool parses every type, odd characters and special values', { skip: promtool }, () => {
  const { exporter } = make({ forwarded: true, send_timestamps: true });
  exporter.consume(EVERY_TYPE);
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value, i) => ({
    asDouble: Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity',
    attributes: attributes({ text: `"\\\n{}=, ü ${i}` }),
  }));
  exporter.consume(batch({ metrics: [gauge('odd', odd, { description: 'line\nbreak \\ "quote"' })] }));
  assert.deepEqual(
    lint(exporter.render()).filter((remark) => /pars|error/i.test(remark)),
    [],
  );
});
