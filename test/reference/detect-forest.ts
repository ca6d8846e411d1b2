// Plain TypeScript isolation forest: generator, reservoir, trees on any table, calibration. The oracle of
// assembly/detect/forest*.ts.
import { P } from './detect-state.js';

/** xoshiro128** seeded by splitmix32; one a period. */
export class Random {
  readonly words: Uint32Array = new Uint32Array(4);

  seed(seed: number, period: number): void {
    for (let i = 0; i < 4; i++) {
      let z = (seed + Math.imul(0x9e3779b9, 4 * period + i + 1)) >>> 0;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.words[i] = z ^ (z >>> 16);
    }
  }

  next(): number {
    const s = this.words;
    const five = Math.imul(s[1]!, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = s[1]! << 9;
    s[2] = s[2]! ^ s[0]!;
    s[3] = s[3]! ^ s[1]!;
    s[1] = s[1]! ^ s[2]!;
    s[0] = s[0]! ^ s[3]!;
    s[2] = s[2]! ^ t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** An integer in 0 … n - 1. */
  below(n: number): number {
    return Number((BigInt(this.next()) * BigInt(n)) >> 32n);
  }

  /** The first k entries become a random sample without replacement. */
  shuffleFront<T>(entries: T[], k: number): void {
    for (let i = 0; i < k; i++) {
      const j = i + this.below(entries.length - i);
      [entries[i], entries[j]] = [entries[j]!, entries[i]!];
    }
  }
}

/** Mean length of an unsuccessful search among n (Liu et al. 2008). */
export function meanPath(n: number): number {
  if (n < 2) return 0;
  if (n === 2) return 1;
  return 2 * (Math.log(n - 1) + 0.5772156649) - (2 * (n - 1)) / n;
}

/**
 * Implicit heap: the children of node i are 2 i + 1 (x <= threshold) and 2 i + 2. feature -1: a leaf, or never reached.
 */
export class Tree {
  readonly feature: Int16Array;
  readonly threshold: Float32Array;
  readonly size: Int32Array;
  readonly length: Float32Array;

  constructor(subsample: number) {
    const nodes = 2 ** (Math.ceil(Math.log2(Math.max(subsample, 2))) + 1) - 1;
    this.feature = new Int16Array(nodes).fill(-1);
    this.threshold = new Float32Array(nodes);
    this.size = new Int32Array(nodes);
    this.length = new Float32Array(nodes);
  }

  grow(rows: readonly Float32Array[], random: Random): void {
    const members: Float32Array[][] = [[...rows]];
    for (let i = 0; i < this.feature.length; i++) {
      const inside = members[i] ?? [];
      this.size[i] = inside.length;
      this.length[i] = Math.floor(Math.log2(i + 1)) + meanPath(inside.length);
      if (inside.length <= 1 || 2 * i + 2 >= this.feature.length) continue;
      this.#split(i, inside, members, random);
    }
  }

  #split(i: number, inside: Float32Array[], members: Float32Array[][], random: Random): void {
    const spans: [number, number, number][] = [];
    for (let f = 0; f < inside[0]!.length; f++) {
      const values = inside.map((row) => row[f]!);
      const low = Math.min(...values);
      const high = Math.max(...values);
      if (high > low) spans.push([f, low, high]);
    }
    if (spans.length === 0) return;
    const [f, low, high] = spans[random.below(spans.length)]!;
    // The oracle's distance is f32, its product f64.
    const drawn = Math.fround(low + Math.fround(high - low) * (random.next() / 4294967296));
    const cut = drawn >= high ? low : drawn;
    this.feature[i] = f;
    this.threshold[i] = cut;
    members[2 * i + 1] = inside.filter((row) => row[f]! <= cut);
    members[2 * i + 2] = inside.filter((row) => !(row[f]! <= cut));
  }

  /** Path length of a row. */
  walk(row: Float32Array): number {
    let i = 0;
    while (this.feature[i]! >= 0) i = row[this.feature[i]!]! <= this.threshold[i]! ? 2 * i + 1 : 2 * i + 2;
    return this.length[i]!;
  }
}

/** A forest on a table of rows: a fresh subsample without replacement for each tree. */
export function growForest(
  rows: readonly Float32Array[],
  trees: number,
  subsample: number,
  psi: number,
  random: Random,
): Tree[] {
  return Array.from({ length: trees }, () => {
    const drawn = [...rows];
    random.shuffleFront(drawn, psi);
    const tree = new Tree(subsample);
    tree.grow(drawn.slice(0, psi), random);
    return tree;
  });
}

/** 2^(-mean path length / c(psi)). */
export function forestScore(trees: readonly Tree[], row: Float32Array, psi: number): number {
  let h = 0;
  for (const tree of trees) h += tree.walk(row);
  return 2 ** (-h / trees.length / meanPath(psi));
}

/** Streaming tail calibration of a score. */
export class Calibration {
  n = 0;
  constructor(
    public q: number,
    public b: number,
  ) {}

  /** Surprise of a score, nats; learns. */
  fold(score: number): number {
    const { q, b } = this;
    const LN100 = 4.605;
    const L = score <= q ? Math.min((score / q) * LN100, LN100) : Math.min(LN100 + (score - q) / b, P.LMAX);
    this.n += 1;
    const step = Math.max(0.3 / (1 + this.n * 0.01), 2e-4) * 0.1;
    if (score > q) {
      this.q += step * 0.99;
      this.b += Math.max(1 / (20 + this.n * 0.01), 5e-4) * (Math.min(score - q, 5 * b) - b);
    } else {
      this.q -= step * 0.01;
    }
    return L;
  }
}

/** Sizes of a forest stage, in vectors; refresh in ticks. */
export interface ForestSizes {
  readonly trees: number;
  readonly subsample: number;
  readonly reservoir: number;
  readonly period: number;
  readonly first: number;
  readonly refresh: number;
}

/** The forest of one group over time. */
export class ForestStage {
  readonly calibration: Calibration = new Calibration(0.6, 0.03);
  readonly random: Random = new Random();
  trees: Tree[] = [];
  psi = 0;
  reservoir: Float32Array[] = [];
  #fresh: Float32Array[] = [];
  #offered = 0;

  constructor(
    readonly sizes: ForestSizes,
    readonly seed: number,
  ) {
    this.random.seed(seed, 0);
  }

  /** Ends a period in front of tick t, where one ends. */
  begin(t: number): void {
    const { refresh, reservoir, first, subsample, trees } = this.sizes;
    if (t === 0 || t % refresh !== 0) return;
    const both = [...this.reservoir, ...this.#fresh];
    if (both.length > reservoir) this.random.shuffleFront(both, reservoir);
    this.reservoir = both.slice(0, reservoir);
    this.#fresh = [];
    this.#offered = 0;
    if (this.reservoir.length >= first) {
      this.psi = Math.min(subsample, this.reservoir.length);
      this.trees = growForest(this.reservoir, trees, subsample, this.psi, this.random);
    }
    this.random.seed(this.seed, t / refresh);
  }

  /**
   * Score (NaN: no forest yet) and surprise of a judged window, whose vector is then offered to the period's sample.
   */
  fold(surprise: Float64Array): { readonly score: number; readonly surprise: number } {
    const vector = Float32Array.from(surprise, (L) => Math.min(Math.max(L, -P.CAP), P.CAP));
    const score = this.psi > 0 ? forestScore(this.trees, vector, this.psi) : Number.NaN;
    const nats = this.psi > 0 ? this.calibration.fold(score) : 0;
    let place = this.#offered;
    if (place >= this.sizes.period) place = this.random.below(this.#offered + 1);
    this.#offered += 1;
    if (place < this.sizes.period) this.#fresh[place] = vector;
    return { score, surprise: nats };
  }
}
