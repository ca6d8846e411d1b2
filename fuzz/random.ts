// Random numbers that a seed gives again (xoshiro128**, Blackman and Vigna).

export class Random {
  readonly #s: Uint32Array;

  constructor(seed: number) {
    // SplitMix32 fills the state.
    let z = seed >>> 0;
    this.#s = Uint32Array.from({ length: 4 }, () => {
      z = (z + 0x9e37_79b9) >>> 0;
      let x = z;
      x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
      x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
      return (x ^ (x >>> 16)) >>> 0;
    });
  }

  uint32(): number {
    const s = this.#s;
    const b = Math.imul(s[1]!, 5);
    const result = Math.imul((b << 7) | (b >>> 25), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** 0 to below `n`. */
  below(n: number): number {
    return this.uint32() % n;
  }

  /** True once in `n`. */
  once(n: number): boolean {
    return this.uint32() % n === 0;
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }

  bytes(n: number): Uint8Array {
    return Uint8Array.from({ length: n }, () => this.below(256));
  }
}
