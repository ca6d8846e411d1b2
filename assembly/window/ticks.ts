// Event time onto the tick grid of a group: which tick a point falls into, and when a tick is due.
//
//   group    ├──── tick k ────┤├── tick k+1 ──┤        middle of tick k: phase + k window
//   feed       ├── tick k ──────┤                      shifted by at most half a window
//   due                         ↑ lateness (≤ half a window) past the end of tick k: open are k and k+1 at most
import { Clock, Feed, Grid } from '../graph/records';
import { clockAt, feedAt, noteMove } from '../graph/slots';
import { judge, settleClocks, Verdict } from './clocks';
import { emptyFeed, findTick, floorDiv, settleFeed, settlePeriod, startFeed } from './feeds';

const MINUTE: i64 = 60_000_000_000;
/** Instead of when a point was received: it has no time, and follows those that its group was told. */
export const FOLLOWS: i64 = -1;
/** Empty ticks that make a silence an outage. */
const OUTAGE_TICKS: i64 = 3;

export function ticksInit(grid: Grid, window: i64, lateness: i64): void {
  memory.fill(changetype<usize>(grid), 0, offsetof<Grid>());
  grid.window = window;
  grid.lateness = min(max(lateness, 0), window / 2);
  grid.ahead = max(5 * MINUTE, 3 * window);
  grid.dueAt = i64.MIN_VALUE;
  grid.outageEnd = i64.MIN_VALUE;
  grid.resumedAt = i64.MIN_VALUE;
  grid.closed = -1;
  grid.lastTick = -1;
  grid.newEdges = -1;
  grid.feeds = -1;
  grid.clocks = -1;
}

// @ts-ignore: decorator
@inline
function dueTime(grid: Grid, tick: i64): i64 {
  return grid.phase + tick * grid.window + grid.window / 2 + grid.lateness;
}

/** The newest tick that is due at this time. */
function dueTick(grid: Grid, time: i64): i64 {
  return floorDiv(time - dueTime(grid, 0), grid.window);
}

function start(grid: Grid, time: i64): void {
  grid.isStarted = 1;
  grid.phase = time - (grid.closed + 1) * grid.window;
  grid.newest = time;
  grid.dueAt = dueTime(grid, grid.closed + 1);
  if (grid.closed >= 0) grid.resumedAt = time;
}

/** The next point lays the grid anew, in the tick after the last closed one; what open ticks hold is forgotten. */
export function ticksRestart(grid: Grid): void {
  grid.isStarted = 0;
  grid.newest = 0;
  grid.dueAt = i64.MIN_VALUE;
  grid.outageEnd = i64.MIN_VALUE;
  grid.skipped = 0;
  grid.lastTick = grid.closed;
  grid.points0 = 0;
  grid.points1 = 0;
  grid.claims = 0;
  grid.jumpBy = 0;
  grid.base = 0;
}

/** Points seen in an open tick. */
// @ts-ignore: decorator
@inline
export function pointsIn(grid: Grid, tick: i64): u32 {
  return tick & 1 ? grid.points1 : grid.points0;
}

/** Passes over empty ticks of an outage that are due at this time. */
function skipOutage(grid: Grid, time: i64): void {
  const until = min(grid.outageEnd, dueTick(grid, time));
  if (until <= grid.closed) return;
  grid.skipped += until - grid.closed;
  grid.closed = until;
  grid.dueAt = dueTime(grid, until + 1);
  grid.resumedAt = grid.newest + 1;
  for (let feed = grid.feeds; feed >= 0; feed = feedAt(feed).next) feedAt(feed).periodBefore = feedAt(feed).period;
}

/**
 * What to do with a point that is not before `dueAt`, or whose clock has points held. `received`: wall clock at
 * receipt, ns, 0 unknown. `earliest`: as in `fold`; `isAssumed`: as in `judge`.
 */
export function advanceTo(
  grid: Grid,
  feed: Feed,
  clock: i32,
  time: i64,
  request: u32,
  received: i64,
  earliest: i64,
  isAssumed: bool,
): Verdict {
  const verdict = judge(grid, clock, time, request, received, earliest, isAssumed);
  if (verdict != Verdict.TAKE) return verdict;
  if (!grid.isStarted) start(grid, time);
  if (!feed.isStarted) startFeed(feed, time);
  if (time < grid.dueAt) return Verdict.TAKE;
  if (hasOpenPoints(grid)) return Verdict.CLOSE;
  const tick = findTick(grid, feed, time);
  if (tick - grid.lastTick > OUTAGE_TICKS) grid.outageEnd = max(grid.outageEnd, tick - 1);
  skipOutage(grid, time);
  return time < grid.dueAt ? Verdict.TAKE : Verdict.CLOSE;
}

/** Something was seen in tick closed + 1 or the one after. */
function hasOpenPoints(grid: Grid): bool {
  return (grid.points0 | grid.points1) != 0;
}

/** At the end of a stream: true while a tick in which something was seen is still to be closed. */
export function flushTo(grid: Grid): bool {
  return grid.isStarted != 0 && grid.lastTick > grid.closed;
}

/** Passes over tick closed + 1, whatever was seen in it. */
export function passOver(grid: Grid): void {
  const tick = grid.closed + 1;
  for (let feed = grid.feeds; feed >= 0; feed = feedAt(feed).next) {
    emptyFeed(feedAt(feed), tick);
    feedAt(feed).periodBefore = feedAt(feed).period;
  }
  grid.skipped++;
  finishTick(grid);
}

/** Notes an accepted point of the feed. `received`: as in `foldRow`. */
// @ts-ignore: decorator
@inline
export function notePoint(grid: Grid, feed: Feed, clock: Clock, time: i64, tick: i64, received: i64): void {
  if (time > grid.newest) grid.newest = time;
  if (tick > grid.lastTick) grid.lastTick = tick;
  if (time > clock.newest && received != FOLLOWS) {
    clock.newest = time;
    clock.received = received;
    clock.lateSince = 0;
    if (clock.future != 0) noteMove();
    clock.future = 0;
  }
  const offset = time - feed.middle;
  if (tick & 1) {
    grid.points1++;
    feed.offset1 += offset;
    feed.points1++;
  } else {
    grid.points0++;
    feed.offset0 += offset;
    feed.points0++;
  }
}

/** Everything of tick closed + 1 but its edges is settled. */
export function settleTick(grid: Grid): void {
  const tick = grid.closed + 1;
  settleClocks(grid);
  for (let feed = grid.feeds; feed >= 0; feed = feedAt(feed).next) {
    settleFeed(grid, feedAt(feed), tick);
    settlePeriod(grid, feedAt(feed), tick);
  }
}

/** Tick closed + 1 is closed. */
export function finishTick(grid: Grid): void {
  grid.closed++;
  if (grid.closed & 1) grid.points1 = 0;
  else grid.points0 = 0;
  grid.dueAt = dueTime(grid, grid.closed + 1);
}

/**
 * What a clock shows: what is taken off its times, its newest accepted time and when that came (Unix ns, aligned), how
 * far ahead it was left out, ns.
 */
export function clockShift(clock: i32): i64 {
  return clockAt(clock).shift;
}
export function clockNewest(clock: i32): i64 {
  return clockAt(clock).newest;
}
export function clockReceived(clock: i32): i64 {
  return clockAt(clock).received;
}
export function clockFuture(clock: i32): i64 {
  return clockAt(clock).future;
}
