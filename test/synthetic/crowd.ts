// Many fault-free edges, made window by window: the families of synth.ts without a stream that would not fit into
// memory.
import { Drift, Random } from '../../src/simulation/random.js';
import { drawNoise, type Noise, observe } from './observe.js';
import { FEATURE_COUNT } from './stream.js';

/** Seconds of a day. */
const DAY = 86_400;

class CrowdEdge {
  private readonly random: Random;
  private readonly usual: number;
  private readonly swing: number;
  private readonly phase: number;
  private readonly rate: readonly [Drift, Drift];
  private readonly latency: readonly [Drift, Drift];
  private readonly bursts: Drift;
  private readonly base: number;
  private readonly share: number;
  private readonly bytes: number;
  private readonly noise: Noise;
  /** Now and then idle: windows left of the present stretch, and the mean length of stretches; 0: always on. */
  private readonly stretch: number;
  private left = 0;
  private isOn = false;

  constructor(
    seed: number,
    edge: number,
    private readonly day: number,
  ) {
    const random = new Random(seed, edge);
    this.random = random;
    this.usual = random.scaled(1, 1500);
    this.swing = random.between(0, 0.6);
    this.phase = random.between(0, 2 * Math.PI) * 0.15;
    this.rate = [new Drift(random, 0.97, random.between(0.03, 0.15)), new Drift(random, 0.5, random.between(0, 0.15))];
    this.latency = [
      new Drift(random, 0.95, random.between(0.01, 0.08)),
      new Drift(random, 0.3, random.between(0, 0.05)),
    ];
    this.bursts = new Drift(random, 0.9, random.chance(0.3) ? 0.8 : 0.1);
    this.base = random.between(0, Math.log(400));
    this.share = random.scaled(1e-4, 2e-2);
    this.bytes = random.between(Math.log(200), Math.log(50_000));
    this.noise = drawNoise(random);
    this.stretch = random.chance(0.15) ? random.between(60, 400) : 0;
  }

  observe(t: number, out: Float64Array, at: number): void {
    const cycle = Math.log1p(this.swing * Math.sin((2 * Math.PI * t) / this.day + this.phase));
    const offset = cycle + this.rate[0].next() + this.rate[1].next();
    const latency = this.base + this.latency[0].next() + this.latency[1].next() + 0.15 * offset;
    const errors = Math.min(0.9, this.share * Math.exp(this.bursts.next()));
    const mean = this.isIdle() ? 0 : this.usual * Math.exp(offset);
    observe(this.random, mean, latency, errors, this.bytes, this.noise, out, at);
  }

  private isIdle(): boolean {
    if (this.stretch === 0) return false;
    if (this.left-- <= 0) {
      this.isOn = !this.isOn;
      this.left = Math.floor(this.random.exponential(this.stretch)) + 6;
    }
    return !this.isOn;
  }
}

export class Crowd {
  private readonly members: readonly CrowdEdge[];
  private readonly window: Float64Array;
  private t = 0;

  constructor(seed: number, edges: number, windowSeconds = 10) {
    this.members = Array.from({ length: edges }, (_, e) => new CrowdEdge(seed, e, DAY / windowSeconds));
    this.window = new Float64Array(edges * FEATURE_COUNT);
  }

  /** The next window of every edge; the array is used again. */
  next(): Float64Array {
    this.members.forEach((edge, e) => void edge.observe(this.t, this.window, FEATURE_COUNT * e));
    this.t++;
    return this.window;
  }
}
