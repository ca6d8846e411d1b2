// Finds the copies that Pixie makes of a row: one for each service of a pod that stands behind several.
//
//   resource  [ attributes … px.cloud.address=… ][ service names ]   scope_metrics …
//   original    a b c                              ns/x               m
//   copy        a b c      equal                   ns/y  other        m   equal, byte for byte; the next in the request
// Only the original is folded; a run is an original and its copies.
import { lower, readSpan, upper } from '../wire/cursor';
import { isSame } from '../wire/same';
import { KeyValue, Resource } from '../wire/tags';
import { RowFlag } from './row';
import { endIndex, firstIndex, points, ROW_CAPACITY, rowAt } from './rows';

/** "px.cloud.address": the attribute that Pixie puts before the service names. */
const MARK = memory.data<u8>([112, 120, 46, 99, 108, 111, 117, 100, 46, 97, 100, 100, 114, 101, 115, 115]);
const MARK_BYTES: usize = 16;

/**
 * Of the run's original: its resource, end 0 where it cannot have copies, the end of its metrics, and its first point.
 */
let resourceStart: usize = 0;
let resourceEnd: usize = 0;
let metricsEnd: usize = 0;
let runFirst: i32 = 0;

/** Point at which the recorded window ends: not inside a run, if it can be helped. */
let cut: i32 = 0;
let windowStart: i32 = 0;

export function startCopies(skipPoints: i32): void {
  resourceEnd = 0;
  runFirst = 0;
  windowStart = skipPoints;
  cut = skipPoints + ROW_CAPACITY;
}

/** Rows of the recorded window. */
export function recordedRows(): i32 {
  return max(min(points, cut) - windowStart, 0);
}

/**
 * Behind the key of the attribute at `at` (up to `end`) if it is written as Pixie writes it: key, then value; 0
 * otherwise.
 */
function keyEnd(at: usize, end: usize): usize {
  return load<u8>(at) == KeyValue.KEY ? lower(readSpan(at + 1, end)) : 0;
}

function isMark(at: usize, end: usize): bool {
  const key = keyEnd(at, end);
  return key == at + 2 + MARK_BYTES && isSame(at + 2, MARK, MARK_BYTES);
}

/** The service names of a resource: behind `px.cloud.address`; 0: there is none. The resource was checked before. */
function namesStart(cursor: usize, end: usize): usize {
  while (cursor < end && load<u8>(cursor) == Resource.ATTRIBUTES) {
    const span = readSpan(cursor + 1, end);
    cursor = lower(span);
    if (isMark(upper(span), cursor)) return cursor;
  }
  return 0;
}

/** Same keys in the same order, and at least one value that differs. */
function namesDiffer(a: usize, aEnd: usize, b: usize, bEnd: usize): bool {
  let differ = false;
  while (a < aEnd && b < bEnd) {
    if (load<u8>(a) != Resource.ATTRIBUTES || load<u8>(b) != Resource.ATTRIBUTES) return false;
    const left = readSpan(a + 1, aEnd);
    const right = readSpan(b + 1, bEnd);
    const leftKey = keyEnd(upper(left), lower(left));
    const keyBytes = leftKey - upper(left);
    if (!leftKey || keyEnd(upper(right), lower(right)) - upper(right) != keyBytes) return false;
    if (!isSame(upper(left), upper(right), keyBytes)) return false;
    const bytes = lower(left) - upper(left);
    if (lower(right) - upper(right) != bytes || !isSame(upper(left), upper(right), bytes)) differ = true;
    a = lower(left);
    b = lower(right);
  }
  return differ && a == aEnd && b == bEnd;
}

function isCopy(start: usize, end: usize, limit: usize): bool {
  const rest = limit - end;
  if (resourceEnd == 0 || end == 0 || rest == 0 || metricsEnd - resourceEnd != rest) return false;
  if (!isSame(resourceEnd, end, rest)) return false;
  const names = namesStart(resourceStart, resourceEnd);
  const prefix = names - resourceStart;
  if (!names || prefix > end - start || !isSame(resourceStart, start, prefix)) return false;
  return namesDiffer(names, resourceEnd, start + prefix, end);
}

/**
 * At the end of a ResourceMetrics whose points begin with `firstPoint`: `end` of its resource, 0 if it is in pieces or
 * absent.
 */
export function endOfResource(start: usize, end: usize, limit: usize, firstPoint: i32): void {
  if (isCopy(start, end, limit)) {
    const to = endIndex(points);
    for (let i = firstIndex(firstPoint); i < to; i++) {
      rowAt(i).flags |= RowFlag.COPY;
      rowAt(i).series = -1;
    }
  } else {
    resourceStart = start;
    resourceEnd = end;
    metricsEnd = limit;
    runFirst = firstPoint;
  }
  if (runFirst > windowStart && runFirst < cut && points > windowStart + ROW_CAPACITY) cut = runFirst;
}
