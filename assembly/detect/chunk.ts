// A chunk of a group's order (order.ts): 64 edge slots at most. Two neighbouring chunks together hold more than 64
// edges, which bounds the pool.
import { Numbers, numbersAt } from '../numbers';

/** Edges that go through the stages of a closing together: those of one chunk. */
export const CHUNK_EDGES = 64;

@unmanaged
export class Chunk {
  /** Neighbours in the order, -1: none. A free chunk's `next` leads to the next free one. */
  previous: i32;
  next: i32;
  count: i32;
  spare: i32;

  /** u32[CHUNK_EDGES]: edge slots. */
  // @ts-ignore: decorator
  @inline
  get edges(): Numbers<u32> {
    return numbersAt<u32>(changetype<usize>(this), offsetof<Chunk>());
  }
}

/** Bytes of a chunk with its edges. */
export const CHUNK_BYTES: usize = offsetof<Chunk>() + CHUNK_EDGES * sizeof<u32>();

/** The pool of chunks. */
@unmanaged
export class ChunkPool {
  /** First free chunk + 1. */
  free: i32;
  /** Chunks ever used. */
  used: i32;
}

/**
 * Chunks that suffice for so many edges in so many groups: full ones never need more than twice their number, and one a
 * group.
 */
export function chunksFor(edges: i32, groups: i32): i32 {
  return 2 * (edges / CHUNK_EDGES + 1) + 2 * groups;
}
