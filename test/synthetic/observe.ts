// From what an edge is like to what an exporter tells of one window.
import { Drift, type Random } from '../../src/simulation/random.js';

/** How requests of one edge differ from each other. */
export interface Noise {
  /** Deviation of ln latency. */
  readonly spread: number;
  /** Share of slow requests, and how many times as slow they are. */
  readonly slowShare: number;
  readonly slowFactor: number;
  /** Deviation of ln bytes. */
  readonly byteSpread: number;
}

export function drawNoise(random: Random): Noise {
  return {
    spread: random.between(0.3, 1.1),
    slowShare: random.chance(0.4) ? random.scaled(2e-4, 1e-2) : 0,
    slowFactor: random.between(8, 40),
    byteSpread: random.between(0.2, 1.5),
  };
}

/**
 * Writes latency (in the unit of `logLatency`, over 1000), requests, errors, bytes at `at`; NaN for a window without
 * requests, which an exporter leaves out.
 */
export function observe(
  random: Random,
  mean: number,
  logLatency: number,
  errorShare: number,
  logBytes: number,
  noise: Noise,
  out: Float64Array,
  at: number,
): void {
  const n = random.poisson(mean);
  if (n === 0) {
    out.fill(Number.NaN, at, at + 4);
    return;
  }
  const root = Math.sqrt(n);
  const slow = noise.slowShare > 0 ? random.poisson(n * noise.slowShare) : 0;
  const typical = Math.exp(logLatency);
  let latency = typical * Math.exp((random.normal() * noise.spread) / root);
  if (slow > 0) latency += (slow / n) * noise.slowFactor * typical * random.lognormal(0.7);
  out[at] = latency / 1000;
  out[at + 1] = n;
  out[at + 2] = random.binomial(n, errorShare);
  out[at + 3] = n * Math.exp(logBytes + (random.normal() * noise.byteSpread) / root);
}

/** `windows` values of a first-order autoregression. */
export function autoregression(random: Random, windows: number, memory: number, deviation: number): Float64Array {
  const drift = new Drift(random, memory, deviation);
  return Float64Array.from({ length: windows }, () => drift.next());
}

/** Windows in which an edge that is idle now and then has no requests, from `from` on. */
export function idleWindows(random: Random, windows: number, from: number): Uint8Array {
  const idle = new Uint8Array(windows);
  let on = true;
  for (let t = from; t < windows; on = !on) {
    const length = Math.floor(random.exponential(random.between(60, 400))) + 6;
    if (!on) idle.fill(1, t, t + length);
    t += length;
  }
  return idle;
}
