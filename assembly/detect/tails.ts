// Tail calibration: a z becomes twelve surprises (three time scales a feature), each the -ln of its tail probability, learnt per edge.
import {
  AGE,
  AGE_GROSS,
  CMIN,
  CW,
  L0,
  LAM1,
  LAM2,
  LCAL,
  LMAX,
  LONG_AFTER,
  N0,
  NX,
  P0,
  POP,
  QB,
  QS,
  RL,
  SCALES,
  weightDown,
  weightUp,
  XI,
  ZC,
} from './constants';
import { Edge, Group } from './state';

/** Standard deviation of white noise after smoothing: sqrt(lam / (2 - lam)). */
const SHRINK1: f64 = 0.42008402520840293;
const SHRINK2: f64 = 0.22941573387056174;

/** -ln of the tail probability of u: exponential body through (0, 0) and (q, L0), generalised Pareto beyond q. */
export function tailSurprise(u: f64, q: f64, b: f64): f64 {
  if (u <= q) return (u / q) * L0;
  return min(L0 + Math.log(1 + (XI * (u - q)) / b) / XI, LMAX);
}

/** Inverse of `tailSurprise`: the weighted z whose surprise is L; -1 if none is. */
export function tailReach(L: f64, q: f64, b: f64): f64 {
  if (L > LMAX) return -1;
  if (L <= L0) return (q * L) / L0;
  return q + (b * (Math.exp(XI * (L - L0)) - 1)) / XI;
}

/** How much a window beyond q teaches: a long event, and an early fault of a young edge, teach a tenth. */
function teaching(e: usize, k: i32, run: f64, runLimit: f64, c: f64): f64 {
  if (run > runLimit && c > LONG_AFTER) return CW;
  const young = run > 1 && load<u8>(e + <usize>k, Edge.GROSS) != 0 && AGE_GROSS * <f64>load<f32>(e, Edge.N) < AGE;
  return young ? CW : 1;
}

/** A window beyond q: quantile and both mean excesses learn. `at`, `wide`: the component's f32 and f64 places. */
function learnExceedance(at: usize, wide: usize, pop: usize, u: f64, q: f64, b: f64, step: f64, cw: f64): void {
  const excess = min(u - q, 6 * b);
  const nx = <f64>load<f32>(at, Edge.NX) + 1;
  store<f32>(at, <f32>nx, Edge.NX);
  const own = load<f64>(wide, Edge.B);
  store<f64>(wide, max(0.1, own + cw * max(1 / nx, 1 / NX) * (excess - own)), Edge.B);
  store<f64>(wide, q + cw * step * (1 - P0), Edge.Q);
  const all = load<f64>(pop);
  store<f64>(pop, all + cw * POP * (excess - all));
}

/** Surprise of the z of one component; learns its tail. `runLimit`: windows above LCAL that are one long event. */
function foldComponent(g: usize, e: usize, k: i32, i: i32, zz: f64, c: f64, runLimit: f64): f64 {
  const at = e + ((<usize>i) << 2);
  const wide = e + ((<usize>i) << 3);
  const pop = g + Group.B_POP + ((<usize>i) << 3);
  const u = zz > 0 ? zz * weightUp(k) : -zz * weightDown(k);
  const h = N0 / (<f64>load<f32>(at, Edge.NX) + N0);
  const b = load<f64>(wide, Edge.B) * (1 - h) + load<f64>(pop) * h;
  const q = load<f64>(wide, Edge.Q);
  const L = tailSurprise(u, q, b);
  if (i == 3 * k) {
    const instant = e + ((<usize>k) << 2);
    store<f32>(instant, <f32>q, Edge.JQ);
    store<f32>(instant, <f32>b, Edge.JB);
  }
  if (c >= CMIN) {
    const step = QS * b * (1 + QB * h);
    const run: f64 = L > LCAL ? <f64>load<f32>(at, Edge.RL) + 1 : 0;
    store<f32>(at, <f32>run, Edge.RL);
    if (u > q) learnExceedance(at, wide, pop, u, q, b, step, teaching(e, k, run, runLimit, c));
    else store<f64>(wide, max(0.5, q - step * P0), Edge.Q);
  }
  return zz > 0 ? L : -L;
}

/** The three surprises of feature k, from its z; `c`: samples before this one. */
export function foldTails(g: usize, e: usize, k: i32, z: f64, c: f64, surprise: usize): void {
  const zc = min(max(z, -ZC), ZC);
  const slow = e + ((<usize>k) << 3);
  const first = <f32>(<f64>load<f32>(slow, Edge.SMOOTH) + LAM1 * (zc - <f64>load<f32>(slow, Edge.SMOOTH)));
  const second = <f32>(<f64>load<f32>(slow, Edge.SMOOTH + 4) + LAM2 * (zc - <f64>load<f32>(slow, Edge.SMOOTH + 4)));
  store<f32>(slow, first, Edge.SMOOTH);
  store<f32>(slow, second, Edge.SMOOTH + 4);
  const i = SCALES * k;
  const out = surprise + ((<usize>i) << 3);
  store<f64>(out, foldComponent(g, e, k, i, z, c, RL));
  store<f64>(out, foldComponent(g, e, k, i + 1, <f64>first / SHRINK1, c, RL / LAM1), 8);
  store<f64>(out, foldComponent(g, e, k, i + 2, <f64>second / SHRINK2, c, RL / LAM2), 16);
}
