// Plain TypeScript evidence of small counts: errors and requests by their exact probability, added up over several
// windows.
import { type EdgeState, ERR, P, RATE } from './detect-state.js';

const L0 = -Math.log(P.P0);

/**
 * Chernoff's bound, nats, of the negative binomial tail: x counted, mu expected, `spread` the relative variance of the
 * rate.
 */
function tail(x: number, mu: number, spread: number): number {
  if ((x - mu) ** 2 <= L0 * mu) return 0;
  const k = 1 / spread;
  const nats = (x > 0 ? x * Math.log(x / mu) : 0) - (x + k) * Math.log((x + k) / (mu + k));
  return nats > L0 ? nats : 0;
}

/** Adds a window to the faded sums; [seen, expected, scale that makes them counts] with each slow gain. */
function fade(sums: Float32Array, x: number, mu: number): [number, number, number][] {
  return [1, 2].map((j) => {
    const lam = P.LAM[j]!;
    const at = 2 * (j - 1);
    sums[at] = sums[at]! * (1 - lam) + x;
    sums[at + 1] = sums[at + 1]! * (1 - lam) + mu;
    return [sums[at]!, sums[at + 1]!, 2 - lam];
  });
}

/** Nats of too many errors. `c`: windows before; `ke`: errors that the usual rate was learnt from. */
export function foldErrorCounts(s: EdgeState, x: number, mu: number, c: number, ke: number): number {
  const sums = fade(s.errorSums, x, mu);
  if (c < P.WARM) return 0;
  const spread = P.ERROR_SPREAD + 1 / (ke + P.PRIOR_P * P.PRIOR_N);
  const nats = sums.map(([a, m, scale]) => (a > m + 0.5 ? tail((a - 0.5) * scale, m * scale, spread) : 0));
  return Math.min(Math.max(...nats), P.ERROR_SUM_MOST);
}

function learnSpread(s: EdgeState, a: number, m: number, spread: number): void {
  const v = m + spread * m * m + 0.5;
  const d = Math.min(Math.max(a - m, -4 * Math.sqrt(v)), 4 * Math.sqrt(v));
  const keep = 1 - 1 / P.COUNT_MEMORY;
  s.spread[0] = Math.max(0, s.spread[0]! * keep + P.LAM[2] * (d * d - m));
  s.spread[1] = s.spread[1]! * keep + P.LAM[2] * m * m;
}

function learnShare(s: EdgeState, n: number, mu: number, inflow: number, c: number): void {
  const reach = 3 * Math.sqrt(mu + 0.5 + P.RATE_WANDER * mu * mu);
  const taught = c > 4 ? Math.min(Math.max(n, mu - reach), mu + reach) : n;
  const gain = Math.max(1 / (c + 1), 1 / P.NF);
  s.share[0] = s.share[0]! + gain * (taught - s.share[0]!);
  s.share[1] = s.share[1]! + gain * (inflow - s.share[1]!);
}

/** Nats of too few requests, n (0: silent) of the `inflow` that the source received. */
export function foldRateCounts(s: EdgeState, n: number, inflow: number): number {
  const c = s.c[RATE]!;
  const [sent, received] = [s.share[0]!, s.share[1]!];
  const mu = received > 0 ? (sent / received) * inflow : 0;
  const sums = fade(s.rateSums, n, mu);
  const spread = Math.max(P.RATE_SPREAD, s.spread[0]! / Math.max(s.spread[1]!, 1)) + 1 / (sent * Math.min(c, P.NF) + 1);
  const isKnown = c >= P.CMIN && s.n >= P.WARM;
  const nats = sums.map(([a, m, scale]) => (isKnown && a < P.COUNT_DRIFT * m ? tail(a * scale, m * scale, spread) : 0));
  const [a, m, scale] = sums[1]!;
  learnSpread(s, a * scale, m * scale, spread);
  learnShare(s, n, mu, inflow, c);
  return Math.max(isKnown && n === 0 ? tail(0, mu, spread) : 0, ...nats);
}

/** Raises the slow surprise of errors, or of a falling rate. */
export function raiseSlow(surprise: Float64Array, k: number, nats: number): void {
  const at = 3 * k + 2;
  surprise[at] = k === ERR ? Math.max(surprise[at]!, nats) : Math.min(surprise[at]!, -nats);
}
