// 64-bit seeded hash of bytes that identify a series.
//
// Four lanes of 8 bytes, each l = rotl((l ^ word) * ODD, 29): for one lane a bijection in `word`, so that a single
// changed word always changes the lane. Lanes are folded with distinct rotations and the result is avalanched
// (finaliser of MurmurHash3, public domain). A series is the xor of the hashes of its parts (resource, scope, metric,
// attributes), each under a seed of its own: a part that comes late on the wire can still be added.

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
const ODD2: u64 = 0xc2b2_ae3d_27d4_eb4f;

/** What is hashed; each gets a seed of its own. */
export const enum Part {
  RESOURCE = 1,
  SCOPE = 2,
  NAME = 3,
  UNIT = 4,
  ATTRIBUTES = 5,
}

let seed: u64 = 0;

export function hashInit(hashSeed: u64): void {
  seed = hashSeed;
}

export function hashSeed(): u64 {
  return seed;
}

// @ts-ignore: decorator
@inline
function step(lane: u64, word: u64): u64 {
  return rotl((lane ^ word) * ODD, 29);
}

/** Spreads every bit over the word. */
// @ts-ignore: decorator
@inline
export function avalanche(h: u64): u64 {
  h = (h ^ (h >> 33)) * 0xff51_afd7_ed55_8ccd;
  h = (h ^ (h >> 33)) * 0xc4ce_b9fe_1a85_ec53;
  return h ^ (h >> 33);
}

/** `h` followed by one more word: for parts that come in several pieces, and for small numbers. */
export function chain(h: u64, word: u64): u64 {
  return avalanche(step(h, word));
}

/** Up to 7 bytes at the cursor, the rest 0. Reads a whole word. */
// @ts-ignore: decorator
@inline
function partWord(cursor: usize, bytes: u64): u64 {
  return load<u64>(cursor) & ((<u64>1 << (bytes << 3)) - 1);
}

/**
 * Hash of [cursor, end). The last lanes overlap those before them instead of going byte by byte; the length is part of
 * the start. Reads up to 7 bytes behind the end of a range shorter than 8, without effect on the result.
 */
export function hashBytes(cursor: usize, end: usize, part: u64): u64 {
  const length = <u64>(end - cursor);
  const start = seed ^ (part * ODD2) ^ (length * ODD);
  let a = start;
  let b = start ^ ODD2;
  if (length >= 16) {
    let c = start + ODD;
    let d = ~start;
    for (const last = end - 32; cursor < last && length > 32; cursor += 32) {
      a = step(a, load<u64>(cursor));
      b = step(b, load<u64>(cursor, 8));
      c = step(c, load<u64>(cursor, 16));
      d = step(d, load<u64>(cursor, 24));
    }
    // Of 16 to 31 bytes the first and the last 16, else the last 32.
    const first = length >= 32 ? end - 32 : cursor;
    a = step(a, load<u64>(first));
    b = step(b, load<u64>(first, 8));
    c = step(c, load<u64>(end - 16));
    d = step(d, load<u64>(end - 8));
    a = step(a, rotl(c, 32));
    b = step(b, rotl(d, 32));
  } else if (length >= 8) {
    a = step(a, load<u64>(cursor));
    b = step(b, load<u64>(end - 8));
  } else {
    a = step(a, partWord(cursor, length));
  }
  return avalanche(a + rotl(b, 17) * ODD2);
}
