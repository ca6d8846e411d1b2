// The order in which a group's edges are closed: a list of chunks of 64 edge slots a group, so that an edge can be
// removed without moving the others. Two neighbouring chunks together hold more than 64 edges, which bounds the pool
// (see `chunksFor`).
//
//   group ─FIRST→ [prev next count | 64 × u32] ⇄ [ … ] ←LAST─ group
import { chunkAt, edgeAt, groupAt, orderHead } from './regions';
import { Edge, Group } from './state';

export const CHUNK_EDGES = 64;

/** A chunk, byte offsets. A free chunk's NEXT leads to the next free one. */
export const enum Chunk {
  PREV = 0,
  NEXT = 4,
  COUNT = 8,
  EDGES = 16,
  BYTES = 272,
}

/**
 * Chunks that suffice for so many edges in so many groups: full ones never need more than twice their number, and one a
 * group.
 */
export function chunksFor(edges: i32, groups: i32): i32 {
  return 2 * (edges / CHUNK_EDGES + 1) + 2 * groups;
}

function takeChunk(): i32 {
  let chunk = load<i32>(orderHead) - 1;
  if (chunk >= 0) {
    store<i32>(orderHead, load<i32>(chunkAt(chunk), Chunk.NEXT) + 1);
  } else {
    chunk = load<i32>(orderHead, 4);
    store<i32>(orderHead, chunk + 1, 4);
  }
  const at = chunkAt(chunk);
  store<i32>(at, -1, Chunk.PREV);
  store<i32>(at, -1, Chunk.NEXT);
  store<i32>(at, 0, Chunk.COUNT);
  return chunk;
}

function dropChunk(group: usize, chunk: i32): void {
  const at = chunkAt(chunk);
  const prev = load<i32>(at, Chunk.PREV);
  const next = load<i32>(at, Chunk.NEXT);
  if (prev >= 0) store<i32>(chunkAt(prev), next, Chunk.NEXT);
  else store<i32>(group, next, Group.FIRST);
  if (next >= 0) store<i32>(chunkAt(next), prev, Chunk.PREV);
  else store<i32>(group, prev, Group.LAST);
  store<i32>(at, load<i32>(orderHead) - 1, Chunk.NEXT);
  store<i32>(orderHead, chunk + 1);
}

/** Moves the edges of `from` behind those of `to`, its predecessor, when both fit into one chunk. */
function join(group: usize, to: i32, from: i32): void {
  if (to < 0 || from < 0) return;
  const a = chunkAt(to);
  const b = chunkAt(from);
  const head = load<i32>(a, Chunk.COUNT);
  const tail = load<i32>(b, Chunk.COUNT);
  if (head + tail > CHUNK_EDGES) return;
  for (let i = 0; i < tail; i++) {
    const edge = load<u32>(b + ((<usize>i) << 2), Chunk.EDGES);
    store<u32>(a + ((<usize>(head + i)) << 2), edge, Chunk.EDGES);
    store<i32>(edgeAt(edge), to, Edge.CHUNK);
  }
  store<i32>(a, head + tail, Chunk.COUNT);
  dropChunk(group, from);
}

/** Puts the edge behind all others of the group. An edge stands in one order at a time. */
export function orderAppend(group: i32, edge: i32): void {
  const g = groupAt(group);
  const last = load<i32>(g, Group.LAST);
  let chunk = last;
  if (last < 0 || load<i32>(chunkAt(last), Chunk.COUNT) == CHUNK_EDGES) {
    chunk = takeChunk();
    store<i32>(chunkAt(chunk), last, Chunk.PREV);
    if (last >= 0) store<i32>(chunkAt(last), chunk, Chunk.NEXT);
    else store<i32>(g, chunk, Group.FIRST);
    store<i32>(g, chunk, Group.LAST);
  }
  const at = chunkAt(chunk);
  const count = load<i32>(at, Chunk.COUNT);
  store<u32>(at + ((<usize>count) << 2), edge, Chunk.EDGES);
  store<i32>(at, count + 1, Chunk.COUNT);
  store<i32>(g, load<i32>(g, Group.COUNT) + 1, Group.COUNT);
  store<i32>(edgeAt(edge), chunk, Edge.CHUNK);
  store<i32>(edgeAt(edge), group, Edge.GROUP);
}

/** Takes the edge out of its group's order; the others keep theirs. Nothing happens when it stands in none. */
export function orderRemove(edge: i32): void {
  const e = edgeAt(edge);
  const chunk = load<i32>(e, Edge.CHUNK);
  if (chunk < 0) return;
  const g = groupAt(load<i32>(e, Edge.GROUP));
  const at = chunkAt(chunk);
  const count = load<i32>(at, Chunk.COUNT) - 1;
  let place = 0;
  while (load<u32>(at + ((<usize>place) << 2), Chunk.EDGES) != <u32>edge) place++;
  const hole = at + Chunk.EDGES + ((<usize>place) << 2);
  memory.copy(hole, hole + 4, (<usize>(count - place)) << 2);
  store<i32>(at, count, Chunk.COUNT);
  store<i32>(g, load<i32>(g, Group.COUNT) - 1, Group.COUNT);
  store<i32>(e, -1, Edge.CHUNK);
  if (count == 0) {
    const prev = load<i32>(at, Chunk.PREV);
    const next = load<i32>(at, Chunk.NEXT);
    dropChunk(g, chunk);
    join(g, prev, next);
    return;
  }
  join(g, chunk, load<i32>(at, Chunk.NEXT));
  join(g, load<i32>(at, Chunk.PREV), chunk);
}

/** Edges in the group's order. */
export function orderCount(group: i32): i32 {
  return load<i32>(groupAt(group), Group.COUNT);
}

/** Writes the group's edge slots, u32 each, in their order; returns how many. */
export function orderCopy(group: i32, target: usize): i32 {
  let cursor = target;
  for (let chunk = load<i32>(groupAt(group), Group.FIRST); chunk >= 0; chunk = load<i32>(chunkAt(chunk), Chunk.NEXT)) {
    const bytes = (<usize>load<i32>(chunkAt(chunk), Chunk.COUNT)) << 2;
    memory.copy(cursor, chunkAt(chunk) + Chunk.EDGES, bytes);
    cursor += bytes;
  }
  return orderCount(group);
}
