// What a synthetic system is made of: its call graph, and the course of every service and edge over time before they
// meet.
import type { Random } from '../../src/simulation/random.js';
import { autoregression } from './observe.js';

/** Windows a day at 10 s. */
const DAY = 8640;
const SYNCHRONOUS = 0.7;

export interface Graph {
  /** Layer of each service, 0 the front door. */
  readonly layer: readonly number[];
  readonly edges: readonly (readonly [number, number])[];
}

export function drawGraph(random: Random): Graph {
  const sizes = [1, random.integer(2, 4), random.integer(4, 6), random.integer(4, 6), random.integer(2, 5)];
  const layer = sizes.flatMap((size, i) => Array<number>(size).fill(i));
  const edges = new Map<string, readonly [number, number]>([['-1 0', [-1, 0]]]);
  const services = [...layer.keys()];
  const connect = (from: number, to: number): void => void edges.set(`${from} ${to}`, [from, to]);
  for (let to = 1; to < layer.length; to++) {
    const anyAbove = random.chance(0.3);
    connect(random.pick(services.filter((s) => (anyAbove ? layer[s]! < layer[to]! : layer[s] === layer[to]! - 1))), to);
  }
  for (const from of services) {
    const below = services.filter((s) => layer[s]! > layer[from]!);
    for (let i = random.integer(0, 4); i > 0 && below.length > 0; i--) connect(from, random.pick(below));
  }
  return { layer, edges: [...edges.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]) };
}

const series = (windows: number, of: (t: number) => number): Float64Array =>
  Float64Array.from({ length: windows }, (_, t) => of(t));

/** What a service is like in each window, before what others do to it. */
export interface ServiceCourse {
  /** ln of its own latency, ms. */
  readonly latency: Float64Array;
  readonly errors: Float64Array;
  /** ln of the factor on the calls that it makes. */
  readonly calls: Float64Array;
  /** 1: answers nobody. */
  readonly dark: Uint8Array;
  /** How its latency grows with load. */
  readonly gain: number;
}

export interface EdgeCourse {
  /** ln of the calls for each request of the source. */
  readonly factor: Float64Array;
  readonly usualFactor: number;
  /** ln of what is added to the latency of its callee, seen on this edge. */
  readonly latency: Float64Array;
  readonly errors: Float64Array;
  /** ln of the bytes a request. */
  readonly bytes: Float64Array;
  readonly synchronous: boolean;
  /** Share of the callee's failures that the caller passes on. */
  readonly propagation: number;
}

export function drawService(random: Random, windows: number): ServiceCourse {
  const base = random.between(0, Math.log(60));
  const slow = autoregression(random, windows, 0.95, random.between(0.01, 0.07));
  const quick = autoregression(random, windows, 0.3, random.between(0, 0.05));
  const share = random.scaled(1e-4, 1e-2);
  const bursts = autoregression(random, windows, 0.9, random.chance(0.3) ? 0.8 : 0.1);
  return {
    latency: series(windows, (t) => base + slow[t]! + quick[t]!),
    errors: series(windows, (t) => share * Math.exp(bursts[t]!)),
    calls: new Float64Array(windows),
    dark: new Uint8Array(windows),
    gain: random.between(0.05, 0.3),
  };
}

export function drawEdge(random: Random, windows: number, first: boolean): EdgeCourse {
  const usual = first ? 0 : random.between(Math.log(0.04), Math.log(1.2));
  const slow = autoregression(random, windows, 0.97, random.between(0.01, 0.1));
  const quick = autoregression(random, windows, 0.5, random.between(0, 0.1));
  const offset = random.normal() * 0.1;
  return {
    factor: series(windows, (t) => (first ? 0 : usual + slow[t]! + quick[t]!)),
    usualFactor: Math.exp(usual),
    latency: new Float64Array(windows).fill(offset),
    errors: new Float64Array(windows),
    bytes: new Float64Array(windows).fill(random.between(Math.log(200), Math.log(50_000))),
    synchronous: random.chance(SYNCHRONOUS),
    propagation: random.between(0, 0.9),
  };
}

/** ln of the requests a window at the front door. */
export function drawIngress(random: Random, windows: number): Float64Array {
  const base = random.between(Math.log(60), Math.log(1500));
  const swing = random.between(0.1, 0.6);
  const phase = random.normal() * 0.15;
  const slow = autoregression(random, windows, 0.97, random.between(0.03, 0.12));
  const quick = autoregression(random, windows, 0.5, 0.05);
  return series(
    windows,
    (t) => base + Math.log1p(swing * Math.sin((2 * Math.PI * t) / DAY + phase)) + slow[t]! + quick[t]!,
  );
}

export interface Courses {
  readonly graph: Graph;
  readonly services: readonly ServiceCourse[];
  readonly edges: readonly EdgeCourse[];
  readonly ingress: Float64Array;
}
