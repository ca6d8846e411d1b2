// Level and scale of one edge's features: a window's value becomes a signed z against the state, then the state learns.
// Specified in docs/detection.md, sections 2.1 to 2.3.
import { Judged } from './block';
import {
  BUSY,
  BYT,
  C0,
  CLIP,
  ERR,
  floorOf,
  GROSS,
  GROSS_ERR,
  GROSS_N,
  KAPPA,
  LAT,
  NE,
  NF,
  NS,
  PRIOR_N,
  PRIOR_P,
  RATE,
  REJ,
  RW,
  SACC,
  SETTLED,
  SHIFT,
  startOf,
} from './constants';
import { foldErrorCounts } from './counts';
import { Edge } from './edge';
import { clip, gainOf, larger, smaller } from './extremes';
import { options } from './options';

/** Decay of errors and requests in a window: 1 - 1/NE. */
const KEEP_ERRORS: f64 = 1 - 1 / NE;

/**
 * Least change down or up, of the transformed value (errors: of their count), that is gross; infinite: none is. `n`
 * NaN: not known.
 */
export function grossChange(k: i32, up: bool, n: f64, usual: f64): f64 {
  if (k == RATE) return !up && usual >= BUSY ? GROSS : Infinity;
  if (!(n >= GROSS_N)) return Infinity;
  if (k == ERR) return up ? GROSS_ERR * n : Infinity;
  return up || k == BYT ? GROSS : Infinity;
}

function markGross(e: Edge, k: i32, d: f64, n: f64): void {
  const usual = <f64>e.usual;
  if (d >= grossChange(k, true, n, usual) || d <= -grossChange(k, false, n, usual)) {
    e.gross[k] = 1;
  }
}

/** Variance of a rate's logarithm from counting alone: of the count expected, and of the source's count. */
export function countingNoise(m: f64, ctx: f64, lnCtx: f64): f64 {
  if (ctx >= 0) return 1 / (Math.exp(min(m + lnCtx, 30)) + 0.5) + 1 / (ctx + 0.5);
  return 1 / (Math.exp(min(m, 30)) + 0.5);
}

/** Standard deviation of the transformed value of LAT, RATE or BYT. `w`: count widening of LAT and BYT. */
export function deviation(k: i32, s2: f64, m: f64, w: f64, ctx: f64, lnCtx: f64, excess: f64): f64 {
  const floor = floorOf(k);
  if (k == RATE) return Math.sqrt(larger(s2, floor * floor + countingNoise(m, ctx, lnCtx)));
  let v = larger(s2, floor * floor);
  if (k == LAT) {
    const allowance = KAPPA * excess;
    v += allowance * allowance;
  }
  return Math.sqrt(v * w);
}

/** Usual errors per request. */
export function errorRate(e: Edge): f64 {
  return (<f64>e.errors + PRIOR_P * PRIOR_N) / (<f64>e.requests + PRIOR_N);
}

/** Standard deviation of the error count of a window with n requests at rate r. */
export function errorDeviation(e: Edge, n: f64, r: f64): f64 {
  return Math.sqrt((n * r * (1 - r) + C0) * larger(<f64>e.s2[ERR], 1));
}

/** Gain of the variance after c samples. */
function scaleGain(z: f64, c: f64, slowStart: f64): f64 {
  const gain = gainOf(c + slowStart, NS);
  return Math.abs(z) > REJ && c > SETTLED ? RW * gain : gain;
}

/** Signed z of the error count x among n requests; learns rate and overdispersion. */
export function foldErrors(e: Edge, judged: Judged, x: f64, n: f64, c: f64): f64 {
  if (c == 0) e.s2[ERR] = 1;
  const r = errorRate(e);
  if (options.counts) judged.errorNats = foldErrorCounts(e, x, n * r, c, <f64>e.errors);
  const sd = errorDeviation(e, n, r);
  const z = (x - n * r) / sd;
  e.loc[ERR] = r;
  e.sd[ERR] = <f32>sd;
  markGross(e, ERR, x - n * r, n);
  e.errors = <f32>(<f64>e.errors * KEEP_ERRORS + smaller(n * r + CLIP * sd, x));
  e.requests = <f32>(<f64>e.requests * KEEP_ERRORS + n);
  if (c > 0) {
    const s2 = <f64>e.s2[ERR];
    const taught = larger(s2 * (1 + scaleGain(z, c, 20) * (smaller(z * z, CLIP * CLIP) - 1)), 1);
    e.s2[ERR] = <f32>taught;
  }
  return z;
}

/** Consecutive windows beyond CLIP on the side of z. */
function foldRun(e: Edge, k: i32, z: f64): f64 {
  const run = <f64>e.run[k];
  const next: f64 = Math.abs(z) <= CLIP ? 0 : z > 0 ? max(run, 0) + 1 : min(run, 0) - 1;
  e.run[k] = <f32>next;
  return next;
}

/**
 * Signed z of LAT, RATE or BYT; learns level and scale. `n` NaN: not known; `w` count widening, 1 for RATE; `c`:
 * samples before;
 * `lnContext`: ln(requests the source received + .5); `excess`: load at the destination, nats.
 */
export function foldLevel(
  e: Edge,
  k: i32,
  y: f64,
  n: f64,
  w: f64,
  c: f64,
  lnContext: f64,
  excess: f64,
): f64 {
  if (c == 0) {
    e.m[k] = y;
    e.s2[k] = <f32>(startOf(k) * startOf(k));
    e.run[k] = 0;
  }
  const m = e.m[k];
  const s2 = <f64>e.s2[k];
  const d = y - m;
  const sd = deviation(k, s2, m, w, e.context, lnContext, excess);
  const z = d / sd;
  e.loc[k] = m;
  e.sd[k] = <f32>sd;
  markGross(e, k, d, n);
  const run = foldRun(e, k, z);
  const gain = gainOf(c + 1, NF);
  let step = gain * d;
  if (Math.abs(run) > SHIFT) step = (SACC / NF) * d;
  else if (c > 4) step = (gain * clip(z, CLIP) * sd) / w;
  e.m[k] = m + step;
  const taught = s2 * (1 + scaleGain(z, c, 10) * (smaller(z * z, CLIP * CLIP) - 1));
  e.s2[k] = <f32>larger(taught, 1e-12);
  return z;
}
