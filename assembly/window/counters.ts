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
import { Feed, Grid } from '../graph/records';
import { Row, RowFlag } from '../otlp/row';
import { Series, SeriesState } from '../series/record';
import { periodFor } from './feeds';
import { Odd, tell } from './odd-rows';
import { isFew, isLeap, isStep, learnUsual, SETTLED } from './usual';
import { alignedStart, startOf } from './writers';

/** So many of its samples an old level is remembered that a counter fell from. */
const LOW_SAMPLES: i64 = 16;

/** What is known of the newest sample alone. */
const OF_NEWEST: u32 =
  SeriesState.BASED |
  SeriesState.RESTARTED |
  SeriesState.MIXED |
  SeriesState.DOUBTED_BEFORE |
  SeriesState.UNSTEADY_BEFORE |
  SeriesState.LOW_BEFORE;

/** What the samples of a counter come to. */
export const enum Taken {
  /** No predecessor, or not since an outage: nothing is known of what happened. */
  FIRST = 0,
  YES = 1,
  /** It is not believed, and adds nothing. */
  DOUBTFUL = 2,
}

/** What the last sample adds to its tick, beyond what was handed over of it before. */
export let counterSum: f64 = 0;
export let counterCount: f64 = 0;

/** Difference of the newest sample to the one that it continues. */
let sum: f64 = 0;
let count: f64 = 0;

/** A series without a predecessor began at 0, for all that is known. */
function beginsAtZero(grid: Grid, feed: Feed, row: Row, start: i64, time: i64, tick: i64): bool {
  if (row.startTime >= row.time) return false;
  const settled = 2 * max(grid.window, periodFor(grid, feed, tick));
  if (time - feed.firstTime < settled) return false;
  if (start != 0) return start >= time - settled;
  return feed.hasReclaimed == 0;
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
  let state = countRises(series) & ~OF_NEWEST;
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
  const isFull = (state & SeriesState.SAMPLES) == SeriesState.SAMPLES;
  if (state & SeriesState.BASED && !isFull) state += SeriesState.ONE_SAMPLE;
  series.value0 = 0;
  series.value1 = 0;
  series.value4 = 0;
  series.value5 = 0;
  series.mark1 = series.mark0;
  series.mark0 = 0;
  series.state = state | SeriesState.SAMPLED;
}

/** The point's start time says that the process began anew since the sample before. */
function isRestart(series: Series, start: i64): bool {
  return start != 0 && series.mark1 != 0 && start != series.mark1 && alignedStart(series, start) >= series.time1;
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
export function counterDelta(
  grid: Grid,
  feed: Feed,
  series: Series,
  row: Row,
  index: i32,
  tick: i64,
  isSame: bool,
): Taken {
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
