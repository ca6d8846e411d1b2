// What a feed sees of event time: which tick of the group's grid a point falls into, the feed's phase and period.
import { Feed, Grid } from '../graph/records';
import { feedAt, isFeed } from '../graph/slots';

/** A feed moves its phase after so many ticks beyond a quarter of a window. */
const STREAK = 3;

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

export function findTick(grid: Grid, feed: Feed, time: i64): i64 {
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

export function emptyFeed(feed: Feed, tick: i64): void {
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

/** Watches the feed's distance from the middle of the tick being closed, and its period. */
export function settleFeed(grid: Grid, feed: Feed, tick: i64): void {
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
export function settlePeriod(grid: Grid, feed: Feed, tick: i64): void {
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

/** Quotient rounded down; b > 0. */
export function floorDiv(a: i64, b: i64): i64 {
  const quotient = a / b;
  return a - quotient * b < 0 ? quotient - 1 : quotient;
}
