// From the points of a series to amounts: what one more point adds to the window of its tick.
//
// Points of one series and time in one request are summed (two processes behind one identity), and a rate is a mean
// over its tick: what was handed over before is then taken back, by handing over the difference. The order of points
// does not matter. Differences of counters: counters.ts.
import { Series } from '../series/record';

/** What the last call of `setDelta` or `meanDelta` found. */
export let deltaSum: f64 = 0;
export let deltaCount: f64 = 0;

/** An amount as it stands. */
// @ts-ignore: decorator
@inline
export function setDelta(sum: f64, count: f64): void {
  deltaSum = sum;
  deltaCount = count;
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
