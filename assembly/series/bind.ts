// Ties series to edges: what a look-up reports as unknown, the answer of the feature rules, and forgetting.
import { Role, Row, RowFlag, Series, SeriesState } from '../layout';
import { scratch } from '../memory';
import { Numbers } from '../numbers';
import { scanRows } from '../otlp/request';
import { rowAt, ROW_CAPACITY } from '../otlp/rows';
import { noteSeries } from '../otlp/template-rows';
import { clockAt, edgeAt, feedAt, gridAt, isClock, isEdge, isFeed, noteRequests } from '../window/graph';
import { admitSeries, dropSeries, head, isSeries, seriesAt } from './table';

/** u32[ROW_CAPACITY]: rows whose series nobody has bound yet. */
let unbound: Numbers<u32> = changetype<Numbers<u32>>(0);

export function bindInit(): void {
  unbound = changetype<Numbers<u32>>(scratch(ROW_CAPACITY << 2));
}

export function unboundList(): Numbers<u32> {
  return unbound;
}

/** The same bytes tell of other series than before: `change` into the hash of every scanned row. */
export function saltRows(change: u64): void {
  const rows = scanRows();
  for (let i = 0; i < rows; i++) {
    const row = rowAt(i);
    row.hash ^= change;
    row.series = -1;
  }
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
    // Series were admitted in the order in which most senders go on to send them: behind a neighbour, the next one is
    // likely.
    if (guess < 0 && isInOrder && next < head.high) row.series = next;
    if (row.series < 0 || seriesAt(row.series).hash != row.hash) row.series = admitSeries(row.hash);
    if (row.series != guess) noteSeries(row);
    isInOrder = row.series == next;
    next = row.series + 1;
    if (row.series < 0) continue;
    const series = seriesAt(row.series);
    series.touched = head.now;
    if ((series.state & (SeriesState.BOUND | SeriesState.REFUSED)) == SeriesState.BOUND) continue;
    if (series.reported == head.lookup || isWaiting(series, row)) continue;
    series.reported = head.lookup;
    unbound[count] = i;
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
export function forgetValues(series: Series): void {
  const values = changetype<usize>(series) + offsetof<Series>('value0');
  memory.fill(values, 0, offsetof<Series>('edge') - offsetof<Series>('value0'));
  const more = changetype<usize>(series) + offsetof<Series>('baseSum');
  memory.fill(more, 0, offsetof<Series>() - offsetof<Series>('baseSum'));
  series.state &= SeriesState.USED | SeriesState.BOUND;
}

/**
 * False: no such series, edge, feed or clock, or they are of different groups. `edge` -1: the series is not used.
 * `clock` -1: that of whoever has none of its own.
 */
export function bindSeries(
  slot: i32,
  edge: i32,
  feed: i32,
  clock: i32,
  rank: i32,
  type: i32,
  roles: i32,
  scale: f64,
): bool {
  if (!isSeries(slot)) return false;
  if (edge >= 0 && !(isEdge(edge) && isFeed(feed) && edgeAt(edge).group == feedAt(feed).group)) return false;
  const own = edge >= 0 && clock < 0 ? gridAt(edgeAt(edge).group).ownClock : clock;
  if (edge >= 0 && !(isClock(own) && clockAt(own).group == edgeAt(edge).group)) return false;
  const series = seriesAt(slot);
  unlink(slot, series);
  if (series.state & SeriesState.REFUSED) forgetValues(series);
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

/**
 * Every series is unknown to the rules again: reported at its next point, with its predecessor and its edge as they are
 * until then.
 */
export function unbindAll(): void {
  for (let slot = 0; slot < head.high; slot++) {
    if (!isSeries(slot)) continue;
    const series = seriesAt(slot);
    if (series.state & SeriesState.REFUSED) forgetValues(series);
    series.state &= ~SeriesState.BOUND;
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

/** Forgets every series of an edge. They may go on: what a counter shows then did not all happen since. */
export function forgetSeriesOf(edge: i32): void {
  while (edgeAt(edge).series >= 0) forgetSeries(edgeAt(edge).series, true);
}

/** Most that a refused series waits before it is asked about again. */
const LONGEST_WAIT: i64 = 600_000_000_000;

// @ts-ignore: decorator
@inline
function timeOf(row: Row): i64 {
  return row.time != 0 ? <i64>row.time : <i64>head.now * 1_000_000_000;
}

/** Refused, and not to be asked about again yet. */
function isWaiting(series: Series, row: Row): bool {
  return (series.state & SeriesState.REFUSED) != 0 && timeOf(row) < series.mark1;
}

/** As if it had had no point yet. */
function forgetPoints(series: Series): void {
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

/** Series of the feed are asked about again. */
export function unbindFeed(feed: i32): void {
  for (let slot = 0; slot < head.high; slot++) {
    const series = seriesAt(slot);
    if (series.state == SeriesState.FREE || series.edge < 0 || series.feed != feed) continue;
    unlink(slot, series);
    forgetPoints(series);
    series.state &= ~SeriesState.BOUND;
  }
}
