// The slow plain-TypeScript oracle of folding: points in, the windows of each closed tick out. For tests only.
//
// Written from the rules (docs/architecture.md, Kernel), not from the kernel: samples are kept, amounts are computed when a tick closes.
import { type FoldCounts, Role, type SeriesBinding, SeriesType } from './face.js';

const MINUTE = 60_000_000_000n;

/** A data point of a bound series. */
export interface ReferencePoint {
  readonly series: number;
  readonly timeUnixNano: bigint;
  readonly startTimeUnixNano: bigint;
  /** Undefined: not on the wire. */
  readonly value: number | undefined;
  /** Undefined: a number point. */
  readonly count: number | undefined;
  readonly hasNoRecordedValue: boolean;
}

/** A closed tick: latency, requests, errors, bytes by edge, NaN absent. */
export interface ReferenceTick {
  readonly group: number;
  readonly tick: number;
  readonly timeUnixNano: bigint;
  readonly skipped: number;
  readonly windows: ReadonlyMap<number, readonly [number, number, number, number]>;
  readonly newEdges: readonly number[];
}

interface Sample {
  request: string;
  sum: number;
  count: number;
  hasValue: boolean;
  start: bigint;
  /** Points of this series and time that were summed. */
  points: number;
  tick: bigint;
  isLate: boolean;
  /** Counter: what happened since the sample before is not known. */
  isFirst: boolean;
  restarted: boolean;
  before: Sample | undefined;
}

interface SeriesRecord {
  readonly binding: SeriesBinding;
  /** Last four times, newest first, and their requests. */
  ring: { time: bigint; request: string }[];
  samples: Map<bigint, Sample>;
  newest: Sample | undefined;
}

interface GroupRecord {
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
  edges: Set<number>;
  ordered: Set<number>;
  firstTick: Map<number, bigint>;
}

interface FeedRecord {
  readonly group: number;
  phases: { from: bigint; phase: bigint }[];
  offsets: Map<bigint, bigint[]>;
  streak: number;
  firstTime: bigint;
  gap: bigint | undefined;
  period: number;
}

type Verdict = 'take' | 'hold' | 'close' | 'confirmed';

const floorDiv = (a: bigint, b: bigint): bigint => (a % b < 0n ? a / b - 1n : a / b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const FEATURE_ROLES = [
  Role.LATENCY_SUM | Role.LATENCY_LEVEL | Role.SLOW,
  Role.REQUESTS,
  Role.ERRORS | Role.ERRORS_NONE | Role.ERROR_RATIO,
  Role.BYTES,
];

export class ReferenceWindows {
  readonly #groups: GroupRecord[] = [];
  readonly #feeds: FeedRecord[] = [];
  readonly #series = new Map<number, SeriesRecord>();
  readonly #edgeGroup = new Map<number, number>();
  readonly #ranks = new Map<number, number[]>();
  readonly #counts: FoldCounts = {
    folded: 0,
    late: 0,
    duplicate: 0,
    held: 0,
    shadowed: 0,
    unmapped: 0,
    copies: 0,
    stale: 0,
    noValue: 0,
    refused: 0,
    first: 0,
  };

  addGroup(window: bigint, lateness: bigint): number {
    this.#groups.push({
      window,
      lateness: lateness < window / 2n ? lateness : window / 2n,
      newest: 0n,
      closed: -1n,
      lastTick: -1n,
      seen: new Map(),
      outageEnd: -(1n << 62n),
      resumedAt: -(1n << 62n),
      skipped: 0n,
      trustedUntil: 0n,
      edges: new Set(),
      ordered: new Set(),
      firstTick: new Map(),
    });
    return this.#groups.length - 1;
  }

  addFeed(group: number): number {
    this.#feeds.push({ group, phases: [], offsets: new Map(), streak: 0, firstTime: 0n, gap: undefined, period: 0 });
    return this.#feeds.length - 1;
  }

  addEdge(group: number, edge: number): void {
    this.#groups[group]!.edges.add(edge);
    this.#edgeGroup.set(edge, group);
    this.#ranks.set(edge, [255, 255, 255, 255]);
  }

  bind(series: number, binding: SeriesBinding): void {
    this.#series.set(series, { binding, ring: [], samples: new Map(), newest: undefined });
  }

  /** Before any point of the edge. */
  setFeatureRank(edge: number, feature: number, rank: number): void {
    this.#ranks.get(edge)![feature] = rank;
  }

  counts(): FoldCounts {
    return { ...this.#counts };
  }

  /** Folds points from `from` on; answers where and why it stopped, as the kernel does. */
  fold(
    points: readonly ReferencePoint[],
    from: number,
    request: number,
    received: bigint,
    only: number,
  ): { reason: 'done' } | { reason: 'close' | 'confirmed'; group: number; next: number } {
    for (let i = from; i < points.length; i++) {
      const point = points[i]!;
      const series = this.#series.get(point.series);
      if (!series || series.binding.edge < 0) {
        if (only < 0) this.#counts.unmapped++;
        continue;
      }
      const { group } = this.#feeds[series.binding.feed]!;
      if (only >= 0 && only !== group) continue;
      const time = point.timeUnixNano === 0n ? received : point.timeUnixNano;
      if (!isUsable(point) || time <= 0n || time >= 1n << 63n) {
        this.#counts.noValue++;
        continue;
      }
      const number = only >= 0 ? `held ${request}` : `${request}`;
      const verdict = this.#foldPoint(group, series, point, time, number, received);
      if (verdict !== 'take') return { reason: verdict, group, next: i };
    }
    return { reason: 'done' };
  }

  #foldPoint(
    groupNumber: number,
    series: SeriesRecord,
    point: ReferencePoint,
    time: bigint,
    request: string,
    received: bigint,
  ): 'take' | 'close' | 'confirmed' {
    const group = this.#groups[groupNumber]!;
    const feed = this.#feeds[series.binding.feed]!;
    const verdict = this.#advance(group, feed, time, request, received);
    if (verdict === 'hold') this.#counts.held++;
    if (verdict !== 'take') return verdict === 'hold' ? 'take' : verdict;
    const isNewFeed = feed.phases.length === 0;
    if (isNewFeed) startFeed(feed, time);
    const [tick, offset] = locate(group, feed, time);
    if (isNewFeed && tick <= group.closed) feed.phases = [];
    this.#take(group, feed, series, point, time, tick, offset, request);
    return 'take';
  }

  #due(group: GroupRecord, tick: bigint): bigint {
    return group.phase! + tick * group.window + group.window / 2n + group.lateness;
  }

  #advance(group: GroupRecord, feed: FeedRecord, time: bigint, request: string, received: bigint): Verdict {
    const isDue = group.phase === undefined || time >= this.#due(group, group.closed + 1n);
    if (!isDue) return 'take';
    const ahead = max(5n * MINUTE, 3n * group.window);
    const watermark = group.phase === undefined ? (received > 0n ? received : time) : group.newest - group.lateness;
    if (time - watermark > ahead && time > group.trustedUntil) return hold(group, time, request, ahead);
    if (group.phase === undefined) {
      group.phase = time;
      group.newest = time;
      group.trustedUntil = time;
    }
    if (feed.phases.length === 0) startFeed(feed, time);
    if (time < this.#due(group, group.closed + 1n)) return 'take';
    if ([...group.seen.values()].some((n) => n > 0)) return 'close';
    const [tick] = locate(group, feed, time);
    if (tick - group.lastTick > 3n) group.outageEnd = max(group.outageEnd, tick - 1n);
    while (group.closed + 1n <= group.outageEnd && time >= this.#due(group, group.closed + 1n)) {
      group.closed++;
      group.skipped++;
      group.resumedAt = group.newest + 1n;
    }
    return time < this.#due(group, group.closed + 1n) ? 'take' : 'close';
  }

  #take(
    group: GroupRecord,
    feed: FeedRecord,
    series: SeriesRecord,
    point: ReferencePoint,
    time: bigint,
    tick: bigint,
    offset: bigint,
    request: string,
  ): void {
    const { binding } = series;
    const isCounter = binding.type === SeriesType.counter;
    const isLate = tick <= group.closed;
    const last = series.ring[0]?.time ?? 0n;
    if (isLate && (!isCounter || time < last)) {
      this.#counts.late++;
      return;
    }
    const known = series.ring.find((entry) => entry.time === time);
    if (known && known.request !== request) {
      this.#counts.duplicate++;
      return;
    }
    if (isCounter && time < last) {
      this.#counts.stale++;
      return;
    }
    if (!known) {
      series.ring.push({ time, request });
      series.ring.sort((a, b) => (a.time > b.time ? -1 : 1));
      series.ring.length = Math.min(series.ring.length, 4);
    }
    const sample = this.#sample(group, feed, series, point, time, tick, request, isLate);
    if (isLate) {
      this.#counts.late++;
      return;
    }
    if (time > group.newest) group.newest = time;
    group.lastTick = max(group.lastTick, tick);
    group.held = undefined;
    group.seen.set(tick, (group.seen.get(tick) ?? 0) + 1);
    const offsets = feed.offsets.get(tick) ?? [];
    offsets.push(offset);
    feed.offsets.set(tick, offsets);
    if (last !== 0n && time > last)
      feed.gap = feed.gap === undefined || time - last < feed.gap ? time - last : feed.gap;
    const seenIn = group.firstTick.get(binding.edge);
    if (!group.ordered.has(binding.edge) && (seenIn === undefined || tick < seenIn)) {
      group.firstTick.set(binding.edge, tick);
    }
    if (isCounter && sample.isFirst) this.#counts.first++;
    else if (this.#features(binding).some(Boolean)) this.#counts.folded++;
    else this.#counts.shadowed++;
  }

  /** Which features of the edge listen to the series. */
  #features({ edge, rank, roles }: SeriesBinding): boolean[] {
    const ranks = this.#ranks.get(edge)!;
    return FEATURE_ROLES.map((mask, feature) => (roles & mask) !== 0 && rank <= ranks[feature]!);
  }

  #sample(
    group: GroupRecord,
    feed: FeedRecord,
    series: SeriesRecord,
    point: ReferencePoint,
    time: bigint,
    tick: bigint,
    request: string,
    isLate: boolean,
  ): Sample {
    const hasValue = point.value !== undefined && point.value >= 0 && point.value < Number.POSITIVE_INFINITY;
    let sample = series.samples.get(time);
    if (!sample) {
      const before = series.newest;
      const beforeTime = series.ring[1]?.time ?? 0n;
      const isFirst = before ? beforeTime < group.resumedAt : !beginsAtZero(group, feed, point, time);
      sample = {
        request,
        sum: 0,
        count: 0,
        hasValue: false,
        start: 0n,
        points: 0,
        tick,
        isLate,
        isFirst,
        restarted: false,
        before,
      };
      series.samples.set(time, sample);
      series.newest = sample;
    }
    const start = point.startTimeUnixNano;
    const { before } = sample;
    const beforeTime = series.ring[1]?.time ?? 0n;
    if (start !== 0n && before && before.start !== 0n && start !== before.start && start >= beforeTime) {
      sample.restarted = true;
    }
    sample.sum += hasValue ? point.value! : series.binding.type === SeriesType.counter ? (before?.sum ?? 0) : 0;
    sample.count += point.count ?? 0;
    sample.hasValue ||= hasValue;
    sample.start = max(sample.start, start);
    sample.points++;
    return sample;
  }

  /** Groups that hold points of this request back. */
  heldGroups(request: number): number[] {
    return this.#groups.flatMap((group, number) => (group.held?.request === `${request}` ? [number] : []));
  }

  /** True while a tick in which something was seen is still open. */
  flushDue(group: number): boolean {
    const record = this.#groups[group]!;
    return record.phase !== undefined && record.lastTick > record.closed;
  }

  /** Closes the tick after the last closed one. */
  close(groupNumber: number): ReferenceTick {
    const group = this.#groups[groupNumber]!;
    const tick = group.closed + 1n;
    for (const feed of this.#feeds) {
      if (feed.group === groupNumber) settleFeed(group, feed, tick, this.#due(group, tick));
    }
    const newEdges = [...group.firstTick].filter(([, first]) => first <= tick).map(([edge]) => edge);
    for (const edge of newEdges) {
      group.firstTick.delete(edge);
      group.ordered.add(edge);
    }
    const windows = new Map([...group.ordered].map((edge) => [edge, this.#window(group, edge, tick)] as const));
    const { skipped } = group;
    group.skipped = 0n;
    group.seen.delete(tick);
    group.closed = tick;
    return {
      group: groupNumber,
      tick: Number(tick),
      timeUnixNano: group.phase! + tick * group.window,
      skipped: Number(skipped),
      windows,
      newEdges: newEdges.sort((a, b) => a - b),
    };
  }

  #window(group: GroupRecord, edge: number, tick: bigint): readonly [number, number, number, number] {
    const sums = new EdgeSums();
    for (const series of this.#series.values()) {
      if (series.binding.edge !== edge) continue;
      const samples = [...series.samples.values()].filter((sample) => sample.tick === tick && !sample.isLate);
      sums.addSeries(series.binding, samples, this.#features(series.binding), Number(group.window) / 1e9);
    }
    return sums.window();
  }
}

function isUsable(point: ReferencePoint): boolean {
  if (point.hasNoRecordedValue) return false;
  if (point.count !== undefined) return true;
  return point.value !== undefined && point.value >= 0 && point.value < Number.POSITIVE_INFINITY;
}

function hold(group: GroupRecord, time: bigint, request: string, ahead: bigint): Verdict {
  if (group.held?.request === request) {
    if (time < group.held.time) group.held.time = time;
    return 'hold';
  }
  if (group.held) {
    const distance = time > group.held.time ? time - group.held.time : group.held.time - time;
    if (distance <= ahead) {
      group.held = undefined;
      group.trustedUntil = time + ahead;
      return 'confirmed';
    }
  }
  group.held = { time, request };
  return 'hold';
}

function startFeed(feed: FeedRecord, time: bigint): void {
  feed.phases = [{ from: -(1n << 63n), phase: time }];
  feed.firstTime = time;
}

/** Tick of the group's grid, and the distance from the middle of the feed's own tick. */
function locate(group: GroupRecord, feed: FeedRecord, time: bigint): [bigint, bigint] {
  const { phase } = feed.phases.findLast(({ from }) => time >= from)!;
  const half = group.window / 2n;
  const own = floorDiv(time - phase + half, group.window);
  return [own + floorDiv(phase - group.phase! + half, group.window), time - phase - own * group.window];
}

function settleFeed(group: GroupRecord, feed: FeedRecord, tick: bigint, due: bigint): void {
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
  if (feed.gap !== undefined) {
    const gap = Number(feed.gap);
    feed.period = feed.period === 0 ? gap : feed.period + (gap - feed.period) / 8;
    feed.gap = undefined;
  }
}

function beginsAtZero(group: GroupRecord, feed: FeedRecord, point: ReferencePoint, time: bigint): boolean {
  const settled = 2n * max(group.window, BigInt(Math.trunc(feed.period)));
  if (time - feed.firstTime < settled) return false;
  return point.startTimeUnixNano === 0n || point.startTimeUnixNano >= time - settled;
}

/** What a counter's sample adds: the difference to the one before, or all of it after a reset. */
function difference(sample: Sample): { sum: number; count: number } {
  const { before } = sample;
  const isReset = sample.restarted || (before && (sample.sum < before.sum || sample.count < before.count));
  if (!before || isReset) return { sum: sample.sum, count: sample.count };
  return { sum: sample.sum - before.sum, count: sample.count - before.count };
}

class EdgeSums {
  readonly latency = { reports: 0, sum: 0, count: 0 };
  readonly level = { sum: 0, weight: 0 };
  readonly requests = { reports: 0, sum: 0 };
  readonly errors = { reports: 0, sum: 0 };
  readonly bytes = { reports: 0, sum: 0 };
  readonly ratio = { reports: 0, sum: 0, weight: 0 };

  addSeries(binding: SeriesBinding, samples: readonly Sample[], heard: readonly boolean[], seconds: number): void {
    const { type, roles } = binding;
    const isLevel = (roles & (Role.LATENCY_LEVEL | Role.ERROR_RATIO | Role.SLOW)) !== 0;
    if ((type === SeriesType.rate || type === SeriesType.level) && !isLevel && !samples.some((s) => s.count > 0)) {
      if (samples.length === 0) return;
      const mean = samples.reduce((sum, sample) => sum + sample.sum, 0) / samples.length;
      this.#add(binding, mean * (type === SeriesType.rate ? seconds : 1), 0, true, 1, heard);
      return;
    }
    for (const sample of samples) {
      if (type === SeriesType.counter) {
        if (sample.isFirst) continue;
        const { sum, count } = difference(sample);
        this.#add(binding, sum, count, sample.hasValue, count, heard);
      } else {
        // Levels of one time are averaged like those of different times.
        this.#add(binding, sample.sum, sample.count, sample.hasValue, sample.count || sample.points, heard);
      }
    }
  }

  #add(
    b: SeriesBinding,
    sum: number,
    count: number,
    hasValue: boolean,
    weight: number,
    heard: readonly boolean[],
  ): void {
    const { roles } = b;
    const scaled = sum * b.scale;
    const amount = (roles & Role.FROM_COUNT) !== 0 ? count : scaled;
    if (heard[0] && (roles & Role.LATENCY_SUM) !== 0 && hasValue) {
      this.latency.reports++;
      this.latency.sum += scaled;
      this.latency.count += count;
    }
    if (heard[0] && (roles & Role.LATENCY_LEVEL) !== 0 && hasValue) {
      this.level.sum += scaled;
      this.level.weight += weight;
    }
    if (heard[1]) {
      this.requests.reports++;
      this.requests.sum += amount;
    }
    if (heard[2] && (roles & (Role.ERRORS | Role.ERRORS_NONE)) !== 0) {
      this.errors.reports++;
      if ((roles & Role.ERRORS) !== 0) this.errors.sum += amount;
    }
    if (heard[2] && (roles & Role.ERROR_RATIO) !== 0) {
      this.ratio.reports++;
      this.ratio.sum += scaled;
      this.ratio.weight += weight;
    }
    if (heard[3]) {
      if (b.type !== SeriesType.counter || sum !== 0) this.bytes.reports++;
      this.bytes.sum += scaled;
    }
  }

  window(): readonly [number, number, number, number] {
    const n = this.requests.sum;
    if (this.requests.reports > 0 && !(n > 0)) return [NaN, NaN, NaN, NaN];
    let latency = NaN;
    if (this.latency.reports > 0 && this.latency.count > 0) latency = this.latency.sum / this.latency.count;
    else if (this.latency.reports > 0 && n > 0) latency = this.latency.sum / n;
    else if (this.level.weight > 0) latency = this.level.sum / this.level.weight;
    let errors = NaN;
    if (this.errors.reports > 0) errors = this.errors.sum;
    else if (this.ratio.reports > 0 && n > 0) errors = (this.ratio.sum / this.ratio.weight) * n;
    const bytes = this.bytes.sum > 0 || (this.bytes.reports > 0 && n > 0) ? this.bytes.sum : NaN;
    return [Math.fround(latency), n > 0 ? Math.fround(n) : NaN, Math.fround(errors), Math.fround(bytes)];
  }
}
