// What is usual for a counter: its differences so far, against which a leap or a fall is told.
import { Role, Series, SeriesState } from '../series/record';

/** A leap is more than so many usual differences, and more than this share of all that the counter has counted. */
const LEAP: f64 = 100;
const LEAP_SHARE: f64 = LEAP / 4096;
/** Errors come in bursts, out of nothing: only what no service can do is a leap of theirs. */
const LEAP_ERRORS: f64 = 1e9;
/** A fall is a restart where no more than so many usual differences have happened since. */
const RESTART: f32 = 8;
/** Differences before a leap can be told from what is usual. */
export const SETTLED: u32 = 8 * SeriesState.ONE_SAMPLE;
/** What was the largest difference fades by this a sample. */
const FADE: f32 = 255.0 / 256.0;

export function learnUsual(series: Series, isDoubted: bool): void {
  series.usualSum = max(series.usualSum * FADE, series.lastSum);
  series.usualCount = max(series.usualCount * FADE, series.lastCount);
  series.lastSum = isDoubted ? 0 : <f32>series.value4;
  series.lastCount = isDoubted ? 0 : <f32>series.value5;
}

/** Whether such a difference is far more than is usual: of requests and bytes; of a latency, only its count tells. */
export function isLeap(series: Series, bySum: f64, byCount: f64, hasCount: bool): bool {
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
export function isFew(series: Series, hasCount: bool): bool {
  return hasCount
    ? series.value1 <= <f64>(RESTART * series.usualCount)
    : series.value0 <= <f64>(RESTART * series.usualSum);
}

/** The sample adds no more than a few usual differences to the one before. */
export function isStep(series: Series, hasCount: bool): bool {
  return hasCount
    ? series.value1 - series.value3 <= <f64>(RESTART * series.usualCount)
    : series.value0 - series.value2 <= <f64>(RESTART * series.usualSum);
}
