// The slow plain-TypeScript oracle of the tick grid. For tests only.

import { type ClockRecord, judge } from './clocks.js';

const MINUTE = 60_000_000_000n;

export interface GroupRecord {
  readonly window: bigint;
  readonly lateness: bigint;
  phase?: bigint;
  newest: bigint;
  closed: bigint;
  lastTick: bigint;
  seen: Map<bigint, number>;
  outageEnd: bigint;
  resumedAt: bigint;
  skipped: bigint;
  /** A point so far ahead of the watermark is not believed at once where one sender alone tells the time. */
  readonly ahead: bigint;
  readonly clocks: ClockRecord[];
  /** What results add to aligned times. */
  base: bigint;
  jump?: { readonly from: bigint; readonly by: bigint };
  edges: Set<number>;
  ordered: Set<number>;
  firstTick: Map<number, bigint>;
}

export interface FeedRecord {
  readonly group: number;
  phases: { from: bigint; phase: bigint }[];
  offsets: Map<bigint, bigint[]>;
  streak: number;
  firstTime: bigint;
  /** By series: the ticks of its points by their times, those that came late without one. */
  times: Map<number, Map<bigint, bigint | undefined>>;
  /** Period as it stood after the closing of a tick; the last entry is the newest. */
  periods: { tick: bigint; period: number }[];
}

export type Verdict = 'take' | 'hold' | 'close' | { readonly released: ClockRecord };

export const aheadOf = (window: bigint): bigint => max(5n * MINUTE, 3n * window);

const floorDiv = (a: bigint, b: bigint): bigint => (a % b < 0n ? a / b - 1n : a / b);
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export function startFeed(feed: FeedRecord, time: bigint): void {
  feed.phases = [{ from: -(1n << 63n), phase: time }];
  feed.firstTime = time;
}

/** Tick of the group's grid, and the distance from the middle of the feed's own tick. */
export function locate(group: GroupRecord, feed: FeedRecord, time: bigint): [bigint, bigint] {
  const { phase } = feed.phases.findLast(({ from }) => time >= from)!;
  const half = group.window / 2n;
  const own = floorDiv(time - phase + half, group.window);
  return [own + floorDiv(phase - group.phase! + half, group.window), time - phase - own * group.window];
}

/** Between two points of one series that follow each other, the later one in this tick. */
function shortestGap(feed: FeedRecord, tick: bigint): bigint | undefined {
  let shortest: bigint | undefined;
  for (const ticks of feed.times.values()) {
    const times = [...ticks.keys()].sort((a, b) => (a < b ? -1 : 1));
    times.forEach((time, i) => {
      if (i === 0 || ticks.get(time) !== tick) return;
      const gap = time - times[i - 1]!;
      if (shortest === undefined || gap < shortest) shortest = gap;
    });
  }
  return shortest;
}

export function settleFeed(group: GroupRecord, feed: FeedRecord, tick: bigint, due: bigint): void {
  const offsets = feed.offsets.get(tick);
  feed.offsets.delete(tick);
  if (offsets) {
    const mean = offsets.reduce((sum, offset) => sum + offset, 0n) / BigInt(offsets.length);
    const side = mean > group.window / 4n ? 1 : mean < -(group.window / 4n) ? -1 : 0;
    feed.streak = side === 0 ? 0 : Math.sign(feed.streak) === side ? feed.streak + side : side;
    if (Math.abs(feed.streak) === 3) {
      feed.streak = 0;
      feed.phases.push({ from: due, phase: feed.phases.at(-1)!.phase + mean });
    }
  }
  const shortest = shortestGap(feed, tick);
  if (shortest !== undefined) {
    const gap = Number(max(shortest, group.window));
    const period = feed.periods.at(-1)?.period ?? 0;
    feed.periods.push({ tick, period: period === 0 ? gap : period + (gap - period) / 8 });
  }
}

/** As if the feed had not been seen in the tick. */
export function forgetTick(feed: FeedRecord, tick: bigint): void {
  feed.offsets.delete(tick);
}

/**
 * Period of the feed, ns, as ticks say that are closed for every point of this one; a late one counts as the oldest.
 */
export function periodOf(group: GroupRecord, feed: FeedRecord, tick: bigint): bigint {
  const settled = max(tick, group.closed + 1n) - 2n;
  return BigInt(Math.trunc(feed.periods.findLast((entry) => entry.tick <= settled)?.period ?? 0));
}

/** `start`: of the process, aligned; 0: not told. */
export function beginsAtZero(group: GroupRecord, feed: FeedRecord, start: bigint, time: bigint, tick: bigint): boolean {
  const settled = 2n * max(group.window, periodOf(group, feed, tick));
  if (time - feed.firstTime < settled) return false;
  return start === 0n || start >= time - settled;
}

export function dueTime(group: GroupRecord, tick: bigint): bigint {
  return group.phase! + tick * group.window + group.window / 2n + group.lateness;
}

/** What is to be done before a point of this time is taken. */
export function advance(
  group: GroupRecord,
  feed: FeedRecord,
  clock: ClockRecord,
  time: bigint,
  request: string,
  received: bigint,
  earliest: bigint,
  isAssumed: boolean,
): Verdict {
  const due = group.phase === undefined ? -(1n << 63n) : dueTime(group, group.closed + 1n);
  if (time < due && !clock.claim) return 'take';
  const judgement = judge(group, clock, time, request, received, earliest, isAssumed, due);
  if (judgement !== 'take') return judgement;
  if (group.phase === undefined) {
    group.phase = time;
    group.newest = time;
  }
  if (feed.phases.length === 0) startFeed(feed, time);
  if (time < dueTime(group, group.closed + 1n)) return 'take';
  if ([...group.seen.values()].some((n) => n > 0)) return 'close';
  const [tick] = locate(group, feed, time);
  if (tick - group.lastTick > 3n) group.outageEnd = max(group.outageEnd, tick - 1n);
  while (group.closed + 1n <= group.outageEnd && time >= dueTime(group, group.closed + 1n)) {
    group.closed++;
    group.skipped++;
    group.resumedAt = group.newest + 1n;
  }
  return time < dueTime(group, group.closed + 1n) ? 'take' : 'close';
}
