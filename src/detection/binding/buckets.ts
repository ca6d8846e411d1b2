// Latency distributions as lists of buckets, whatever form they came in: merged over pods by bucket, read at a
// quantile.
import { opentelemetry } from '#proto';
import type { DataKind } from '../rules/feature-rule.js';

const { HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint } = opentelemetry.proto.metrics.v1;

/** Counts between two bounds; the last bucket of an explicit histogram has no upper one. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  count: number;
}

/** What a point says of the distribution: buckets, or the quantile itself. */
export type Shape =
  | { readonly form: 'buckets'; readonly buckets: readonly Bucket[]; readonly startUnixNano: string }
  | { readonly form: 'quantile'; readonly value: number; readonly count: number };

/** Points of distributions of a thousand buckets are smaller; of larger ones no quantile is read. Bytes. */
const MOST_POINT_BYTES = 64 * 1024;

/** The shape of a point; undefined where it has none (no buckets, no such quantile). */
export function readShape(data: DataKind, bytes: Uint8Array, quantile: number): Shape | undefined {
  if (bytes.length > MOST_POINT_BYTES) return undefined;
  if (data === 'histogram') return explicitBuckets(bytes);
  if (data === 'exponential_histogram') return exponentialBuckets(bytes);
  return data === 'summary' ? summaryQuantile(bytes, quantile) : undefined;
}

function explicitBuckets(bytes: Uint8Array): Shape | undefined {
  const { bucketCounts, explicitBounds, startTimeUnixNano } = HistogramDataPoint.decode(bytes);
  if (bucketCounts.length < 2) return undefined;
  const buckets = bucketCounts.map((count, i) => ({
    lower: i === 0 ? 0 : explicitBounds[i - 1]!,
    upper: explicitBounds[i] ?? Number.POSITIVE_INFINITY,
    count: Number(count),
  }));
  return { form: 'buckets', buckets, startUnixNano: String(startTimeUnixNano) };
}

/** Latencies are not negative: the negative buckets are left out. */
function exponentialBuckets(bytes: Uint8Array): Shape | undefined {
  const point = ExponentialHistogramDataPoint.decode(bytes);
  const base = 2 ** (2 ** -point.scale);
  const offset = point.positive?.offset ?? 0;
  const zero = { lower: 0, upper: point.zeroThreshold, count: Number(point.zeroCount) };
  const positive = (point.positive?.bucketCounts ?? []).map((count, i) => ({
    lower: base ** (offset + i),
    upper: base ** (offset + i + 1),
    count: Number(count),
  }));
  return { form: 'buckets', buckets: [zero, ...positive], startUnixNano: String(point.startTimeUnixNano) };
}

/** Quantiles this near to the one asked for stand for it. */
const NEAR = 0.051;

function summaryQuantile(bytes: Uint8Array, quantile: number): Shape | undefined {
  const { quantileValues, count } = SummaryDataPoint.decode(bytes);
  let best: { value: number; off: number } | undefined;
  for (const { quantile: q, value } of quantileValues) {
    const off = Math.abs((q ?? 0) - quantile);
    if (off < NEAR && (!best || off < best.off)) best = { value: value ?? 0, off };
  }
  return best && { form: 'quantile', value: best.value, count: Number(count) };
}

/**
 * What happened between two readings of a cumulative histogram; undefined where it was not the same histogram, or was
 * reset.
 */
export function bucketsSince(before: readonly Bucket[], now: readonly Bucket[]): Bucket[] | undefined {
  const earlier = new Map(before.map(({ lower, upper, count }) => [`${lower}:${upper}`, count]));
  const change = now.map(({ lower, upper, count }) => ({
    lower,
    upper,
    count: count - (earlier.get(`${lower}:${upper}`) ?? 0),
  }));
  const kept = now.filter(({ lower, upper }) => earlier.has(`${lower}:${upper}`)).length;
  return kept < Math.min(before.length, now.length) || change.some(({ count }) => count < 0) ? undefined : change;
}

/** The quantile of merged buckets, interpolated within the one that it falls into; NaN of nothing. */
export function quantileOf(buckets: readonly Bucket[], quantile: number): number {
  const filled = buckets.filter(({ count }) => count > 0).sort((a, b) => a.upper - b.upper || a.lower - b.lower);
  const total = filled.reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  for (const { lower, upper, count } of filled) {
    if (below + count < quantile * total) {
      below += count;
      continue;
    }
    // Nothing is known of the last bucket but its lower bound.
    if (upper === Number.POSITIVE_INFINITY) return lower;
    return lower + ((upper - lower) * (quantile * total - below)) / count;
  }
  return Number.NaN;
}
