// Plain TypeScript bands: what a feature was expected to be, and the values at which its instant scale alone would
// alert.
import type { AlertProfile, Band } from '../../src/kernel/api.js';
import { deviation, errorDeviation, errorRate, grossChange, shapeOf, tailReach } from './detect-baseline.js';
import { ageWeight, type EdgeState, type EdgeTick, ERR, LAT, P, RATE, type Window } from './detect-state.js';

/** Inverse transform into the unit received; NaN beyond what f64 can say. */
function received(k: number, y: number, n: number, ctx: number): number {
  if (k === ERR) return Math.min(Math.max(y / n, 0), 1);
  if (y > 700) return Number.NaN;
  if (k === LAT) return Math.exp(y);
  if (k === RATE) return Math.max(Math.exp(y) * (ctx >= 0 ? ctx + 0.5 : 1) - 0.5, 0);
  return Math.max(Math.exp(y) * (Number.isNaN(n) ? 1 : Math.max(n, 0.5)) - 1, 0);
}

export function featureObserved(x: Window, k: number): number {
  return k === ERR ? x[ERR]! / x[RATE]! : x[k]!;
}

export function featureExpected(o: EdgeTick, x: Window, k: number): number {
  const n = x[RATE]!;
  return received(k, k === ERR ? o.loc[k]! * n : o.loc[k]!, n, o.ctx);
}

/** What a band is drawn against. */
interface Basis {
  readonly n: number;
  readonly loc: number;
  readonly sd: number;
  readonly q: number;
  readonly b: number;
}

function basisOf(s: EdgeState, o: EdgeTick, x: Window, pop: Float64Array, k: number): Basis {
  if (!Number.isNaN(o.z[k]!)) return { n: x[RATE]!, loc: o.loc[k]!, sd: o.sd[k]!, q: o.q[k]!, b: o.b[k]! };
  const n = s.nbar > 0 ? s.nbar : Number.NaN;
  const h = P.N0 / (s.nx[3 * k]! + P.N0);
  return {
    n,
    loc: k === ERR ? errorRate(s) : s.m[k]!,
    sd: k === ERR ? errorDeviation(s, n) : deviation(s, k, 1, o.ctx, 0),
    q: s.q[3 * k]!,
    b: s.b[3 * k]! * (1 - h) + pop[3 * k]! * h,
  };
}

/**
 * Band of feature k in the window just folded; NaN: none. `age`: windows at which evidence counts half. `counts`: small
 * counts are judged by themselves.
 */
export function bandOf(
  s: EdgeState,
  o: EdgeTick,
  x: Window,
  pop: Float64Array,
  a: AlertProfile,
  age: number,
  k: number,
  counts: boolean,
): Band {
  const none = Number.NaN;
  const observed = featureObserved(x, k);
  if (s.c[k] === 0 || (k === RATE && Number.isNaN(o.ctx)))
    return { observed, expected: none, lower: none, upper: none };
  const basis = basisOf(s, o, x, pop, k);
  const { n, loc, sd, q, b } = basis;
  const center = k === ERR ? loc * n : loc;
  const expected = received(k, center, n, o.ctx);
  if (s.n < P.WARM) return { observed, expected, lower: none, upper: none };
  const bound = (isUpper: boolean): number => {
    const weight = (isUpper ? P.WEIGHT_UP : P.WEIGHT_DOWN)[k]!;
    const T = a.levels[2 * k + (isUpper ? 1 : 2)]! * a.detectorFactors[0];
    const reach = (isGross: boolean): number => {
      const u = tailReach(T / ageWeight(s.n, isGross, true, age), q, b, shapeOf(k, counts));
      return u >= 0 && weight > 0 ? (u / weight) * sd : Number.POSITIVE_INFINITY;
    };
    const least = grossChange(k, n, s.nbar)[isUpper ? 1 : 0];
    const distance = Math.min(reach(false), Math.max(reach(true), least));
    return distance === Number.POSITIVE_INFINITY
      ? none
      : received(k, center + (isUpper ? distance : -distance), n, o.ctx);
  };
  return { observed, expected, lower: bound(false), upper: bound(true) };
}

/** Counted over expected in the faded sums of scale j; NaN: the feature is not counted. */
function countedShare(s: EdgeState, o: EdgeTick, k: number, j: number, counts: boolean): number {
  if (!counts || (k !== ERR && !(k === RATE && o.ctx > 0))) return Number.NaN;
  const sums = k === ERR ? s.errorSums : s.rateSums;
  const [seen, expected] = [sums[2 * (j - 1)]!, sums[2 * (j - 1) + 1]!];
  return expected > 0 ? seen / expected : Number.NaN;
}

/** Band of feature k over the span of scale j, 0 the window; that of the window where it was not judged. */
export function spanBandOf(
  s: EdgeState,
  o: EdgeTick,
  x: Window,
  pop: Float64Array,
  a: AlertProfile,
  age: number,
  k: number,
  j: number,
  counts: boolean,
): Band {
  const window = bandOf(s, o, x, pop, a, age, k, counts);
  if (j === 0 || Number.isNaN(o.z[k]!)) return window;
  const n = x[RATE]!;
  const center = k === ERR ? o.loc[k]! * n : o.loc[k]!;
  const share = countedShare(s, o, k, j, counts);
  const mean = received(k, center + s.smooth[2 * k + j - 1]! * o.sd[k]!, n, o.ctx);
  const found = Number.isNaN(share) ? mean : window.expected * share;
  const observed = k === ERR ? Math.min(found, 1) : found;
  if (s.n < P.WARM) return { ...window, observed };
  const i = 3 * k + j;
  const h = P.N0 / (s.nx[i]! + P.N0);
  const b = s.b[i]! * (1 - h) + pop[i]! * h;
  const shrink = Math.sqrt(P.LAM[j]! / (2 - P.LAM[j]!));
  // The tail has learnt this window: the surprise is from before, and bounds agree with it.
  const surprise = Math.fround(o.surprise[i]!);
  const L = Math.abs(surprise);
  const isCounted = j === 2 && counts && (k === ERR || k === RATE);
  const z = (Math.abs(s.smooth[2 * k + j - 1]!) / shrink) * (surprise > 0 ? P.WEIGHT_UP : P.WEIGHT_DOWN)[k]!;
  const moved = isCounted || !(L > 0 && L < P.LMAX) ? 1 : z / tailReach(L, s.q[i]!, b, shapeOf(k, counts));
  const bound = (isUpper: boolean): number => {
    const weight = (isUpper ? P.WEIGHT_UP : P.WEIGHT_DOWN)[k]!;
    const T = a.levels[2 * k + (isUpper ? 1 : 2)]! * a.detectorFactors[0];
    const u = tailReach(T / ageWeight(s.n, o.gross.some(Boolean), true, age), s.q[i]!, b, shapeOf(k, counts)) * moved;
    if (!(u >= 0 && weight > 0)) return Number.NaN;
    const distance = (u / weight) * shrink * o.sd[k]!;
    return received(k, center + (isUpper ? distance : -distance), n, o.ctx);
  };
  return { expected: window.expected, observed, lower: bound(false), upper: bound(true) };
}
