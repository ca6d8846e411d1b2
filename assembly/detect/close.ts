// Closing a tick of a group, in slices: contexts, then trees of a forest in training, then blocks of edges through the
// stages. Neither order nor arithmetic depends on how the work is sliced.
import { skipAlert } from './alert';
import { Chunk } from './chunk';
import { endContexts, foldContexts, startContexts } from './context';
import { endPeriod, endsPeriod, growNext, lastPeriodEnd, periodEnds } from './forest';
import { Group } from './group';
import { skipChannel } from './incident';
import { chunkAt, edgeAt, groupAt, passedOver, setPassedOver } from './regions';
import { startResult, TickResult } from './result';
import { closeBlock } from './stages';

/** Where the closing of a group stands. */
const enum Phase {
  IDLE = 0,
  /** Trees are to be grown, before the next tick's edges; survives between closings after ticks were passed over. */
  TRAINING = 1,
  EDGES = 2,
  /** Before both: ticks passed over, services, outage. */
  CONTEXTS = 3,
}

/** Growing a tree costs about as much as closing so many edges. */
const TREE_COST = 32;
/** So many edges' contexts cost about as much as closing one. */
const CONTEXTS_PER_EDGE = 8;

/**
 * Passes over `ticks` empty ticks of a silent group: an outage for every edge, as if each tick had been closed without
 * any window. Alerts and channels that end in them are reported by the next closing, which is also what tells the
 * edges.
 */
export function skipTicks(group: i32, ticks: i64): void {
  const g = groupAt(group);
  if (ticks <= 0) return;
  const from = g.tick;
  const end = lastPeriodEnd(from, from + ticks - 1);
  if (end > 0) {
    const stale = g.phase == Phase.TRAINING || periodEnds(from, from + ticks - 1) > 1;
    if (endPeriod(group, end, stale)) g.phase = Phase.TRAINING;
  }
  setPassedOver(group, passedOver(group) + ticks);
  g.tick = from + ticks;
}

/** The edges of a chunk are told of the `ticks` that were passed over since the last closing. */
function skipChunk(chunk: Chunk, tick: i64, ticks: i64): void {
  for (let i = 0; i < chunk.count; i++) skipEdge(chunk.edges[i], tick, ticks);
}

/**
 * An edge that was never present, as those are that were first seen behind the ticks passed over, has nothing to lose
 * in them.
 */
function skipEdge(edge: i32, tick: i64, ticks: i64): void {
  const e = edgeAt(edge);
  if (!(e.windows >= 1)) return;
  e.held = e.held + <f32>ticks;
  skipAlert(edge, e, ticks);
  skipChannel(edge, e, tick, ticks);
}

/** Begins the group's tick. The windows of its edges must have been written. */
export function closeBegin(group: i32, result: TickResult): void {
  const g = groupAt(group);
  const tick = g.tick;
  startContexts();
  result.isTraining = g.phase == Phase.TRAINING;
  if (endsPeriod(tick)) result.isTraining = endPeriod(group, tick, result.isTraining);
  g.phase = Phase.CONTEXTS;
  g.chunk = g.first;
  startResult(result);
}

/** Contexts of the next chunks; what is left of the budget, 0 or less: there is more to do. */
function closeContexts(group: i32, g: Group, budget: i32, result: TickResult): i32 {
  const ticks = passedOver(group);
  let left = budget * CONTEXTS_PER_EDGE;
  while (g.chunk >= 0) {
    if (left <= 0) return 0;
    const chunk = chunkAt(g.chunk);
    if (ticks > 0) skipChunk(chunk, g.tick - ticks, ticks);
    foldContexts(g, chunk);
    left -= chunk.count;
    g.chunk = chunk.next;
  }
  endContexts(g);
  setPassedOver(group, 0);
  g.phase = result.isTraining ? Phase.TRAINING : Phase.EDGES;
  g.chunk = g.first;
  return max(left / CONTEXTS_PER_EDGE, 1);
}

/** Works on for about `budget` edges' worth; true when the tick is closed. */
export function closeEdges(group: i32, budget: i32, result: TickResult): bool {
  const g = groupAt(group);
  let left = budget;
  if (g.phase == Phase.CONTEXTS) {
    left = closeContexts(group, g, budget, result);
    if (left <= 0) return false;
  }
  while (g.phase == Phase.TRAINING) {
    if (growNext(group)) g.phase = Phase.EDGES;
    left -= TREE_COST;
    if (left <= 0) return false;
  }
  while (g.chunk >= 0) {
    if (left <= 0) return false;
    const chunk = chunkAt(g.chunk);
    closeBlock(group, g, chunk, result);
    left -= chunk.count;
    g.chunk = chunk.next;
  }
  g.tick++;
  g.phase = Phase.IDLE;
  return true;
}
