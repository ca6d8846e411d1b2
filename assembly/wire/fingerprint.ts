// Fingerprint of bytes by which they are held to be equal: NH of UMAC (Black et al., CRYPTO 1999), two passes.
//
//   block of 32 bytes   x = first 16 + key    y = last 16 + key'       four lanes of 32 bits
//   sum += x0·y0 + x1·y1 + x2·y2 + x3·y3                   modulo 2^64; the second pass has the keys of the next block
//
// Two different ranges of one length have the same fingerprint with a probability of at most 2^-64 over the keys,
// whatever the bytes. The last block overlaps the one before it. Nothing waits for anything but sums, so that it runs
// at the speed of the loads.
import { scratch } from '../memory';
import { avalanche } from '../series/hash';

/** Longest and shortest range. */
export const MOST_BYTES: usize = 8192;
export const LEAST_BYTES: usize = 32;
const BLOCK: usize = 32;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/** Bytes of the sums of both passes, two lanes of 64 bits each. */
export const SUMS_BYTES: usize = 32;

let keys: usize = 0;

/** Keys: the generator SplitMix64 from the seed. */
export function fingerprintInit(seed: u64): void {
  const bytes = MOST_BYTES + 3 * BLOCK;
  keys = scratch(bytes);
  for (let at: usize = 0; at < bytes; at += 8) {
    seed += GOLDEN;
    store<u64>(keys + at, avalanche(seed));
  }
}

// @ts-ignore: decorator
@inline
function products(at: usize, low: v128, high: v128): v128 {
  const x = i32x4.add(v128.load(at), low);
  const y = i32x4.add(v128.load(at, 16), high);
  return i64x2.add(i64x2.extmul_low_i32x4_u(x, y), i64x2.extmul_high_i32x4_u(x, y));
}

/** Where the first block begins, of the range that begins at `start`, that begins at `from` or behind it. */
export function blockFrom(start: usize, from: usize): usize {
  return start + ((from - start + BLOCK - 1) & ~(BLOCK - 1));
}

/**
 * Adds the whole blocks of [from, end) to the sums of the range that begins at `start`; answers the end of the last
 * one.
 */
export function addBlocks(sums: usize, start: usize, from: usize, end: usize): usize {
  let first = v128.load(sums);
  let second = v128.load(sums, 16);
  let key = keys + (from - start);
  let low = v128.load(key);
  let high = v128.load(key, 16);
  while (from + BLOCK <= end) {
    first = i64x2.add(first, products(from, low, high));
    key += BLOCK;
    low = v128.load(key);
    high = v128.load(key, 16);
    second = i64x2.add(second, products(from, low, high));
    from += BLOCK;
  }
  v128.store(sums, first);
  v128.store(sums, second, 16);
  return from;
}

/**
 * The range ends: adds what is left of it, at least one block from its start. `from`: the end of the last whole block.
 */
export function addRest(sums: usize, start: usize, from: usize, end: usize): void {
  from = addBlocks(sums, start, from, end);
  // Its key is that of the block after the last, not of the place where it stands.
  addBlocks(sums, start - (from - (end - BLOCK)), end - BLOCK, end);
}

/** Result of a pass, 0 or 1, over what was added. */
// @ts-ignore: decorator
@inline
export function passOf(sums: usize, pass: usize): u64 {
  return load<u64>(sums + (pass << 4)) + load<u64>(sums + (pass << 4), 8);
}
