// The slow plain-TypeScript oracle of folding: points in, the windows of each closed tick out. For tests only.
//
// Written from the rules (docs/architecture.md, Kernel), not from the kernel: samples are kept, amounts are computed
// when a tick closes.
import { type BelievedTimes, type FoldCounts, type SeriesBinding, SeriesType } from '../../src/kernel/api.js';
import { assumedTime, type ClockRecord, isPast, newClock, noteLate, settleClocks } from './clocks.js';
import { continues, judge, startCounter } from './counters.js';
import { EdgeSums, FEATURE_ROLES, type Sample } from './sums.js';
import {
  advance,
  aheadOf,
  beginsAtZero,
  dueTime,
  type FeedRecord,
  forgetTick,
  type GroupRecord,
  locate,
  max,
  periodOf,
  settleFeed,
  startFeed,
} from './ticks.js';

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

export type ReferenceStop =
  | { readonly reason: 'done' }
  | { readonly reason: 'close'; readonly group: number; readonly next: number }
  | { readonly reason: 'confirmed'; readonly clock: number; readonly next: number };

/** The year 2200. */
const LATEST = 7_258_118_400_000_000_000n;

interface SeriesRecord {
  readonly binding: SeriesBinding;
  /** Last four times, newest first, and their requests. */
  ring: { time: bigint; request: string; sample: Sample | undefined }[];
  samples: Sample[];
  newest: Sample | undefined;
  /** Another writer's sample will be the next, without a predecessor. */
  isForgotten: boolean;
}

function isUsable(point: ReferencePoint, binding: SeriesBinding): boolean {
  if (point.hasNoRecordedValue) return false;
  return point.count === undefined ? hasAmount(point, binding) : point.count <= mostOf(binding);
}

/** Of anything, in a point; a counter's readings are compared with each other. */
const mostOf = ({ type }: SeriesBinding): number => (type === SeriesType.COUNTER ? 1e300 : 1e15);

const hasAmount = ({ value }: ReferencePoint, binding: SeriesBinding): boolean =>
  value !== undefined && value >= 0 && value * binding.scale <= mostOf(binding);

export class ReferenceWindows {
  readonly #groups: GroupRecord[] = [];
  readonly #feeds: FeedRecord[] = [];
  readonly #clocks: ClockRecord[] = [];
  readonly #series = new Map<number, SeriesRecord>();
  readonly #edgeGroup = new Map<number, number>();
  readonly #ranks = new Map<number, number[]>();
  readonly #held = new Set<ClockRecord>();
  /** Of the point folded last. */
  #request = '';
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
    overlap: 0,
    doubtful: 0,
    future: 0,
    past: 0,
  };

  addGroup(window: bigint, lateness: bigint): number {
    const own = newClock(this.#groups.length);
    this.#clocks.push(own);
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
      base: 0n,
      ahead: aheadOf(window),
      clocks: [own],
      edges: new Set(),
      ordered: new Set(),
      firstTick: new Map(),
    });
    return this.#groups.length - 1;
  }

  addClock(group: number): number {
    const clock = newClock(group);
    this.#groups[group]!.clocks.unshift(clock);
    return this.#clocks.push(clock) - 1;
  }

  /** What is taken off the times of each clock. */
  shifts(): bigint[] {
    return this.#clocks.map(({ shift }) => shift);
  }

  addFeed(group: number): number {
    this.#feeds.push({
      group,
      phases: [],
      offsets: new Map(),
      streak: 0,
      firstTime: 0n,
      times: new Map(),
      periods: [],
    });
    return this.#feeds.length - 1;
  }

  addEdge(group: number, edge: number): void {
    this.#groups[group]!.edges.add(edge);
    this.#edgeGroup.set(edge, group);
    this.#ranks.set(edge, [255, 255, 255, 255]);
  }

  bind(series: number, binding: SeriesBinding): void {
    this.#series.set(series, { binding, ring: [], samples: [], newest: undefined, isForgotten: false });
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
    { earliestUnixNano: earliest = 0n, latestUnixNano: latest = LATEST }: BelievedTimes = {},
  ): ReferenceStop {
    for (let i = from; i < points.length; i++) {
      const point = points[i]!;
      const series = this.#series.get(point.series);
      if (!series || series.binding.edge < 0) {
        if (only < 0) this.#counts.unmapped++;
        continue;
      }
      const { group } = this.#feeds[series.binding.feed]!;
      const clock = this.#clockOf(series);
      if (only >= 0 && clock !== this.#clocks[only]) continue;
      const record = this.#groups[group]!;
      const follows = point.timeUnixNano === 0n && record.phase !== undefined && isPast(record, earliest);
      const sent = follows ? assumedTime(record, received) + clock.shift : point.timeUnixNano || received;
      if (only >= 0 && sent < clock.heldFrom) continue;
      if (sent > latest) {
        if (only < 0) this.#counts.future++;
        continue;
      }
      if (sent < earliest && !isPast(record, earliest)) {
        if (only < 0) this.#counts.past++;
        continue;
      }
      if (!isUsable(point, series.binding) || sent <= 0n) {
        this.#counts.noValue++;
        continue;
      }
      const number = only >= 0 ? `held ${request}` : `${request}`;
      this.#request = number;
      const since = follows ? undefined : received;
      const verdict = this.#foldPoint(group, series, point, sent, number, since, earliest, only >= 0);
      if (verdict === 'close') return { reason: verdict, group, next: i };
      if (verdict !== 'take') return { reason: 'confirmed', clock: this.#clocks.indexOf(verdict.released), next: i };
    }
    return { reason: 'done' };
  }

  #foldPoint(
    groupNumber: number,
    series: SeriesRecord,
    point: ReferencePoint,
    sent: bigint,
    request: string,
    received: bigint | undefined,
    earliest: bigint,
    isFinal: boolean,
  ): 'take' | 'close' | { readonly released: ClockRecord } {
    const group = this.#groups[groupNumber]!;
    const feed = this.#feeds[series.binding.feed]!;
    const clock = this.#clockOf(series);
    const time = sent - clock.shift;
    const isAssumed = point.timeUnixNano === 0n && !isFinal;
    const verdict = advance(group, feed, clock, time, request, received ?? 0n, earliest, isAssumed);
    if (verdict === 'hold') {
      this.#counts.held++;
      this.#held.add(clock);
    }
    if (verdict !== 'take') return verdict === 'hold' ? 'take' : verdict;
    const isNewFeed = feed.phases.length === 0;
    if (isNewFeed) startFeed(feed, time);
    const [tick, offset] = locate(group, feed, time);
    if (isNewFeed && tick <= group.closed) feed.phases = [];
    if (tick <= group.closed && !isFinal && noteLate(group, clock, time)) {
      return this.#foldPoint(groupNumber, series, point, sent, request, received, earliest, true);
    }
    this.#take(group, feed, series, point, time, tick, offset, request, received);
    return 'take';
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
    received: bigint | undefined,
  ): void {
    const { binding } = series;
    const clock = this.#clockOf(series);
    const isCounter = binding.type === SeriesType.COUNTER;
    const isLate = tick <= group.closed;
    const last = series.ring[0]?.time ?? 0n;
    if (isCounter && this.#isForeign(group, feed, series, point, time, tick, request)) {
      this.#counts.overlap++;
      return;
    }
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
      series.ring.push({ time, request, sample: undefined });
      series.ring.sort((a, b) => (a.time > b.time ? -1 : 1));
      series.ring.length = Math.min(series.ring.length, 4);
      const times = feed.times.get(point.series) ?? new Map<bigint, bigint | undefined>();
      feed.times.set(point.series, times.set(time, isLate ? undefined : tick));
    }
    const sample = this.#sample(group, feed, series, point, time, tick, request, isLate);
    if (isLate) {
      this.#counts.late++;
      return;
    }
    if (time > group.newest) group.newest = time;
    group.lastTick = max(group.lastTick, tick);
    if (time > clock.newest && received !== undefined) {
      clock.newest = time;
      clock.received = received;
      clock.late = undefined;
    }
    group.seen.set(tick, (group.seen.get(tick) ?? 0) + 1);
    const offsets = feed.offsets.get(tick) ?? [];
    offsets.push(offset);
    feed.offsets.set(tick, offsets);
    const seenIn = group.firstTick.get(binding.edge);
    if (!group.ordered.has(binding.edge) && (seenIn === undefined || tick < seenIn)) {
      group.firstTick.set(binding.edge, tick);
    }
    if (isCounter && sample.counter!.isFirst) this.#counts.first++;
    else if (isCounter && !sample.counter!.isBelieved) this.#counts.doubtful++;
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
    const hasValue = hasAmount(point, series.binding);
    // A time behind the last four is new again: the ring has forgotten it.
    const entry = series.ring.find((each) => each.time === time);
    let sample = entry?.sample;
    if (!sample) {
      const before = series.isForgotten ? undefined : series.newest;
      const beforeTime = series.ring[1]?.time ?? 0n;
      const isFirst = before
        ? beforeTime < group.resumedAt
        : isUnknown(point) || !beginsAtZero(group, feed, this.#alignedStart(series, point), time, tick);
      const isCounter = series.binding.type === SeriesType.COUNTER;
      sample = {
        request,
        time,
        sum: 0,
        count: 0,
        hasValue: false,
        hasCount: false,
        start: 0n,
        points: 0,
        tick,
        isLate,
        counter: isCounter ? startCounter(series.newest, before, beforeTime, isFirst) : undefined,
      };
      series.samples.push(sample);
      if (entry) entry.sample = sample;
      series.newest = sample;
      series.isForgotten = false;
    }
    this.#add(sample, series, point, hasValue);
    return sample;
  }

  #add(sample: Sample, series: SeriesRecord, point: ReferencePoint, hasValue: boolean): void {
    const start = startOf(point);
    const { counter } = sample;
    const before = counter?.before;
    const beforeTime = series.ring[1]?.time ?? 0n;
    const hasOtherStart = start !== 0n && before && before.start !== 0n && start !== before.start;
    if (counter && hasOtherStart && this.#alignedStart(series, point) >= beforeTime) {
      counter.restarted = true;
    }
    sample.sum += hasValue ? point.value! : counter ? (before?.sum ?? 0) : 0;
    sample.count += point.count ?? 0;
    sample.hasValue ||= hasValue;
    sample.hasCount = point.count !== undefined;
    if (counter && sample.start !== 0n && start !== sample.start) counter.isMixed = true;
    sample.start = max(sample.start, start);
    sample.points++;
    if (!counter || counter.isFirst) return;
    judge(sample, series.binding);
    counter.isTold ||= counter.isBelieved;
  }

  /** The point is of another writer than the newest sample, which goes on. */
  #isForeign(
    group: GroupRecord,
    feed: FeedRecord,
    series: SeriesRecord,
    point: ReferencePoint,
    time: bigint,
    tick: bigint,
    request: string,
  ): boolean {
    const { newest, ring } = series;
    const start = startOf(point);
    if (!newest || newest.start === 0n || start === 0n || start === newest.start || newest.counter!.isMixed)
      return false;
    const apart = start > newest.start ? start - newest.start : newest.start - start;
    const last = ring[0]!.time;
    if (apart <= 2_000_000_000n || this.#alignedStart(series, point) >= last) return false;
    if (time === last && ring[0]!.request === request) return false;
    if (time >= last && continues(newest, point.value ?? 0, point.count)) return false;
    if (2n * (time - last) <= 3n * max(group.window, periodOf(group, feed, tick))) return true;
    series.isForgotten = true;
    return false;
  }

  #clockOf({ binding }: SeriesRecord): ClockRecord {
    return binding.clock === undefined
      ? this.#clocks.find(({ group }) => group === this.#feeds[binding.feed]!.group)!
      : this.#clocks[binding.clock]!;
  }

  #alignedStart(series: SeriesRecord, point: ReferencePoint): bigint {
    const start = startOf(point);
    return start === 0n ? 0n : start - this.#clockOf(series).shift;
  }

  /** Clocks of which points were held back since the last question. */
  heldClocks(): { readonly clock: number; readonly isFirst: boolean }[] {
    const held = [...this.#held].filter(({ claim, heldRequest }) => claim && heldRequest === this.#request);
    this.#held.clear();
    return held.map((clock) => ({
      clock: this.#clocks.indexOf(clock),
      isFirst: clock.claim!.request === this.#request,
    }));
  }

  /** True while a tick in which something was seen is still open. */
  flushDue(group: number): boolean {
    const record = this.#groups[group]!;
    return record.phase !== undefined && record.lastTick > record.closed;
  }

  /** Forgets the newest tick, if no other is open and it is not whole. */
  forgetNewest(groupNumber: number): boolean {
    const group = this.#groups[groupNumber]!;
    const tick = group.lastTick;
    if (!this.flushDue(groupNumber) || tick !== group.closed + 1n || this.#isWhole(groupNumber, tick)) return false;
    for (const feed of this.#feeds) if (feed.group === groupNumber) forgetTick(feed, tick);
    for (const series of this.#series.values())
      if (this.#feeds[series.binding.feed]?.group === groupNumber)
        series.samples = series.samples.filter((sample) => sample.tick !== tick);
    group.seen.delete(tick);
    group.skipped++;
    group.closed = tick;
    return true;
  }

  /**
   * Every series of the tick before is in this one as well, and none twice. An edge of which all came late has none.
   */
  #isWhole(groupNumber: number, tick: bigint): boolean {
    const group = this.#groups[groupNumber]!;
    return [...this.#series.values()].every(({ binding: { edge, feed: number }, ring }) => {
      const feed = this.#feeds[number];
      if (edge < 0 || feed?.group !== groupNumber || feed.phases.length === 0) return true;
      if (!group.ordered.has(edge) && !group.firstTick.has(edge)) return true;
      const [newest, before] = ring.map(({ time }) => locate(group, feed, time)[0]);
      return newest !== tick - 1n && !(newest === tick && before === tick);
    });
  }

  /** Closes the tick after the last closed one. */
  close(groupNumber: number): ReferenceTick {
    const group = this.#groups[groupNumber]!;
    const tick = group.closed + 1n;
    settleClocks(group);
    for (const feed of this.#feeds) {
      if (feed.group === groupNumber) settleFeed(group, feed, tick, dueTime(group, tick));
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
      timeUnixNano: group.phase! + tick * group.window + group.base,
      skipped: Number(skipped),
      windows,
      newEdges: newEdges.sort((a, b) => a - b),
    };
  }

  #window(group: GroupRecord, edge: number, tick: bigint): readonly [number, number, number, number] {
    const sums = new EdgeSums();
    for (const series of this.#series.values()) {
      if (series.binding.edge !== edge) continue;
      const samples = series.samples.filter((sample) => sample.tick === tick && !sample.isLate);
      sums.addSeries(series.binding, samples, this.#features(series.binding), Number(group.window) / 1e9);
    }
    return sums.window();
  }
}

/** When the counter began; 0: not known, which a start time that is not before the point's time says too. */
function startOf({ startTimeUnixNano: start, timeUnixNano }: ReferencePoint): bigint {
  return start >= timeUnixNano ? 0n : start;
}

function isUnknown({ startTimeUnixNano: start, timeUnixNano }: ReferencePoint): boolean {
  return start >= timeUnixNano;
}
