// Event time onto the tick grid of a group: which tick a point falls into, and when a tick is due.
//
//   group    ├──── tick k ────┤├── tick k+1 ──┤        middle of tick k: phase + k window
//   feed       ├── tick k ──────┤                      shifted by at most half a window
//   due                         ↑ lateness (≤ half a window) past the end of tick k: open are k and k+1 at most
import { Clock, Feed, Grid } from '../layout';
import { judge, settleClocks, Verdict } from './clocks';
import { clockAt, feedAt, isFeed, noteMove } from './graph';

const MINUTE: i64 = 60_000_000_000;
/** A feed moves its phase after so many ticks beyond a quarter of a window. */
const STREAK = 3;
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

/** Quotient rounded down; b > 0. */
function floorDiv(a: i64, b: i64): i64 {
  const quotient = a / b;
  return a - quotient * b < 0 ? quotient - 1 : quotient;
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

/** The feed's first point is the middle of its ticks. */
export function startFeed(feed: Feed, time: i64): void {
  feed.isStarted = 1;
  feed.phase = time;
  feed.nextPhase = time;
  feed.switchAt = i64.MIN_VALUE;
  feed.to = i64.MIN_VALUE;
  feed.firstTime = time;
}

/** Tick of the group's grid for a point of the feed; `feed.middle` is its middle as the feed sees it. */
// @ts-ignore: decorator
@inline
export function tickOf(grid: Grid, feed: Feed, time: i64): i64 {
  return time >= feed.from && time < feed.to ? feed.tick : findTick(grid, feed, time);
}

function findTick(grid: Grid, feed: Feed, time: i64): i64 {
  const half = grid.window / 2;
  const isNext = time >= feed.switchAt;
  const phase = isNext ? feed.nextPhase : feed.phase;
  const own = floorDiv(time - phase + half, grid.window);
  feed.middle = phase + own * grid.window;
  feed.from = feed.middle - half;
  feed.to = feed.from + grid.window;
  if (isNext) feed.from = max(feed.from, feed.switchAt);
  else feed.to = min(feed.to, feed.switchAt);
  feed.tick = own + floorDiv(phase - grid.phase + half, grid.window);
  return feed.tick;
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
 * receipt, ns, 0 unknown.
 */
export function advanceTo(grid: Grid, feed: Feed, clock: i32, time: i64, request: u32, received: i64): Verdict {
  const verdict = judge(grid, clock, time, request, received);
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

function emptyFeed(feed: Feed, tick: i64): void {
  if (tick & 1) {
    feed.points1 = 0;
    feed.offset1 = 0;
    feed.gap1 = 0;
  } else {
    feed.points0 = 0;
    feed.offset0 = 0;
    feed.gap0 = 0;
  }
}

/** Notes an accepted point of the feed. */
// @ts-ignore: decorator
@inline
export function notePoint(grid: Grid, feed: Feed, clock: Clock, time: i64, tick: i64, received: i64): void {
  if (time > grid.newest) grid.newest = time;
  if (tick > grid.lastTick) grid.lastTick = tick;
  if (time > clock.newest) {
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

/** Watches the feed's distance from the middle of the tick being closed, and its period. */
function settleFeed(grid: Grid, feed: Feed, tick: i64): void {
  const points = tick & 1 ? feed.points1 : feed.points0;
  const offset = tick & 1 ? feed.offset1 : feed.offset0;
  if (tick & 1) {
    feed.points1 = 0;
    feed.offset1 = 0;
  } else {
    feed.points0 = 0;
    feed.offset0 = 0;
  }
  if (points == 0) return;
  feed.ticks++;
  const mean = offset / <i64>points;
  if (mean > grid.window / 4) feed.streak = feed.streak > 0 ? feed.streak + 1 : 1;
  else if (mean < -grid.window / 4) feed.streak = feed.streak < 0 ? feed.streak - 1 : -1;
  else feed.streak = 0;
  if (abs(feed.streak) < STREAK) return;
  // Points from dueAt on are folded after this closing whatever their order; earlier ones keep the phase they would
  // have had.
  feed.streak = 0;
  feed.phase = feed.nextPhase;
  feed.nextPhase = feed.phase + mean;
  feed.switchAt = grid.dueAt;
  feed.to = i64.MIN_VALUE;
}

/** Notes the time between two points of a series that follow each other, under the tick of the later one. */
// @ts-ignore: decorator
@inline
export function noteGap(feed: Feed, gap: i64, tick: i64): void {
  if (tick & 1) feed.gap1 = feed.gap1 == 0 ? gap : min(feed.gap1, gap);
  else feed.gap0 = feed.gap0 == 0 ? gap : min(feed.gap0, gap);
}

/**
 * The period is the shortest time between two points of a series, but no less than the window, smoothed over ticks.
 * Several points a window are one window each, whichever of them the ring still knew: so their order does not matter.
 */
function settlePeriod(grid: Grid, feed: Feed, tick: i64): void {
  const shortest = tick & 1 ? feed.gap1 : feed.gap0;
  const gap = shortest == 0 ? 0 : <f64>max(shortest, grid.window);
  if (tick & 1) feed.gap1 = 0;
  else feed.gap0 = 0;
  feed.periodBefore = feed.period;
  if (gap == 0) return;
  feed.period = feed.period == 0 ? gap : feed.period + (gap - feed.period) / 8;
}

/**
 * The period as all points of an open tick see it, whether they come before or after the closing of the tick before
 * theirs.
 */
export function periodFor(grid: Grid, feed: Feed, tick: i64): i64 {
  return <i64>(tick - grid.closed == 2 ? feed.period : feed.periodBefore);
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
 * What a feed shows: middle of its ticks (Unix ns; 0: not seen yet), observed period in ns, at least a window (0: not
 * known), ticks in which it was seen.
 */
export function feedPhase(feed: i32): i64 {
  return isFeed(feed) ? feedAt(feed).nextPhase : 0;
}
export function feedPeriod(feed: i32): f64 {
  return isFeed(feed) ? feedAt(feed).period : 0;
}
export function feedTicks(feed: i32): f64 {
  return isFeed(feed) ? <f64>feedAt(feed).ticks : 0;
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
