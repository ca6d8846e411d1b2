// Ties a series to its edge, and forgets it: one of them, or all of an edge.
import { edgeAt, feedAt } from '../graph/slots';
import { Series, SeriesState } from './record';
import { dropSeries, isSeries, seriesAt } from './table';

export function unlink(slot: i32, series: Series): void {
  if (series.edge < 0) return;
  if (series.previous >= 0) seriesAt(series.previous).next = series.next;
  else edgeAt(series.edge).series = series.next;
  if (series.next >= 0) seriesAt(series.next).previous = series.previous;
  series.edge = -1;
}

export function link(slot: i32, series: Series, edge: i32): void {
  const first = edgeAt(edge).series;
  series.edge = edge;
  series.previous = -1;
  series.next = first;
  if (first >= 0) seriesAt(first).previous = slot;
  edgeAt(edge).series = slot;
}

/** Another type reads the values in another way: it starts anew. */
export function forgetValues(series: Series): void {
  const values = changetype<usize>(series) + offsetof<Series>('value0');
  memory.fill(values, 0, offsetof<Series>('edge') - offsetof<Series>('value0'));
  const more = changetype<usize>(series) + offsetof<Series>('baseSum');
  memory.fill(more, 0, offsetof<Series>() - offsetof<Series>('baseSum'));
  series.state &= SeriesState.USED | SeriesState.BOUND;
}

/** Forgets a series. `isReclaimed`: it may come back, its counter with all that happened before. */
export function forgetSeries(slot: i32, isReclaimed: bool): void {
  const series = seriesAt(slot);
  if (isReclaimed && series.edge >= 0) feedAt(series.feed).hasReclaimed = 1;
  unlink(slot, series);
  dropSeries(slot);
}

/** Forgets a series that may come back. False: there is none. */
export function reclaimSeries(slot: i32): bool {
  if (!isSeries(slot)) return false;
  forgetSeries(slot, true);
  return true;
}

/** Forgets every series of an edge. They may go on: what a counter shows then did not all happen since. */
export function forgetSeriesOf(edge: i32): void {
  while (edgeAt(edge).series >= 0) forgetSeries(edgeAt(edge).series, true);
}
