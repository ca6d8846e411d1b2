// Tail calibration: a z becomes twelve surprises (three time scales a feature), each the -ln of its tail probability,
// learnt per edge.
// Specified in docs/detection.md, section 2.4.
import {
  AGE,
  AGE_GROSS,
  CMIN,
  COMPONENTS,
  CW,
  ERR,
  FEATURES,
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
import { Judged } from './block';
import { clip } from './extremes';
import { Edge } from './edge';
import { Group } from './group';
import { options } from './options';

/** Standard deviation of white noise after smoothing: sqrt(lam / (2 - lam)). */
export const SHRINK1: f64 = 0.42008402520840293;
export const SHRINK2: f64 = 0.22941573387056174;

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
  return k == ERR && options.counts ? XI_ERR : XI;
}

/** Inverse of `tailSurprise`: the weighted z whose surprise is L; -1 if none is. */
export function tailReach(L: f64, q: f64, b: f64, shape: f64): f64 {
  if (L > LMAX) return -1;
  if (L <= L0) return (q * L) / L0;
  return q + (b * (Math.exp(shape * (L - L0)) - 1)) / shape;
}

/** How much a window beyond q teaches: a long event, and an early fault of a young edge, teach a tenth. */
function teaching(e: Edge, k: i32, run: f64, runLimit: f64, c: f64): f64 {
  if (run > runLimit && c > LONG_AFTER) return CW;
  const young = run > 1 && e.gross[k] != 0 && AGE_GROSS * <f64>e.windows < AGE;
  return young ? CW : 1;
}

/** A window beyond q: quantile and both mean excesses of component i learn. */
function learnExceedance(g: Group, e: Edge, i: i32, u: f64, q: f64, b: f64, step: f64, cw: f64): void {
  const excess = min(u - q, 6 * b);
  const nx = <f64>e.exceedances[i] + 1;
  e.exceedances[i] = <f32>nx;
  const own = e.b[i];
  e.b[i] = max(0.1, own + cw * max(1 / nx, 1 / NX) * (excess - own));
  e.q[i] = q + cw * step * (1 - P0);
  const all = g.b[i];
  g.b[i] = all + cw * POP * (excess - all);
}

/** Surprise of the z of one component; learns its tail. `runLimit`: windows above LCAL that are one long event. */
function foldComponent(g: Group, e: Edge, k: i32, i: i32, zz: f64, c: f64, runLimit: f64): f64 {
  const u = zz > 0 ? zz * weightUp(k) : -zz * weightDown(k);
  const h = N0 / (<f64>e.exceedances[i] + N0);
  const b = e.b[i] * (1 - h) + g.b[i] * h;
  const q = e.q[i];
  const L = tailSurprise(u, q, b, shapeOf(k));
  if (c >= CMIN) {
    const step = QS * b * (1 + QB * h);
    const run: f64 = L > LCAL ? <f64>e.long[i] + 1 : 0;
    e.long[i] = <f32>run;
    if (u > q) learnExceedance(g, e, i, u, q, b, step, teaching(e, k, run, runLimit, c));
    else e.q[i] = max(0.5, q - step * P0);
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
export function noteTails(e: Edge, k: i32, z: f64, c: f64): void {
  const at = (<usize>k) * (SCALES << 3);
  const slow = e.smooth.at(k << 1);
  const before = f64x2.promote_low_f32x4(v128.load64_zero(slow));
  const distance = f64x2.sub(f64x2.splat(clip(z, ZC)), before);
  const after = f32x4.demote_f64x2_zero(f64x2.add(before, f64x2.mul(f64x2(LAM1, LAM2), distance)));
  v128.store_lane<i64>(slow, after, 0);
  store<f64>(zs + at, z);
  v128.store(zs + at, f64x2.div(f64x2.promote_low_f32x4(after), f64x2(SHRINK1, SHRINK2)), 8);
  v128.store(samples + at, f64x2.splat(c));
  store<f64>(samples + at, c, 16);
}

/** Component i by itself. */
function foldAlone(g: Group, e: Edge, i: i32, judged: Judged): void {
  const at = (<usize>i) << 3;
  const c = load<f64>(samples + at);
  if (c < 0) return;
  const j = i % SCALES;
  const runLimit = j == 0 ? RL : j == 1 ? RL / LAM1 : RL / LAM2;
  judged.surprise[i] = foldComponent(g, e, i / SCALES, i, load<f64>(zs + at), c, runLimit);
}

/**
 * Components i and i + 1, i even. Two that stay within their quantiles take the same steps together; else each goes its
 * own way (`foldComponent`, which is the same arithmetic).
 */
function foldPair(g: Group, e: Edge, i: i32, judged: Judged): void {
  const at = (<usize>i) << 3;
  const z = v128.load(zs + at);
  const c = v128.load(samples + at);
  const nx = f64x2.promote_low_f32x4(v128.load64_zero(e.exceedances.at(i)));
  const h = f64x2.div(f64x2.splat(N0), f64x2.add(nx, f64x2.splat(N0)));
  const own = f64x2.mul(v128.load(e.b.at(i)), f64x2.sub(f64x2.splat(1), h));
  const b = f64x2.add(own, f64x2.mul(v128.load(g.b.at(i)), h));
  const q = v128.load(e.q.at(i));
  const isRise = f64x2.gt(z, f64x2.splat(0));
  const fall = f64x2.mul(f64x2.neg(z), v128.load(falls + at));
  const u = v128.bitselect(f64x2.mul(z, v128.load(rises + at)), fall, isRise);
  v128.store(quantiles + at, q);
  v128.store(excesses + at, b);
  if (!i64x2.all_true(f64x2.le(u, q))) {
    foldAlone(g, e, i, judged);
    foldAlone(g, e, i + 1, judged);
    return;
  }
  const L = f64x2.mul(f64x2.div(u, q), f64x2.splat(L0));
  const signed = v128.bitselect(L, f64x2.neg(L), isRise);
  v128.store(judged.surprise.at(i), v128.and(signed, f64x2.ge(c, f64x2.splat(0))));
  const learns = f64x2.ge(c, f64x2.splat(CMIN));
  const widening = f64x2.add(f64x2.splat(1), f64x2.mul(f64x2.splat(QB), h));
  const step = f64x2.mul(f64x2.mul(f64x2.splat(QS), b), widening);
  const lower = f64x2.sub(q, f64x2.mul(step, f64x2.splat(P0)));
  v128.store(e.q.at(i), v128.bitselect(f64x2.pmax(lower, f64x2.splat(0.5)), q, learns));
  // Within the quantile no surprise is above LCAL.
  const long = e.long.at(i);
  const runs = v128.andnot(v128.load64_zero(long), v128.shuffle<i32>(learns, learns, 0, 2, 0, 2));
  v128.store_lane<i64>(long, runs, 0);
}

/** The surprises of the features noted since `startTails`; their tails learn. */
export function foldTails(g: Group, e: Edge, judged: Judged): void {
  for (let i = 0; i < COMPONENTS; i += 2) foldPair(g, e, i, judged);
  for (let k = 0; k < FEATURES; k++) {
    const at = <usize>k * (SCALES << 3);
    if (load<f64>(samples + at) < 0) continue;
    e.jq[k] = <f32>load<f64>(quantiles + at);
    e.jb[k] = <f32>load<f64>(excesses + at);
  }
}
