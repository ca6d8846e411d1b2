import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DebugExporter, sampler } from '../../src/exporters/debug/exporter.js';
import factory from '../../src/exporters/debug/factory.js';
import { jsonToProtobuf } from '../../src/otlp/index.js';
import { type Batch, ownBatch, PermanentError, type Signal } from '../../src/pipeline/index.js';
import { metricSum, metricsBatch, opaqueBatch, testSettings } from '../support/batches.js';

/** A batch of the request that this JSON says. */
function batchOf(signal: Signal, request: object, items: number): Batch {
  return ownBatch(signal, jsonToProtobuf(signal, JSON.stringify(request)), items);
}

function shown(options: object, ...batches: Batch[]): Record<string, unknown>[] {
  const settings = testSettings('debug');
  const exporter = factory.create(settings, factory.schema.parse({ sampling_initial: 100, ...options }));
  for (const batch of batches) assert.equal(exporter.consume(batch), undefined);
  return settings.lines;
}

const text = (value: string): object => ({ stringValue: value });

const EVENT = batchOf(
  'logs',
  {
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: '1700000000000000000',
                eventName: 'px.anomaly.network.latency_spike',
                body: text('checkout waits for payment 412 ms where 38 ms are usual.'),
                attributes: [
                  { key: 'src_service', value: text('checkout') },
                  { key: 'src_namespace', value: text('shop') },
                  { key: 'dst_service', value: text('payment') },
                  { key: 'namespace', value: text('money') },
                  { key: 'anomaly.score', value: { doubleValue: 0.97123 } },
                  { key: 'anomaly.state', value: text('started') },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  1,
);

test('basic: what came, in numbers', () => {
  const [line] = shown({}, metricsBatch(7));
  assert.equal(line?.msg, 'Metrics');
  assert.equal(line?.['resource metrics'], 1);
  assert.equal(line?.['data points'], 7);
});

test('normal: an anomaly is one readable line', () => {
  assert.deepEqual(
    shown({ verbosity: 'normal' }, EVENT).map((line) => line.msg),
    [
      '2023-11-14T22:13:20.000Z px.anomaly.network.latency_spike shop/checkout → money/payment started score=0.971 ' +
        '– checkout waits for payment 412 ms where 38 ms are usual.',
    ],
  );
});

test('normal: a line for each data point of every type, with its attributes', () => {
  const attributes = [
    { key: 'a', value: text('x y') },
    { key: 'n', value: { intValue: '5' } },
    { key: 'l', value: { arrayValue: { values: [text('p'), { boolValue: true }] } } },
  ];
  const request = {
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              { name: 'g', unit: 'By', gauge: { dataPoints: [{ attributes, asInt: '12' }, { asDouble: 0.25 }] } },
              { name: 's', sum: { dataPoints: [{ asDouble: 0 }] } },
              { name: 'h', histogram: { dataPoints: [{ count: '3', sum: 1.5 }] } },
              { name: 'e', exponentialHistogram: { dataPoints: [{ count: '4' }] } },
              { name: 'q', summary: { dataPoints: [{ count: '5', sum: 2 }] } },
              { name: 'v', gauge: { dataPoints: [{ flags: 1 }] } },
            ],
          },
        ],
      },
    ],
  };
  assert.deepEqual(
    shown({ verbosity: 'normal' }, batchOf('metrics', request, 7)).map((line) => line.msg),
    [
      'g a="x y" n=5 l="[p, true]" 12 By',
      'g 0.25 By',
      's 0',
      'h count=3 sum=1.5',
      'e count=4',
      'q count=5 sum=2',
      'v no value',
    ],
  );
});

test('normal: spans and plain log records', () => {
  const span = { name: 'GET /', traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '0102030405060708' };
  const traces = batchOf('traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }, 1);
  const record = { severityText: 'WARN', body: text('hello') };
  const logs = batchOf('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }, 1);
  assert.deepEqual(
    shown({ verbosity: 'normal' }, traces, logs).map((line) => line.msg),
    ['GET / 0102030405060708090a0b0c0d0e0f10 0102030405060708', 'WARN hello'],
  );
});

test('detailed: everything is there', () => {
  const dump = String(shown({ verbosity: 'detailed' }, EVENT)[1]?.msg);
  for (const part of [
    'resourceLogs #0',
    'timeUnixNano: 1700000000000000000 (2023-11-14T22:13:20.000Z)',
    'eventName: px.anomaly.network.latency_spike',
    'body: Str(checkout waits for payment',
    '-> src_service: Str(checkout)',
    '-> anomaly.score: Double(0.97123)',
  ])
    assert.ok(dump.includes(part), `${part} is missing in\n${dump}`);
});

test('without the log: plain lines', () => {
  const lines: string[] = [];
  const config = factory.schema.parse({ use_internal_logger: false, verbosity: 'normal' });
  const exporter = new DebugExporter(testSettings('debug'), config, (_fields, line) => lines.push(line));
  exporter.consume(metricsBatch(2));
  assert.deepEqual(lines, ['requests.0 0.5', 'requests.1 1.5']);
});

test('sampling: the first ones of a second, then each so-many-th', () => {
  let now = 5_000;
  const sample = sampler(2, 3, () => now);
  const take = (n: number): string => Array.from({ length: n }, () => (sample() ? 'x' : '.')).join('');
  assert.equal(take(9), 'xx..x..x.');
  now = 6_000;
  assert.equal(take(3), 'xx.');
  const few = sampler(1, 0, () => now);
  assert.deepEqual([few(), few(), few()], [true, false, false]);
});

test('counts what it was given; a malformed body is refused', async () => {
  const settings = testSettings('debug');
  const exporter = factory.create(settings, factory.schema.parse({}));
  void exporter.consume(metricsBatch(3));
  assert.throws(() => exporter.consume(opaqueBatch(2, 5)), PermanentError);
  assert.equal(await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points'), 3);
  assert.equal(await metricSum(settings.telemetry, 'otelcol_exporter_send_failed_metric_points'), 2);
});
