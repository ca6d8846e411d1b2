// Rows of a ResourceMetrics by its template, without walking it; and templates of those that were walked.
import { lower, upper } from '../wire/cursor';
import { endOfResource } from './copies';
import { findHoles, holeCount, holeList, holesInit, pointCount, pointList } from './holes';
import { MetricSpan, Row } from './row';
import { addMetrics, addPoints, areRecorded, body, firstIndex, metricAt, metrics, points, rowAt } from './rows';
import { holesOf, metricsOf, NARROW_METRIC, rowsOf, Template, TemplateRow } from './template';
import { findTemplate, isRingFull, placeTemplate, publishTemplate, templatesInit, wasSeen } from './templates';

/**
 * Once the ring is full, one in so many is kept: where no ring is large enough, little is spent on it. Prime: another
 * one in each request.
 */
const SELDOM: u32 = 17;

let hits: u32 = 0;
let misses: u32 = 0;

export function templateRowsInit(): void {
  templatesInit();
  holesInit();
}

/** ResourceMetrics read by a template, and those that were walked, since the start. */
export function templateHits(): u32 {
  return hits;
}
export function templateMisses(): u32 {
  return misses;
}

// @ts-ignore: decorator
@inline
function wide(start: usize, offset: usize): u64 {
  return offset != 0 ? load<u64>(start + offset) : 0;
}

// @ts-ignore: decorator
@inline
function valueOf(from: TemplateRow, start: usize): f64 {
  const value = wide(start, from.value);
  return from.isInteger ? <f64>(<i64>value) : reinterpret<f64>(value);
}

// @ts-ignore: decorator
@inline
function readRow(row: Row, from: TemplateRow, start: usize, firstMetric: u32): void {
  const shift = <u32>(start - body);
  row.hash = from.hash;
  row.time = wide(start, from.time);
  row.startTime = wide(start, from.startTime);
  row.value = valueOf(from, start);
  row.count = <f64>wide(start, from.count);
  row.pointStart = shift + from.pointStart;
  row.pointEnd = shift + from.pointEnd;
  row.metric = firstMetric + from.metric;
  row.series = from.series;
  row.flags = from.flags;
  row.template = <u32>changetype<usize>(from);
}

/** Ten offsets move, two words do not. */
// @ts-ignore: decorator
@inline
function widenMetric(to: usize, from: usize, shift: u32): void {
  const all = i32x4.splat(shift);
  const offsets = v128.load(from);
  const rest = v128.load_zero<u64>(from, 16);
  v128.store(to, i32x4.add(i32x4.extend_low_i16x8_u(offsets), all));
  v128.store(to, i32x4.add(i32x4.extend_high_i16x8_u(offsets), all), 16);
  v128.store(to, i32x4.add(i32x4.extend_low_i16x8_u(rest), i64x2.replace_lane(all, 1, 0)), 32);
}

/** False: a word is too large, which no sender's is. */
function narrowMetric(to: usize, from: MetricSpan, shift: u32): bool {
  for (let word: usize = 0; word < 12; word++) {
    const value = load<u32>(changetype<usize>(from) + (word << 2)) - (word < 10 ? shift : 0);
    if (value > 0xffff) return false;
    store<u16>(to + (word << 1), <u16>value);
  }
  return true;
}

/** Reads the ResourceMetrics [start, limit) by its template. False: there is none, nothing was read. */
export function readByTemplate(start: usize, limit: usize): bool {
  const template = findTemplate(start, limit);
  if (!template) {
    misses++;
    return false;
  }
  const firstPoint = points;
  const firstMetric = metrics;
  let row = addPoints(template.points);
  if (!row && template.points) return false;
  let from = rowsOf(template);
  for (const end = metricsOf(template); from < end; from += offsetof<TemplateRow>()) {
    readRow(changetype<Row>(row), changetype<TemplateRow>(from), start, firstMetric);
    row += offsetof<Row>();
  }
  let metric = addMetrics(template.metrics);
  for (let i = template.metrics; i > 0; i--) {
    widenMetric(metric, from, <u32>(start - body));
    from += NARROW_METRIC;
    metric += offsetof<MetricSpan>();
  }
  endOfResource(start + template.resourceStart, start + template.resourceEnd, limit, firstPoint);
  hits++;
  return true;
}

/** Completes what was found of a point by its row. False: they do not agree, one type of data overrode another. */
function completeRow(point: TemplateRow, row: Row, start: usize, firstMetric: i32): bool {
  const shift = <u32>(start - body);
  if (shift + point.pointStart != row.pointStart) return false;
  if (wide(start, point.time) != row.time || wide(start, point.startTime) != row.startTime) return false;
  if (reinterpret<u64>(valueOf(point, start)) != reinterpret<u64>(row.value)) return false;
  if (<f64>wide(start, point.count) != row.count) return false;
  point.hash = row.hash;
  point.pointEnd = <u16>(row.pointEnd - shift);
  point.metric = <u16>(row.metric - firstMetric);
  point.flags = row.flags;
  point.series = -1;
  return true;
}

function completeRows(start: usize, firstPoint: i32, firstMetric: i32): bool {
  if (pointCount != points - firstPoint || !areRecorded(firstPoint)) return false;
  const first = firstIndex(firstPoint);
  for (let i = 0; i < pointCount; i++) {
    const point = changetype<TemplateRow>(pointList + <usize>i * offsetof<TemplateRow>());
    if (!completeRow(point, rowAt(first + i), start, firstMetric)) return false;
  }
  return true;
}

/** False: a metric is not to be kept. */
function fill(template: Template, start: usize, firstPoint: i32, firstMetric: i32): bool {
  memory.copy(holesOf(template), holeList, <usize>holeCount << 1);
  memory.copy(rowsOf(template), pointList, <usize>pointCount * offsetof<TemplateRow>());
  const first = firstIndex(firstPoint);
  for (let i = 0; i < pointCount; i++) {
    rowAt(first + i).template = <u32>(rowsOf(template) + <usize>i * offsetof<TemplateRow>());
  }
  let at = metricsOf(template);
  for (let metric = firstMetric; metric < metrics; metric++) {
    if (!narrowMetric(at, metricAt(metric), <u32>(start - body))) return false;
    at += NARROW_METRIC;
  }
  return true;
}

/**
 * After the walk of the ResourceMetrics that was looked for last, with its resource: keeps it if it is likely to come
 * again.
 */
export function keepTemplate(start: usize, limit: usize, resource: u64, firstPoint: i32, firstMetric: i32): void {
  if (!wasSeen() || (isRingFull() && misses % SELDOM != 0)) return;
  if (!findHoles(start, limit) || !completeRows(start, firstPoint, firstMetric)) return;
  const metricCount = metrics - firstMetric;
  const holeBytes = ((<usize>holeCount << 1) + 7) & ~7;
  const rowBytes = <usize>pointCount * offsetof<TemplateRow>();
  const template = placeTemplate(offsetof<Template>() + holeBytes + rowBytes + <usize>metricCount * NARROW_METRIC);
  template.bytes = <u16>(limit - start);
  template.holes = <u16>holeCount;
  template.points = <u16>pointCount;
  template.metrics = <u16>metricCount;
  template.resourceStart = <u16>(upper(resource) - <u32>start);
  template.resourceEnd = <u16>(lower(resource) - start);
  if (fill(template, start, firstPoint, firstMetric)) publishTemplate(template, start, limit);
}

/** Notes the slot of the row's series for the next time, unless its template was overwritten. */
export function noteSeries(row: Row): void {
  const from = changetype<TemplateRow>(<usize>row.template);
  if (row.template != 0 && from.hash == row.hash) from.series = row.series;
}
