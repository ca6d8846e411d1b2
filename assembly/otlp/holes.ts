// Finds the fields of fixed width in a ResourceMetrics that was walked before: the holes of its template, and which of
// them are a point's.
import { scratch } from '../memory';
import { lower, readSpan, readTag, upper } from '../wire/cursor';
import { actionOf, checkField } from '../wire/structure';
import { Action, HistogramDataPoint, Message, NumberDataPoint as Point } from '../wire/tags';
import { MOST_HOLES, MOST_POINTS, TemplateRow } from './template';

/** u16[], and TemplateRow[] of which only the fields' places, `pointStart` and `isInteger` are filled. */
export let holeList: usize = 0;
export let holeCount: i32 = 0;
export let pointList: usize = 0;
export let pointCount: i32 = 0;

let base: usize = 0;

export function holesInit(): void {
  holeList = scratch(<usize>MOST_HOLES << 1);
  pointList = scratch(<usize>MOST_POINTS * offsetof<TemplateRow>());
}

// @ts-ignore: decorator
@inline
function addHole(cursor: usize): void {
  if (holeCount < MOST_HOLES) store<u16>(holeList + (<usize>holeCount << 1), <u16>(cursor - base));
  holeCount++;
}

function isPoint(message: i32): bool {
  return (
    message == Message.NUMBER_DATA_POINT ||
    message == Message.HISTOGRAM_DATA_POINT ||
    message == Message.EXPONENTIAL_HISTOGRAM_DATA_POINT ||
    message == Message.SUMMARY_DATA_POINT
  );
}

/** What names a series, or may be of any length, is compared with all that stands in it. */
function isWhole(message: i32): bool {
  return (
    message == Message.RESOURCE ||
    message == Message.INSTRUMENTATION_SCOPE ||
    message == Message.KEY_VALUE ||
    message == Message.EXEMPLAR
  );
}

function addPoint(start: usize): void {
  if (pointCount < MOST_POINTS) {
    const at = pointList + <usize>pointCount * offsetof<TemplateRow>();
    memory.fill(at, 0, offsetof<TemplateRow>());
    changetype<TemplateRow>(at).pointStart = <u16>(start - base);
  }
  pointCount++;
}

/**
 * A fixed field of the point that was added last. Tags of times are the same in every type of point, those of count and
 * sum nearly.
 */
function noteField(message: i32, tag: u32, cursor: usize): void {
  if (!isPoint(message) || pointCount > MOST_POINTS) return;
  const point = changetype<TemplateRow>(pointList + <usize>(pointCount - 1) * offsetof<TemplateRow>());
  const place = <u16>(cursor - base);
  if (tag == Point.TIME_UNIX_NANO) {
    point.time = place;
  } else if (tag == Point.START_TIME_UNIX_NANO) {
    point.startTime = place;
  } else if (message == Message.NUMBER_DATA_POINT) {
    point.value = place;
    point.isInteger = tag == Point.AS_INT ? 1 : 0;
  } else if (tag == HistogramDataPoint.COUNT) {
    point.count = place;
  } else if (tag == HistogramDataPoint.SUM) {
    point.value = place;
  }
}

/** Explicit bounds are as good as the name of the metric: compared, so that there are fewer holes. */
// @ts-ignore: decorator
@inline
function isBound(message: i32, tag: u32): bool {
  return (
    message == Message.HISTOGRAM_DATA_POINT &&
    (tag == HistogramDataPoint.EXPLICIT_BOUNDS || tag == HistogramDataPoint.EXPLICIT_BOUNDS_ONE)
  );
}

function findIn(message: i32, cursor: usize, limit: usize): void {
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    const tag = upper(read);
    cursor = lower(read);
    const action = actionOf(message, tag);
    const span = action >= Action.BYTES ? readSpan(cursor, limit) : 0;
    const next = span ? lower(span) : checkField(action, tag, cursor, limit, 0);
    if (action == Action.FIXED64 && !isBound(message, tag)) {
      addHole(cursor);
      noteField(message, tag, cursor);
    } else if (action == Action.PACKED_FIXED64 && !isBound(message, tag)) {
      for (let at = <usize>upper(span); at < next; at += 8) addHole(at);
    } else if (action >= Action.MESSAGE && !isWhole(action - Action.MESSAGE)) {
      if (isPoint(action - Action.MESSAGE)) addPoint(upper(span));
      findIn(action - Action.MESSAGE, upper(span), next);
    }
    cursor = next;
  }
}

/** Of the well-formed ResourceMetrics [start, limit). False: there are too many. */
export function findHoles(start: usize, limit: usize): bool {
  base = start;
  holeCount = 0;
  pointCount = 0;
  findIn(Message.RESOURCE_METRICS, start, limit);
  return holeCount <= MOST_HOLES && pointCount <= MOST_POINTS;
}
