// Plain TypeScript detection, the tests' oracle of the kernel: constants, and the state of edges, services and groups.
//
// Written for reading, after the detection's specification and independent of the kernel's layout. Precision is the
// kernel's: levels, tails' quantiles and mean excesses are f64, everything else is rounded to f32 when it is stored.

export const LAT = 0;
export const RATE = 1;
export const ERR = 2;
export const BYT = 3;
export const FEATURE_NUMBERS: readonly [0, 1, 2, 3] = [LAT, RATE, ERR, BYT];
export const SCALES = [0, 1, 2] as const;

/**
 * Constants of the detection; time in windows. The kernel's are in assembly/detect/constants.ts, with their meanings.
 */
export const P = {
  NF: 120,
  NS: 300,
  CLIP: 3,
  REJ: 5,
  RW: 0.1,
  SETTLED: 30,
  SHIFT: 30,
  SACC: 8,
  FLOOR: [0.05, 0.05, 1, 0.1],
  START: [0.15, 0.15, 1, 0.25],
  NE: 720,
  PRIOR_P: 0.005,
  PRIOR_N: 100,
  C0: 0.5,
  KAPPA: 0.2,
  LAM: [1, 0.3, 0.1],
  ZC: 6,
  WEIGHT_UP: [1, 0.5, 1, 0.8],
  WEIGHT_DOWN: [0.25, 1, 0, 0.8],
  P0: 0.01,
  XI: 0.1,
  XI_ERR: 0.2,
  LMAX: 40,
  Q0: 2.3,
  B0: 0.5,
  N0: 30,
  NX: 200,
  QS: 0.03,
  QB: 10,
  POP: 0.002,
  LCAL: 5,
  RL: 2,
  CW: 0.1,
  LONG_AFTER: 60,
  CMIN: 10,
  CREDIBLE: 100,
  SPOILED: 128,
  HEAL: 0.95,
  SPOILED_YOUNG: 1000,
  ERROR_SPREAD: 1,
  ERROR_SUM_MOST: 15,
  RATE_SPREAD: 0.02,
  RATE_WANDER: 0.05,
  COUNT_DRIFT: 0.8,
  COUNT_MEMORY: 4320,
  COUNT_GAP: 6,
  SILENT_BUSY: 3,
  PRES: 4320,
  GONE: 60,
  WARM: 60,
  OUT_N: 8,
  OUT_L: 4,
  OUT: 0.5,
  LOST: 360,
  LEVEL_WINDOW: 10,
  LEVEL_SLOPE: 0.5,
  LONG_WINDOW: 60,
  LONG_SLOPE: 0.7,
  AGE_SLOPE: 0.4,
  AGE: 200,
  GROSS: 1,
  GROSS_ERR: 0.15,
  GROSS_N: 10,
  BUSY: 30,
  AGE_GROSS: 0.05,
  AGE_SILENT: 0.3,
  REOPEN: 10,
  PEN: 1.5,
  BUDGET_DAYS: 7,
  RELAX: 2,
  XL: 4,
  KON: 2,
  OFF: 0.398,
  KOFF: 3,
  SOFT: 2,
  CHANNEL_AGE: 100,
  CHANNEL_OFF: 0.7,
  CAP: 15,
} as const;

/** What one edge has learnt. Arrays by feature k, or by component 3 k + j. */
export class EdgeState {
  readonly m: Float64Array = new Float64Array(4);
  readonly s2: Float32Array = new Float32Array(4);
  readonly c: Float32Array = new Float32Array(4);
  readonly run: Float32Array = new Float32Array(4);
  /** Smoothed z: 2 k + j - 1. */
  readonly smooth: Float32Array = new Float32Array(8);
  readonly q: Float64Array = new Float64Array(12).fill(P.Q0);
  readonly b: Float64Array = new Float64Array(12).fill(P.B0);
  readonly nx: Float32Array = new Float32Array(12);
  readonly rl: Float32Array = new Float32Array(12);
  ke = 0;
  ne = 0;
  nbar = 0;
  isRelative: boolean = false;
  n = 0;
  gap = 0;
  held = 0;
  g01 = 0;
  g00 = 0;
  np = 0;
  na = 0;
  /** Faded sums, seen and expected with each slow gain; share of the source's requests; spread of requests. */
  readonly rateSums: Float32Array = new Float32Array(4);
  readonly errorSums: Float32Array = new Float32Array(4);
  readonly share: Float32Array = new Float32Array(2);
  readonly spread: Float32Array = new Float32Array(2);
  up = 0;
  low = 0;
  isOn: boolean = false;
  kind = 0;
  /** Incident channel: evidence of the window before, windows below its level, on. */
  prev = 0;
  channelLow = 0;
  isChannelOn: boolean = false;
}

/** What one service received. */
export class ServiceState {
  inflow = 0;
  /** An inbound edge reported a count in this window; ever. */
  has: boolean = false;
  fed: boolean = false;
  loadLevel = 0;
  loadSamples = 0;
  /** Excess over the slow level, nats. */
  load = 0;
}

/** What one window of one edge said. */
export class EdgeTick {
  isPresent: boolean = false;
  /** Features judged. */
  kinds = 0;
  gap = 0;
  ctx = -1;
  readonly surprise: Float64Array = new Float64Array(12);
  readonly gross: boolean[] = [false, false, false, false];
  /** What the window was judged against; z NaN: not judged. */
  readonly z: Float64Array = new Float64Array(4).fill(Number.NaN);
  readonly loc: Float64Array = new Float64Array(4).fill(Number.NaN);
  readonly sd: Float64Array = new Float64Array(4).fill(Number.NaN);
  readonly q: Float64Array = new Float64Array(4).fill(Number.NaN);
  readonly b: Float64Array = new Float64Array(4).fill(Number.NaN);
}

/** Latency (s), requests, errors, bytes of one edge and window; NaN absent. */
export type Window = Float64Array;

/** Windows of one edge are 4 numbers of the tick's. */
export function windowOf(x: Float64Array, edge: number): Window {
  return x.subarray(4 * edge, 4 * edge + 4);
}

/** An error count alone cannot be judged: such a window is missing. */
export function isPresent(x: Window): boolean {
  return !(Number.isNaN(x[LAT]!) && Number.isNaN(x[RATE]!) && Number.isNaN(x[BYT]!));
}

/** L_on of a window length, nats. */
export function levelOn(windowSeconds: number): number {
  const [at, long] = [P.LEVEL_WINDOW, P.LONG_WINDOW];
  let level = Math.log((P.BUDGET_DAYS * 86400) / Math.min(windowSeconds, at)) - P.RELAX;
  if (windowSeconds > at) level -= P.LEVEL_SLOPE * Math.log(Math.min(windowSeconds, long) / at);
  if (windowSeconds > long) level -= P.LONG_SLOPE * Math.log(windowSeconds / long);
  return level;
}

/** Windows at which the evidence of an edge counts half. */
export function ageOf(windowSeconds: number): number {
  return Math.fround(P.AGE * Math.max(windowSeconds / P.LEVEL_WINDOW, 1) ** -P.AGE_SLOPE);
}

/** What the evidence of an edge seen in n windows counts. `slow`: windows at which it counts half. */
export function ageWeight(n: number, isGross: boolean, isPresent: boolean, slow: number): number {
  if (n <= 0) return 0;
  return n / (n + (isGross ? Math.min(slow, (isPresent ? P.AGE_GROSS : P.AGE_SILENT) * n) : slow));
}
