// A ResourceMetrics that is looked for: what it is looked for by, before it is read.
import { avalanche } from '../series/hash';
import { lower, readSpan, upper } from '../wire/cursor';
import { addBlocks, addRest, blockFrom, LEAST_BYTES, MOST_BYTES, passOf } from '../wire/fingerprint';
import { ResourceMetrics } from '../wire/tags';

/** A ResourceMetrics that was begun; the sums of its fingerprint follow. */
@unmanaged
export class Ahead {
  /** By resource and length; 0: it cannot be kept. */
  key: u64;
  /** Position of the template that the last such one was read by; 0: none. */
  last: u64;
  start: u32;
  /** Up to here its bytes are in the sums; from here on where the resource is last. */
  hashed: u32;
  isResourceLast: u32;
  /** Whether one like it was seen before. */
  isSeen: u32;
}
/** Fields of a ResourceMetrics that are passed on the way to its resource: scopes, the URL of a schema. */
const MOST_FIELDS: i32 = 8;

// @ts-ignore: decorator
@inline
export function sumsOf(ahead: Ahead): usize {
  return changetype<usize>(ahead) + offsetof<Ahead>();
}

/**
 * The resource of [start, limit) if it comes first, as generated code writes fields, or last, as the Collector's pdata
 * does, from the highest number down. 0: it is elsewhere, or something is malformed.
 */
function resourceOf(start: usize, limit: usize): u64 {
  let cursor = start;
  for (let fields = 0; fields < MOST_FIELDS && cursor < limit; fields++) {
    const tag = <i32>load<u8>(cursor);
    if (tag > ResourceMetrics.SCHEMA_URL || (tag & 7) != (ResourceMetrics.RESOURCE & 7)) return 0;
    const span = readSpan(cursor + 1, limit);
    if (!span) return 0;
    if (tag == ResourceMetrics.RESOURCE) return fields == 0 || lower(span) == limit ? span : 0;
    cursor = lower(span);
  }
  return 0;
}

/** Begins with [start, limit) if it can be kept at all: with the blocks of its resource. */
export function begin(next: Ahead, start: usize, limit: usize): void {
  const bytes = limit - start;
  next.start = <u32>start;
  next.key = 0;
  next.last = 0;
  next.isSeen = 0;
  if (bytes < LEAST_BYTES || bytes > MOST_BYTES) return;
  const resource = resourceOf(start, limit);
  if (!resource) return;
  next.isResourceLast = u32(load<u8>(start) != ResourceMetrics.RESOURCE);
  v128.store(sumsOf(next), i64x2.splat(0));
  v128.store(sumsOf(next), i64x2.splat(0), 16);
  if (next.isResourceLast) {
    // The last block, which ends where the range ends, must have nothing of the scopes in it: holes are at 0 only
    // later.
    const from = <usize>upper(resource);
    if (limit - from < LEAST_BYTES) return;
    next.hashed = <u32>blockFrom(start, from);
    addRest(sumsOf(next), start, <usize>next.hashed, limit);
  } else {
    next.hashed = <u32>addBlocks(sumsOf(next), start, start, lower(resource));
  }
  next.key = avalanche(passOf(sumsOf(next), 0) + bytes);
}
