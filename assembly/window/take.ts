// Takes a point into the sums of its tick.
import { Clock, EdgeState, EdgeWindow, Feed, Grid } from '../graph/records';
import { edgeAt, sumsAt } from '../graph/slots';
import { Row, RowFlag } from '../otlp/row';
import { Role, Series, SeriesType } from '../series/record';
import { head } from '../series/table';
import { counterCount, counterDelta, counterSum, Taken } from './counters';
import { bump, Counts } from './counts';
import { noteGap, tickOf } from './feeds';
import { nextAfter, see, Seen, timeBefore } from './ring';
import { addRoles, rankOf } from './roles';
import { noteSlow } from './slow-rows';
import { notePoint } from './ticks';
import { deltaCount, deltaSum, meanDelta, setDelta } from './values';
import { isForeign } from './writers';

const SECOND: i64 = 1_000_000_000;

/** A point between or before others of its series: the gap that it ends, and the one that it shortens. */
function noteGapsAround(grid: Grid, feed: Feed, series: Series, time: i64, tick: i64): void {
  const before = timeBefore(series, time);
  if (before != 0) noteGap(feed, time - before, tick);
  const next = nextAfter(series, time);
  noteGap(feed, next - time, tickOf(grid, feed, next));
}

/** The edge's first point, or one earlier than that. */
function noteEdge(grid: Grid, edge: i32, record: EdgeWindow, time: i64, tick: i64): void {
  if (record.state & EdgeState.NEW) {
    record.firstTime = min(record.firstTime, time);
    record.firstTick = min(record.firstTick, tick);
    return;
  }
  record.state |= EdgeState.NEW;
  record.firstTime = time;
  record.firstTick = tick;
  record.next = grid.newEdges;
  grid.newEdges = edge;
}

/** Roles whose value is averaged as it stands, not added up. */
const LEVEL_ROLES: u32 = Role.LATENCY_LEVEL | Role.ERROR_RATIO | Role.SLOW;

/** The point's amounts into the sums of its tick. */
function takeValue(grid: Grid, feed: Feed, series: Series, row: Row, index: i32, tick: i64, isSame: bool): Taken {
  if (series.type == SeriesType.COUNTER) {
    const taken = counterDelta(grid, feed, series, row, index, tick, isSame);
    setDelta(counterSum, counterCount);
    return taken;
  }
  if (series.type == SeriesType.AMOUNT || series.roles & LEVEL_ROLES || row.flags & RowFlag.COUNT) {
    setDelta(row.value, row.count);
  } else {
    meanDelta(series, row.value, series.type == SeriesType.RATE ? <f64>grid.window / 1e9 : 1, tick, isSame);
  }
  return Taken.YES;
}

/** A point of an open tick, or of a closed one (then only what a counter starts from changes). */
export function take(
  grid: Grid,
  feed: Feed,
  clock: Clock,
  series: Series,
  row: Row,
  index: i32,
  time: i64,
  tick: i64,
  request: u32,
  received: i64,
): void {
  const isLate = tick <= grid.closed;
  if (series.type == SeriesType.COUNTER && isForeign(grid, feed, series, row, index, time, tick, request)) {
    bump(offsetof<Counts>('overlap'));
    return;
  }
  if (isLate && (series.type != SeriesType.COUNTER || time < series.time0)) {
    bump(offsetof<Counts>('late'));
    return;
  }
  const newest = series.time0;
  const seen = see(series, time, request);
  if (seen >= Seen.DUPLICATE) {
    bump(seen == Seen.DUPLICATE ? offsetof<Counts>('duplicate') : offsetof<Counts>('stale'));
    return;
  }
  if (isLate) {
    counterDelta(grid, feed, series, row, index, tick, seen == Seen.SAME);
    bump(offsetof<Counts>('late'));
    return;
  }
  if (time >= head.next) {
    head.now = <u32>(time / SECOND);
    head.next = (<i64>head.now + 1) * SECOND;
  }
  grid.touched = head.now;
  feed.touched = head.now;
  notePoint(grid, feed, clock, time, tick, received);
  if (time > newest) {
    if (newest != 0) noteGap(feed, time - newest, tick);
  } else if (seen == Seen.NEW) {
    noteGapsAround(grid, feed, series, time, tick);
  }
  const record = edgeAt(series.edge);
  if (!(record.state & EdgeState.ORDERED)) noteEdge(grid, series.edge, record, time, tick);
  const taken = takeValue(grid, feed, series, row, index, tick, seen == Seen.SAME);
  if (taken == Taken.FIRST) {
    bump(offsetof<Counts>('first'));
    return;
  }
  if (taken == Taken.DOUBTFUL) {
    bump(offsetof<Counts>('doubtful'));
    // It says nothing, not that there was nothing: only what was handed over of its time before is taken back.
    if (deltaSum == 0 && deltaCount == 0) return;
  }
  const isHeard = addRoles(record, sumsAt(series.edge, tick), series, row, deltaSum, deltaCount);
  if (taken == Taken.YES) bump(isHeard ? offsetof<Counts>('folded') : offsetof<Counts>('shadowed'));
  if (series.roles & Role.SLOW && series.rank <= <u8>rankOf(record, 0)) noteSlow(index, series, tick);
}
