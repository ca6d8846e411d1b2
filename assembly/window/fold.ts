// Folds scanned rows into the open ticks of their edges, up to the first tick that must be closed.
import { Feed, Grid } from '../graph/records';
import { clockAt, feedAt, gridAt, isClock } from '../graph/slots';
import { scanRows } from '../otlp/request';
import { Row, RowFlag } from '../otlp/row';
import { rowAt } from '../otlp/rows';
import { Series, SeriesType } from '../series/record';
import { findSeries, head, seriesAt } from '../series/table';
import { Status } from '../status';
import { noteAhead } from './clock-align';
import { assumedTime, isPast, releasedClock, Verdict } from './clocks';
import { bump, Counts } from './counts';
import { startFeed, tickOf } from './feeds';
import { noteLate } from './late-clocks';
import { clearOdd, oddInit } from './odd-rows';
import { clearSlow, slowInit } from './slow-rows';
import { take } from './take';
import { advanceTo, FOLLOWS } from './ticks';

/** Times of a held batch are told apart from what its own request has already folded. */
const HELD_REQUEST: u32 = 0x8000_0000;
/** Bits of a request's number. */
export const REQUEST_MASK: u32 = HELD_REQUEST - 1;
let held: i32 = 0;
/** Number of the request that was folded last; a held one is folded in the middle of another. */
let current: u32 = 0;
let stoppedAt: i32 = 0;
let stoppedBy: i32 = -1;

export function foldInit(): void {
  slowInit();
  oddInit();
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

/** Slot of the row's series; -1: unknown. The table may have changed since the look-up. */
// @ts-ignore: decorator
@inline
function seriesOf(row: Row): i32 {
  if (row.series < 0 || seriesAt(row.series).hash != row.hash) row.series = findSeries(row.hash);
  return row.series;
}

/**
 * More seconds, requests, errors or bytes are in no point: what says so is broken, and must not decide what becomes of
 * the others of its window.
 */
const MOST: f64 = 1e15;
/** A counter's readings are compared with each other; their sums must be numbers. */
const MOST_OF_COUNTER: f64 = 1e300;

/** Whether the value can be used: on the wire, not negative, and no more than there can be of anything. */
// @ts-ignore: decorator
@inline
function isUsable(row: Row, series: Series): bool {
  const flags = row.flags;
  if (flags & RowFlag.NO_VALUE) return false;
  const most = series.type == SeriesType.COUNTER ? MOST_OF_COUNTER : MOST;
  const isAmount = (flags & RowFlag.VALUE) != 0 && row.value >= 0 && row.value * series.scale <= most;
  // A histogram counts even where its sum is not known, or not usable.
  if (!(flags & RowFlag.COUNT)) return isAmount;
  if (row.count > most) return false;
  if (!isAmount) row.flags = flags & ~RowFlag.VALUE;
  return true;
}

/**
 * A row of a bound series, of this time as it was sent. `isReleased`: it was held, and its clock is not to be aligned
 * by it. `received`: FOLLOWS where its clock has told no time with it. Status.OK: dealt with; else the fold stops
 * before it.
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
  earliest: i64,
  isReleased: bool,
): Status {
  const slot = <i32>series.clock;
  const clock = clockAt(slot);
  // Aligned by its clock at most once: a loop, not a second call, so that the compiler puts all of this into `fold`.
  let isFinal = isReleased;
  const isAssumed = row.time == 0 && !isReleased;
  while (true) {
    const time = sent - clock.shift;
    if (time >= grid.dueAt || clock.claim != 0 || !grid.isStarted) {
      const verdict = advanceTo(grid, feed, slot, time, request, received, earliest, isAssumed);
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

// @ts-ignore: decorator
@inline
function timeOf(row: Row, received: i64): i64 {
  return row.time != 0 ? <i64>row.time : received;
}

/** A point further ahead of its receipt, or behind it, than is believed. `outcome`: the offset of the count. */
function leaveOut(series: Series, sent: i64, received: i64, outcome: usize): void {
  bump(outcome);
  if (received > 0) noteAhead(clockAt(<i32>series.clock), sent > 0 ? sent - received : i64.MAX_VALUE);
}

/**
 * Folds the scanned rows from `from` on. `request`: differs between requests, below 2^31. `received`: wall clock at
 * receipt, ns. `earliest`, `latest`: no time before or beyond them is believed, ns; before `earliest` only where the
 * group has heard of later times. `only`: rows of this clock, a held request; -1: all. Answers OK at the end, or CLOSE
 * or CONFIRMED with `foldNext` and `foldStopped`.
 */
export function fold(from: i32, request: u32, received: i64, earliest: i64, latest: u64, only: i32): Status {
  const rows = scanRows();
  const number = only >= 0 ? request | HELD_REQUEST : request;
  clearSlow();
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
    const feed = feedAt(series.feed);
    const grid = gridAt(feed.group);
    const follows = row.time == 0 && grid.isStarted != 0 && isPast(grid, earliest);
    const sent = follows ? assumedTime(grid, received) + clockAt(<i32>series.clock).shift : timeOf(row, received);
    if (only >= 0 && sent < clockAt(only).heldFrom) continue;
    // As unsigned numbers: what is negative as a signed one is beyond the year 2262.
    if (<u64>sent > latest) {
      if (only < 0) leaveOut(series, sent, received, offsetof<Counts>('future'));
      continue;
    }
    if (sent < earliest && !isPast(grid, earliest)) {
      if (only < 0) leaveOut(series, sent, received, offsetof<Counts>('past'));
      continue;
    }
    if (sent <= 0 || !isUsable(row, series)) {
      bump(offsetof<Counts>('noValue'));
      continue;
    }
    const since = follows ? FOLLOWS : received;
    const status = foldRow(grid, feed, series, row, i, sent, number, since, earliest, only >= 0);
    if (status == Status.OK) continue;
    stoppedAt = i;
    stoppedBy = status == Status.CLOSE ? feed.group : releasedClock();
    return status;
  }
  stoppedAt = rows;
  stoppedBy = -1;
  return Status.OK;
}
