// The forest's generator: xoshiro128** seeded by splitmix32, one a period, so that a run can be repeated bit for bit.
import { Numbers } from '../numbers';

@unmanaged
export class Generator {
  s0: u32;
  s1: u32;
  s2: u32;
  s3: u32;
}

function splitmix32(x: u32): u32 {
  let z = x;
  z = (z ^ (z >>> 16)) * 0x85ebca6b;
  z = (z ^ (z >>> 13)) * 0xc2b2ae35;
  return z ^ (z >>> 16);
}

/** State words of a period: outputs 4 p + 1 … 4 p + 4 of splitmix32 started at the seed. */
export function seedRandom(rng: Generator, seed: u32, period: u32): void {
  rng.s0 = splitmix32(seed + 0x9e3779b9 * (4 * period + 1));
  rng.s1 = splitmix32(seed + 0x9e3779b9 * (4 * period + 2));
  rng.s2 = splitmix32(seed + 0x9e3779b9 * (4 * period + 3));
  rng.s3 = splitmix32(seed + 0x9e3779b9 * (4 * period + 4));
}

/** The next 32 random bits. */
export function nextRandom(rng: Generator): u32 {
  const s0 = rng.s0;
  let s1 = rng.s1;
  let s2 = rng.s2;
  let s3 = rng.s3;
  const result = rotl<u32>(s1 * 5, 7) * 9;
  const t = s1 << 9;
  s2 ^= s0;
  s3 ^= s1;
  s1 ^= s2;
  rng.s0 = s0 ^ s3;
  rng.s1 = s1;
  rng.s2 = s2 ^ t;
  rng.s3 = rotl<u32>(s3, 11);
  return result;
}

/** An integer in 0 … n - 1: the high word of a 32 × 32 bit product. */
export function below(rng: Generator, n: u32): u32 {
  return <u32>((<u64>nextRandom(rng) * <u64>n) >>> 32);
}

/** Partial Fisher–Yates: the first k of n entries become a random sample without replacement. */
export function shuffleFront<T>(entries: Numbers<T>, n: u32, k: u32, rng: Generator): void {
  for (let i: u32 = 0; i < k; i++) {
    const j = i + below(rng, n - i);
    const kept = entries[i];
    entries[i] = entries[j];
    entries[j] = kept;
  }
}
