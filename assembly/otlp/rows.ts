// Scratch that a scan of metrics fills: a row a data point, a record a metric.
//
//   points of the request   0 ………………… skip ═══════ recorded ═══════ skip + rows ………… points
// A metric's points are discarded again when another type of data overrides it (the last of a oneof counts).
import { scratch } from '../memory';
import { MetricSpan, Row } from './row';

/** Rows of one scan; larger requests are scanned again with `skip`. */
export const ROW_CAPACITY = 65536;

/**
 * Scans whose records are kept side by side, so that a request that comes while another is being learnt from is walked
 * once, not twice. A scan touches only as much as it has points.
 */
export const KEPT_SCANS: i32 = 8;

const ROW_BYTES: usize = <usize>ROW_CAPACITY * offsetof<Row>();
const METRIC_BYTES: usize = <usize>ROW_CAPACITY * offsetof<MetricSpan>();

let rowRegion: usize = 0;
let metricRegion: usize = 0;
/** Records of the selected scan. */
export let rowBase: usize = 0;
export let metricBase: usize = 0;

/** Address of the body: offsets in records count from here. */
export let body: usize = 0;
/** Data points so far. */
export let points: i32 = 0;
/** Metrics recorded so far. */
export let metrics: i32 = 0;
let skip: i32 = 0;

export function rowsInit(): void {
  rowRegion = scratch(<usize>KEPT_SCANS * ROW_BYTES);
  metricRegion = scratch(<usize>KEPT_SCANS * METRIC_BYTES);
  selectRows(0);
}

/** From now on records are written to and read from that scan's place. */
export function selectRows(scan: i32): void {
  rowBase = rowRegion + <usize>scan * ROW_BYTES;
  metricBase = metricRegion + <usize>scan * METRIC_BYTES;
}

export function startRows(bodyAddress: usize, skipPoints: i32): void {
  body = bodyAddress;
  skip = skipPoints;
  points = 0;
  metrics = 0;
}

/** Record of the point with this number; null: outside of the recorded window. */
// @ts-ignore: decorator
@inline
export function rowOf(point: i32): Row | null {
  const index = <u32>(point - skip);
  return index < <u32>ROW_CAPACITY ? changetype<Row>(rowBase + <usize>index * offsetof<Row>()) : null;
}

// @ts-ignore: decorator
@inline
export function rowAt(index: i32): Row {
  return changetype<Row>(rowBase + <usize>index * offsetof<Row>());
}

// @ts-ignore: decorator
@inline
export function metricAt(index: i32): MetricSpan {
  return changetype<MetricSpan>(metricBase + <usize>index * offsetof<MetricSpan>());
}

/** Counts a point and answers its record. */
// @ts-ignore: decorator
@inline
export function addPoint(): Row | null {
  const row = rowOf(points);
  points++;
  return row;
}

/**
 * Counts so many points and answers the first of their records; 0, and nothing is counted: not all are in the recorded
 * window.
 */
export function addPoints(count: i32): usize {
  const index = points - skip;
  if (index < 0 || index + count > ROW_CAPACITY) return 0;
  points += count;
  return changetype<usize>(rowAt(index));
}

/** Whether every point from `first` on is in the recorded window. */
export function areRecorded(first: i32): bool {
  return first >= skip && points - skip <= ROW_CAPACITY;
}

/** Forgets the points from `first` on. */
export function discardPoints(first: i32): void {
  points = first;
}

/** First and last + 1 index of rows recorded for the points [first, end). */
// @ts-ignore: decorator
@inline
export function firstIndex(first: i32): i32 {
  return max(first - skip, 0);
}

// @ts-ignore: decorator
@inline
export function endIndex(end: i32): i32 {
  return min(end - skip, ROW_CAPACITY);
}

/** The first of so many records of metrics. */
export function addMetrics(count: i32): usize {
  const first = metricAt(metrics);
  metrics += count;
  return changetype<usize>(first);
}

/** Record for the metric whose points are the rows [from, to). */
export function addMetric(): MetricSpan {
  return metricAt(metrics++);
}
