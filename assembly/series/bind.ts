// Ties series to edges: what a look-up reports as unknown, the answer of the feature rules, and forgetting.
import { noteRequests } from '../graph/requests';
import { clockAt, edgeAt, feedAt, gridAt, isClock, isEdge, isFeed } from '../graph/slots';
import { scratch } from '../memory';
import { Numbers } from '../numbers';
import { scanRows } from '../otlp/request';
import { RowFlag } from '../otlp/row';
import { ROW_CAPACITY, rowAt } from '../otlp/rows';
import { noteSeries } from '../otlp/template-rows';
import { admitSeries } from './admit';
import { forgetValues, link, unlink } from './links';
import { Role, SeriesState } from './record';
import { forgetPoints, isWaiting } from './refuse';
import { head, isSeries, seriesAt } from './table';

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
