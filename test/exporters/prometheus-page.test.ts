// The page under every option, read by a strict parser in both of its formats.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PrometheusExporter } from '../../src/exporters/prometheus/exporter.js';
import factory from '../../src/exporters/prometheus/factory.js';
import { formatFor, OPEN_METRICS, TEXT, takesEncoding } from '../../src/exporters/prometheus/formats.js';
import { jsonToProtobuf } from '../../src/otlp/index.js';
import { type Batch, ownBatch } from '../../src/pipeline/index.js';
import { testSettings } from '../support/batches.js';
import { hostileMetrics } from '../support/hostile-metrics.js';
import { type PageFamily, parsePage, samplesOf } from '../support/prometheus-page.js';
import fc from '../support/property.js';

const TIME = '1757894400123000000';

function make(options: object = {}): PrometheusExporter {
  const config = factory.schema.parse({ endpoint: '127.0.0.1:0', ...options });
  return new PrometheusExporter(testSettings('prometheus'), config, () => 2622.462663);
}

const received = (body: Uint8Array): Batch => ({ ...ownBatch('metrics', body, 1), origin: 'received' });
const json = (request: object): Uint8Array => jsonToProtobuf('metrics', JSON.stringify(request));
const attributes = (of: Record<string, string>) =>
  Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }));
const request = (resource: Record<string, string>, metrics: object[]) =>
  json({ resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ metrics }] }] });
const gauge = (name: string, value: number, of: Record<string, string> = {}, more: object = {}) => ({
  name,
  ...more,
  gauge: { dataPoints: [{ timeUnixNano: TIME, asDouble: value, attributes: attributes(of) }] },
});

/** Both formats of the page, parsed. */
function pages(exporter: PrometheusExporter): { text: PageFamily[]; open: PageFamily[] } {
  return {
    text: parsePage(exporter.render(TEXT)),
    open: parsePage(exporter.render(OPEN_METRICS), { openMetrics: true }),
  };
}

describe('field case 10: a page that Prometheus reads with send_timestamps', () => {
  const exporter = make({ send_timestamps: true });
  const resource = { 'service.name': 'pxanomaly', 'service.instance.id': 'i-1', 'service.version': '1.2.3' };
  exporter.consume(ownBatch('metrics', request(resource, [gauge('px.anomaly.score', 0.97)]), 1));

  test('points carry their event time, milliseconds here and seconds in OpenMetrics', () => {
    const { text, open } = pages(exporter);
    assert.equal(samplesOf(text, 'px_anomaly_score')[0]!.timestamp, '1757894400123');
    assert.equal(samplesOf(open, 'px_anomaly_score')[0]!.timestamp, '1757894400.123');
  });

  test('what is known of the target has no time', () => {
    for (const page of Object.values(pages(exporter)))
      assert.equal(samplesOf(page, 'target_info')[0]!.timestamp, undefined);
  });
});

test('any metrics, under any options, are a page in both formats with the same samples', () => {
  const options = fc.record({
    send_timestamps: fc.boolean(),
    add_metric_suffixes: fc.boolean(),
    without_scope_info: fc.boolean(),
    resource_to_telemetry_conversion: fc.record({ enabled: fc.boolean() }),
    namespace: fc.constantFrom('', 'px', '1-a'),
    const_labels: fc.constantFrom({}, { a: 'x"\n' }, { job: 'mine', instance: '0' }),
  });
  fc.assert(
    fc.property(options, fc.array(hostileMetrics, { minLength: 1, maxLength: 3 }), (written, bodies) => {
      const exporter = make({ ...written, forwarded: true });
      for (const body of bodies) exporter.consume(received(body));
      const { text, open } = pages(exporter);
      // Bounds are written as floats in OpenMetrics.
      const number = (label?: string): number => Number(label?.replace('Inf', 'Infinity'));
      const plain = (page: PageFamily[]) =>
        page
          .flatMap(({ samples }) => samples)
          .map(({ name, labels: { le, quantile, ...labels }, value }) => [
            name,
            labels,
            number(le),
            number(quantile),
            value,
          ]);
      assert.deepEqual(plain(text), plain(open));
    }),
    { numRuns: 300 },
  );
});

test('a text that is no UTF-8 does not take its request away', () => {
  const exporter = make({ forwarded: true });
  const body = request({}, [gauge('a', 1, { odd: 'x??y' }), gauge('b', 2)]);
  const at = Buffer.from(body).indexOf('??');
  const broken = Uint8Array.from(body);
  broken.set([0xff, 0xc0], at);
  exporter.consume(received(broken));
  const { text } = pages(exporter);
  assert.deepEqual(
    text.map(({ name }) => name),
    ['a', 'b'],
  );
  const { odd } = samplesOf(text, 'a')[0]!.labels;
  assert.equal(Buffer.from(odd!).toString(), odd, 'valid UTF-8 as it is sent');
});

test('labels that would break the page are refused in the configuration', () => {
  for (const name of ['le', 'quantile', '__name__', 'a.b'])
    assert.equal(factory.schema.safeParse({ const_labels: { [name]: 'x' } }).success, false, name);
});

describe('field case 24: attributes named job and instance', () => {
  const resource = {
    'service.name': 'api',
    'service.instance.id': 'x1',
    job: 'scraped',
    instance: '10.0.0.5:9090',
    'host.name': 'h1',
  };

  const shown = (options: object, ...metrics: object[]) => {
    const exporter = make({ forwarded: true, ...options });
    exporter.consume(received(request(resource, metrics)));
    const { text } = pages(exporter);
    const labels = (name: string) => samplesOf(text, name).map((sample) => sample.labels);
    return { labels, text };
  };

  test('target_info is of the same job and instance as the metric', () => {
    const { labels } = shown({}, gauge('cpu.load', 1));
    assert.deepEqual(labels('cpu_load'), [{ job: 'api', instance: 'x1' }]);
    assert.deepEqual(labels('target_info'), [
      { job: 'api', instance: 'x1', exported_job: 'scraped', exported_instance: '10.0.0.5:9090', host_name: 'h1' },
    ]);
  });

  test('those of a point, and of a resource as labels, stand beside the target too', () => {
    const { labels } = shown(
      { resource_to_telemetry_conversion: { enabled: true } },
      gauge('cpu.load', 1, { job: 'of the point' }),
    );
    const target = { job: 'api', instance: 'x1', exported_instance: '10.0.0.5:9090' };
    assert.deepEqual(labels('cpu_load'), [{ ...target, exported_job: 'of the point', host_name: 'h1' }]);
  });

  test('without a target they are the labels that they name', () => {
    const exporter = make({ forwarded: true });
    exporter.consume(
      received(request({ job: 'scraped', zone: 'a' }, [gauge('up', 1, { job: 'node', instance: 'n1' })])),
    );
    assert.deepEqual(
      pages(exporter).text.map(({ name }) => name),
      ['up'],
    );
    assert.deepEqual(samplesOf(pages(exporter).text, 'up')[0]!.labels, { job: 'node', instance: 'n1' });
  });

  test('one target_info a target, the newest: a join must find one', () => {
    const exporter = make({ forwarded: true });
    for (const version of ['1', '2'])
      exporter.consume(received(request({ ...resource, 'service.version': version }, [gauge('g', 1)])));
    const { text, open } = pages(exporter);
    for (const page of [text, open])
      assert.deepEqual(
        samplesOf(page, 'target_info').map(({ labels }) => labels.service_version),
        ['2'],
      );
  });
});

describe('bands are in base units, whatever the sender measures in', () => {
  const names = (unit: string, feature: string, value: number, metric = 'px.anomaly.observed') => {
    const exporter = make();
    const of = { 'anomaly.feature': feature };
    exporter.consume(ownBatch('metrics', request({}, [gauge(metric, value, of, { unit })]), 1));
    return samplesOf(pages(exporter).text, pages(exporter).text[0]!.name).map((sample) => [sample.name, sample.value]);
  };
  const CASES: readonly [unit: string, feature: string, value: number, name: string, shown: number][] = [
    ['ns', 'latency', 4.12e8, 'px_anomaly_observed_seconds', 0.412],
    ['us', 'latency', 380, 'px_anomaly_observed_seconds', 0.00038],
    ['ms', 'latency', 38, 'px_anomaly_observed_seconds', 0.038],
    ['s', 'latency', 0.1, 'px_anomaly_observed_seconds', 0.1],
    ['', 'latency', 2, 'px_anomaly_observed_seconds', 2],
    ['min', 'latency', 1, 'px_anomaly_observed_seconds', 60],
    ['By', 'bytes', 1024, 'px_anomaly_observed_bytes', 1024],
    ['', 'bytes', 1024, 'px_anomaly_observed_bytes', 1024],
    ['KiBy', 'bytes', 2, 'px_anomaly_observed_bytes', 2048],
    ['By/s', 'bytes', 5, 'px_anomaly_observed_bytes_per_second', 5],
    ['1', 'errors', 0.2, 'px_anomaly_observed_ratio', 0.2],
    ['', 'errors', 0.2, 'px_anomaly_observed_ratio', 0.2],
    ['%', 'errors', 20, 'px_anomaly_observed_ratio', 0.2],
    ['', 'requests', 7, 'px_anomaly_observed', 7],
    ['1', 'requests', 7, 'px_anomaly_observed', 7],
    ['{request}', 'requests', 7, 'px_anomaly_observed', 7],
    ['{request}/s', 'requests', 7, 'px_anomaly_observed_per_second', 7],
    ['Hz', 'requests', 7, 'px_anomaly_observed_per_second', 7],
  ];
  for (const [unit, feature, value, name, shown] of CASES)
    test(`${feature} of ${value} "${unit}"`, () => assert.deepEqual(names(unit, feature, value), [[name, shown]]));

  test('other metrics keep their unit', () => {
    assert.deepEqual(names('ns', 'latency', 5, 'edge.latency'), [['edge_latency_nanoseconds', 5]]);
  });
});

describe('OpenMetrics', () => {
  test('types, units and the end', () => {
    const exporter = make({ forwarded: true });
    const sum = { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ asInt: '3' }] };
    const histogram = {
      aggregationTemporality: 2,
      dataPoints: [{ count: '3', sum: 2, explicitBounds: [1], bucketCounts: ['1', '2'] }],
    };
    const metrics = [
      { name: 'io', unit: 'By', description: 'say "x"', sum },
      { name: 'took', unit: 's', histogram },
      gauge('hits', 0.5, {}, { unit: '1' }),
      { name: 'clash', sum },
      gauge('clash', 1),
    ];
    exporter.consume(received(request({ 'service.name': 'a', zone: 'z' }, metrics)));
    assert.deepEqual(exporter.render(OPEN_METRICS).split('\n'), [
      '# TYPE clash gauge',
      '# HELP clash OpenTelemetry metric clash',
      'clash{job="a"} 1',
      '# TYPE clash_total unknown',
      '# HELP clash_total OpenTelemetry metric clash',
      'clash_total{job="a"} 3',
      '# TYPE hits_ratio gauge',
      '# UNIT hits_ratio ratio',
      '# HELP hits_ratio OpenTelemetry metric hits',
      'hits_ratio{job="a"} 0.5',
      '# TYPE io_bytes counter',
      '# UNIT io_bytes bytes',
      '# HELP io_bytes say \\"x\\"',
      'io_bytes_total{job="a"} 3',
      '# TYPE target info',
      '# HELP target Target metadata',
      'target_info{job="a",zone="z"} 1',
      '# TYPE took_seconds histogram',
      '# UNIT took_seconds seconds',
      '# HELP took_seconds OpenTelemetry metric took',
      'took_seconds_bucket{job="a",le="1.0"} 1',
      'took_seconds_bucket{job="a",le="+Inf"} 3',
      'took_seconds_sum{job="a"} 2',
      'took_seconds_count{job="a"} 3',
      '# EOF',
      '',
    ]);
  });

  const PROMETHEUS_2 =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  const PROMETHEUS_3 =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';
  const ACCEPTED: readonly [accept: string | undefined, format: typeof TEXT | typeof OPEN_METRICS][] = [
    [undefined, TEXT],
    ['', TEXT],
    ['*/*', TEXT],
    ['text/html,application/xhtml+xml,*/*;q=0.8', TEXT],
    [PROMETHEUS_2, OPEN_METRICS],
    [PROMETHEUS_3, OPEN_METRICS],
    ['application/openmetrics-text', OPEN_METRICS],
    ['Application/OpenMetrics-Text; Version="1.0.0"; q=0.2, text/plain; q=0.1', OPEN_METRICS],
    ['application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.9', TEXT],
    ['application/openmetrics-text; q=0, */*', TEXT],
    ['application/openmetrics-text; version=2.0.0, text/plain; q=0.1', TEXT],
    ['application/openmetrics-text; q=nonsense', TEXT],
    ['application/vnd.google.protobuf;q=0.9, text/plain;version=0.0.4', TEXT],
  ];
  for (const [accept, format] of ACCEPTED)
    test(`Accept: ${accept} is answered in ${format}`, () => assert.equal(formatFor(accept), format));

  test('gzip where it is taken', () => {
    assert.equal(takesEncoding('gzip', 'gzip'), true);
    assert.equal(takesEncoding('identity, gzip;q=0.1', 'gzip'), true);
    assert.equal(takesEncoding('gzip;q=0', 'gzip'), false);
    assert.equal(takesEncoding(undefined, 'gzip'), false);
  });

  test('over HTTP, unless it is turned off', async (t) => {
    for (const [enable_open_metrics, type] of [
      [true, OPEN_METRICS],
      [false, TEXT],
    ] as const) {
      const exporter = make({ enable_open_metrics });
      await exporter.start();
      t.after(() => exporter.shutdown());
      exporter.consume(ownBatch('metrics', request({}, [gauge('px.anomaly.score', 1)]), 1));
      const page = await fetch(`http://127.0.0.1:${exporter.port}/metrics`, { headers: { accept: PROMETHEUS_3 } });
      assert.equal(page.headers.get('content-type'), type);
      assert.equal(page.headers.get('vary'), 'accept, accept-encoding');
      parsePage(await page.text(), { openMetrics: enable_open_metrics });
    }
  });
});
