// Series without room: known, not used, and asked about again later.
import { edgeAt, feedAt } from '../graph/slots';
import { Row } from '../otlp/row';
import { rowAt } from '../otlp/rows';
import { forgetValues, unlink } from './links';
import { Series, SeriesState } from './record';
import { head, isSeries, seriesAt } from './table';

/** Most that a refused series waits before it is asked about again. */
const LONGEST_WAIT: i64 = 600_000_000_000;

// @ts-ignore: decorator
@inline
function timeOf(row: Row): i64 {
  return row.time != 0 ? <i64>row.time : <i64>head.now * 1_000_000_000;
}

/** Refused, and not to be asked about again yet. */
export function isWaiting(series: Series, row: Row): bool {
  return (series.state & SeriesState.REFUSED) != 0 && timeOf(row) < series.mark1;
}

/** As if it had had no point yet. */
export function forgetPoints(series: Series): void {
  const times = changetype<usize>(series) + offsetof<Series>('time0');
  memory.fill(times, 0, offsetof<Series>('value0') - offsetof<Series>('time0'));
  forgetValues(series);
}

/** The series is not used, for want of room, until `time + wait`. */
function refuse(slot: i32, series: Series, time: i64, wait: i64): void {
  unlink(slot, series);
  forgetPoints(series);
  series.state |= SeriesState.BOUND | SeriesState.REFUSED;
  series.mark0 = wait;
  series.mark1 = time + wait;
}

/**
 * There is no room for the row's series: it waits, at first for `firstWait` ns of event time, then for twice as long
 * each time.
 */
export function refuseRow(index: i32, firstWait: i64): bool {
  const row = rowAt(index);
  if (!isSeries(row.series)) return false;
  const series = seriesAt(row.series);
  const isAgain = (series.state & SeriesState.REFUSED) != 0;
  refuse(row.series, series, timeOf(row), isAgain ? max(firstWait, min(2 * series.mark0, LONGEST_WAIT)) : firstWait);
  return true;
}

/** Whether there was no room for the series before. */
export function wasRefused(slot: i32): bool {
  return isSeries(slot) && (seriesAt(slot).state & SeriesState.REFUSED) != 0;
}

/** The edge gave its slot away: its series wait as if there had been no room. */
export function refuseSeriesOf(edge: i32, wait: i64): void {
  while (edgeAt(edge).series >= 0) {
    const slot = edgeAt(edge).series;
    const series = seriesAt(slot);
    feedAt(series.feed).hasReclaimed = 1;
    refuse(slot, series, series.time0, wait);
  }
}
