// The slow plain-TypeScript oracle of the tick grid. For tests only.

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
  held?: { time: bigint; request: string } | undefined;
  trustedUntil: bigint;
  /** Of a confirmed jump: what was not further ahead was folded when it came. */
  heldAbove: bigint;
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

export type Verdict = 'take' | 'hold' | 'close' | 'confirmed';

const floorDiv = (a: bigint, b: bigint): bigint => (a % b < 0n ? a / b - 1n : a / b);
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function hold(group: GroupRecord, time: bigint, request: string, watermark: bigint, ahead: bigint): Verdict {
  if (group.held?.request === request) {
    if (time < group.held.time) group.held.time = time;
    return 'hold';
  }
  if (group.held) {
    const distance = time > group.held.time ? time - group.held.time : group.held.time - time;
    if (distance <= ahead) {
      group.held = undefined;
      group.trustedUntil = time + ahead;
      group.heldAbove = watermark + ahead;
      return 'confirmed';
    }
  }
  group.held = { time, request };
  return 'hold';
}

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

/** Period of the feed, ns, as ticks say that are closed for every point of this one. */
export function periodOf(feed: FeedRecord, tick: bigint): bigint {
  return BigInt(Math.trunc(feed.periods.findLast((entry) => entry.tick <= tick - 2n)?.period ?? 0));
}

export function beginsAtZero(
  group: GroupRecord,
  feed: FeedRecord,
  point: { readonly startTimeUnixNano: bigint },
  time: bigint,
  tick: bigint,
): boolean {
  const settled = 2n * max(group.window, periodOf(feed, tick));
  if (time - feed.firstTime < settled) return false;
  return point.startTimeUnixNano === 0n || point.startTimeUnixNano >= time - settled;
}

export function dueTime(group: GroupRecord, tick: bigint): bigint {
  return group.phase! + tick * group.window + group.window / 2n + group.lateness;
}

/** What is to be done before a point of this time is taken. */
export function advance(
  group: GroupRecord,
  feed: FeedRecord,
  time: bigint,
  request: string,
  received: bigint,
): Verdict {
  const isDue = group.phase === undefined || time >= dueTime(group, group.closed + 1n);
  if (!isDue) return 'take';
  const ahead = max(5n * MINUTE, 3n * group.window);
  const watermark = group.phase === undefined ? (received > 0n ? received : time) : group.newest - group.lateness;
  if (time - watermark > ahead && time > group.trustedUntil) return hold(group, time, request, watermark, ahead);
  if (group.phase === undefined) {
    group.phase = time;
    group.newest = time;
    group.trustedUntil = time;
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
