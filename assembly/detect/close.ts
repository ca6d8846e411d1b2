// Closing a tick of a group, in slices: contexts, then trees of a forest in training, then blocks of edges through the
// stages. Neither order nor arithmetic depends on how the work is sliced.

import { foldAlert, skipAlert } from './alert';
import { coderEnabled, coderLearn, coderSurprise } from './autoencoder';
import { foldEdge, foldedGap, foldedPresent } from './baseline';
import { CAP, COMPONENTS } from './constants';
import { endContexts, foldContexts, startContexts } from './context';
import { ageWeight, edgeEvidence, evidenceSource, weigh } from './evidence';
import { endPeriod, endsPeriod, foldVectors, forestEnabled, growNext, lastPeriodEnd, periodEnds } from './forest';
import { channelCount, foldChannel, skipChannel, startChannels } from './incident';
import { Chunk } from './order';
import {
  ageColumn,
  alertingList,
  blockForest,
  blockGap,
  blockKinds,
  blockPresent,
  blockSurprise,
  blockVectors,
  changeColumn,
  chunkAt,
  edgeAt,
  evidenceColumn,
  forestColumn,
  gapColumn,
  groupAt,
  onColumn,
  passedOverBy,
  presentColumn,
  scoreColumn,
  sourceColumn,
  surpriseColumn,
  usualColumn,
  vectorScores,
  vectorSurprises,
  windowAt,
} from './regions';
import { Edge, Group } from './state';

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
const ROW = (<usize>COMPONENTS) << 3;

let alerting: i32 = 0;
/** Trees are to be grown once the contexts are known. */
let isTrainingNext: bool = false;
let seen: i32 = 0;
let live: i32 = 0;

/** Edges that were seen in the last closing. */
export function seenCount(): i32 {
  return seen;
}

/** Edges of the last closing that are live: seen, silent for not too long to tell, or not seen in any window yet. */
export function liveCount(): i32 {
  return live;
}

/** Entries of `alertingList`: edges whose alert is on or changed in the last closing, in the group's order. */
export function alertingCount(): i32 {
  return alerting;
}

/** Entries of `channelList`: edges whose incident channel changed in the last closing. */
export function channelChanges(): i32 {
  return channelCount();
}

/**
 * Passes over `ticks` empty ticks of a silent group: an outage for every edge, as if each tick had been closed without
 * any window. Alerts and channels that end in them are reported by the next closing, which is also what tells the
 * edges.
 */
export function skipTicks(group: i32, ticks: i64): void {
  const g = groupAt(group);
  if (ticks <= 0) return;
  const from = load<i64>(g, Group.TICK);
  const end = lastPeriodEnd(from, from + ticks - 1);
  if (end > 0) {
    const stale = load<i32>(g, Group.PHASE) == Phase.TRAINING || periodEnds(from, from + ticks - 1) > 1;
    if (endPeriod(group, end, stale)) store<i32>(g, Phase.TRAINING, Group.PHASE);
  }
  store<i64>(passedOverBy(group), load<i64>(passedOverBy(group)) + ticks);
  store<i64>(g, from + ticks, Group.TICK);
}

/** The edges of a chunk are told of the `ticks` that were passed over since the last closing. */
function skipChunk(chunk: usize, tick: i64, ticks: i64): void {
  const limit = chunk + Chunk.EDGES + ((<usize>load<i32>(chunk, Chunk.COUNT)) << 2);
  for (let cursor = chunk + Chunk.EDGES; cursor < limit; cursor += 4) skipEdge(load<i32>(cursor), tick, ticks);
}

/**
 * An edge that was never present, as those are that were first seen behind the ticks passed over, has nothing to lose
 * in them.
 */
function skipEdge(edge: i32, tick: i64, ticks: i64): void {
  const e = edgeAt(edge);
  if (!(load<f32>(e, Edge.N) >= 1)) return;
  store<f32>(e, load<f32>(e, Edge.HELD) + <f32>ticks, Edge.HELD);
  skipAlert(edge, e, ticks);
  skipChannel(edge, e, tick, ticks);
}

/** Begins the group's tick. The windows of its edges must have been written. */
export function closeBegin(group: i32): void {
  const g = groupAt(group);
  const tick = load<i64>(g, Group.TICK);
  startContexts();
  isTrainingNext = load<i32>(g, Group.PHASE) == Phase.TRAINING;
  if (endsPeriod(tick)) isTrainingNext = endPeriod(group, tick, isTrainingNext);
  store<i32>(g, Phase.CONTEXTS, Group.PHASE);
  store<i32>(g, load<i32>(g, Group.FIRST), Group.CHUNK);
  alerting = 0;
  seen = 0;
  live = 0;
  startChannels();
}

/** Contexts of the next chunks; what is left of the budget, 0 or less: there is more to do. */
function closeContexts(group: i32, g: usize, budget: i32): i32 {
  const ticks = load<i64>(passedOverBy(group));
  let left = budget * CONTEXTS_PER_EDGE;
  for (;;) {
    const chunk = load<i32>(g, Group.CHUNK);
    if (chunk < 0) break;
    if (left <= 0) return 0;
    const at = chunkAt(chunk);
    if (ticks > 0) skipChunk(at, load<i64>(g, Group.TICK) - ticks, ticks);
    foldContexts(g, at);
    left -= load<i32>(at, Chunk.COUNT);
    store<i32>(g, load<i32>(at, Chunk.NEXT), Group.CHUNK);
  }
  endContexts(g);
  store<i64>(passedOverBy(group), 0);
  store<i32>(g, isTrainingNext ? Phase.TRAINING : Phase.EDGES, Group.PHASE);
  store<i32>(g, load<i32>(g, Group.FIRST), Group.CHUNK);
  return max(left / CONTEXTS_PER_EDGE, 1);
}

/** Works on for about `budget` edges' worth; true when the tick is closed. */
export function closeEdges(group: i32, budget: i32): bool {
  const g = groupAt(group);
  let left = budget;
  if (load<i32>(g, Group.PHASE) == Phase.CONTEXTS) {
    left = closeContexts(group, g, budget);
    if (left <= 0) return false;
  }
  while (load<i32>(g, Group.PHASE) == Phase.TRAINING) {
    if (growNext(group)) store<i32>(g, Phase.EDGES, Group.PHASE);
    left -= TREE_COST;
    if (left <= 0) return false;
  }
  for (;;) {
    const chunk = load<i32>(g, Group.CHUNK);
    if (chunk < 0) break;
    if (left <= 0) return false;
    closeBlock(group, g, chunkAt(chunk));
    left -= load<i32>(chunkAt(chunk), Chunk.COUNT);
    store<i32>(g, load<i32>(chunkAt(chunk), Chunk.NEXT), Group.CHUNK);
  }
  store<i64>(g, load<i64>(g, Group.TICK) + 1, Group.TICK);
  store<i32>(g, Phase.IDLE, Group.PHASE);
  return true;
}

/** Sum of what was touched: the loads must not be dropped. */
let touched: u32 = 0;

/**
 * Asks for the records of a block's edges, all at once: with many edges, in any order, each is a walk to memory, and
 * waiting for one after the other takes longer than all that is done with them.
 */
function touch(edges: usize, count: i32): void {
  const limit = edges + ((<usize>count) << 2);
  for (let cursor = edges; cursor < limit; cursor += 4) {
    const edge = load<i32>(cursor);
    const e = edgeAt(edge);
    const slot = (<usize>edge) << 2;
    touched += load<u32>(windowAt(edge)) + load<u32>(surpriseColumn + slot * 12);
    touched += load<u32>(scoreColumn + slot) + load<u32>(evidenceColumn + slot) + load<u32>(gapColumn + slot);
    touched += load<u32>(forestColumn + slot) + load<u32>(ageColumn + slot) + load<u32>(usualColumn + slot);
    for (let line = e; line < e + Edge.BYTES; line += 64) touched += load<u32>(line);
  }
}

/** One chunk of edges through the stages. */
function closeBlock(group: i32, g: usize, chunk: usize): void {
  const edges = chunk + Chunk.EDGES;
  const count = load<i32>(chunk, Chunk.COUNT);
  touch(edges, count);
  for (let i = 0; i < count; i++) judge(g, load<i32>(edges + ((<usize>i) << 2)), i);
  if (forestEnabled) scoreForest(group, edges, count);
  for (let i = 0; i < count; i++) conclude(group, g, load<i32>(edges + ((<usize>i) << 2)), i);
}

/** Stage A of the i-th edge of the block, into the block's scratch and the edge's columns. */
function judge(g: usize, edge: i32, i: i32): void {
  const surprise = blockSurprise + <usize>i * ROW;
  const e = edgeAt(edge);
  const K = foldEdge(g, edge, e, surprise);
  store<i32>(blockKinds + ((<usize>i) << 2), K);
  store<f64>(blockGap + ((<usize>i) << 3), foldedGap);
  store<f64>(blockForest + ((<usize>i) << 3), 0);
  store<u8>(blockPresent + <usize>i, u8(foldedPresent));
  const column = surpriseColumn + <usize>edge * 48;
  for (let v: usize = 0; v < 3; v++) {
    const low = f32x4.demote_f64x2_zero(v128.load(surprise + (v << 5)));
    const high = f32x4.demote_f64x2_zero(v128.load(surprise + (v << 5), 16));
    v128.store(column + (v << 4), v128.shuffle<f32>(low, high, 0, 1, 4, 5));
  }
  const slot = <usize>edge;
  store<f32>(gapColumn + (slot << 2), <f32>foldedGap);
  store<u8>(presentColumn + slot, u8(foldedPresent));
  store<f32>(forestColumn + (slot << 2), f32.NaN);
}

/** The forest's surprise of every judged edge of the block. */
function scoreForest(group: i32, edges: usize, count: i32): void {
  let rows: usize = 0;
  for (let i = 0; i < count; i++) {
    if (load<i32>(blockKinds + ((<usize>i) << 2)) == 0) continue;
    clipVector(blockVectors + rows * 48, surpriseColumn + <usize>load<u32>(edges + ((<usize>i) << 2)) * 48);
    rows++;
  }
  foldVectors(group, <i32>rows);
  rows = 0;
  for (let i = 0; i < count; i++) {
    if (load<i32>(blockKinds + ((<usize>i) << 2)) == 0) continue;
    const slot = <usize>load<u32>(edges + ((<usize>i) << 2));
    store<f32>(forestColumn + (slot << 2), <f32>load<f64>(vectorScores + (rows << 3)));
    store<f64>(blockForest + ((<usize>i) << 3), load<f64>(vectorSurprises + (rows << 3)));
    rows++;
  }
}

/** [a, b, c, d] → each clipped to ±CAP, three vectors. */
function clipVector(target: usize, source: usize): void {
  for (let v: usize = 0; v < 48; v += 16) {
    v128.store(target + v, f32x4.min(f32x4.max(v128.load(source + v), f32x4.splat(-CAP)), f32x4.splat(CAP)));
  }
}

/** Evidence, score, alert and channel of the i-th edge of the block. */
function conclude(group: i32, g: usize, edge: i32, i: i32): void {
  const e = edgeAt(edge);
  const surprise = blockSurprise + <usize>i * ROW;
  const K = load<i32>(blockKinds + ((<usize>i) << 2));
  const gap = load<f64>(blockGap + ((<usize>i) << 3));
  const forest = load<f64>(blockForest + ((<usize>i) << 3));
  const present = load<u8>(blockPresent + <usize>i) != 0;
  const coder = coderEnabled && K > 0 ? coderSurprise(group, surprise) : 0;
  const gross = load<u32>(e, Edge.GROSS) != 0;
  weigh(surprise, K);
  const raw = edgeEvidence(K, gap, forest, coder);
  const weight = ageWeight(<f64>load<f32>(e, Edge.N), gross, present);
  const C = raw * weight;
  const slot = <usize>edge;
  store<u8>(sourceColumn + slot, <u8>evidenceSource);
  store<f32>(evidenceColumn + (slot << 2), <f32>C);
  store<f32>(scoreColumn + (slot << 2), <f32>(1 - Math.exp(-C * load<f64>(g, Group.DECAY))));
  store<f32>(ageColumn + (slot << 2), load<f32>(e, Edge.N));
  store<f32>(usualColumn + (slot << 2), load<f32>(e, Edge.NBAR));
  foldAlert(g, edge, e, surprise, K, raw, weight, gap, forest, coder, present);
  foldChannel(g, edge, e, surprise, K, gap, gross, present);
  seen += i32(present);
  live += i32(present || load<f32>(gapColumn + (slot << 2)) > 0 || load<f32>(e, Edge.N) < 1);
  const isOn = load<u8>(onColumn + slot) != 0;
  if (isOn || load<i8>(changeColumn + slot) != 0) {
    store<u32>(alertingList + ((<usize>alerting) << 2), edge);
    alerting++;
  }
  if (coderEnabled && K > 0 && !isOn) coderLearn(group);
}
