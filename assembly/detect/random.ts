// The forest's generator: xoshiro128** seeded by splitmix32, one a period, so that a run can be repeated bit for bit.

function splitmix32(x: u32): u32 {
  let z = x;
  z = (z ^ (z >>> 16)) * 0x85ebca6b;
  z = (z ^ (z >>> 13)) * 0xc2b2ae35;
  return z ^ (z >>> 16);
}

/** State words of a period: outputs 4 p + 1 … 4 p + 4 of splitmix32 started at the seed. `rng`: u32[4]. */
export function seedRandom(rng: usize, seed: u32, period: u32): void {
  for (let i: u32 = 0; i < 4; i++) {
    store<u32>(rng + (i << 2), splitmix32(seed + 0x9e3779b9 * (4 * period + i + 1)));
  }
}

/** The next 32 random bits. */
export function nextRandom(rng: usize): u32 {
  const s0 = load<u32>(rng);
  let s1 = load<u32>(rng, 4);
  let s2 = load<u32>(rng, 8);
  let s3 = load<u32>(rng, 12);
  const result = rotl<u32>(s1 * 5, 7) * 9;
  const t = s1 << 9;
  s2 ^= s0;
  s3 ^= s1;
  s1 ^= s2;
  store<u32>(rng, s0 ^ s3);
  store<u32>(rng, s1, 4);
  store<u32>(rng, s2 ^ t, 8);
  store<u32>(rng, rotl<u32>(s3, 11), 12);
  return result;
}

/** An integer in 0 … n - 1: the high word of a 32 × 32 bit product. */
export function below(rng: usize, n: u32): u32 {
  return <u32>((<u64>nextRandom(rng) * <u64>n) >>> 32);
}

/** Partial Fisher–Yates: the first k of n entries (u16 or u32) become a random sample without replacement. */
export function shuffleFront<T>(entries: usize, n: u32, k: u32, rng: usize): void {
  for (let i: u32 = 0; i < k; i++) {
    const j = i + below(rng, n - i);
    const a = entries + i * sizeof<T>();
    const b = entries + j * sizeof<T>();
    const kept = load<T>(a);
    store<T>(a, load<T>(b));
    store<T>(b, kept);
  }
}
