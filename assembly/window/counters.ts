// From the samples of a cumulative counter to differences, whoever writes it and whatever it shows for one reading.
//
//        ·──·──·                 1. grows: the difference
//       /       ·──· 1000 → 20   2. falls: began anew, or one reading is wrong. Small enough to be what happened since: counted
//   ·──·                            from 0. Else left out. Either way it is doubted until the next sample
//              ×                 3. leaps: far more than is usual: left out and doubted
//   ·──·──·       ·──·           4. comes back to the level before: the doubted reading was wrong; what the counter has grown
//              ×                    since that level, by the share of time of this sample
//                                5. stays where it fell or leapt to: goes on from there
//   ·──·──·       ·──·           6. stays down for some samples, and comes back to the old level at one leap: as 4.
//          ×──×──×
//
// A start time that is not before its sample's time says that nobody knows it (Prometheus' receiver: the first scrape).
//
// A sample of another start time, which is not behind our last sample, is another writer's: it is left out until the
// first has been silent for one and a half periods (OTLP metrics data model, "Overlap" and "Resets and gaps").
import { Feed, Grid, Role, Row, RowFlag, Series, SeriesState } from '../layout';
import { scratch } from '../memory';
import { clockAt } from './graph';
import { periodFor } from './ticks';

/** A leap is more than so many usual differences, and more than this share of all that the counter has counted. */
const LEAP: f64 = 100;
const LEAP_SHARE: f64 = LEAP / 4096;
/** Errors come in bursts, out of nothing: only what no service can do is a leap of theirs. */
const LEAP_ERRORS: f64 = 1e9;
/** A fall is a restart where no more than so many usual differences have happened since. */
const RESTART: f32 = 8;
/** Differences before a leap can be told from what is usual. */
const SETTLED: u32 = 8 * SeriesState.ONE_SAMPLE;
/** What was the largest difference fades by this a sample. */
const FADE: f32 = 255.0 / 256.0;
/** Start times of one process may differ so much where they are worked out anew for each sample, ns. */
const SAME_START: i64 = 2_000_000_000;
/** A sample continues the one before whatever its start time if it adds no more than so many usual differences. */
const CONTINUES: f64 = 4;
/** The same, of what the counter shows, while no difference is known. */
const CONTINUES_SHARE: f64 = 0.25;
/** So many of its samples an old level is remembered that a counter fell from. */
const LOW_SAMPLES: i64 = 16;

/** What the samples of a counter come to. */
export const enum Taken {
  /** No predecessor, or not since an outage: nothing is known of what happened. */
  FIRST = 0,
  YES = 1,
  /** It is not believed, and adds nothing. */
  DOUBTFUL = 2,
}

/** Why a row is told to TypeScript. */
export const enum Odd {
  /** Another writer's, left out. */
  OTHER_WRITER = 0,
  /** Of the writer that is counted, the first after the other's. */
  COUNTED_WRITER = 1,
  /** The reading before it was wrong, and left out. */
  CAME_BACK = 2,
  /** It goes on from a leap of the reading before, which is not counted. */
  LEAPT = 3,
}

/** More than that are not told in one fold. */
const MOST_ODD = 64;
/** A row that shows something odd about a counter. */
@unmanaged
export class OddRow {
  row: u32;
  why: Odd;
}

/** OddRow[MOST_ODD] of the last fold. */
let oddRows: usize = 0;
let odd: i32 = 0;

/** What the last sample adds to its tick, beyond what was handed over of it before. */
export let counterSum: f64 = 0;
export let counterCount: f64 = 0;

/** Difference of the newest sample to the one that it continues. */
let sum: f64 = 0;
let count: f64 = 0;

export function countersInit(): void {
  oddRows = scratch(MOST_ODD * offsetof<OddRow>());
}

export function clearOdd(): void {
  odd = 0;
}
/** Rows of the last fold that show something odd about a counter, and where they are listed. */
export function oddCount(): i32 {
  return odd;
}
export function oddList(): usize {
  return oddRows;
}

function tell(index: i32, why: Odd): void {
  if (odd == MOST_ODD) return;
  const entry = changetype<OddRow>(oddRows + <usize>odd * offsetof<OddRow>());
  entry.row = index;
  entry.why = why;
  odd++;
}

/** When the counter began, as sent; 0: not known. */
function startOf(row: Row): i64 {
  return row.startTime >= row.time ? 0 : <i64>row.startTime;
}

/** A series without a predecessor began at 0, for all that is known. */
function beginsAtZero(grid: Grid, feed: Feed, row: Row, start: i64, time: i64, tick: i64): bool {
  if (row.startTime >= row.time) return false;
  const settled = 2 * max(grid.window, periodFor(grid, feed, tick));
  if (time - feed.firstTime < settled) return false;
  if (start != 0) return start >= time - settled;
  return feed.hasReclaimed == 0;
}

/** The sample adds no more than a few usual differences to the newest. */
function continues(series: Series, row: Row): bool {
  if (row.flags & RowFlag.COUNT) {
    const more = row.count - series.value1;
    return isUsual(more, max(<f64>max(series.usualCount, series.lastCount), series.value5), series.value1);
  }
  return isUsual(row.value - series.value0, max(<f64>max(series.usualSum, series.lastSum), series.value4), series.value0);
}

function isUsual(more: f64, usual: f64, total: f64): bool {
  return more >= 0 && more <= (usual > 0 ? CONTINUES * usual : CONTINUES_SHARE * total);
}

/** True: the point is of another writer than the newest sample, which goes on. `request`: of the point. */
export function isForeign(grid: Grid, feed: Feed, series: Series, row: Row, index: i32, time: i64, tick: i64, request: u32): bool {
  const start = startOf(row);
  const known = series.mark0;
  if (start == 0 || known == 0 || start == known) return false;
  if (series.state & SeriesState.MIXED || abs(start - known) <= SAME_START) return false;
  if (alignedStart(series, start) >= series.time0) return false;
  if (time == series.time0 && series.request0 == request) return false;
  if (time >= series.time0 && continues(series, row)) return false;
  const patience = 3 * max(grid.window, periodFor(grid, feed, tick));
  if (2 * (time - series.time0) > patience) {
    forget(series);
    return false;
  }
  if (!(series.state & SeriesState.TOLD_WRITERS)) {
    series.state |= SeriesState.WATCHED;
    tell(index, Odd.OTHER_WRITER);
  }
  return true;
}

/** The counter begins anew with its next sample. */
function forget(series: Series): void {
  series.state &=
    SeriesState.USED | SeriesState.BOUND | SeriesState.TOLD_WRITERS | SeriesState.TOLD_READING | SeriesState.SAMPLES;
}

/**
 * Samples in a row that began anew, as they say, and rose: seven times is no chance, but a start time that moves with
 * every sample.
 */
function countRises(series: Series): u32 {
  const state = series.state;
  const hasRisen = series.value0 >= series.value2 && series.value1 >= series.value3;
  if (!(state & SeriesState.RESTARTED) || !hasRisen) return state & ~SeriesState.RISES;
  return (state & SeriesState.RISES) == SeriesState.RISES ? state : state + SeriesState.ONE_RISE;
}

/** A new time: the newest sample becomes the one before. */
function beginSample(grid: Grid, feed: Feed, series: Series, row: Row, start: i64, tick: i64): void {
  let state = countRises(series) & ~(SeriesState.BASED | SeriesState.RESTARTED | SeriesState.MIXED | SeriesState.DOUBTED_BEFORE | SeriesState.UNSTEADY_BEFORE | SeriesState.LOW_BEFORE);
  if (!(state & SeriesState.SAMPLED)) {
    if (beginsAtZero(grid, feed, row, start, series.time0, tick)) state |= SeriesState.BASED;
    series.value0 = 0;
    series.value1 = 0;
  } else if (series.time1 >= grid.resumedAt) {
    state |= SeriesState.BASED;
  }
  if (state & SeriesState.DOUBTED) state |= SeriesState.DOUBTED_BEFORE;
  if (state & SeriesState.UNSTEADY) state |= SeriesState.UNSTEADY_BEFORE;
  if (state & SeriesState.LOW) state |= SeriesState.LOW_BEFORE;
  state &= ~(SeriesState.DOUBTED | SeriesState.UNSTEADY | SeriesState.LOW);
  series.value2 = series.value0;
  series.value3 = series.value1;
  learnUsual(series, (state & (SeriesState.DOUBTED_BEFORE | SeriesState.LOW_BEFORE)) == SeriesState.DOUBTED_BEFORE);
  if (state & SeriesState.BASED && (state & SeriesState.SAMPLES) != SeriesState.SAMPLES) state += SeriesState.ONE_SAMPLE;
  series.value0 = 0;
  series.value1 = 0;
  series.value4 = 0;
  series.value5 = 0;
  series.mark1 = series.mark0;
  series.mark0 = 0;
  series.state = state | SeriesState.SAMPLED;
}

function learnUsual(series: Series, isDoubted: bool): void {
  series.usualSum = max(series.usualSum * FADE, series.lastSum);
  series.usualCount = max(series.usualCount * FADE, series.lastCount);
  series.lastSum = isDoubted ? 0 : <f32>series.value4;
  series.lastCount = isDoubted ? 0 : <f32>series.value5;
}

/** The start time of a point as its sender's clock is aligned; 0: it has none. */
function alignedStart(series: Series, start: i64): i64 {
  return start == 0 ? 0 : start - clockAt(<i32>series.clock).shift;
}

/** The point's start time says that the process began anew since the sample before. */
function isRestart(series: Series, start: i64): bool {
  return start != 0 && series.mark1 != 0 && start != series.mark1 && alignedStart(series, start) >= series.time1;
}

/** Whether such a difference is far more than is usual: of requests and bytes; of a latency, only its count tells. */
function isLeap(series: Series, bySum: f64, byCount: f64, hasCount: bool): bool {
  if ((series.state & SeriesState.SAMPLES) < SETTLED) return false;
  const roles = series.roles;
  if (!hasCount && roles & Role.LATENCY_SUM) return false;
  const more = hasCount ? byCount : bySum;
  const total = hasCount ? series.value3 : series.value2;
  const usual = hasCount ? max(series.usualCount, series.lastCount) : max(series.usualSum, series.lastSum);
  const least = roles & Role.ERRORS ? LEAP_ERRORS : 0;
  return more > max(max(LEAP * <f64>usual, LEAP_SHARE * total), least);
}

/** Whether the sample shows no more than a few usual differences. */
function isFew(series: Series, hasCount: bool): bool {
  return hasCount
    ? series.value1 <= <f64>(RESTART * series.usualCount)
    : series.value0 <= <f64>(RESTART * series.usualSum);
}

/** Whether what a counter shows after a fall may be what happened since. */
function isFromZero(series: Series, hasCount: bool): bool {
  if (series.state & SeriesState.UNSTEADY_BEFORE) return false;
  return (series.state & SeriesState.SAMPLES) < SETTLED || isFew(series, hasCount);
}

/** Doubts the newest sample; what comes after is compared with `base`, the last that was believed. */
function doubt(series: Series): void {
  series.state |= SeriesState.DOUBTED;
  if (series.state & SeriesState.DOUBTED_BEFORE) return;
  series.baseSum = series.value2;
  series.baseCount = series.value3;
  series.baseTime = series.time1;
}

function set(bySum: f64, byCount: f64): void {
  sum = bySum;
  count = byCount;
}

/** The sample adds no more than a few usual differences to the one before. */
function isStep(series: Series, hasCount: bool): bool {
  return hasCount
    ? series.value1 - series.value3 <= <f64>(RESTART * series.usualCount)
    : series.value0 - series.value2 <= <f64>(RESTART * series.usualSum);
}

/** The sample behind a doubted one. False: it is judged as any other. */
function settleDoubt(series: Series, isDown: bool, hasCount: bool, index: i32): bool {
  // A counter that began anew gets past its old level by steps.
  if (series.state & SeriesState.LOW_BEFORE && isStep(series, hasCount)) return false;
  const fell = series.value2 < series.baseSum || series.value3 < series.baseCount;
  const isBack = series.value0 >= series.baseSum && series.value1 >= series.baseCount;
  if (isBack && (fell || isDown)) {
    const share = <f64>(series.time0 - series.time1) / <f64>(series.time0 - series.baseTime);
    set((series.value0 - series.baseSum) * share, (series.value1 - series.baseCount) * share);
    series.state |= SeriesState.UNSTEADY;
    tellReading(series, index, Odd.CAME_BACK);
    return true;
  }
  if (fell || isDown) return false;
  set(series.value0 - series.value2, series.value1 - series.value3);
  tellReading(series, index, Odd.LEAPT);
  return true;
}

/** The old level that the counter fell from is remembered while it is below. */
function rememberLevel(series: Series): void {
  if (!(series.state & SeriesState.DOUBTED_BEFORE)) return;
  const fell = series.value2 < series.baseSum || series.value3 < series.baseCount;
  if (!fell || (series.value0 >= series.baseSum && series.value1 >= series.baseCount)) return;
  if (series.time0 - series.baseTime > LOW_SAMPLES * (series.time0 - series.time1)) return;
  series.state |= SeriesState.DOUBTED | SeriesState.LOW;
}

function tellReading(series: Series, index: i32, why: Odd): void {
  if (series.state & SeriesState.TOLD_READING) return;
  series.state |= SeriesState.TOLD_READING;
  tell(index, why);
}

/** A sample that began since the one before counts from 0, unless a start time moves with every sample. */
function fromStart(series: Series, isDown: bool, hasCount: bool): void {
  const isMoving = (series.state & SeriesState.RISES) == SeriesState.RISES;
  const isSettled = (series.state & SeriesState.SAMPLES) >= SETTLED;
  if (isDown || (!isMoving && (!isSettled || isFew(series, hasCount)))) set(series.value0, series.value1);
  else set(series.value0 - series.value2, series.value1 - series.value3);
}

/**
 * Fills `sum` and `count` by totals alone: points of one time are added one by one. False: it adds nothing, since it is
 * not believed.
 */
function judge(series: Series, hasCount: bool, index: i32): bool {
  series.state &= ~(SeriesState.DOUBTED | SeriesState.UNSTEADY | SeriesState.LOW);
  const isDown = series.value0 < series.value2 || series.value1 < series.value3;
  if (series.state & SeriesState.DOUBTED_BEFORE) {
    if (settleDoubt(series, isDown, hasCount, index)) return true;
    if (series.state & SeriesState.UNSTEADY_BEFORE) series.state |= SeriesState.UNSTEADY;
  }
  let isBelieved = true;
  if (series.state & SeriesState.RESTARTED) {
    fromStart(series, isDown, hasCount);
  } else if (isDown) {
    set(series.value0, series.value1);
    isBelieved = isFromZero(series, hasCount);
    if (series.state & SeriesState.UNSTEADY_BEFORE) series.state |= SeriesState.UNSTEADY;
    doubt(series);
  } else {
    set(series.value0 - series.value2, series.value1 - series.value3);
    rememberLevel(series);
  }
  if (isBelieved && isLeap(series, sum, count, hasCount)) {
    isBelieved = false;
    doubt(series);
  }
  if (!isBelieved) set(0, 0);
  return isBelieved;
}

/**
 * Adds a point of time `series.time0` to the newest sample, beginning a new one unless `isSame`; `index`: its row.
 * Where the answer is not FIRST, `counterSum` and `counterCount` are what its tick gets, beyond what it got for the
 * sample before.
 */
export function counterDelta(grid: Grid, feed: Feed, series: Series, row: Row, index: i32, tick: i64, isSame: bool): Taken {
  const start = startOf(row);
  if (!isSame) beginSample(grid, feed, series, row, alignedStart(series, start), tick);
  if (isRestart(series, start)) series.state |= SeriesState.RESTARTED;
  series.value0 += row.flags & RowFlag.VALUE ? row.value : series.value2;
  series.value1 += row.count;
  if (series.mark0 != 0 && start != series.mark0) series.state |= SeriesState.MIXED;
  series.mark0 = max(series.mark0, start);
  if (series.state & SeriesState.WATCHED) {
    series.state = (series.state & ~SeriesState.WATCHED) | SeriesState.TOLD_WRITERS;
    tell(index, Odd.COUNTED_WRITER);
  }
  if (!(series.state & SeriesState.BASED)) return Taken.FIRST;
  const isBelieved = judge(series, (row.flags & RowFlag.COUNT) != 0, index);
  counterSum = sum - series.value4;
  counterCount = count - series.value5;
  series.value4 = sum;
  series.value5 = count;
  return isBelieved ? Taken.YES : Taken.DOUBTFUL;
}
