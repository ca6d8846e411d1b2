// Plain TypeScript autoencoder: 12 → 4 → 12, tanh, online. The oracle of assembly/detect/autoencoder.ts.
import { Calibration, Random } from './detect-forest.js';
import { P } from './detect-state.js';

const WIDTH = 12;
const HIDDEN = 4;
const RATE = 0.01;
/** Nats of one unit of input. */
const UNIT = 5;
/** Windows learnt before it scores. */
const FIRST = 512;

/** The autoencoder of one group. */
export class Autoencoder {
  /** Rows: [hidden][input] and [output][hidden]. */
  readonly inward: number[][];
  readonly outward: number[][];
  readonly inwardBias: number[] = new Array<number>(HIDDEN).fill(0);
  readonly outwardBias: number[] = new Array<number>(WIDTH).fill(0);
  readonly calibration: Calibration = new Calibration(0.95, 0.02);
  median = 0;
  learnt = 0;
  #input: number[] = [];
  #hidden: number[] = [];
  #delta: number[] = [];
  #error = 0;

  constructor(seed: number) {
    const random = new Random();
    random.seed(seed, 0x3fffffff);
    const bound = Math.sqrt(6 / (WIDTH + HIDDEN));
    const draw = (rows: number, columns: number): number[][] =>
      Array.from({ length: rows }, () => Array.from({ length: columns }, () => (random.next() / 2 ** 31 - 1) * bound));
    this.inward = draw(HIDDEN, WIDTH);
    this.outward = draw(WIDTH, HIDDEN);
  }

  /** Surprise of a window, nats, before the penalty; 0 while it has learnt too little. */
  surprise(surprises: Float64Array): number {
    const dot = (weights: number[], values: number[], bias: number): number =>
      weights.reduce((sum, weight, i) => sum + weight * values[i]!, bias);
    this.#input = Array.from(surprises, (L) => Math.min(Math.max(L, -P.CAP), P.CAP) / UNIT);
    this.#hidden = this.inward.map((row, h) => Math.tanh(dot(row, this.#input, this.inwardBias[h]!)));
    this.#delta = this.outward.map((row, i) => dot(row, this.#hidden, this.outwardBias[i]!) - this.#input[i]!);
    this.#error = this.#delta.reduce((sum, d) => sum + d * d, 0) / WIDTH;
    return this.learnt < FIRST ? 0 : this.calibration.fold(1 - Math.exp(-this.#error / this.median));
  }

  /** One step of gradient descent on the window that `surprise` saw last. */
  learn(): void {
    const step = 1 + Math.max(1 / (1 + this.learnt), 0.005);
    if (this.learnt === 0) this.median = Math.max(this.#error, 1e-9);
    else this.median = this.#error > this.median ? this.median * step : this.median / step;
    this.learnt += 1;
    for (let h = 0; h < HIDDEN; h++) {
      const value = this.#hidden[h]!;
      const back = this.#delta.reduce((sum, d, i) => sum + this.outward[i]![h]! * d, 0);
      const slope = RATE * back * (1 - value * value);
      this.#delta.forEach((d, i) => {
        this.outward[i]![h] = this.outward[i]![h]! - RATE * d * value;
      });
      this.#input.forEach((v, i) => {
        this.inward[h]![i] = this.inward[h]![i]! - slope * v;
      });
      this.inwardBias[h] = this.inwardBias[h]! - slope;
    }
    this.#delta.forEach((d, i) => {
      this.outwardBias[i] = this.outwardBias[i]! - RATE * d;
    });
  }
}
