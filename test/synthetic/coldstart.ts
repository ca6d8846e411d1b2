// Synthetic young edges: the families of synth.ts with births, warm-ups and deployments at any age, and faults at a
// chosen age.
//
// Odd seeds: a new installation, every edge is born in the first 5 minutes. Even seeds: a running system, a third of
// the edges are there from the start, the others are born 4 to 4.5 h later. Half of the edges warm up: latency × 1.5 to
// 5 at birth, gone with a time constant of 2 to 3 min, traffic ramping up from 10 % over 10 or 20 min. 15 % are idle
// now and then. A quarter is deployed once, half of those in the first 4 h.
import { Random } from '../../src/simulation/random.js';
import { autoregression, drawNoise, idleWindows, type Noise, observe } from './observe.js';
import { type EdgeStream, emptyStream, FEATURE_COUNT } from './stream.js';
import { afflict } from './synth.js';

export const YOUNG_KINDS = ['lat5', 'lat3', 'err50', 'err20', 'rate50', 'rate10', 'rate0', 'bytes3'] as const;
/** Windows from the birth to the fault. */
export const AGES = [120, 180, 360, 720, 1440, 4320] as const;
/** Windows of a fault. */
export const DURATION = 30;
/** Windows after a deployment that are neither true nor false. */
const DEPLOYED = 180;
const DAY = 8640;

/** What one edge is like in each window. */
interface Course {
  readonly rate: Float64Array;
  readonly latency: Float64Array;
  readonly errors: Float64Array;
  readonly bytes: Float64Array;
}

export interface YoungEdge {
  /** First window. */
  readonly birth: number;
  /** Usual requests a window. */
  readonly usual: number;
  readonly course: Course;
  readonly noise: Noise;
  /** 1: idle or not yet born. */
  readonly gap: Uint8Array;
  /** Windows of the deployment, if any. */
  readonly deployed: { readonly first: number; readonly last: number } | undefined;
  /** There from the start of a running system. */
  readonly old: boolean;
}

export interface Young {
  readonly seed: number;
  readonly stream: EdgeStream;
  readonly edges: readonly YoungEdge[];
}

function drawCourse(random: Random, windows: number, birth: number, usual: number): Course {
  const day = random.between(0, 2 * Math.PI) * 0.15;
  const swing = random.between(0, 0.6);
  const slow = autoregression(random, windows, 0.97, random.between(0.03, 0.15));
  const quick = autoregression(random, windows, 0.5, random.between(0, 0.15));
  const rate = slow.map(
    (x, t) => Math.log(usual) + Math.log1p(swing * Math.sin((2 * Math.PI * t) / DAY + day)) + x + quick[t]!,
  );
  const base = random.between(0, Math.log(400));
  const slowLatency = autoregression(random, windows, 0.95, random.between(0.01, 0.08));
  const quickLatency = autoregression(random, windows, 0.3, random.between(0, 0.05));
  const latency = slowLatency.map((x, t) => base + x + quickLatency[t]! + 0.15 * (rate[t]! - Math.log(usual)));
  const share = random.scaled(1e-4, 2e-2);
  const bursts = autoregression(random, windows, 0.9, random.chance(0.3) ? 0.8 : 0.1);
  const course = {
    rate,
    latency,
    errors: bursts.map((x) => Math.min(0.9, share * Math.exp(x))),
    bytes: new Float64Array(windows).fill(random.between(Math.log(200), Math.log(50_000))),
  };
  if (random.chance(0.5)) warmUp(random, course, birth);
  return course;
}

function warmUp(random: Random, { rate, latency }: Course, birth: number): void {
  const warmth = random.between(Math.log(1.5), Math.log(5));
  const constant = random.between(10, 20);
  const ramp = random.chance(0.25) ? 120 : 60;
  for (let t = birth; t < rate.length; t++) {
    latency[t]! += warmth * Math.exp(-(t - birth) / constant);
    rate[t]! += Math.log(Math.min(1, 0.1 + (0.9 * (t - birth)) / ramp));
  }
}

function drawYoungEdge(random: Random, windows: number, life: number, birth: number, old: boolean): YoungEdge {
  const usual = random.scaled(1, 1500);
  const course = drawCourse(random, windows, birth, usual);
  const gap = random.chance(0.15) ? idleWindows(random, windows, birth) : new Uint8Array(windows);
  gap.fill(1, 0, birth);
  const noise = drawNoise(random);
  let deployed: YoungEdge['deployed'];
  if (random.chance(0.25)) {
    const first = birth + random.integer(60, random.chance(0.5) ? Math.min(1440, life) : life);
    const [latency, bytes] = [random.normal() * 0.3, random.normal() * 0.25];
    for (let t = first; t < windows; t++) {
      course.latency[t]! += latency;
      course.bytes[t]! += bytes;
    }
    deployed = { first, last: Math.min(windows - 1, first + DEPLOYED) };
  }
  return { birth, usual, course, noise, gap, deployed, old };
}

/** `count` edges, each for at least `life` windows after its birth. */
export function young(seed: number, count = 600, life = 1500): Young {
  const births = Array.from({ length: count }, (_, e) => {
    const random = new Random(seed, 1, e);
    if (seed % 2 === 1) return { birth: random.integer(0, 30), old: false };
    return random.chance(0.33) ? { birth: 0, old: true } : { birth: random.integer(1440, 1620), old: false };
  });
  const windows = births.reduce((last, { birth }) => Math.max(last, birth), 0) + life;
  const stream = emptyStream(count, windows);
  const edges = births.map(({ birth, old }, e) => {
    const random = new Random(seed, 2, e);
    const edge = drawYoungEdge(random, windows, life, birth, old);
    observeWindows(random, edge, edge.course, 0, windows, (t) => 4 * (t * count + e), stream.x);
    return edge;
  });
  return { seed, stream, edges };
}

function observeWindows(
  random: Random,
  { gap, noise }: YoungEdge,
  course: Course,
  first: number,
  end: number,
  at: (t: number) => number,
  out: Float64Array,
): void {
  for (let t = first; t < end; t++) {
    const mean = gap[t] ? 0 : Math.exp(course.rate[t]!);
    observe(random, mean, course.latency[t]!, course.errors[t]!, course.bytes[t]!, noise, out, at(t));
  }
}

export interface YoungFault {
  readonly edge: number;
  readonly first: number;
  /** Index into YOUNG_KINDS. */
  readonly kind: number;
  /** The values of the edge in the DURATION windows of the fault, FEATURE_COUNT a window. */
  readonly x: Float64Array;
}

/** In one turn this many edges share a fault: faults on half of the edges at once would teach the population's tail. */
export const TURNS = 16;
const KIND_CYCLE = 64;

/**
 * The faults of one turn: edge e suffers kind (e + 4 turn) mod 64 at that age (8 and above: nothing), unless it is old,
 * or idle then.
 */
export function inject({ edges, seed }: Young, age: number, turn: number): YoungFault[] {
  return edges.flatMap((edge, e) => {
    const kind = (e + 4 * turn) % KIND_CYCLE;
    const first = edge.birth + age;
    const idle = edge.gap.subarray(Math.max(0, first - 30), first + DURATION + 1).includes(1);
    if (kind >= YOUNG_KINDS.length || edge.old || idle) return [];
    return [{ edge: e, first, kind, x: faultyWindows(new Random(seed, 3, e, age, turn), edge, first, kind) }];
  });
}

function faultyWindows(random: Random, edge: YoungEdge, first: number, kind: number): Float64Array {
  const part = (values: Float64Array): Float64Array => values.slice(first, first + DURATION);
  const { rate, latency, errors, bytes } = edge.course;
  const course = { rate: part(rate), latency: part(latency), errors: part(errors), bytes: part(bytes) };
  for (let t = 0; t < DURATION; t++) afflict(YOUNG_KINDS[kind]!, course, t);
  const x = new Float64Array(DURATION * FEATURE_COUNT);
  const shifted = { ...edge, gap: edge.gap.subarray(first, first + DURATION) };
  observeWindows(random, shifted, course, 0, DURATION, (t) => FEATURE_COUNT * t, x);
  return x;
}
