// Closing a tick, in slices: the edges' sums become windows, then the detection takes over.
import { closeBegin, closeEdges, orderAppend, orderCopy, orderCount, skipTicks, windowAt } from '../detect/api';
import { list } from '../detect/regions';
import { TickResult } from '../detect/result';
import { EdgeState, Grid } from '../graph/records';
import { edgeAt, feedAt, gridAt, isEdge, isGroup, sumsAt } from '../graph/slots';
import { Numbers } from '../numbers';
import { seriesAt } from '../series/table';
import { renewRelative } from './edge-slots';
import { tickOf } from './feeds';
import { addLevelTo } from './roles';
import { discardFeature, emptySums, finishSums } from './sums';
import { finishTick, flushTo, passOver, settleTick } from './ticks';

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

/** The tick being closed, and what that comes to. */
@unmanaged
export class ClosingTick extends TickResult {
  /** Edges first seen in it, in no order. */
  newEdges: Numbers<u32>;
  newCount: i32;
  group: i32;
  /** Outage ticks passed over before it. */
  skipped: f64;
  /** Its number, and the time of its middle as the senders tell it, Unix ns. */
  tick: f64;
  time: i64;
  /** The order being filled. */
  order: Numbers<u32>;
}

const closing = changetype<ClosingTick>(memory.data(offsetof<ClosingTick>(), 16));

export function closeInit(maxEdges: i32): void {
  const edges = <usize>maxEdges;
  closing.order = list<u32>(edges);
  closing.newEdges = list<u32>(edges);
  closing.alerting = list<u32>(edges);
  closing.channels = list<u32>(edges);
}

/** The tick being closed, or that was closed last. */
export function closingTick(): ClosingTick {
  return closing;
}

export function edgeFirstTime(edge: i32): i64 {
  return edgeAt(edge).firstTime;
}

/** Takes the edges first seen up to this tick off the group's list of new ones. */
function collectNew(grid: Grid, tick: i64): void {
  let edge = grid.newEdges;
  grid.newEdges = -1;
  closing.newCount = 0;
  while (edge >= 0) {
    const record = edgeAt(edge);
    const next = record.next;
    record.state &= ~EdgeState.NEW;
    if (record.firstTick <= tick) {
      closing.newEdges[closing.newCount] = edge;
      closing.newCount++;
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
  const tick = grid.closed + 1;
  closing.group = group;
  closing.skipped = <f64>grid.skipped;
  closing.tick = <f64>tick;
  closing.time = grid.phase + tick * grid.window + grid.base;
  grid.skipped = 0;
  collectNew(grid, tick);
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
  const order = closing.order;
  if (grid.filled == 0) orderCopy(group, order.at(0));
  const end = min(grid.filled + count, orderCount(group));
  for (let i = grid.filled; i < end; i++) {
    const edge = order[i];
    finishSums(sumsAt(edge, grid.closed + 1), windowAt(edge).at(0));
  }
  grid.filled = end;
  return end == orderCount(group);
}

/** Works on for at most about `budget` edges' worth; true when the tick is closed. */
export function closeSlice(group: i32, budget: i32): bool {
  const grid = gridAt(group);
  if (grid.closing == Closing.FILLING) {
    if (!fill(group, grid, max(budget, 1) * FILLS_PER_EDGE)) return false;
    closeBegin(group, closing);
    grid.closing = Closing.DETECTING;
  }
  if (grid.closing == Closing.DETECTING && !closeEdges(group, max(budget, 1), closing)) return false;
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
  const order = closing.order;
  orderCopy(group, order.at(0));
  const count = orderCount(group);
  let whole = true;
  for (let i = 0; i < count && whole; i++) whole = isWhole(order[i], grid, tick);
  for (let edge = grid.newEdges; edge >= 0 && whole; edge = edgeAt(edge).next) whole = isWhole(edge, grid, tick);
  if (whole) return false;
  for (let i = 0; i < count; i++) emptySums(sumsAt(order[i], tick));
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
