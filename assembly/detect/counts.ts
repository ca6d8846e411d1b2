// Few errors and few requests by their exact probability, added up over several windows: what z-scores of small counts
// cannot tell.
//
// Two memories, LAM1 and LAM2 as those of the z-scores. A faded sum of counts with gain λ has the mean M = Σ (1-λ)^i
// μ_i and, Poisson, the variance M / (2-λ): scaled by 2-λ it is a count again. Its evidence is Chernoff's bound of the
// negative binomial tail.
// Specified in docs/detection.md, section 2.5.
import {
  CMIN,
  COUNT_DRIFT,
  COUNT_MEMORY,
  ERR,
  ERROR_SUM_MOST,
  L0,
  LAM1,
  LAM2,
  NF,
  PRIOR_N,
  PRIOR_P,
  RATE,
  SCALES,
  SILENT_BUSY,
  WARM,
} from './constants';
import { clip, gainOf, larger, smaller } from './extremes';
import { Numbers } from '../numbers';
import { Edge } from './edge';

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

/** A faded sum with one window more. */
// @ts-ignore: decorator
@inline
function faded(sum: f32, lam: f64, value: f64): f32 {
  return <f32>(<f64>sum * (1 - lam) + value);
}

/**
 * Nats of too many errors, ERROR_SUM_MOST at most: x in this window, mu expected. `c`: windows before; `ke`: errors
 * that the usual rate was learnt from.
 */
export function foldErrorCounts(e: Edge, x: f64, mu: f64, c: f64, ke: f64): f64 {
  e.errorSeen1 = faded(e.errorSeen1, LAM1, x);
  const s1 = <f64>e.errorSeen1;
  e.errorExpected1 = faded(e.errorExpected1, LAM1, mu);
  const m1 = <f64>e.errorExpected1;
  e.errorSeen2 = faded(e.errorSeen2, LAM2, x);
  const s2 = <f64>e.errorSeen2;
  e.errorExpected2 = faded(e.errorExpected2, LAM2, mu);
  const m2 = <f64>e.errorExpected2;
  if (c < WARM) return 0;
  const spread = ERROR_SPREAD + 1 / (ke + PRIOR_P * PRIOR_N);
  let nats: f64 = 0;
  if (s1 > m1 + HALF) nats = tail((s1 - HALF) * SCALE1, m1 * SCALE1, spread);
  if (s2 > m2 + HALF) nats = larger(nats, tail((s2 - HALF) * SCALE2, m2 * SCALE2, spread));
  return smaller(nats, ERROR_SUM_MOST);
}

/** What the long sum says of the rate's own spread: its excess over counting, against its mean squared. */
function learnSpread(e: Edge, s: f64, m: f64, spread: f64): void {
  const v = m + spread * m * m + HALF;
  const d = clip(s - m, 4 * Math.sqrt(v));
  const keep: f64 = 1 - 1 / COUNT_MEMORY;
  e.overdispersion = <f32>larger(0, <f64>e.overdispersion * keep + LAM2 * (d * d - m));
  e.meanSquared = <f32>(<f64>e.meanSquared * keep + LAM2 * m * m);
}

/** Requests per request that the source received: both sums learn, requests at most 3 sd off. */
function learnShare(e: Edge, n: f64, mu: f64, inflow: f64, c: f64): void {
  const reach = 3 * Math.sqrt(mu + HALF + RATE_WANDER * mu * mu);
  const taught = c > 4 ? smaller(larger(n, mu - reach), mu + reach) : n;
  const gain = gainOf(c + 1, NF);
  const sent = <f64>e.sent;
  const received = <f64>e.received;
  e.sent = <f32>(sent + gain * (taught - sent));
  e.received = <f32>(received + gain * (inflow - received));
}

/** Nats of too few requests: n in this window (0: silent) of the `inflow` that the source received, above 0. */
export function foldRateCounts(e: Edge, n: f64, inflow: f64): f64 {
  const c = <f64>e.samples[RATE];
  const sent = <f64>e.sent;
  const received = <f64>e.received;
  const mu = received > 0 ? (sent / received) * inflow : 0;
  e.rateSeen1 = faded(e.rateSeen1, LAM1, n);
  const s1 = <f64>e.rateSeen1;
  e.rateExpected1 = faded(e.rateExpected1, LAM1, mu);
  const m1 = <f64>e.rateExpected1;
  e.rateSeen2 = faded(e.rateSeen2, LAM2, n);
  const s2 = <f64>e.rateSeen2;
  e.rateExpected2 = faded(e.rateExpected2, LAM2, mu);
  const m2 = <f64>e.rateExpected2;
  const own = <f64>e.overdispersion / larger(<f64>e.meanSquared, 1);
  const spread = larger(RATE_SPREAD, own) + 1 / (sent * smaller(c, NF) + 1);
  let nats: f64 = 0;
  if (c >= CMIN && <f64>e.windows >= WARM) {
    if (n == 0) nats = tail(0, mu, spread);
    if (s1 < COUNT_DRIFT * m1) nats = larger(nats, tail(s1 * SCALE1, m1 * SCALE1, spread));
    if (s2 < COUNT_DRIFT * m2) nats = larger(nats, tail(s2 * SCALE2, m2 * SCALE2, spread));
  }
  learnSpread(e, s2 * SCALE2, m2 * SCALE2, spread);
  learnShare(e, n, mu, inflow, c);
  return nats;
}

/** The error rate is learnt anew: so are the sums of errors. */
export function restartErrorCounts(e: Edge): void {
  v128.store(changetype<usize>(e), i64x2.splat(0), offsetof<Edge>('errorSeen1'));
}

/** A silence that its own habit must explain is over: the sums of requests start again. */
export function restartRateCounts(e: Edge): void {
  v128.store(changetype<usize>(e), i64x2.splat(0), offsetof<Edge>('rateSeen1'));
}

/**
 * What a silence counts whose source went on receiving: at most SILENT_BUSY more than the edge's habit of being silent
 * allows.
 */
export function busySilence(gap: f64, nats: f64): f64 {
  return larger(gap, smaller(nats, gap + SILENT_BUSY));
}

/** Raises the slow surprise of errors, or of a falling rate. `surprise`: the twelve of the edge. */
export function raiseSlow(surprise: Numbers<f64>, k: i32, nats: f64): void {
  const slow = SCALES * k + SCALES - 1;
  surprise[slow] = k == ERR ? larger(surprise[slow], nats) : smaller(surprise[slow], -nats);
}
