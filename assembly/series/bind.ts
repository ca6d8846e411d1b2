// Ties series to edges: what a look-up reports as unknown, the answer of the feature rules, and forgetting.
import { Role, RowFlag, Series, SeriesState } from '../layout';
import { scratch } from '../memory';
import { scanRows } from '../otlp/request';
import { rowAt, ROW_CAPACITY } from '../otlp/rows';
import { noteSeries } from '../otlp/template-rows';
import { clockAt, edgeAt, feedAt, gridAt, isClock, isEdge, isFeed, noteRequests } from '../window/graph';
import { admitSeries, dropSeries, head, isSeries, seriesAt } from './table';

/** u32[ROW_CAPACITY]: rows whose series nobody has bound yet. */
let unbound: usize = 0;

export function bindInit(): void {
  unbound = scratch(ROW_CAPACITY << 2);
}

export function unboundList(): usize {
  return unbound;
}

/** Looks up, and admits, the series of every scanned row; how many rows `unboundList` names, one a series. */
export function lookUpRows(): i32 {
  const rows = scanRows();
  let count = 0;
  head.lookup++;
  let next = 0;
  let isInOrder = true;
  for (let i = 0; i < rows; i++) {
    const row = rowAt(i);
    if (row.flags & RowFlag.COPY) continue;
    const guess = row.series;
    // Series were admitted in the order in which most senders go on to send them: behind a neighbour, the next one is likely.
    if (guess < 0 && isInOrder && next < head.high) row.series = next;
    if (row.series < 0 || seriesAt(row.series).hash != row.hash) row.series = admitSeries(row.hash);
    if (row.series != guess) noteSeries(row);
    isInOrder = row.series == next;
    next = row.series + 1;
    if (row.series < 0) continue;
    const series = seriesAt(row.series);
    series.touched = head.now;
    if (series.state & SeriesState.BOUND || series.reported == head.lookup) continue;
    series.reported = head.lookup;
    store<u32>(unbound + ((<usize>count) << 2), i);
    count++;
  }
  return count;
}

function unlink(slot: i32, series: Series): void {
  if (series.edge < 0) return;
  if (series.previous >= 0) seriesAt(series.previous).next = series.next;
  else edgeAt(series.edge).series = series.next;
  if (series.next >= 0) seriesAt(series.next).previous = series.previous;
  series.edge = -1;
}

function link(slot: i32, series: Series, edge: i32): void {
  const first = edgeAt(edge).series;
  series.edge = edge;
  series.previous = -1;
  series.next = first;
  if (first >= 0) seriesAt(first).previous = slot;
  edgeAt(edge).series = slot;
}

/** Another type reads the values in another way: it starts anew. */
function forgetValues(series: Series): void {
  const values = changetype<usize>(series) + offsetof<Series>('value0');
  memory.fill(values, 0, offsetof<Series>('edge') - offsetof<Series>('value0'));
  const more = changetype<usize>(series) + offsetof<Series>('baseSum');
  memory.fill(more, 0, offsetof<Series>() - offsetof<Series>('baseSum'));
  series.state &= SeriesState.USED | SeriesState.BOUND;
}

/**
 * False: no such series, edge, feed or clock, or they are of different groups. `edge` -1: the series is not used. `clock` -1: that of
 * whoever has none of its own.
 */
export function bindSeries(slot: i32, edge: i32, feed: i32, clock: i32, rank: i32, type: i32, roles: i32, scale: f64): bool {
  if (!isSeries(slot)) return false;
  if (edge >= 0 && !(isEdge(edge) && isFeed(feed) && edgeAt(edge).group == feedAt(feed).group)) return false;
  const own = edge >= 0 && clock < 0 ? gridAt(edgeAt(edge).group).ownClock : clock;
  if (edge >= 0 && !(isClock(own) && clockAt(own).group == edgeAt(edge).group)) return false;
  const series = seriesAt(slot);
  unlink(slot, series);
  series.state |= SeriesState.BOUND;
  if (edge < 0) return true;
  if (series.type != <u8>type) forgetValues(series);
  series.feed = <u16>feed;
  series.clock = <u16>own;
  series.rank = <u8>rank;
  series.type = <u8>type;
  series.roles = <u16>roles;
  series.scale = scale;
  link(slot, series, edge);
  if (roles & Role.REQUESTS) noteRequests(edge, feed, rank);
  return true;
}

/** Every series is unknown to the rules again: reported at its next point, with its predecessor and its edge as they are until then. */
export function unbindAll(): void {
  for (let slot = 0; slot < head.high; slot++) {
    if (isSeries(slot)) seriesAt(slot).state &= ~SeriesState.BOUND;
  }
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

/** Forgets every series of an edge. */
export function forgetSeriesOf(edge: i32): void {
  while (edgeAt(edge).series >= 0) forgetSeries(edgeAt(edge).series, false);
}
