// The slow plain-TypeScript oracle of cumulative counters: what a sample adds, by its totals and the samples before it.
// For tests only.
import { Role, type SeriesBinding } from '../../src/kernel/api.js';
import type { Sample } from './sums.js';

/** What is known of a counter's sample besides its totals. */
export interface CounterSample {
  /** The sample that it continues; undefined: none, or another writer has taken over since. */
  readonly before: Sample | undefined;
  /** Time of the sample before, whosever it is; 0: none. */
  readonly beforeTime: bigint;
  /** Samples with a difference, this one included, up to 15. */
  readonly samples: number;
  /** Difference of the sample before, and the fading largest of those before that. */
  readonly last: readonly [number, number];
  readonly usual: readonly [number, number];
  /** The last level that was believed, where the sample before is doubted. */
  readonly base: { readonly sum: number; readonly count: number; readonly time: bigint } | undefined;
  readonly wasUnsteady: boolean;
  /** It fell before the sample before, and was below its old level then. */
  readonly wasLow: boolean;
  /** Samples in a row before this one that began anew and rose, up to 7. */
  readonly rises: number;
  /** What happened since the sample before is not known. */
  readonly isFirst: boolean;
  restarted: boolean;
  /** Points of several start times were summed. */
  isMixed: boolean;
  isDoubted: boolean;
  isUnsteady: boolean;
  isLow: boolean;
  isBelieved: boolean;
  /** Some of its points was believed. */
  isTold: boolean;
  sum: number;
  count: number;
}

const f = Math.fround;
const FADE = f(255 / 256);

/** Largest differences seen from the sample behind `previous`. */
export function startCounter(
  previous: Sample | undefined,
  before: Sample | undefined,
  beforeTime: bigint,
  isFirst: boolean,
): CounterSample {
  const chain = previous?.counter;
  const base = before?.counter?.isDoubted ? (before.counter.base ?? levelBefore(before)) : undefined;
  const usual = (k: 0 | 1): number => f(Math.max(f((chain?.usual[k] ?? 0) * FADE), chain?.last[k] ?? 0));
  const isDoubted = (before?.counter?.isDoubted ?? false) && !before?.counter?.isLow;
  return {
    before,
    beforeTime,
    samples: Math.min(15, (chain?.samples ?? 0) + (isFirst ? 0 : 1)),
    last: isDoubted || !chain ? [0, 0] : [f(chain.sum), f(chain.count)],
    usual: [usual(0), usual(1)],
    base,
    rises: before?.counter?.restarted && hasRisen(before) ? Math.min(7, before.counter.rises + 1) : 0,
    wasUnsteady: before?.counter?.isUnsteady ?? false,
    wasLow: before?.counter?.isLow ?? false,
    isFirst,
    restarted: false,
    isMixed: false,
    isDoubted: false,
    isUnsteady: false,
    isLow: false,
    isBelieved: true,
    isTold: false,
    sum: 0,
    count: 0,
  };
}

function hasRisen({ sum, count, counter }: Sample): boolean {
  return sum >= (counter?.before?.sum ?? 0) && count >= (counter?.before?.count ?? 0);
}

function levelBefore({ counter }: Sample): { sum: number; count: number; time: bigint } {
  const { before, beforeTime } = counter!;
  return { sum: before?.sum ?? 0, count: before?.count ?? 0, time: beforeTime };
}

/** The sample adds no more than four usual differences to the newest; while none is known, than a quarter of it. */
export function continues(newest: Sample, value: number, count: number | undefined): boolean {
  const counter = newest.counter!;
  const k = count === undefined ? 0 : 1;
  const more = count === undefined ? value - newest.sum : count - newest.count;
  const newestDifference = k === 0 ? counter.sum : counter.count;
  const usual = Math.max(counter.usual[k], counter.last[k], newestDifference);
  return more >= 0 && more <= (usual > 0 ? 4 * usual : 0.25 * (k === 0 ? newest.sum : newest.count));
}

const isFew = ({ counter, sum, count, hasCount }: Sample): boolean =>
  hasCount ? count <= f(8 * counter!.usual[1]) : sum <= f(8 * counter!.usual[0]);

function isLeap({ counter, hasCount }: Sample, roles: number): boolean {
  const { samples, usual, last, before, sum, count } = counter!;
  if (samples < 8 || (!hasCount && (roles & Role.LATENCY_SUM) !== 0)) return false;
  const k = hasCount ? 1 : 0;
  const total = (hasCount ? before?.count : before?.sum) ?? 0;
  const least = (roles & Role.ERRORS) !== 0 ? 1e9 : 0;
  return (hasCount ? count : sum) > Math.max(100 * Math.max(usual[k], last[k]), (100 / 4096) * total, least);
}

/** What the totals of a sample come to; its points are added one by one. */
export function judge(sample: Sample, { roles }: SeriesBinding): void {
  const counter = sample.counter!;
  const { before, base } = counter;
  const [v1, c1] = [before?.sum ?? 0, before?.count ?? 0];
  const isDown = sample.sum < v1 || sample.count < c1;
  const set = (sum: number, count: number): void => {
    counter.sum = sum;
    counter.count = count;
  };
  counter.isDoubted = false;
  counter.isUnsteady = false;
  counter.isLow = false;
  counter.isBelieved = true;
  if (base) {
    const fell = v1 < base.sum || c1 < base.count;
    const isStep = sample.hasCount
      ? sample.count - c1 <= f(8 * counter.usual[1])
      : sample.sum - v1 <= f(8 * counter.usual[0]);
    const isOpen = !counter.wasLow || !isStep;
    if (isOpen && sample.sum >= base.sum && sample.count >= base.count && (fell || isDown)) {
      const share = Number(sample.time - counter.beforeTime) / Number(sample.time - base.time);
      counter.isUnsteady = true;
      set((sample.sum - base.sum) * share, (sample.count - base.count) * share);
      return;
    }
    if (isOpen && !fell && !isDown) {
      set(sample.sum - v1, sample.count - c1);
      return;
    }
    counter.isUnsteady = counter.wasUnsteady;
  }
  if (counter.restarted) {
    if (isDown || (counter.rises < 7 && (counter.samples < 8 || isFew(sample)))) set(sample.sum, sample.count);
    else set(sample.sum - v1, sample.count - c1);
  } else if (isDown) {
    set(sample.sum, sample.count);
    counter.isBelieved = !counter.wasUnsteady && (counter.samples < 8 || isFew(sample));
    counter.isUnsteady = counter.wasUnsteady;
    counter.isDoubted = true;
  } else {
    set(sample.sum - v1, sample.count - c1);
    const fell = base && (v1 < base.sum || c1 < base.count);
    const isBelow = base && (sample.sum < base.sum || sample.count < base.count);
    if (fell && isBelow && sample.time - base.time <= 16n * (sample.time - counter.beforeTime)) {
      counter.isDoubted = true;
      counter.isLow = true;
    }
  }
  if (counter.isBelieved && isLeap(sample, roles)) {
    counter.isBelieved = false;
    counter.isDoubted = true;
  }
  if (!counter.isBelieved) set(0, 0);
}
