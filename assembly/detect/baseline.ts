// Level and scale of one edge's features: a window's value becomes a signed z against the state, then the state learns.
// Specified in docs/detection.md, sections 2.1 to 2.3.
import {
  BUSY,
  BYT,
  C0,
  CLIP,
  CMIN,
  CREDIBLE,
  ERR,
  floorOf,
  GROSS,
  GROSS_ERR,
  GROSS_N,
  HEAL,
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
  SPOILED,
  SPOILED_YOUNG,
  startOf,
} from './constants';
import { isPresent } from './context';
import { busySilence, countsEnabled, foldErrorCounts, foldRateCounts, raiseSlow, restartErrorCounts } from './counts';
import { clip, gainOf, larger, smaller } from './extremes';
import { foldPresence, foldSilent } from './gap';
import { serviceAt, windowAt } from './regions';
import { Edge, Group, Service } from './state';
import { foldTails, noteTails, startTails } from './tails';

/** Decay of errors and requests in a window: 1 - 1/NE. */
const KEEP_ERRORS: f64 = 1 - 1 / NE;

/** ln(requests the source received + .5) of the edge being folded; the context itself is in the record (CTX). */
let lnContext: f64 = 0;

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

function markGross(e: usize, k: i32, d: f64, n: f64): void {
  const usual = <f64>load<f32>(e, Edge.NBAR);
  if (d >= grossChange(k, true, n, usual) || d <= -grossChange(k, false, n, usual)) {
    store<u8>(e + <usize>k, 1, Edge.GROSS);
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
export function errorRate(e: usize): f64 {
  return (<f64>load<f32>(e, Edge.KE) + PRIOR_P * PRIOR_N) / (<f64>load<f32>(e, Edge.NE) + PRIOR_N);
}

/** Standard deviation of the error count of a window with n requests at rate r. */
export function errorDeviation(e: usize, n: f64, r: f64): f64 {
  return Math.sqrt((n * r * (1 - r) + C0) * larger(<f64>load<f32>(e, Edge.S2 + ERR * 4), 1));
}

/** Gain of the variance after c samples. */
function scaleGain(z: f64, c: f64, slowStart: f64): f64 {
  const gain = gainOf(c + slowStart, NS);
  return Math.abs(z) > REJ && c > SETTLED ? RW * gain : gain;
}

/** Evidence of too many errors in the window being folded, by their exact probability. */
let errorNats: f64 = 0;

/** Signed z of the error count x among n requests; learns rate and overdispersion. */
function foldErrors(e: usize, x: f64, n: f64, c: f64): f64 {
  if (c == 0) store<f32>(e, 1, Edge.S2 + ERR * 4);
  const r = errorRate(e);
  if (countsEnabled) errorNats = foldErrorCounts(e, x, n * r, c, <f64>load<f32>(e, Edge.KE));
  const sd = errorDeviation(e, n, r);
  const z = (x - n * r) / sd;
  store<f64>(e, r, Edge.LOC + ERR * 8);
  store<f32>(e, <f32>sd, Edge.SD + ERR * 4);
  markGross(e, ERR, x - n * r, n);
  store<f32>(e, <f32>(<f64>load<f32>(e, Edge.KE) * KEEP_ERRORS + smaller(n * r + CLIP * sd, x)), Edge.KE);
  store<f32>(e, <f32>(<f64>load<f32>(e, Edge.NE) * KEEP_ERRORS + n), Edge.NE);
  if (c > 0) {
    const s2 = <f64>load<f32>(e, Edge.S2 + ERR * 4);
    const taught = larger(s2 * (1 + scaleGain(z, c, 20) * (smaller(z * z, CLIP * CLIP) - 1)), 1);
    store<f32>(e, <f32>taught, Edge.S2 + ERR * 4);
  }
  return z;
}

/** Consecutive windows beyond CLIP on the side of z. */
function foldRun(at: usize, z: f64): f64 {
  const run = <f64>load<f32>(at, Edge.RUN);
  const next: f64 = Math.abs(z) <= CLIP ? 0 : z > 0 ? max(run, 0) + 1 : min(run, 0) - 1;
  store<f32>(at, <f32>next, Edge.RUN);
  return next;
}

/** Signed z of LAT, RATE or BYT; learns level and scale. `n` NaN: not known; `w` count widening, 1 for RATE. */
function foldLevel(e: usize, k: i32, y: f64, n: f64, w: f64, c: f64, excess: f64): f64 {
  const at = e + ((<usize>k) << 2);
  const wide = e + ((<usize>k) << 3);
  if (c == 0) {
    store<f64>(wide, y, Edge.M);
    store<f32>(at, <f32>(startOf(k) * startOf(k)), Edge.S2);
    store<f32>(at, 0, Edge.RUN);
  }
  const m = load<f64>(wide, Edge.M);
  const s2 = <f64>load<f32>(at, Edge.S2);
  const d = y - m;
  const sd = deviation(k, s2, m, w, load<f64>(e, Edge.CTX), lnContext, excess);
  const z = d / sd;
  store<f64>(wide, m, Edge.LOC);
  store<f32>(at, <f32>sd, Edge.SD);
  markGross(e, k, d, n);
  const run = foldRun(at, z);
  const gain = gainOf(c + 1, NF);
  let step = gain * d;
  if (Math.abs(run) > SHIFT) step = (SACC / NF) * d;
  else if (c > 4) step = (gain * clip(z, CLIP) * sd) / w;
  store<f64>(wide, m + step, Edge.M);
  const taught = s2 * (1 + scaleGain(z, c, 10) * (smaller(z * z, CLIP * CLIP) - 1));
  store<f32>(at, <f32>larger(taught, 1e-12), Edge.S2);
  return z;
}

/** LAT ln x; RATE ln(n + .5), relative to the source where that is known; BYT per request where n is known. */
function transform(e: usize, k: i32, x: f64, n: f64): f64 {
  if (k == LAT) return Math.log(larger(x, 1e-9));
  if (k == RATE) return load<f64>(e, Edge.CTX) >= 0 ? Math.log(x + 0.5) - lnContext : Math.log(x + 0.5);
  return n == n ? Math.log((x + 1) / larger(n, 0.5)) : Math.log(x + 1);
}

/**
 * Requests that the source received in this window; -1: the rate is judged absolutely; NaN: relative, but the source
 * told nothing. An edge becomes relative when its source is first fed, and then its rate baseline starts again.
 */
function sourceContext(e: usize, tick: i64): f64 {
  const source = load<i32>(e, Edge.SOURCE);
  if (source < 0 || load<i32>(e, Edge.SOURCE_RELATIVE) == 0) return -1;
  const v = serviceAt(source);
  const stamp = load<i64>(v, Service.STAMP);
  if (stamp < 0) return -1;
  if (load<f32>(e, Edge.RELATIVE) == 0) {
    store<f32>(e, 1, Edge.RELATIVE);
    store<f32>(e, 0, Edge.C + RATE * 4);
  }
  if (stamp != tick) return NaN;
  lnContext = load<f64>(v, Service.LN_INFLOW);
  return load<f64>(v, Service.INFLOW);
}

/** Load excess at the edge's destination in this tick, nats. */
function destinationLoad(e: usize, tick: i64): f64 {
  const destination = load<i32>(e, Edge.DESTINATION);
  if (destination < 0) return 0;
  const v = serviceAt(destination);
  return load<i64>(v, Service.STAMP) == tick ? load<f64>(v, Service.LOAD) : 0;
}

/** Forgets the error rate: the requests that it was learnt from were never there. */
function restartErrors(e: usize): void {
  store<f32>(e, 0, Edge.KE);
  store<f32>(e, 0, Edge.NE);
  restartErrorCounts(e);
}

/**
 * What is believed of n requests in a window: one absurd count may not decide what is usual for days. NaN stays NaN.
 */
export function credible(e: usize, n: f64): f64 {
  const age = <f64>load<f32>(e, Edge.N);
  if (age < CMIN) return n;
  const most = smaller(age, CREDIBLE) * larger(<f64>load<f32>(e, Edge.NBAR), 1);
  return n > most ? most : n;
}

/** Folds n into the usual requests; returns the count widening against what was usual before. */
function foldUsual(e: usize, n: f64): f64 {
  const usual = <f64>load<f32>(e, Edge.NBAR);
  const gain = gainOf(<f64>load<f32>(e, Edge.N), NF);
  const learnt = usual + gain * (n - usual);
  const isSpoiled = learnt > SPOILED * larger(n, 1);
  store<f32>(e, <f32>(isSpoiled ? learnt * HEAL : learnt), Edge.NBAR);
  if (isSpoiled && <f64>load<f32>(e, Edge.N) < SPOILED_YOUNG) restartErrors(e);
  return usual > 0 ? larger(usual / larger(n, 0.5), 1) : 1;
}

/** Judges and learns the features of a present edge; returns how many were judged. */
function foldFeatures(g: usize, e: usize, x: usize, tick: i64, surprise: usize): i32 {
  const told = load<f64>(x, RATE << 3);
  const n = credible(e, told);
  const w = n == n ? foldUsual(e, n) : 1;
  const ctx = load<f64>(e, Edge.CTX);
  let judged = 0;
  let rateNats: f64 = 0;
  errorNats = 0;
  startTails();
  for (let k = 0; k < 4; k++) {
    const value = load<f64>(x + ((<usize>k) << 3));
    if (value != value || (k == ERR && n != n) || (k == RATE && ctx != ctx)) continue;
    const at = e + ((<usize>k) << 2);
    const c = <f64>load<f32>(at, Edge.C);
    let z: f64;
    if (k == ERR) z = foldErrors(e, smaller(told > n ? value * (n / told) : value, n), n, c);
    else
      z = foldLevel(e, k, transform(e, k, value, told), n, k == RATE ? 1 : w, c, k == LAT ? destinationLoad(e, tick) : 0);
    store<f32>(at, <f32>(c + 1), Edge.C);
    store<f32>(at, <f32>z, Edge.Z);
    judged++;
    noteTails(e, k, z, c);
    if (!countsEnabled) continue;
    if (k == RATE && ctx > 0) rateNats = foldRateCounts(e, n, ctx);
  }
  foldTails(g, e, surprise);
  if (errorNats > 0) raiseSlow(surprise, ERR, errorNats);
  if (rateNats > 0) raiseSlow(surprise, RATE, rateNats);
  return judged;
}

/** What stage A says of one edge and window. */
export let foldedGap: f64 = 0;
export let foldedPresent: bool = false;

/**
 * Stage A for one edge: fills the twelve f64 surprises at `surprise`, `foldedGap` and `foldedPresent`;
 * returns the number of features judged.
 */
export function foldEdge(g: usize, edge: i32, e: usize, surprise: usize): i32 {
  const x = windowAt(edge);
  const tick = load<i64>(g, Group.TICK);
  const outage = load<i32>(g, Group.OUTAGE) != 0;
  // Six stores: `memory.fill` is a call out of WebAssembly.
  for (let i: usize = 0; i < 6; i++) v128.store(surprise + (i << 4), f64x2.splat(0));
  store<u32>(e, 0, Edge.GROSS);
  v128.store(e, f32x4.splat(f32.NaN), Edge.Z);
  store<f64>(e, sourceContext(e, tick), Edge.CTX);
  foldedGap = 0;
  foldedPresent = isPresent(x);
  if (!foldedPresent) {
    foldedGap = foldSilent(e, outage);
    const ctx = load<f64>(e, Edge.CTX);
    if (countsEnabled && foldedGap > 0 && ctx > 0) foldedGap = busySilence(foldedGap, foldRateCounts(e, 0, ctx));
    return 0;
  }
  foldPresence(e, outage);
  return foldFeatures(g, e, x, tick, surprise);
}
