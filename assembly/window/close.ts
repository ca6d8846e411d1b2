// Closing a tick, in slices: the edges' sums become windows, then the detection takes over.
import { closeBegin, closeEdges, orderAppend, orderCopy, orderCount, skipTicks, windowAt } from '../detect/face';
import { EdgeState, Grid } from '../layout';
import { scratch } from '../memory';
import { seriesAt } from '../series/table';
import { edgeAt, feedAt, gridAt, isEdge, isGroup, renewRelative, sumsAt } from './graph';
import { addLevelTo } from './roles';
import { discardFeature, emptySums, finishSums } from './sums';
import { finishTick, flushTo, passOver, settleTick, tickOf } from './ticks';

/** Where the closing of a group stands. */
const enum Closing {
  IDLE = 0,
  /** Begun: new edges are being put in order, windows written. */
  FILLING = 1,
  /** The detection works. */
  DETECTING = 2,
}

/** Writing a window costs so little: this many count as one edge of the budget. */
const FILLS_PER_EDGE = 8;

/** u32[maxEdges]: the order being filled; new edges of the tick. */
let order: usize = 0;
let fresh: usize = 0;
let freshCount: i32 = 0;
let skipped: f64 = 0;

export function closeInit(maxEdges: i32): void {
  order = scratch((<usize>maxEdges) << 2);
  fresh = scratch((<usize>maxEdges) << 2);
}

/** Edges first seen in the tick being closed, in no order; `closingNewList` holds their slots. */
export function closingNew(): i32 {
  return freshCount;
}
export function closingNewList(): usize {
  return fresh;
}
/** Outage ticks passed over before the tick being closed. */
export function closingSkipped(): f64 {
  return skipped;
}
/** Number of the tick being closed, and the time of its middle as the senders tell it. */
export function closingTick(group: i32): f64 {
  return <f64>(gridAt(group).closed + 1);
}
export function closingTime(group: i32): i64 {
  const grid = gridAt(group);
  return grid.phase + (grid.closed + 1) * grid.window + grid.base;
}
export function edgeFirstTime(edge: i32): i64 {
  return edgeAt(edge).firstTime;
}

/** Takes the edges first seen up to this tick off the group's list of new ones. */
function collectNew(grid: Grid, tick: i64): void {
  let edge = grid.newEdges;
  grid.newEdges = -1;
  freshCount = 0;
  while (edge >= 0) {
    const record = edgeAt(edge);
    const next = record.next;
    record.state &= ~EdgeState.NEW;
    if (record.firstTick <= tick) {
      store<u32>(fresh + ((<usize>freshCount) << 2), edge);
      freshCount++;
    } else {
      record.state |= EdgeState.NEW;
      record.next = grid.newEdges;
      grid.newEdges = edge;
    }
    edge = next;
  }
}

/** Begins to close tick closed + 1 of the group. False: no such group, nothing seen yet, or a closing is under way. */
export function beginClose(group: i32): bool {
  if (!isGroup(group)) return false;
  const grid = gridAt(group);
  if (!grid.isStarted || grid.closing != Closing.IDLE) return false;
  settleTick(grid);
  if (grid.skipped > 0) skipTicks(group, grid.skipped);
  skipped = <f64>grid.skipped;
  grid.skipped = 0;
  collectNew(grid, grid.closed + 1);
  grid.filled = 0;
  grid.closing = Closing.FILLING;
  return true;
}

/** Puts the edge behind all others of its group's order. */
export function appendEdge(edge: i32): bool {
  if (!isEdge(edge)) return false;
  const record = edgeAt(edge);
  if (record.state & (EdgeState.ORDERED | EdgeState.NEW)) return false;
  record.state |= EdgeState.ORDERED;
  orderAppend(record.group, edge);
  return true;
}

/** Writes windows of the next edges in order; true when all are written. */
function fill(group: i32, grid: Grid, count: i32): bool {
  if (grid.filled == 0) orderCopy(group, order);
  const end = min(grid.filled + count, orderCount(group));
  for (let i = grid.filled; i < end; i++) {
    const edge = load<i32>(order + ((<usize>i) << 2));
    finishSums(sumsAt(edge, grid.closed + 1), windowAt(edge));
  }
  grid.filled = end;
  return end == orderCount(group);
}

/** Works on for at most about `budget` edges' worth; true when the tick is closed. */
export function closeSlice(group: i32, budget: i32): bool {
  const grid = gridAt(group);
  if (grid.closing == Closing.FILLING) {
    if (!fill(group, grid, max(budget, 1) * FILLS_PER_EDGE)) return false;
    closeBegin(group);
    grid.closing = Closing.DETECTING;
  }
  if (grid.closing == Closing.DETECTING && !closeEdges(group, max(budget, 1))) return false;
  if (grid.closing == Closing.DETECTING) finishTick(grid);
  grid.closing = Closing.IDLE;
  return true;
}

/** True while a tick in which something was seen is still to be closed, whatever the watermark: close and ask again. */
export function flushDue(group: i32): bool {
  return isGroup(group) && flushTo(gridAt(group));
}

/**
 * Whether a stream of one sample a tick has all of them in its newest tick: every series that was in the tick before.
 */
function isWhole(edge: i32, grid: Grid, tick: i64): bool {
  for (let slot = edgeAt(edge).series; slot >= 0; slot = seriesAt(slot).next) {
    const series = seriesAt(slot);
    const feed = feedAt(series.feed);
    if (series.time0 == 0 || !feed.isStarted) continue;
    const newest = tickOf(grid, feed, series.time0);
    // Of several samples a tick nobody can tell how many were still to come.
    if (newest == tick && series.time1 != 0 && tickOf(grid, feed, series.time1) == tick) return false;
    if (newest == tick - 1) return false;
  }
  return true;
}

/**
 * The end of a recording, maybe in the middle of a window: forgets tick closed + 1 of the group, if it is the newest,
 * as if there had been an outage. False: it is not, or it is whole.
 */
export function forgetNewest(group: i32): bool {
  if (!isGroup(group)) return false;
  const grid = gridAt(group);
  const tick = grid.closed + 1;
  if (!grid.isStarted || grid.lastTick != tick || grid.closing != Closing.IDLE) return false;
  orderCopy(group, order);
  const count = orderCount(group);
  let whole = true;
  for (let i = 0; i < count && whole; i++) whole = isWhole(load<i32>(order + ((<usize>i) << 2)), grid, tick);
  for (let edge = grid.newEdges; edge >= 0 && whole; edge = edgeAt(edge).next) whole = isWhole(edge, grid, tick);
  if (whole) return false;
  for (let i = 0; i < count; i++) emptySums(sumsAt(load<i32>(order + ((<usize>i) << 2)), tick));
  for (let edge = grid.newEdges; edge >= 0; edge = edgeAt(edge).next) emptySums(sumsAt(edge, tick));
  passOver(grid);
  return true;
}

/** Highest rank that the feature listens to; a lower one than before discards what open ticks hold of it. */
export function setFeatureRank(edge: i32, feature: i32, rank: i32): bool {
  if (!isEdge(edge) || feature < 0 || feature > 3) return false;
  const record = edgeAt(edge);
  const shift = <u32>feature << 3;
  const before = (record.ranks >>> shift) & 0xff;
  record.ranks = (record.ranks & ~(<u32>0xff << shift)) | ((<u32>rank & 0xff) << shift);
  if (before == <u32>rank) return true;
  if (<u32>rank < before) {
    discardFeature(sumsAt(edge, 0), feature);
    discardFeature(sumsAt(edge, 1), feature);
  }
  if (feature == 1) renewRelative(edge);
  return true;
}

/** Adds a latency level, seconds, to an open tick of the edge. False: the tick is not open. */
export function addLevel(edge: i32, tick: f64, value: f64, weight: f64): bool {
  if (!isEdge(edge)) return false;
  const grid = gridAt(edgeAt(edge).group);
  const ticks = <i64>tick - grid.closed;
  if (ticks < 1 || ticks > 2 || !(value >= 0 && value < Infinity && weight > 0 && weight < Infinity)) return false;
  addLevelTo(sumsAt(edge, <i64>tick), value, weight);
  return true;
}
