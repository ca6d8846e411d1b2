// The data of a metric: Gauge, Sum, Histogram, ExponentialHistogram or Summary. All keep their points in field 1.
import { enterMessage, lower, readSpan, readTag, readVarint, upper, varint } from '../wire/cursor';
import { skipField } from '../wire/skip';
import { Metric, Sum } from '../wire/tags';
import { walkExponentialPoint } from './exponential-point';
import { walkHistogramPoint } from './histogram-point';
import { walkNumberPoint } from './number-point';
import { walkSummaryPoint } from './summary-point';

/** Messages above the data: request, resource, scope, metric. */
const DEPTH = 4;

/** Of the data walked last: AggregationTemporality, and 1 if monotonic. Set to 0 when another type of data begins. */
export let temporality: u32 = 0;
export let isMonotonic: u32 = 0;

export function startData(): void {
  temporality = 0;
  isMonotonic = 0;
}

// @ts-ignore: decorator
@inline
function walkPoint(tag: u32, start: usize, end: usize, identity: u64): bool {
  const data = tag >>> 3;
  switch (tag) {
    case Metric.GAUGE:
    case Metric.SUM:
      return walkNumberPoint(start, end, data, identity);
    case Metric.HISTOGRAM:
      return walkHistogramPoint(start, end, data, identity);
    case Metric.EXPONENTIAL_HISTOGRAM:
      return walkExponentialPoint(start, end, data, identity);
    default:
      return walkSummaryPoint(start, end, data, identity);
  }
}

// @ts-ignore: decorator
@inline
function hasTemporality(tag: u32): bool {
  return tag == Metric.SUM || tag == Metric.HISTOGRAM || tag == Metric.EXPONENTIAL_HISTOGRAM;
}

/** `dataTag`: the tag of Metric under which [cursor, limit) stands. */
export function walkData(dataTag: u32, cursor: usize, limit: usize, identity: u64): bool {
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    if (!read) return false;
    const tag = upper(read);
    cursor = lower(read);
    if (tag == Sum.DATA_POINTS) {
      const span = readSpan(cursor, limit);
      if (!span || !enterMessage(cursor) || !walkPoint(dataTag, upper(span), lower(span), identity)) return false;
      cursor = lower(span);
    } else if (tag == Sum.AGGREGATION_TEMPORALITY && hasTemporality(dataTag)) {
      cursor = readVarint(cursor, limit);
      temporality = <u32>varint;
    } else if (tag == Sum.IS_MONOTONIC && dataTag == Metric.SUM) {
      cursor = readVarint(cursor, limit);
      isMonotonic = varint != 0 ? 1 : 0;
    } else {
      cursor = skipField(tag, cursor, limit, DEPTH);
    }
    if (!cursor) return false;
  }
  return true;
}
