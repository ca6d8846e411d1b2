// Random streams of edge windows for the detection's tests: counts, latencies, gaps, outages and faults from a seeded
// generator.
import type { EdgeGraph } from '../reference/detect-driver.js';

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal number. */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A random graph of services, every edge of one group or of two. */
export function randomGraph(random: () => number, edges: number, groups: number): EdgeGraph {
  const services = Math.max(2, Math.ceil(edges / 3));
  const pick = (group: number): number => (random() < 0.15 ? -1 : Math.floor(random() * services) * groups + group);
  const group = Array.from({ length: edges }, () => Math.floor(random() * groups));
  group[0] = groups - 1;
  return { source: group.map(pick), destination: group.map(pick), group, windowSeconds: 10 };
}

/** How an edge behaves; drawn once. */
interface Habit {
  readonly latency: number;
  readonly rate: number;
  readonly errors: number;
  readonly bytes: number;
  /** Chance of a silent window. */
  readonly silence: number;
  /** Which kinds it has: latency, requests, errors, bytes. */
  readonly has: readonly boolean[];
}

function habitOf(random: () => number): Habit {
  return {
    latency: 0.001 * 10 ** (2 * random()),
    rate: 10 ** (3 * random()),
    errors: random() < 0.5 ? 0.002 : 0.05,
    bytes: 10 ** (2 + 3 * random()),
    silence: random() < 0.3 ? 0.2 : 0.001,
    has: [random() < 0.9, random() < 0.9, random() < 0.8, random() < 0.8],
  };
}

/**
 * Windows of `edges` edges, `ticks` of them: quiet habits, faults that multiply a kind for a while, spells of silence
 * of single edges and of all of them, and kinds that are missing here and there.
 */
export function randomStream(random: () => number, edges: number, ticks: number): Float64Array[] {
  const habits = Array.from({ length: edges }, () => habitOf(random));
  const fault = new Array<number>(edges).fill(0);
  const factor = habits.map(() => [1, 1, 1, 1]);
  const quiet = new Array<number>(edges).fill(0);
  let dark = 0;
  return Array.from({ length: ticks }, () => {
    dark = dark > 0 ? dark - 1 : random() < 0.003 ? Math.floor(5 + 80 * random()) : 0;
    const x = new Float64Array(4 * edges).fill(Number.NaN);
    for (const [e, habit] of habits.entries()) {
      if (fault[e]! > 0) fault[e]! -= 1;
      else if (random() < 0.0015) {
        fault[e] = Math.floor(2 + 40 * random() ** 2);
        factor[e] = [1, 1, 1, 1];
        factor[e]![Math.floor(4 * random())] = 10 ** (3 * random() - 1.5);
      }
      if (quiet[e]! > 0) quiet[e]! -= 1;
      else if (random() < 0.0008) quiet[e] = Math.floor(120 * random());
      if (dark > 0 || quiet[e]! > 0 || random() < habit.silence) continue;
      const scale = fault[e]! > 0 ? factor[e]! : [1, 1, 1, 1];
      const mean = habit.rate * scale[1]!;
      const n = Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
      const values = [
        habit.latency * scale[0]! * Math.exp(0.1 * normal(random)),
        n,
        Math.min(n, Math.floor(n * habit.errors * scale[2]! * (0.5 + random()))),
        Math.round(n * habit.bytes * scale[3]! * Math.exp(0.2 * normal(random))),
      ];
      for (const [k, value] of values.entries()) {
        if (habit.has[k] && random() > 0.02) x[4 * e + k] = value;
      }
    }
    return x;
  });
}
