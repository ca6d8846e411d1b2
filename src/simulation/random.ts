// Seeded random numbers and the distributions that traffic is made of.

/** splitmix32: spreads a seed over a generator's state. */
function spread(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** xoshiro128** (Blackman and Vigna); the same numbers for the same seeds on every machine. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;
  /** The second of a pair of normal deviates. */
  private spare = Number.NaN;

  /** Several seeds make a stream of their own: `new Random(run, edge)`. */
  constructor(...seeds: readonly number[]) {
    let mixed = 0;
    for (const seed of seeds) mixed = spread(mixed ^ seed ^ Math.floor(seed / 2 ** 32))();
    const next = spread(mixed);
    this.a = next();
    this.b = next();
    this.c = next();
    this.d = next();
  }

  /** Unsigned 32 bits. */
  bits(): number {
    const result = Math.imul(rotate(Math.imul(this.b, 5), 7), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = rotate(this.d, 11);
    return result;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 0x4000000 + (this.bits() >>> 6)) / 0x20000000000000;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Uniform on a logarithmic scale. */
  scaled(low: number, high: number): number {
    return Math.exp(this.between(Math.log(low), Math.log(high)));
  }

  /** A whole number in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low));
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[this.integer(0, list.length)] as T;
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    if (!Number.isNaN(this.spare)) {
      const spare = this.spare;
      this.spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      this.spare = v * scale;
      return u * scale;
    }
  }

  /** Median 1; `sigma` is the deviation of the logarithm. */
  lognormal(sigma: number): number {
    return Math.exp(sigma * this.normal());
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  poisson(mean: number): number {
    if (!(mean > 0)) return 0;
    return mean < 10 ? this.smallPoisson(mean) : this.largePoisson(mean);
  }

  /** By inversion, counting up. */
  private smallPoisson(mean: number): number {
    let left = this.uniform();
    let term = Math.exp(-mean);
    let count = 0;
    while (left > term && term > 0) {
      left -= term;
      term *= mean / ++count;
    }
    return count;
  }

  /** Transformed rejection with squeeze (PTRS), Hörmann 1993, for means of at least 10. */
  private largePoisson(mean: number): number {
    const b = 0.931 + 2.53 * Math.sqrt(mean);
    const a = -0.059 + 0.02483 * b;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const accept = 0.9277 - 3.6224 / (b - 2);
    const logMean = Math.log(mean);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
      if (us >= 0.07 && v <= accept) return count;
      if (count < 0 || (us < 0.013 && v > us)) continue;
      const density = -mean + count * logMean - logFactorial(count);
      if (Math.log((v * inverseAlpha) / (a / (us * us) + b)) <= density) return count;
    }
  }

  /** Successes of `trials`. */
  binomial(trials: number, probability: number): number {
    if (!(trials > 0) || !(probability > 0)) return 0;
    if (probability >= 1) return trials;
    if (probability > 0.5) return trials - this.binomial(trials, 1 - probability);
    return trials * probability < 10
      ? this.smallBinomial(trials, probability)
      : this.largeBinomial(trials, probability);
  }

  /** By inversion, counting up. */
  private smallBinomial(trials: number, p: number): number {
    const odds = p / (1 - p);
    let left = this.uniform();
    let term = Math.exp(trials * Math.log1p(-p));
    let count = 0;
    while (left > term && count < trials) {
      left -= term;
      count++;
      term *= (odds * (trials - count + 1)) / count;
    }
    return count;
  }

  /** Transformed rejection (BTRS), Hörmann 1993, for at least 10 expected successes. */
  private largeBinomial(trials: number, p: number): number {
    const spread = Math.sqrt(trials * p * (1 - p));
    const b = 1.15 + 2.53 * spread;
    const a = -0.0873 + 0.0248 * b + 0.01 * p;
    const c = trials * p + 0.5;
    const accept = 0.92 - 4.2 / b;
    const alpha = (2.83 + 5.1 / b) * spread;
    const logOdds = Math.log(p / (1 - p));
    const mode = Math.floor((trials + 1) * p);
    const atMode = logFactorial(mode) + logFactorial(trials - mode);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const count = Math.floor(((2 * a) / us + b) * u + c);
      if (us >= 0.07 && v <= accept) return count;
      if (count < 0 || count > trials) continue;
      const density = atMode - logFactorial(count) - logFactorial(trials - count) + (count - mode) * logOdds;
      if (Math.log((v * alpha) / (a / (us * us) + b)) <= density) return count;
    }
  }
}

/** ln n!, by the product for small n and Stirling's series above. */
export function logFactorial(n: number): number {
  if (n < 2) return 0;
  if (n < 10) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

/** First-order autoregression with a stationary deviation: x ← ρ x + √(1−ρ²) ε, times `deviation`. */
export class Drift {
  private x: number;
  private readonly fresh: number;

  constructor(
    private readonly random: Random,
    private readonly memory: number,
    private readonly deviation: number,
  ) {
    this.x = random.normal();
    this.fresh = Math.sqrt(1 - memory * memory);
  }

  next(): number {
    this.x = this.memory * this.x + this.fresh * this.random.normal();
    return this.x * this.deviation;
  }
}
