// Stage A of a closing: an edge's window against what is usual of it, or its silence against its habit. All of it
// learns.
// Specified in docs/detection.md, sections 2 and 3.
import { Numbers } from '../numbers';
import { foldErrors, foldLevel } from './baseline';
import { Judged } from './block';
import { ERR, FEATURES, HEAL, LAT, NF, RATE, SPOILED, SPOILED_YOUNG } from './constants';
import { busySilence, foldRateCounts, raiseSlow, restartErrorCounts } from './counts';
import { Edge } from './edge';
import { gainOf, larger, smaller } from './extremes';
import { foldPresence, foldSilent } from './gap';
import { Group } from './group';
import { options } from './options';
import { credible, isPresent } from './presence';
import { serviceAt, windowAt } from './regions';
import { foldTails, noteTails, startTails } from './tails';

/** LAT ln x; RATE ln(n + .5), relative to the source where that is known; BYT per request where n is known. */
function transform(e: Edge, k: i32, x: f64, n: f64, lnContext: f64): f64 {
  if (k == LAT) return Math.log(larger(x, 1e-9));
  if (k == RATE) return e.context >= 0 ? Math.log(x + 0.5) - lnContext : Math.log(x + 0.5);
  return n == n ? Math.log((x + 1) / larger(n, 0.5)) : Math.log(x + 1);
}

/**
 * Requests that the source received in this window; -1: the rate is judged absolutely; NaN: relative, but the source
 * told nothing. An edge becomes relative when its source is first fed, and then its rate baseline starts again.
 */
function sourceContext(e: Edge, judged: Judged, tick: i64): f64 {
  const source = e.source;
  if (source < 0 || e.sourceRelative == 0) return -1;
  const v = serviceAt(source);
  const fedAt = v.tick;
  if (fedAt < 0) return -1;
  if (e.relative == 0) {
    e.relative = 1;
    e.samples[RATE] = 0;
  }
  if (fedAt != tick) return NaN;
  judged.lnContext = v.lnInflow;
  return v.inflow;
}

/** Load excess at the edge's destination in this tick, nats. */
function destinationLoad(e: Edge, tick: i64): f64 {
  const destination = e.destination;
  if (destination < 0) return 0;
  const v = serviceAt(destination);
  return v.tick == tick ? v.load : 0;
}

/** Forgets the error rate: the requests that it was learnt from were never there. */
function restartErrors(e: Edge): void {
  e.errors = 0;
  e.requests = 0;
  restartErrorCounts(e);
}

/** Folds n into the usual requests; returns the count widening against what was usual before. */
function foldUsual(e: Edge, n: f64): f64 {
  const usual = <f64>e.usual;
  const gain = gainOf(<f64>e.windows, NF);
  const learnt = usual + gain * (n - usual);
  const isSpoiled = learnt > SPOILED * larger(n, 1);
  e.usual = <f32>(isSpoiled ? learnt * HEAL : learnt);
  if (isSpoiled && <f64>e.windows < SPOILED_YOUNG) restartErrors(e);
  return usual > 0 ? larger(usual / larger(n, 0.5), 1) : 1;
}

/**
 * Signed z of feature k, whose value is x. `n`: requests as believed, `told`: as told; `w`: count widening; `c`:
 * samples before.
 */
// @ts-ignore: decorator
@inline
function foldFeature(e: Edge, judged: Judged, k: i32, x: f64, n: f64, told: f64, w: f64, c: f64, tick: i64): f64 {
  if (k == ERR) return foldErrors(e, judged, smaller(told > n ? x * (n / told) : x, n), n, c);
  const lnContext = judged.lnContext;
  const y = transform(e, k, x, told, lnContext);
  return foldLevel(e, k, y, n, k == RATE ? 1 : w, c, lnContext, k == LAT ? destinationLoad(e, tick) : 0);
}

/** Judges and learns the features of a present edge. */
function foldFeatures(g: Group, e: Edge, judged: Judged, x: Numbers<f64>, tick: i64): void {
  const told = x[RATE];
  const n = credible(e, told);
  const w = n == n ? foldUsual(e, n) : 1;
  const ctx = e.context;
  let features = 0;
  judged.errorNats = 0;
  judged.rateNats = 0;
  startTails();
  for (let k = 0; k < FEATURES; k++) {
    const value = x[k];
    if (value != value || (k == ERR && n != n) || (k == RATE && ctx != ctx)) continue;
    const c = <f64>e.samples[k];
    const z = foldFeature(e, judged, k, value, n, told, w, c, tick);
    e.samples[k] = <f32>(c + 1);
    e.z[k] = <f32>z;
    features++;
    noteTails(e, k, z, c);
    if (!options.counts) continue;
    if (k == RATE && ctx > 0) judged.rateNats = foldRateCounts(e, n, ctx);
  }
  foldTails(g, e, judged);
  if (judged.errorNats > 0) raiseSlow(judged.surprise, ERR, judged.errorNats);
  if (judged.rateNats > 0) raiseSlow(judged.surprise, RATE, judged.rateNats);
  judged.features = features;
}

/** Stage A for one edge: fills all of `judged` but the forest's surprise. */
export function foldEdge(g: Group, edge: i32, e: Edge, judged: Judged): void {
  const x = windowAt(edge);
  const tick = g.tick;
  const outage = g.outage != 0;
  const surprise = judged.surprise.at(0);
  // Six stores: `memory.fill` is a call out of WebAssembly.
  for (let i: usize = 0; i < 6; i++) v128.store(surprise + (i << 4), f64x2.splat(0));
  e.forgetGross();
  v128.store(e.z.at(0), f32x4.splat(f32.NaN));
  e.context = sourceContext(e, judged, tick);
  judged.gap = 0;
  judged.forest = 0;
  judged.features = 0;
  judged.isPresent = isPresent(x);
  if (judged.isPresent) {
    foldPresence(e, outage);
    foldFeatures(g, e, judged, x, tick);
    return;
  }
  const gap = foldSilent(e, outage);
  const ctx = e.context;
  judged.gap = options.counts && gap > 0 && ctx > 0 ? busySilence(gap, foldRateCounts(e, 0, ctx)) : gap;
}
