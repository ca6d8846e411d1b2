// From the points of a series to amounts: what one more point adds to the window of its tick.
//
// Points of one series and time in one request are summed (two processes behind one identity), and a rate is a mean over its tick:
// what was handed over before is then taken back, by handing over the difference. The order of points does not matter.
import { Feed, Grid, Row, RowFlag, Series, SeriesState } from '../layout';
import { periodFor } from './ticks';

/** What the last call of `setDelta`, `counterDelta` or `meanDelta` found. */
export let deltaSum: f64 = 0;
export let deltaCount: f64 = 0;

/** An amount as it stands. */
// @ts-ignore: decorator
@inline
export function setDelta(sum: f64, count: f64): void {
  deltaSum = sum;
  deltaCount = count;
}

/** Counter: a series without a predecessor began at 0, for all that is known. */
function beginsAtZero(grid: Grid, feed: Feed, row: Row, time: i64, tick: i64): bool {
  const settled = 2 * max(grid.window, periodFor(grid, feed, tick));
  if (time - feed.firstTime < settled) return false;
  if (row.startTime != 0) return <i64>row.startTime >= time - settled;
  return feed.hasReclaimed == 0;
}

/** Counter, a new time: the newest sample becomes the one before. */
function beginSample(grid: Grid, feed: Feed, series: Series, row: Row, tick: i64): void {
  let state = series.state & ~(SeriesState.BASED | SeriesState.RESTARTED);
  if (!(state & SeriesState.SAMPLED)) {
    if (beginsAtZero(grid, feed, row, series.time0, tick)) state |= SeriesState.BASED;
    series.value0 = 0;
    series.value1 = 0;
  } else if (series.time1 >= grid.resumedAt) {
    state |= SeriesState.BASED;
  }
  series.value2 = series.value0;
  series.value3 = series.value1;
  series.value0 = 0;
  series.value1 = 0;
  series.value4 = 0;
  series.value5 = 0;
  series.mark1 = series.mark0;
  series.mark0 = 0;
  series.state = state | SeriesState.SAMPLED;
}

/** The point's start time says that the process began anew since the sample before. */
function isRestart(series: Series, startTime: i64): bool {
  return startTime != 0 && series.mark1 != 0 && startTime != series.mark1 && startTime >= series.time1;
}

/**
 * Counter: adds a point of time `series.time0` to the newest sample, beginning a new one unless `isSame`. False: the first sample,
 * or the first after an outage; it adds nothing. A sample below the one before, or one that began since, counts from 0.
 */
export function counterDelta(grid: Grid, feed: Feed, series: Series, row: Row, tick: i64, isSame: bool): bool {
  if (!isSame) beginSample(grid, feed, series, row, tick);
  if (isRestart(series, <i64>row.startTime)) series.state |= SeriesState.RESTARTED;
  series.value0 += row.flags & RowFlag.VALUE ? row.value : series.value2;
  series.value1 += row.count;
  series.mark0 = max(series.mark0, <i64>row.startTime);
  if (!(series.state & SeriesState.BASED)) return false;
  const isReset =
    (series.state & SeriesState.RESTARTED) != 0 || series.value0 < series.value2 || series.value1 < series.value3;
  const sum = isReset ? series.value0 : series.value0 - series.value2;
  const count = isReset ? series.value1 : series.value1 - series.value3;
  deltaSum = sum - series.value4;
  deltaCount = count - series.value5;
  series.value4 = sum;
  series.value5 = count;
  return true;
}

/** Rate or level of an amount: the mean of the tick's samples times `factor`, less what was handed over before. */
export function meanDelta(series: Series, value: f64, factor: f64, tick: i64, isSame: bool): void {
  const odd: usize = tick & 1 ? 24 : 0;
  const at = changetype<usize>(series) + odd;
  const mark = changetype<usize>(series) + (tick & 1 ? offsetof<Series>('mark1') : offsetof<Series>('mark0'));
  if (load<i64>(mark) != tick + 1) {
    store<i64>(mark, tick + 1);
    store<f64>(at, 0, offsetof<Series>('value0'));
    store<f64>(at, 0, offsetof<Series>('value1'));
    store<f64>(at, 0, offsetof<Series>('value2'));
  }
  const sum = load<f64>(at, offsetof<Series>('value0')) + value;
  const samples = load<f64>(at, offsetof<Series>('value1')) + (isSame ? 0 : 1);
  const mean = (sum / samples) * factor;
  store<f64>(at, sum, offsetof<Series>('value0'));
  store<f64>(at, samples, offsetof<Series>('value1'));
  deltaSum = mean - load<f64>(at, offsetof<Series>('value2'));
  deltaCount = 0;
  store<f64>(at, mean, offsetof<Series>('value2'));
}
