// Folds scanned rows into the open ticks of their edges, up to the first tick that must be closed.
import { Clock, EdgeState, EdgeWindow, Feed, Grid, Role, Row, RowFlag, Series, SeriesType } from '../layout';
import { scratch } from '../memory';
import { scanRows } from '../otlp/request';
import { rowAt, ROW_CAPACITY } from '../otlp/rows';
import { findSeries, head, seriesAt } from '../series/table';
import { Status } from '../status';
import { noteAhead, noteLate, releasedClock, Verdict } from './clocks';
import { bump, Counts } from './counts';
import { clockAt, edgeAt, feedAt, gridAt, isClock, sumsAt } from './graph';
import { nextAfter, see, Seen, timeBefore } from './ring';
import { addRoles, rankOf } from './roles';
import { advanceTo, noteGap, notePoint, startFeed, tickOf } from './ticks';
import { clearOdd, counterCount, counterDelta, counterSum, countersInit, isForeign, Taken } from './counters';
import { deltaCount, deltaSum, meanDelta, setDelta } from './values';

/** Times of a held batch are told apart from what its own request has already folded. */
const HELD_REQUEST: u32 = 0x8000_0000;
/** Bits of a request's number. */
export const REQUEST_MASK: u32 = HELD_REQUEST - 1;
const SECOND: i64 = 1_000_000_000;

/** A row whose series asked for TypeScript. */
@unmanaged
export class SlowRow {
  row: u32;
  edge: i32;
  tick: f64;
}

/** SlowRow[ROW_CAPACITY] of the last fold. */
let slowRows: usize = 0;
let slow: i32 = 0;
let held: i32 = 0;
/** Number of the request that was folded last; a held one is folded in the middle of another. */
let current: u32 = 0;
let stoppedAt: i32 = 0;
let stoppedBy: i32 = -1;

export function foldInit(): void {
  slowRows = scratch(ROW_CAPACITY * offsetof<SlowRow>());
  countersInit();
}

/** Row before which the last fold stopped, and the group to be closed or the clock whose held requests come first. */
export function foldNext(): i32 {
  return stoppedAt;
}
export function foldStopped(): i32 {
  return stoppedBy;
}
/** Rows that the last fold held back. */
export function foldHeld(): i32 {
  return held;
}
/** What the last fold held back of a clock. */
export const enum Held {
  NOTHING = 0,
  /** More points of a clock that had some held before. */
  MORE = 1,
  FIRST = 2,
}

/** Whether the last fold held points of the clock back. */
export function heldOf(slot: i32): Held {
  const clock = clockAt(slot);
  if (!isClock(slot) || clock.claim == 0 || clock.heldRequest != current) return Held.NOTHING;
  return clock.claimRequest == current ? Held.FIRST : Held.MORE;
}
/** Whether the clock has points held. */
export function isClaiming(slot: i32): bool {
  return isClock(slot) && clockAt(slot).claim != 0;
}
export function slowCount(): i32 {
  return slow;
}
export function slowList(): usize {
  return slowRows;
}

/** Slot of the row's series; -1: unknown. The table may have changed since the look-up. */
// @ts-ignore: decorator
@inline
function seriesOf(row: Row): i32 {
  if (row.series < 0 || seriesAt(row.series).hash != row.hash) row.series = findSeries(row.hash);
  return row.series;
}

/** Whether the value can be used: on the wire, finite, not negative. */
// @ts-ignore: decorator
@inline
function isUsable(row: Row): bool {
  const flags = row.flags;
  if (flags & RowFlag.NO_VALUE) return false;
  const isAmount = (flags & RowFlag.VALUE) != 0 && row.value >= 0 && row.value < Infinity;
  // A histogram counts even where its sum is not known, or not usable.
  if (!(flags & RowFlag.COUNT)) return isAmount;
  if (!isAmount) row.flags = flags & ~RowFlag.VALUE;
  return true;
}

/** A point between or before others of its series: the gap that it ends, and the one that it shortens. */
function noteGapsAround(grid: Grid, feed: Feed, series: Series, time: i64, tick: i64): void {
  const before = timeBefore(series, time);
  if (before != 0) noteGap(feed, time - before, tick);
  const next = nextAfter(series, time);
  noteGap(feed, next - time, tickOf(grid, feed, next));
}

/** The edge's first point, or one earlier than that. */
function noteEdge(grid: Grid, edge: i32, record: EdgeWindow, time: i64, tick: i64): void {
  if (record.state & EdgeState.NEW) {
    record.firstTime = min(record.firstTime, time);
    record.firstTick = min(record.firstTick, tick);
    return;
  }
  record.state |= EdgeState.NEW;
  record.firstTime = time;
  record.firstTick = tick;
  record.next = grid.newEdges;
  grid.newEdges = edge;
}

/** Roles whose value is averaged as it stands, not added up. */
const LEVEL_ROLES: u32 = Role.LATENCY_LEVEL | Role.ERROR_RATIO | Role.SLOW;

/** The point's amounts into the sums of its tick. */
function takeValue(grid: Grid, feed: Feed, series: Series, row: Row, index: i32, tick: i64, isSame: bool): Taken {
  if (series.type == SeriesType.COUNTER) {
    const taken = counterDelta(grid, feed, series, row, index, tick, isSame);
    setDelta(counterSum, counterCount);
    return taken;
  }
  if (series.type == SeriesType.AMOUNT || series.roles & LEVEL_ROLES || row.flags & RowFlag.COUNT) {
    setDelta(row.value, row.count);
  } else {
    meanDelta(series, row.value, series.type == SeriesType.RATE ? <f64>grid.window / 1e9 : 1, tick, isSame);
  }
  return Taken.YES;
}

function noteSlow(index: i32, series: Series, tick: i64): void {
  const entry = changetype<SlowRow>(slowRows + <usize>slow * offsetof<SlowRow>());
  entry.row = index;
  entry.edge = series.edge;
  entry.tick = <f64>tick;
  slow++;
}

/** A point of an open tick, or of a closed one (then only what a counter starts from changes). */
function take(
  grid: Grid,
  feed: Feed,
  clock: Clock,
  series: Series,
  row: Row,
  index: i32,
  time: i64,
  tick: i64,
  request: u32,
  received: i64,
): void {
  const isLate = tick <= grid.closed;
  if (series.type == SeriesType.COUNTER && isForeign(grid, feed, series, row, index, time, tick, request)) {
    bump(offsetof<Counts>('overlap'));
    return;
  }
  if (isLate && (series.type != SeriesType.COUNTER || time < series.time0)) {
    bump(offsetof<Counts>('late'));
    return;
  }
  const newest = series.time0;
  const seen = see(series, time, request);
  if (seen >= Seen.DUPLICATE) {
    bump(seen == Seen.DUPLICATE ? offsetof<Counts>('duplicate') : offsetof<Counts>('stale'));
    return;
  }
  if (isLate) {
    counterDelta(grid, feed, series, row, index, tick, seen == Seen.SAME);
    bump(offsetof<Counts>('late'));
    return;
  }
  if (time >= head.next) {
    head.now = <u32>(time / SECOND);
    head.next = (<i64>head.now + 1) * SECOND;
  }
  grid.touched = head.now;
  feed.touched = head.now;
  notePoint(grid, feed, clock, time, tick, received);
  if (time > newest) {
    if (newest != 0) noteGap(feed, time - newest, tick);
  } else if (seen == Seen.NEW) {
    noteGapsAround(grid, feed, series, time, tick);
  }
  const record = edgeAt(series.edge);
  if (!(record.state & EdgeState.ORDERED)) noteEdge(grid, series.edge, record, time, tick);
  const taken = takeValue(grid, feed, series, row, index, tick, seen == Seen.SAME);
  if (taken == Taken.FIRST) {
    bump(offsetof<Counts>('first'));
    return;
  }
  if (taken == Taken.DOUBTFUL) {
    bump(offsetof<Counts>('doubtful'));
    // It says nothing, not that there was nothing: only what was handed over of its time before is taken back.
    if (deltaSum == 0 && deltaCount == 0) return;
  }
  const isHeard = addRoles(record, sumsAt(series.edge, tick), series, row, deltaSum, deltaCount);
  if (taken == Taken.YES) bump(isHeard ? offsetof<Counts>('folded') : offsetof<Counts>('shadowed'));
  if (series.roles & Role.SLOW && series.rank <= <u8>rankOf(record, 0)) noteSlow(index, series, tick);
}

/**
 * A row of a bound series, of this time as it was sent. `isReleased`: it was held, and its clock is not to be aligned
 * by it. Status.OK: dealt with; else the fold stops before it.
 */
function foldRow(
  grid: Grid,
  feed: Feed,
  series: Series,
  row: Row,
  index: i32,
  sent: i64,
  request: u32,
  received: i64,
  isReleased: bool,
): Status {
  const slot = <i32>series.clock;
  const clock = clockAt(slot);
  // Aligned by its clock at most once: a loop, not a second call, so that the compiler puts all of this into `fold`.
  let isFinal = isReleased;
  while (true) {
    const time = sent - clock.shift;
    if (time >= grid.dueAt || clock.claim != 0 || !grid.isStarted) {
      const verdict = advanceTo(grid, feed, slot, time, request, received);
      if (verdict == Verdict.CLOSE) return Status.CLOSE;
      if (verdict == Verdict.CONFIRMED) return Status.CONFIRMED;
      if (verdict == Verdict.HOLD) {
        held++;
        bump(offsetof<Counts>('held'));
        return Status.OK;
      }
    }
    const isFirst = !feed.isStarted;
    if (isFirst) startFeed(feed, time);
    const tick = tickOf(grid, feed, time);
    // A feed is not laid out by a point that nobody takes.
    if (isFirst && tick <= grid.closed) feed.isStarted = 0;
    if (isFinal || tick > grid.closed || !noteLate(grid, slot, time)) {
      take(grid, feed, clock, series, row, index, time, tick, request, received);
      return Status.OK;
    }
    isFinal = true;
  }
}

/** A point further ahead of its receipt than is believed. */
function leaveOut(series: Series, sent: i64, received: i64): void {
  bump(offsetof<Counts>('future'));
  if (received > 0) noteAhead(clockAt(<i32>series.clock), sent > 0 ? sent - received : i64.MAX_VALUE);
}

/**
 * Folds the scanned rows from `from` on. `request`: differs between requests, below 2^31. `received`: wall clock at
 * receipt, ns. `latest`: no time beyond it is believed, ns. `only`: rows of this clock, a held request; -1: all.
 * Answers OK at the end, or CLOSE or CONFIRMED with `foldNext` and `foldStopped`.
 */
export function fold(from: i32, request: u32, received: i64, latest: u64, only: i32): Status {
  const rows = scanRows();
  const number = only >= 0 ? request | HELD_REQUEST : request;
  slow = 0;
  clearOdd();
  held = 0;
  current = number;
  for (let i = from; i < rows; i++) {
    const row = rowAt(i);
    const slot = row.flags & RowFlag.COPY ? -1 : seriesOf(row);
    if (slot < 0) {
      if (only < 0) bump(row.flags & RowFlag.COPY ? offsetof<Counts>('copies') : offsetof<Counts>('refused'));
      continue;
    }
    const series = seriesAt(slot);
    series.touched = head.now;
    if (series.edge < 0) {
      if (only < 0) bump(offsetof<Counts>('unmapped'));
      continue;
    }
    if (only >= 0 && <i32>series.clock != only) continue;
    const sent = row.time != 0 ? <i64>row.time : received;
    if (only >= 0 && sent < clockAt(only).heldFrom) continue;
    // As unsigned numbers: what is negative as a signed one is beyond the year 2262.
    if (<u64>sent > latest) {
      if (only < 0) leaveOut(series, sent, received);
      continue;
    }
    if (sent <= 0 || !isUsable(row)) {
      bump(offsetof<Counts>('noValue'));
      continue;
    }
    const feed = feedAt(series.feed);
    const status = foldRow(gridAt(feed.group), feed, series, row, i, sent, number, received, only >= 0);
    if (status == Status.OK) continue;
    stoppedAt = i;
    stoppedBy = status == Status.CLOSE ? feed.group : releasedClock();
    return status;
  }
  stoppedAt = rows;
  stoppedBy = -1;
  return Status.OK;
}
