// Other capacities: edges and services change their slots, orders are packed, detectors that do not fit start anew.
import { resetCoder } from './autoencoder';
import { FEATURES } from './constants';
import { refreshTicks, resetForest, restartForest } from './forest';
import { Chunk, orderAppend, orderCopy } from './order';
import {
  ageColumn,
  changeColumn,
  channelChangeColumn,
  channelColumn,
  chunkAt,
  edgeAt,
  evidenceColumn,
  forestColumn,
  gapColumn,
  groupAt,
  kindColumn,
  mixColumn,
  onColumn,
  orderHead,
  orderList,
  presentColumn,
  scoreColumn,
  serviceAt,
  sourceColumn,
  surpriseColumn,
  usualColumn,
  windowAt,
} from './regions';
import { Edge, Group, Service } from './state';

function moveItem(column: usize, bytes: usize, from: usize, to: usize): void {
  memory.copy(column + to * bytes, column + from * bytes, bytes);
}

/** Moves what is known of an edge, and its answers, into a slot that is not in use. */
export function moveEdgeState(from: i32, to: i32): void {
  memory.copy(edgeAt(to), edgeAt(from), Edge.BYTES);
  memory.copy(windowAt(to), windowAt(from), FEATURES << 3);
  const chunk = load<i32>(edgeAt(from), Edge.CHUNK);
  if (chunk >= 0) {
    let place = chunkAt(chunk) + Chunk.EDGES;
    while (load<u32>(place) != <u32>from) place += 4;
    store<u32>(place, to);
  }
  moveAnswers(from, to);
}

function moveAnswers(from: i32, to: i32): void {
  moveItem(scoreColumn, 4, from, to);
  moveItem(evidenceColumn, 4, from, to);
  moveItem(surpriseColumn, 48, from, to);
  moveItem(gapColumn, 4, from, to);
  moveItem(onColumn, 1, from, to);
  moveItem(changeColumn, 1, from, to);
  moveItem(kindColumn, 1, from, to);
  moveItem(presentColumn, 1, from, to);
  moveItem(sourceColumn, 1, from, to);
  moveItem(forestColumn, 4, from, to);
  moveItem(ageColumn, 4, from, to);
  moveItem(usualColumn, 4, from, to);
  moveItem(mixColumn, 4, from, to);
  moveItem(channelColumn, 1, from, to);
  moveItem(channelChangeColumn, 1, from, to);
}

/** The same for a service; edges that end in it are told by the caller. */
export function moveServiceState(from: i32, to: i32): void {
  memory.copy(serviceAt(to), serviceAt(from), Service.BYTES);
}

/** Puts the orders of so many groups into the first chunks, as few as they need. */
export function packOrders(groups: i32): void {
  let at = orderList;
  for (let group = 0; group < groups; group++) at += (<usize>orderCopy(group, at)) << 2;
  store<u64>(orderHead, 0);
  at = orderList;
  for (let group = 0; group < groups; group++) {
    const g = groupAt(group);
    const count = load<i32>(g, Group.COUNT);
    store<i32>(g, -1, Group.FIRST);
    store<i32>(g, -1, Group.LAST);
    store<i32>(g, 0, Group.COUNT);
    for (let i = 0; i < count; i++, at += 4) orderAppend(group, load<i32>(at));
  }
}

/** A group's forest is gone; `keepVectors`: what it was grown from is there. */
export function renewForest(group: i32, keepVectors: bool): void {
  const g = groupAt(group);
  store<i32>(g, 0, Group.PSI);
  store<i32>(g, 0, Group.TREE);
  store<i32>(g, 0, Group.PHASE);
  store<i64>(g, refreshTicks() > 0 ? load<i64>(g, Group.TICK) / refreshTicks() : 0, Group.PERIOD);
  if (!keepVectors) {
    store<i32>(g, 0, Group.HELD);
    store<i32>(g, 0, Group.OFFERED);
    resetForest(group);
  }
  restartForest(group);
}

/** A group's autoencoder starts anew. */
export function renewCoder(group: i32): void {
  store<f64>(groupAt(group), 0, Group.CODER_MEDIAN);
  store<i32>(groupAt(group), 0, Group.CODER_LEARNT);
  resetCoder(group);
}
