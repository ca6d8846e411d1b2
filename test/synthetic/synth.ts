// Synthetic 10 s edges without a graph: drifting rates with a daily cycle, idle edges, deployments, and labelled faults
// of 3 to 12 windows. Each edge draws from a stream of its own, so that it does not depend on how many others there
// are.
import { Random } from '../../src/simulation/random.js';
import { autoregression, drawNoise, idleWindows, observe } from './observe.js';
import { type EdgeStream, emptyStream, type Ignored, type LabelledFault, type Labels } from './stream.js';

export const SYNTH_KINDS = [
  'lat2',
  'lat3',
  'lat5',
  'rate50',
  'rate10',
  'rate0',
  'err2',
  'err5',
  'err20',
  'bytes3',
  'joint',
] as const;
export type SynthKind = (typeof SYNTH_KINDS)[number];

export interface SynthOptions {
  readonly seed: number;
  readonly edges?: number;
  readonly windows?: number;
  /** First window that is scored. */
  readonly start?: number;
  /** Kinds of faults to draw from; none: no faults. */
  readonly kinds?: readonly SynthKind[];
  /** Least and most windows of a fault. */
  readonly length?: readonly [number, number];
  /** Usual requests a window, drawn on a logarithmic scale. */
  readonly usual?: readonly [number, number];
  /** Share of edges that are idle now and then, and that are deployed once. */
  readonly idleShare?: number;
  readonly deployedShare?: number;
}

export interface Synth {
  readonly stream: EdgeStream;
  readonly labels: Labels;
  /** Usual requests a window of each edge. */
  readonly usual: Float64Array;
}

const WINDOW_SECONDS = 10;
const DAY = 86_400 / WINDOW_SECONDS;
/** Windows after a deployment that are neither true nor false. */
const DEPLOYED = 180;

/** One edge as it is, before it is observed. */
interface Edge {
  readonly usual: number;
  /** ln of the expected requests. */
  readonly rate: Float64Array;
  readonly latency: Float64Array;
  readonly bytes: Float64Array;
  readonly errors: Float64Array;
  readonly idle: Uint8Array;
}

type Full = Required<SynthOptions>;

function drawEdge(random: Random, { windows, usual: range, idleShare }: Full): Edge {
  const usual = random.scaled(range[0], range[1]);
  const swing = random.between(0, 0.6);
  const phase = random.between(0, 2 * Math.PI) * 0.15;
  const slow = autoregression(random, windows, 0.97, random.between(0.03, 0.15));
  const quick = autoregression(random, windows, 0.5, random.between(0, 0.15));
  const rate = Float64Array.from(
    slow,
    (x, t) => Math.log(usual) + Math.log1p(swing * Math.sin((2 * Math.PI * t) / DAY + phase)) + x + quick[t]!,
  );
  const base = random.between(0, Math.log(400));
  const slowLatency = autoregression(random, windows, 0.95, random.between(0.01, 0.08));
  const quickLatency = autoregression(random, windows, 0.3, random.between(0, 0.05));
  const share = random.scaled(1e-4, 2e-2);
  const bursts = autoregression(random, windows, 0.9, random.chance(0.3) ? 0.8 : 0.1);
  return {
    usual,
    rate,
    latency: Float64Array.from(
      slowLatency,
      (x, t) => base + x + quickLatency[t]! + 0.15 * (rate[t]! - Math.log(usual)),
    ),
    bytes: new Float64Array(windows).fill(random.between(Math.log(200), Math.log(50_000))),
    errors: Float64Array.from(bursts, (x) => Math.min(0.9, share * Math.exp(x))),
    idle: random.chance(idleShare) ? idleWindows(random, windows, 0) : new Uint8Array(windows),
  };
}

/** A benign shift of level, from some window on. */
function deploy(random: Random, edge: Edge, { start, windows }: Full): { first: number; last: number } {
  const first = random.integer(start, windows);
  const [latency, bytes] = [random.normal() * 0.3, random.normal() * 0.25];
  for (let t = first; t < windows; t++) {
    edge.latency[t]! += latency;
    edge.bytes[t]! += bytes;
  }
  return { first, last: Math.min(windows - 1, first + DEPLOYED) };
}

/** Changes what the edge is like in one window of a fault. */
export function afflict(kind: string, edge: Omit<Edge, 'usual' | 'idle'>, t: number): void {
  const amount = Number(kind.replace(/\D+/, ''));
  if (kind.startsWith('lat')) edge.latency[t]! += Math.log(amount);
  else if (kind === 'rate0') edge.rate[t] = -50;
  else if (kind.startsWith('rate')) edge.rate[t]! += Math.log(amount / 100);
  else if (kind.startsWith('err')) edge.errors[t] = Math.min(0.95, edge.errors[t]! + amount / 100);
  else if (kind === 'bytes3') edge.bytes[t]! += Math.log(3);
  else {
    edge.latency[t]! += Math.log(1.25);
    edge.rate[t]! += Math.log(0.8);
    edge.errors[t] = Math.min(0.95, edge.errors[t]! + 0.01);
    edge.bytes[t]! += Math.log(0.8);
  }
}

/** Time before and after the part of the stream in which faults start. */
const QUIET_START = 100;
const QUIET_END = 200;
/** Faults on one edge are at least this far apart. */
const APART = 200;

function addFaults(random: Random, e: number, edge: Edge, options: Full): LabelledFault[] {
  const { kinds, start, windows, length } = options;
  const faults: LabelledFault[] = [];
  const attempts = kinds.length === 0 ? 0 : random.chance(0.5) ? 2 : 1;
  for (let i = 0; i < attempts; i++) {
    const kind = random.pick(kinds);
    const windowsLong = random.integer(length[0], length[1] + 1);
    const first = random.integer(start + QUIET_START, windows - QUIET_END);
    const near = faults.some((fault) => Math.abs(fault.first - first) < APART);
    const idle = edge.idle.subarray(Math.max(0, first - 30), first + windowsLong + 1).includes(1);
    if (near || idle) continue;
    for (let t = first; t < first + windowsLong; t++) afflict(kind, edge, t);
    faults.push({ first, last: first + windowsLong - 1, edge: e, kind });
  }
  return faults;
}

/** The stream and its labels. */
export function synth(options: SynthOptions): Synth {
  const full: Full = {
    edges: 150,
    windows: 12_960,
    start: 4320,
    kinds: SYNTH_KINDS,
    length: [3, 12],
    usual: [1, 1500],
    idleShare: 0.15,
    deployedShare: 0.25,
    ...options,
  };
  const stream = emptyStream(full.edges, full.windows, WINDOW_SECONDS);
  const usual = new Float64Array(full.edges);
  const ignored: Ignored[] = [];
  const faults: LabelledFault[] = [];
  for (let e = 0; e < full.edges; e++) {
    const random = new Random(full.seed, e);
    const edge = drawEdge(random, full);
    const noise = drawNoise(random);
    usual[e] = edge.usual;
    if (random.chance(full.deployedShare)) ignored.push({ ...deploy(random, edge, full), edge: e });
    faults.push(...addFaults(random, e, edge, full));
    for (let t = 0; t < full.windows; t++) {
      const mean = edge.idle[t] ? 0 : Math.exp(edge.rate[t]!);
      observe(
        random,
        mean,
        edge.latency[t]!,
        edge.errors[t]!,
        edge.bytes[t]!,
        noise,
        stream.x,
        4 * (t * full.edges + e),
      );
    }
  }
  faults.sort((a, b) => a.first - b.first || a.edge - b.edge);
  return { stream, labels: { start: full.start, faults, ignored, grace: 1, cool: 30 }, usual };
}
