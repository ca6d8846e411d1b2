// The order in which a group's edges are closed: a list of chunks of edge slots a group, so that an edge can be removed
// without moving the others.
//
//   group ─first→ [previous next count | 64 × u32] ⇄ [ … ] ←last─ group
import { Chunk, CHUNK_EDGES } from './chunk';
import { Group } from './group';
import { chunkAt, chunkPool, edgeAt, groupAt } from './regions';

function takeChunk(): i32 {
  const pool = chunkPool();
  let chunk = pool.free - 1;
  if (chunk >= 0) pool.free = chunkAt(chunk).next + 1;
  else chunk = pool.used++;
  const at = chunkAt(chunk);
  at.previous = -1;
  at.next = -1;
  at.count = 0;
  return chunk;
}

function dropChunk(group: Group, chunk: i32): void {
  const pool = chunkPool();
  const at = chunkAt(chunk);
  const previous = at.previous;
  const next = at.next;
  if (previous >= 0) chunkAt(previous).next = next;
  else group.first = next;
  if (next >= 0) chunkAt(next).previous = previous;
  else group.last = previous;
  at.next = pool.free - 1;
  pool.free = chunk + 1;
}

/** Moves the edges of `from` behind those of `to`, its predecessor, when both fit into one chunk. */
function join(group: Group, to: i32, from: i32): void {
  if (to < 0 || from < 0) return;
  const a = chunkAt(to);
  const b = chunkAt(from);
  const head = a.count;
  const tail = b.count;
  if (head + tail > CHUNK_EDGES) return;
  for (let i = 0; i < tail; i++) {
    const edge = b.edges[i];
    a.edges[head + i] = edge;
    edgeAt(edge).chunk = to;
  }
  a.count = head + tail;
  dropChunk(group, from);
}

/** Puts the edge behind all others of the group. An edge stands in one order at a time. */
export function orderAppend(group: i32, edge: i32): void {
  const g = groupAt(group);
  const last = g.last;
  let chunk = last;
  if (last < 0 || chunkAt(last).count == CHUNK_EDGES) {
    chunk = takeChunk();
    chunkAt(chunk).previous = last;
    if (last >= 0) chunkAt(last).next = chunk;
    else g.first = chunk;
    g.last = chunk;
  }
  const at = chunkAt(chunk);
  at.edges[at.count] = edge;
  at.count++;
  g.count++;
  edgeAt(edge).chunk = chunk;
  edgeAt(edge).group = group;
}

/** Takes the edge out of its group's order; the others keep theirs. Nothing happens when it stands in none. */
export function orderRemove(edge: i32): void {
  const e = edgeAt(edge);
  const chunk = e.chunk;
  if (chunk < 0) return;
  const g = groupAt(e.group);
  const at = chunkAt(chunk);
  const count = at.count - 1;
  let place = 0;
  while (at.edges[place] != <u32>edge) place++;
  memory.copy(at.edges.at(place), at.edges.at(place + 1), (<usize>(count - place)) << 2);
  at.count = count;
  g.count--;
  e.chunk = -1;
  if (count == 0) {
    const previous = at.previous;
    const next = at.next;
    dropChunk(g, chunk);
    join(g, previous, next);
    return;
  }
  join(g, chunk, at.next);
  join(g, at.previous, chunk);
}

/** Edges in the group's order. */
export function orderCount(group: i32): i32 {
  return groupAt(group).count;
}

/** Writes the group's edge slots, u32 each, in their order; returns how many. */
export function orderCopy(group: i32, target: usize): i32 {
  let cursor = target;
  for (let chunk = groupAt(group).first; chunk >= 0; chunk = chunkAt(chunk).next) {
    const bytes = (<usize>chunkAt(chunk).count) << 2;
    memory.copy(cursor, chunkAt(chunk).edges.at(0), bytes);
    cursor += bytes;
  }
  return orderCount(group);
}
