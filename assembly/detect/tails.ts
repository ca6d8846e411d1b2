// Tail calibration: a z becomes twelve surprises (three time scales a feature), each the -ln of its tail probability,
// learnt per edge. Specified in docs/detection.md, section 2.4.
import {
  AGE,
  AGE_GROSS,
  CMIN,
  COMPONENTS,
  CW,
  ERR,
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
  XI_ERR,
  ZC,
} from './constants';
import { countsEnabled } from './counts';
import { clip } from './extremes';
import { Edge, Group } from './state';

/** Standard deviation of white noise after smoothing: sqrt(lam / (2 - lam)). */
const SHRINK1: f64 = 0.42008402520840293;
const SHRINK2: f64 = 0.22941573387056174;

/** -ln of the tail probability of u: exponential body through (0, 0) and (q, L0), generalised Pareto beyond q. */
export function tailSurprise(u: f64, q: f64, b: f64, shape: f64): f64 {
  if (u <= q) return (u / q) * L0;
  return min(L0 + Math.log(1 + (shape * (u - q)) / b) / shape, LMAX);
}

/**
 * Shape of the tail of feature k: errors come in bursts, and where small counts are judged by themselves, theirs may be
 * heavy.
 */
export function shapeOf(k: i32): f64 {
  return k == ERR && countsEnabled ? XI_ERR : XI;
}

/** Inverse of `tailSurprise`: the weighted z whose surprise is L; -1 if none is. */
export function tailReach(L: f64, q: f64, b: f64, shape: f64): f64 {
  if (L > LMAX) return -1;
  if (L <= L0) return (q * L) / L0;
  return q + (b * (Math.exp(shape * (L - L0)) - 1)) / shape;
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
  const L = tailSurprise(u, q, b, shapeOf(k));
  if (c >= CMIN) {
    const step = QS * b * (1 + QB * h);
    const run: f64 = L > LCAL ? <f64>load<f32>(at, Edge.RL) + 1 : 0;
    store<f32>(at, <f32>run, Edge.RL);
    if (u > q) learnExceedance(at, wide, pop, u, q, b, step, teaching(e, k, run, runLimit, c));
    else store<f64>(wide, max(0.5, q - step * P0), Edge.Q);
  }
  return zz > 0 ? L : -L;
}

/**
 * f64[12] each, by component: z; samples before this one, -1 not judged; quantile and mean excess before this window.
 */
const zs: usize = memory.data(COMPONENTS << 3, 16);
const samples: usize = memory.data(COMPONENTS << 3, 16);
const quantiles: usize = memory.data(COMPONENTS << 3, 16);
const excesses: usize = memory.data(COMPONENTS << 3, 16);
/** f64[12]: how much a rise and a fall of a component count: `weightUp`, `weightDown`. */
const rises: usize = memory.data<f64>([1, 1, 1, 0.5, 0.5, 0.5, 1, 1, 1, 0.8, 0.8, 0.8], 16);
const falls: usize = memory.data<f64>([0.25, 0.25, 0.25, 1, 1, 1, 0, 0, 0, 0.8, 0.8, 0.8], 16);

/** No feature of the window has been judged yet. */
export function startTails(): void {
  for (let i: usize = 0; i < 6; i++) {
    v128.store(zs + (i << 4), f64x2.splat(0));
    v128.store(samples + (i << 4), f64x2.splat(-1));
  }
}

/** Feature k was judged z after c samples: its slow scales follow. */
export function noteTails(e: usize, k: i32, z: f64, c: f64): void {
  const at = (<usize>k) * (SCALES << 3);
  const slow = e + ((<usize>k) << 3);
  const before = f64x2.promote_low_f32x4(v128.load64_zero(slow, Edge.SMOOTH));
  const distance = f64x2.sub(f64x2.splat(clip(z, ZC)), before);
  const after = f32x4.demote_f64x2_zero(f64x2.add(before, f64x2.mul(f64x2(LAM1, LAM2), distance)));
  v128.store_lane<i64>(slow, after, 0, Edge.SMOOTH);
  store<f64>(zs + at, z);
  v128.store(zs + at, f64x2.div(f64x2.promote_low_f32x4(after), f64x2(SHRINK1, SHRINK2)), 8);
  v128.store(samples + at, f64x2.splat(c));
  store<f64>(samples + at, c, 16);
}

/** Component i by itself. */
function foldAlone(g: usize, e: usize, i: i32, surprise: usize): void {
  const at = (<usize>i) << 3;
  const c = load<f64>(samples + at);
  if (c < 0) return;
  const j = i % SCALES;
  const runLimit = j == 0 ? RL : j == 1 ? RL / LAM1 : RL / LAM2;
  store<f64>(surprise + at, foldComponent(g, e, i / SCALES, i, load<f64>(zs + at), c, runLimit));
}

/**
 * Components i and i + 1, i even. Two that stay within their quantiles take the same steps together; else each goes its
 * own way (`foldComponent`, which is the same arithmetic).
 */
function foldPair(g: usize, e: usize, i: i32, surprise: usize): void {
  const at = (<usize>i) << 3;
  const narrow = e + ((<usize>i) << 2);
  const z = v128.load(zs + at);
  const c = v128.load(samples + at);
  const nx = f64x2.promote_low_f32x4(v128.load64_zero(narrow, Edge.NX));
  const h = f64x2.div(f64x2.splat(N0), f64x2.add(nx, f64x2.splat(N0)));
  const own = f64x2.mul(v128.load(e + at, Edge.B), f64x2.sub(f64x2.splat(1), h));
  const b = f64x2.add(own, f64x2.mul(v128.load(g + at, Group.B_POP), h));
  const q = v128.load(e + at, Edge.Q);
  const isRise = f64x2.gt(z, f64x2.splat(0));
  const fall = f64x2.mul(f64x2.neg(z), v128.load(falls + at));
  const u = v128.bitselect(f64x2.mul(z, v128.load(rises + at)), fall, isRise);
  v128.store(quantiles + at, q);
  v128.store(excesses + at, b);
  if (!i64x2.all_true(f64x2.le(u, q))) {
    foldAlone(g, e, i, surprise);
    foldAlone(g, e, i + 1, surprise);
    return;
  }
  const L = f64x2.mul(f64x2.div(u, q), f64x2.splat(L0));
  const signed = v128.bitselect(L, f64x2.neg(L), isRise);
  v128.store(surprise + at, v128.and(signed, f64x2.ge(c, f64x2.splat(0))));
  const learns = f64x2.ge(c, f64x2.splat(CMIN));
  const widening = f64x2.add(f64x2.splat(1), f64x2.mul(f64x2.splat(QB), h));
  const step = f64x2.mul(f64x2.mul(f64x2.splat(QS), b), widening);
  const lower = f64x2.sub(q, f64x2.mul(step, f64x2.splat(P0)));
  v128.store(e + at, v128.bitselect(f64x2.pmax(lower, f64x2.splat(0.5)), q, learns), Edge.Q);
  // Within the quantile no surprise is above LCAL.
  const runs = v128.andnot(v128.load64_zero(narrow, Edge.RL), v128.shuffle<i32>(learns, learns, 0, 2, 0, 2));
  v128.store_lane<i64>(narrow, runs, 0, Edge.RL);
}

/** The surprises of the features noted since `startTails`; their tails learn. */
export function foldTails(g: usize, e: usize, surprise: usize): void {
  for (let i = 0; i < COMPONENTS; i += 2) foldPair(g, e, i, surprise);
  for (let k: usize = 0; k < 4; k++) {
    const at = k * (SCALES << 3);
    if (load<f64>(samples + at) < 0) continue;
    store<f32>(e + (k << 2), <f32>load<f64>(quantiles + at), Edge.JQ);
    store<f32>(e + (k << 2), <f32>load<f64>(excesses + at), Edge.JB);
  }
}
