// Other capacities: edges and services change their slots, orders are packed, detectors that do not fit start anew.
import { Numbers } from '../numbers';
import { resetCoder } from './autoencoder';
import { FEATURES } from './constants';
import { Edge } from './edge';
import { refreshTicks, resetForest, restartForest } from './forest';
import { Service } from './group';
import { orderAppend, orderCopy } from './order';
import { chunkAt, chunkPool, columns, edgeAt, exchange, groupAt, serviceAt, windowAt } from './regions';
import { Surprises } from './surprises';

function moveNumber<T>(column: Numbers<T>, from: i32, to: i32): void {
  column[to] = column[from];
}

/** Moves what is known of an edge, and its answers, into a slot that is not in use. */
export function moveEdgeState(from: i32, to: i32): void {
  memory.copy(changetype<usize>(edgeAt(to)), changetype<usize>(edgeAt(from)), offsetof<Edge>());
  memory.copy(windowAt(to).at(0), windowAt(from).at(0), FEATURES << 3);
  const chunk = edgeAt(from).chunk;
  if (chunk >= 0) {
    const edges = chunkAt(chunk).edges;
    let place = 0;
    while (edges[place] != <u32>from) place++;
    edges[place] = to;
  }
  moveAnswers(from, to);
}

function moveAnswers(from: i32, to: i32): void {
  const surprise = columns.surprise;
  memory.copy(changetype<usize>(surprise[to]), changetype<usize>(surprise[from]), offsetof<Surprises>());
  moveNumber<f32>(columns.score, from, to);
  moveNumber<f32>(columns.evidence, from, to);
  moveNumber<f32>(columns.gap, from, to);
  moveNumber<u8>(columns.on, from, to);
  moveNumber<i8>(columns.change, from, to);
  moveNumber<u8>(columns.kind, from, to);
  moveNumber<u8>(columns.present, from, to);
  moveNumber<u8>(columns.source, from, to);
  moveNumber<f32>(columns.forest, from, to);
  moveNumber<f32>(columns.age, from, to);
  moveNumber<f32>(columns.usual, from, to);
  moveNumber<f32>(columns.sustained, from, to);
  moveNumber<u8>(columns.channel, from, to);
  moveNumber<i8>(columns.channelChange, from, to);
}

/** The same for a service; edges that end in it are told by the caller. */
export function moveServiceState(from: i32, to: i32): void {
  memory.copy(changetype<usize>(serviceAt(to)), changetype<usize>(serviceAt(from)), offsetof<Service>());
}

/** Puts the orders of so many groups into the first chunks, as few as they need. */
export function packOrders(groups: i32): void {
  let behind = 0;
  for (let group = 0; group < groups; group++) behind += orderCopy(group, exchange.order.at(behind));
  const pool = chunkPool();
  pool.free = 0;
  pool.used = 0;
  let at = 0;
  for (let group = 0; group < groups; group++) {
    const g = groupAt(group);
    const count = g.count;
    g.first = -1;
    g.last = -1;
    g.count = 0;
    for (let i = 0; i < count; i++, at++) orderAppend(group, exchange.order[at]);
  }
}

/** A group's forest is gone; `keepVectors`: what it was grown from is there. */
export function renewForest(group: i32, keepVectors: bool): void {
  const g = groupAt(group);
  g.psi = 0;
  g.tree = 0;
  g.phase = 0;
  g.period = refreshTicks() > 0 ? g.tick / refreshTicks() : 0;
  if (!keepVectors) {
    g.held = 0;
    g.offered = 0;
    resetForest(group);
  }
  restartForest(group);
}

/** A group's autoencoder starts anew. */
export function renewCoder(group: i32): void {
  groupAt(group).coderMedian = 0;
  groupAt(group).coderLearnt = 0;
  resetCoder(group);
}
