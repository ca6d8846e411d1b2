// Latency as a quantile: shapes, merging over pods, and through the kernel.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { opentelemetry } from '#proto';
import { type Bucket, bucketsSince, quantileOf, readShape } from '../../../src/detection/binding/buckets.js';
import { Bench, metricsRequest } from '../../support/anomaly.js';
import { keyValues, summary } from '../../support/otlp.js';
import fc from '../../support/property.js';
import { START, WINDOW } from '../../support/shop.js';

const { HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint } = opentelemetry.proto.metrics.v1;
type IMetric = opentelemetry.proto.metrics.v1.IMetric;

// biome-ignore lint/suspicious/noExplicitAny: 64-bit numbers are accepted as plain numbers
const loose = (value: object): any => value;

const bucketsOf = (data: 'histogram' | 'exponential_histogram', bytes: Uint8Array): readonly Bucket[] => {
  const shape = readShape(data, bytes, 0.5);
  assert.equal(shape?.form, 'buckets');
  return shape!.form === 'buckets' ? shape!.buckets : [];
};

describe('buckets', () => {
  test('of an explicit histogram', () => {
    const bytes = HistogramDataPoint.encode(loose({ bucketCounts: [1, 2, 3], explicitBounds: [10, 20] })).finish();
    assert.deepEqual(bucketsOf('histogram', bytes), [
      { lower: 0, upper: 10, count: 1 },
      { lower: 10, upper: 20, count: 2 },
      { lower: 20, upper: Number.POSITIVE_INFINITY, count: 3 },
    ]);
    const bare = HistogramDataPoint.encode(loose({ count: 4, sum: 1 })).finish();
    assert.equal(readShape('histogram', bare, 0.5), undefined);
  });

  test('of an exponential histogram', () => {
    const positive = { offset: 1, bucketCounts: [5, 6] };
    const bytes = ExponentialHistogramDataPoint.encode(loose({ scale: 0, zeroCount: 4, positive })).finish();
    assert.deepEqual(bucketsOf('exponential_histogram', bytes), [
      { lower: 0, upper: 0, count: 4 },
      { lower: 2, upper: 4, count: 5 },
      { lower: 4, upper: 8, count: 6 },
    ]);
  });

  test('the nearest quantile of a summary stands for the one asked for', () => {
    const quantileValues = [
      { quantile: 0.5, value: 5 },
      { quantile: 0.99, value: 9 },
    ];
    const bytes = SummaryDataPoint.encode(loose({ count: 7, sum: 1, quantileValues })).finish();
    assert.deepEqual(readShape('summary', bytes, 0.95), { form: 'quantile', value: 9, count: 7 });
    assert.equal(readShape('summary', bytes, 0.75), undefined);
  });

  test('the change of a cumulative histogram; none across a reset', () => {
    const at = (...counts: number[]) => counts.map((count, i) => ({ lower: i, upper: i + 1, count }));
    assert.deepEqual(bucketsSince(at(1, 2), at(4, 2)), at(3, 0));
    assert.equal(bucketsSince(at(5, 2), at(4, 2)), undefined);
    assert.deepEqual(bucketsSince(at(1), at(1, 4)), at(0, 4), 'an exponential histogram that grew');
  });

  test('a quantile lies in the bucket that holds it, and does not fall as it grows', () => {
    const counts = fc
      .array(fc.nat(50), { minLength: 1, maxLength: 12 })
      .filter((list) => list.some((count) => count > 0));
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (list, q) => {
        const buckets = list.map((count, i) => ({ lower: i, upper: i + 1, count }));
        const values = list.flatMap((count, i) => Array.from({ length: count }, () => i)).sort((a, b) => a - b);
        const exact = values[Math.max(0, Math.ceil(q * values.length) - 1)]!;
        const value = quantileOf(buckets, q);
        return value >= exact && value <= exact + 1 && quantileOf(buckets, Math.min(0.99, q + 0.1)) >= value;
      }),
    );
    assert.ok(Number.isNaN(quantileOf([], 0.5)));
  });
});

const PRESET = { presets: [{ name: 'edge', quantile: 0.9 }], export_bands: 'all', export_interval: '10s' };
const attributes = { src_service: 'a', dst_service: 'b' };

/** Observed latency of the last window, seconds. */
async function observed(metricsAt: (time: number, i: number) => IMetric[]): Promise<number> {
  const bench = new Bench(PRESET);
  await bench.processor.start();
  for (let i = 0; i < 80; i++) {
    const time = START + i * WINDOW;
    await bench.send(metricsRequest({ resource: {}, metrics: metricsAt(time, i) }));
  }
  await bench.processor.flush();
  await bench.processor.shutdown();
  const points = bench.sink.points.filter(
    ({ name, attributes: a }) => name === 'px.anomaly.observed' && a['anomaly.feature'] === 'latency',
  );
  const last = points.at(-1)!;
  return last.value * (last.unit === 'ms' ? 1e-3 : 1);
}

const near = (value: number, wanted: number) =>
  assert.ok(Math.abs(value / wanted - 1) < 1e-3, `${value} is not ${wanted}`);

test('summaries of two pods: the count-weighted mean of logarithms', async () => {
  const pod = (name: string, time: number, count: number, p90: number) =>
    summary('edge.latency', {
      attributes: { ...attributes, pod: name },
      time,
      unit: 'ms',
      count,
      sum: count,
      quantiles: { 0.9: p90 },
    });
  near(await observed((time) => [pod('one', time, 30, 10), pod('two', time, 10, 160)]), 0.01 * 16 ** 0.25);
});

test('cumulative histograms of two pods: merged by bucket, deltas by series', async () => {
  const histogram = (pod: string, time: number, counts: number[]): IMetric => ({
    name: 'edge.latency',
    unit: 's',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [
        loose({
          attributes: keyValues({ ...attributes, pod }),
          timeUnixNano: String(BigInt(time) * 1_000_000_000n),
          startTimeUnixNano: '1',
          count: counts.reduce((a, b) => a + b),
          sum: 1 + time,
          bucketCounts: counts,
          explicitBounds: [1, 2, 3],
        }),
      ],
    },
  });
  // 80 below 1, 20 between 1 and 2 a window: the 90 % quantile is in the middle of the second bucket.
  near(
    await observed((time, i) => [
      histogram('one', time, [70 * i, 0, 0, 0]),
      histogram('two', time, [10 * i, 20 * i, 0, 0]),
    ]),
    1.5,
  );
});
