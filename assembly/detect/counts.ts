// Few errors and few requests by their exact probability, added up over several windows: what z-scores of small counts
// cannot tell.
//
// Two memories, LAM1 and LAM2 as those of the z-scores. A faded sum of counts with gain λ has the mean M = Σ (1-λ)^i
// μ_i and, Poisson, the variance M / (2-λ): scaled by 2-λ it is a count again. Its evidence is Chernoff's bound of the
// negative binomial tail. Specified in docs/detection.md, section 2.5.
import { CMIN, COUNT_DRIFT, COUNT_MEMORY, ERR, ERROR_SUM_MOST, L0, LAM1, LAM2, NF, PRIOR_N, PRIOR_P, RATE, SILENT_BUSY, WARM } from './constants';
import { clip, gainOf, larger, smaller } from './extremes';
import { Edge } from './state';

export let countsEnabled: bool = true;

export function configureCounts(enabled: bool): void {
  countsEnabled = enabled;
}

const SCALE1: f64 = 2 - LAM1;
const SCALE2: f64 = 2 - LAM2;
/** Relative variance of a service's error rate that is nothing new: errors come in bursts. */
const ERROR_SPREAD: f64 = 1;
/** Least relative variance of requests, and how much the rate may wander in one window without being clipped. */
const RATE_SPREAD: f64 = 0.02;
const RATE_WANDER: f64 = 0.05;
/** Half a count: a sum that just reached x could have been less. */
const HALF: f64 = 0.5;

/**
 * Chernoff's bound, nats, of a count as far from mu as x; `spread`: relative variance of its rate. 0 where it is below
 * L0.
 */
function tail(x: f64, mu: f64, spread: f64): f64 {
  if ((x - mu) * (x - mu) <= L0 * mu) return 0;
  const k = 1 / spread;
  const nats = (x > 0 ? x * Math.log(x / mu) : 0) - (x + k) * Math.log((x + k) / (mu + k));
  return nats > L0 ? nats : 0;
}

/** Adds a window to a faded sum: f32 at `at`. */
function fade(at: usize, offset: usize, lam: f64, value: f64): f64 {
  const sum = <f32>(<f64>load<f32>(at + offset) * (1 - lam) + value);
  store<f32>(at + offset, sum);
  return <f64>sum;
}

/**
 * Nats of too many errors, ERROR_SUM_MOST at most: x in this window, mu expected. `c`: windows before; `ke`: errors
 * that the usual rate was learnt from.
 */
export function foldErrorCounts(e: usize, x: f64, mu: f64, c: f64, ke: f64): f64 {
  const s1 = fade(e, Edge.ERROR_SUMS, LAM1, x);
  const m1 = fade(e, Edge.ERROR_SUMS + 4, LAM1, mu);
  const s2 = fade(e, Edge.ERROR_SUMS + 8, LAM2, x);
  const m2 = fade(e, Edge.ERROR_SUMS + 12, LAM2, mu);
  if (c < WARM) return 0;
  const spread = ERROR_SPREAD + 1 / (ke + PRIOR_P * PRIOR_N);
  let nats: f64 = 0;
  if (s1 > m1 + HALF) nats = tail((s1 - HALF) * SCALE1, m1 * SCALE1, spread);
  if (s2 > m2 + HALF) nats = larger(nats, tail((s2 - HALF) * SCALE2, m2 * SCALE2, spread));
  return smaller(nats, ERROR_SUM_MOST);
}

/** What the long sum says of the rate's own spread: its excess over counting, against its mean squared. */
function learnSpread(e: usize, s: f64, m: f64, spread: f64): void {
  const v = m + spread * m * m + HALF;
  const d = clip(s - m, 4 * Math.sqrt(v));
  const keep: f64 = 1 - 1 / COUNT_MEMORY;
  store<f32>(e, <f32>larger(0, <f64>load<f32>(e, Edge.SPREAD) * keep + LAM2 * (d * d - m)), Edge.SPREAD);
  store<f32>(e, <f32>(<f64>load<f32>(e, Edge.SPREAD + 4) * keep + LAM2 * m * m), Edge.SPREAD + 4);
}

/** Requests per request that the source received: both sums learn, requests at most 3 sd off. */
function learnShare(e: usize, n: f64, mu: f64, inflow: f64, c: f64): void {
  const reach = 3 * Math.sqrt(mu + HALF + RATE_WANDER * mu * mu);
  const taught = c > 4 ? smaller(larger(n, mu - reach), mu + reach) : n;
  const gain = gainOf(c + 1, NF);
  const sent = <f64>load<f32>(e, Edge.SHARE);
  const received = <f64>load<f32>(e, Edge.SHARE + 4);
  store<f32>(e, <f32>(sent + gain * (taught - sent)), Edge.SHARE);
  store<f32>(e, <f32>(received + gain * (inflow - received)), Edge.SHARE + 4);
}

/** Nats of too few requests: n in this window (0: silent) of the `inflow` that the source received, above 0. */
export function foldRateCounts(e: usize, n: f64, inflow: f64): f64 {
  const c = <f64>load<f32>(e, Edge.C + RATE * 4);
  const sent = <f64>load<f32>(e, Edge.SHARE);
  const received = <f64>load<f32>(e, Edge.SHARE + 4);
  const mu = received > 0 ? (sent / received) * inflow : 0;
  const s1 = fade(e, Edge.RATE_SUMS, LAM1, n);
  const m1 = fade(e, Edge.RATE_SUMS + 4, LAM1, mu);
  const s2 = fade(e, Edge.RATE_SUMS + 8, LAM2, n);
  const m2 = fade(e, Edge.RATE_SUMS + 12, LAM2, mu);
  const own = <f64>load<f32>(e, Edge.SPREAD) / larger(<f64>load<f32>(e, Edge.SPREAD + 4), 1);
  const spread = larger(RATE_SPREAD, own) + 1 / (sent * smaller(c, NF) + 1);
  let nats: f64 = 0;
  if (c >= CMIN && <f64>load<f32>(e, Edge.N) >= WARM) {
    if (n == 0) nats = tail(0, mu, spread);
    if (s1 < COUNT_DRIFT * m1) nats = larger(nats, tail(s1 * SCALE1, m1 * SCALE1, spread));
    if (s2 < COUNT_DRIFT * m2) nats = larger(nats, tail(s2 * SCALE2, m2 * SCALE2, spread));
  }
  learnSpread(e, s2 * SCALE2, m2 * SCALE2, spread);
  learnShare(e, n, mu, inflow, c);
  return nats;
}

/** The error rate is learnt anew: so are the sums of errors. */
export function restartErrorCounts(e: usize): void {
  v128.store(e, i64x2.splat(0), Edge.ERROR_SUMS);
}

/** A silence that its own habit must explain is over: the sums of requests start again. */
export function restartRateCounts(e: usize): void {
  v128.store(e, i64x2.splat(0), Edge.RATE_SUMS);
}

/**
 * What a silence counts whose source went on receiving: at most SILENT_BUSY more than the edge's habit of being silent
 * allows.
 */
export function busySilence(gap: f64, nats: f64): f64 {
  return larger(gap, smaller(nats, gap + SILENT_BUSY));
}

/** Raises the slow surprise of errors, or of a falling rate. `surprise`: the twelve of the edge. */
export function raiseSlow(surprise: usize, k: i32, nats: f64): void {
  const at = surprise + ((<usize>(3 * k + 2)) << 3);
  if (k == ERR) store<f64>(at, larger(load<f64>(at), nats));
  else store<f64>(at, smaller(load<f64>(at), -nats));
}
