// 64-bit seeded hash of bytes that identify a series.
//
// Four lanes of 8 bytes, each l = rotl((l ^ word) * ODD, 29): for one lane a bijection in `word`, so that a single changed word
// always changes the lane. Lanes are folded with distinct rotations and the result is avalanched (finaliser of MurmurHash3, public domain).
// A series is the xor of the hashes of its parts (resource, scope, metric, attributes), each under a seed of its own:
// a part that comes late on the wire can still be added.

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

/** Hash of [cursor, end). Reads up to 7 bytes behind the end, without effect on the result. */
export function hashBytes(cursor: usize, end: usize, part: u64): u64 {
  const length = <u64>(end - cursor);
  let h = seed ^ (part * ODD2) ^ (length * ODD);
  if (length >= 32) {
    let a = h;
    let b = h ^ ODD;
    let c = h ^ ODD2;
    let d = ~h;
    do {
      a = step(a, load<u64>(cursor));
      b = step(b, load<u64>(cursor, 8));
      c = step(c, load<u64>(cursor, 16));
      d = step(d, load<u64>(cursor, 24));
      cursor += 32;
    } while (cursor + 32 <= end);
    h = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
    h = step(step(h, a ^ c), b ^ d);
  }
  for (; cursor + 8 <= end; cursor += 8) h = step(h, load<u64>(cursor));
  if (cursor < end) h = step(h, load<u64>(cursor) & ((<u64>1 << (<u64>(end - cursor) << 3)) - 1));
  return avalanche(h);
}
