// Plain TypeScript stage A: a tick's windows become twelve signed surprises and the gap evidence of every edge.
import { foldErrorCounts, foldRateCounts, raiseSlow } from './detect-counts.js';
import {
  BYT,
  type EdgeState,
  type EdgeTick,
  ERR,
  FEATURE_NUMBERS,
  isPresent,
  LAT,
  P,
  RATE,
  SCALES,
  type ServiceState,
  type Window,
  windowOf,
} from './detect-state.js';

const f = Math.fround;
const clip = (v: number, bound: number): number => Math.min(Math.max(v, -bound), bound);
/** Nats at the quantile q. */
const L0 = -Math.log(P.P0);

/** -ln of the tail probability of u. */
export function tailSurprise(u: number, q: number, b: number, shape: number): number {
  if (u <= q) return (u / q) * L0;
  return Math.min(L0 + Math.log(1 + (shape * (u - q)) / b) / shape, P.LMAX);
}

/** Shape of the tail of feature k; errors' are heavier where small counts are judged by themselves. */
export function shapeOf(k: number, counts: boolean): number {
  return k === ERR && counts ? P.XI_ERR : P.XI;
}

/** The weighted z whose surprise is L; -1: none. */
export function tailReach(L: number, q: number, b: number, shape: number): number {
  if (L > P.LMAX) return -1;
  if (L <= L0) return (q * L) / L0;
  return q + (b * (Math.exp(shape * (L - L0)) - 1)) / shape;
}

/** inflow, has, fed and load of every service of the edges given. */
export function foldContexts(
  states: readonly EdgeState[],
  services: readonly ServiceState[],
  x: Float64Array,
  edges: readonly number[],
  destination: readonly number[],
): void {
  for (const s of services) {
    s.inflow = 0;
    s.has = false;
    s.load = 0;
  }
  for (const e of edges) {
    const n = windowOf(x, e)[RATE]!;
    const s = services[destination[e]!];
    if (Number.isNaN(n) || !s) continue;
    s.inflow += credible(states[e]!, n);
    s.has = true;
    s.fed = true;
  }
  for (const s of services) {
    if (!s.has) continue;
    const y = Math.log(s.inflow + 0.5);
    if (s.loadSamples === 0) s.loadLevel = y;
    const d = y - s.loadLevel;
    s.load = Math.max(0, d - 2 / Math.sqrt(s.inflow + 1));
    s.loadSamples += 1;
    s.loadLevel += Math.max(1 / s.loadSamples, 1 / P.NF) * clip(d, 1);
  }
}

/** Evidence of the r-th silent window in a row against the edge's own habit. */
export function silence(s: EdgeState, r: number): number {
  if (s.n < 1 || r > P.GONE || s.held > P.LOST) return 0;
  const off = (s.g01 + 0.5) / (s.np + 1);
  const stay = (s.g00 + 0.25) / (s.na + 1);
  return -Math.log(off) + Math.min(-(r - 1) * Math.log(Math.min(stay, 0.999)), 5);
}

/** Did the collector, not the edges, go quiet? Judged on the state before the tick. */
export function isOutage(states: readonly EdgeState[], x: Float64Array, edges: readonly number[]): boolean {
  let live = 0;
  let present = 0;
  let silent = 0;
  for (const e of edges) {
    const s = states[e]!;
    if (s.n < P.WARM) continue;
    if (isPresent(windowOf(x, e))) {
      present += 1;
      live += 1;
    } else if (s.gap < P.GONE && s.held <= P.LOST) {
      live += 1;
      if (silence(s, s.gap + 1) > P.OUT_L) silent += 1;
    }
  }
  return live >= P.OUT_N && silent > P.OUT * (present + silent);
}

function foldSilent(s: EdgeState, o: EdgeTick, outage: boolean): void {
  if (s.n < 1) return;
  if (outage || s.held > P.LOST) {
    s.held += 1;
    return;
  }
  s.gap += 1;
  o.gap = silence(s, s.gap);
  o.gross[RATE] = s.nbar >= P.BUSY;
}

function foldPresence(s: EdgeState, outage: boolean): void {
  const atMost = (k: number, samples: number): void => {
    s.c[k] = Math.min(s.c[k]!, samples);
  };
  if (s.n > 0 && s.gap + s.held > P.GONE) for (const k of FEATURE_NUMBERS) atMost(k, P.SETTLED);
  if (s.gap + s.held > P.COUNT_GAP) s.rateSums.fill(0);
  s.held = 0;
  if (!outage) {
    if (s.n > 0 && s.gap > 0) {
      s.g01 = f(s.g01 + 1);
      s.g00 = f(s.g00 + s.gap - 1);
      s.na = f(s.na + s.gap);
      s.np = f(s.np + 1);
    } else if (s.n > 0) {
      const d = 1 - 1 / P.PRES;
      s.np = f(s.np * d + 1);
      s.g01 = f(s.g01 * d);
      s.g00 = f(s.g00 * d);
      s.na = f(s.na * d);
    }
    s.gap = 0;
  }
  if (s.n === P.WARM) for (const k of [LAT, RATE, BYT]) atMost(k, P.REOPEN);
  s.n += 1;
}

/** Least change [down, up] of the transformed value (errors: of their count) that is gross. */
export function grossChange(k: number, n: number, nbar: number): readonly [number, number] {
  const none = Number.POSITIVE_INFINITY;
  if (k === RATE) return [nbar >= P.BUSY ? P.GROSS : none, none];
  if (!(n >= P.GROSS_N)) return [none, none];
  if (k === ERR) return [none, P.GROSS_ERR * n];
  return [k === BYT ? P.GROSS : none, P.GROSS];
}

function markGross(s: EdgeState, o: EdgeTick, k: number, d: number, n: number): void {
  const [down, up] = grossChange(k, n, s.nbar);
  if (d >= up || d <= -down) o.gross[k] = true;
}

export function errorRate(s: EdgeState): number {
  return (s.ke + P.PRIOR_P * P.PRIOR_N) / (s.ne + P.PRIOR_N);
}

export function errorDeviation(s: EdgeState, n: number): number {
  const r = errorRate(s);
  return Math.sqrt((n * r * (1 - r) + P.C0) * Math.max(s.s2[ERR]!, 1));
}

/** Standard deviation of the transformed value of LAT, RATE, BYT. */
export function deviation(s: EdgeState, k: number, w: number, ctx: number, load: number): number {
  const floor2 = P.FLOOR[k]! ** 2;
  if (k === RATE) {
    const counting =
      ctx >= 0
        ? 1 / (Math.exp(Math.min(s.m[k]! + Math.log(ctx + 0.5), 30)) + 0.5) + 1 / (ctx + 0.5)
        : 1 / (Math.exp(Math.min(s.m[k]!, 30)) + 0.5);
    return Math.sqrt(Math.max(s.s2[k]!, floor2 + counting));
  }
  return Math.sqrt((Math.max(s.s2[k]!, floor2) + (k === LAT ? (P.KAPPA * load) ** 2 : 0)) * w);
}

function transform(k: number, x: number, n: number, ctx: number): number {
  if (k === LAT) return Math.log(Math.max(x, 1e-9));
  if (k === RATE) return Math.log(x + 0.5) - (ctx >= 0 ? Math.log(ctx + 0.5) : 0);
  return Number.isNaN(n) ? Math.log(x + 1) : Math.log((x + 1) / Math.max(n, 0.5));
}

function learnScale(s: EdgeState, k: number, z: number, c: number, slow: number, least: number): void {
  const g = (Math.abs(z) > P.REJ && c > P.SETTLED ? P.RW : 1) * Math.max(1 / (c + slow), 1 / P.NS);
  s.s2[k] = Math.max(least, s.s2[k]! * (1 + g * (Math.min(z * z, P.CLIP * P.CLIP) - 1)));
}

function foldErrors(s: EdgeState, o: EdgeTick, x: number, n: number): number {
  const c = s.c[ERR]!;
  if (c === 0) s.s2[ERR] = 1;
  const r = errorRate(s);
  const sd = errorDeviation(s, n);
  const z = (x - n * r) / sd;
  o.loc[ERR] = r;
  o.sd[ERR] = sd;
  markGross(s, o, ERR, x - n * r, n);
  const d = 1 - 1 / P.NE;
  s.ke = f(s.ke * d + Math.min(x, n * r + P.CLIP * sd));
  s.ne = f(s.ne * d + n);
  if (c > 0) learnScale(s, ERR, z, c, 20, 1);
  return z;
}

function foldLevel(s: EdgeState, o: EdgeTick, k: number, y: number, n: number, w: number, load: number): number {
  const c = s.c[k]!;
  if (c === 0) {
    s.m[k] = y;
    s.s2[k] = P.START[k]! ** 2;
    s.run[k] = 0;
  }
  const m = s.m[k]!;
  const sd = deviation(s, k, w, o.ctx, load);
  const z = (y - m) / sd;
  o.loc[k] = m;
  o.sd[k] = sd;
  markGross(s, o, k, y - m, n);
  const run = s.run[k]!;
  if (Math.abs(z) <= P.CLIP) s.run[k] = 0;
  else s.run[k] = z > 0 ? Math.max(run, 0) + 1 : Math.min(run, 0) - 1;
  const gain = Math.max(1 / (c + 1), 1 / P.NF);
  if (Math.abs(s.run[k]!) > P.SHIFT) s.m[k] = m + (P.SACC / P.NF) * (y - m);
  else if (c > 4) s.m[k] = m + (gain * clip(z, P.CLIP) * sd) / w;
  else s.m[k] = m + gain * (y - m);
  learnScale(s, k, z, c, 10, 1e-12);
  return z;
}

/** The surprises of one feature; learns the tails of the edge and of its group. `c`: samples before this one. */
function foldTails(s: EdgeState, o: EdgeTick, pop: Float64Array, k: number, z: number, c: number, shape: number): void {
  for (const j of SCALES) {
    const i = 3 * k + j;
    const lam = P.LAM[j]!;
    let zz = z;
    if (j > 0) {
      const slow = s.smooth[2 * k + j - 1]!;
      s.smooth[2 * k + j - 1] = slow + lam * (clip(z, P.ZC) - slow);
      zz = s.smooth[2 * k + j - 1]! / Math.sqrt(lam / (2 - lam));
    }
    const u = zz > 0 ? zz * P.WEIGHT_UP[k]! : -zz * P.WEIGHT_DOWN[k]!;
    const h = P.N0 / (s.nx[i]! + P.N0);
    const b = s.b[i]! * (1 - h) + pop[i]! * h;
    const q = s.q[i]!;
    const L = tailSurprise(u, q, b, shape);
    o.surprise[i] = zz > 0 ? L : -L;
    if (j === 0) {
      o.q[k] = q;
      o.b[k] = b;
    }
    if (c < P.CMIN) continue;
    s.rl[i] = L > P.LCAL ? s.rl[i]! + 1 : 0;
    const isLong = s.rl[i]! > P.RL / lam && c > P.LONG_AFTER;
    const isYoung = o.gross[k]! && s.rl[i]! > 1 && P.AGE_GROSS * s.n < P.AGE;
    const cw = isLong || isYoung ? P.CW : 1;
    const step = P.QS * b * (1 + P.QB * h);
    if (u <= q) {
      s.q[i] = Math.max(0.5, q - step * P.P0);
      continue;
    }
    const excess = Math.min(u - q, 6 * b);
    s.nx[i] = s.nx[i]! + 1;
    s.b[i] = Math.max(0.1, s.b[i]! + cw * Math.max(1 / s.nx[i]!, 1 / P.NX) * (excess - s.b[i]!));
    s.q[i] = q + cw * step * (1 - P.P0);
    pop[i] = pop[i]! + cw * P.POP * (excess - pop[i]!);
  }
}

/** Requests that the source received; -1: the rate is absolute; NaN: relative, but the source told nothing. */
function sourceContext(s: EdgeState, source: ServiceState | undefined): number {
  if (!source?.fed) return -1;
  if (!s.isRelative) {
    s.isRelative = true;
    s.c[RATE] = 0;
  }
  return source.has ? source.inflow : Number.NaN;
}

/** What is believed of n requests in a window, for all that is learnt from their number. */
export function credible(s: EdgeState, n: number): number {
  return s.n < P.CMIN ? n : Math.min(n, Math.min(s.n, P.CREDIBLE) * Math.max(s.nbar, 1));
}

/** Stage A of one edge. `source`: undefined where there is none or the rate is never relative. */
export function foldEdge(
  s: EdgeState,
  o: EdgeTick,
  pop: Float64Array,
  x: Window,
  source: ServiceState | undefined,
  destination: ServiceState | undefined,
  outage: boolean,
  counts: boolean,
): void {
  o.ctx = sourceContext(s, source);
  if (!isPresent(x)) {
    foldSilent(s, o, outage);
    if (counts && o.gap > 0 && o.ctx > 0) {
      o.gap = Math.max(o.gap, Math.min(foldRateCounts(s, 0, o.ctx), o.gap + P.SILENT_BUSY));
    }
    return;
  }
  o.isPresent = true;
  foldPresence(s, outage);
  const told = x[RATE]!;
  const n = credible(s, told);
  let w = 1;
  if (!Number.isNaN(n)) {
    if (s.nbar > 0) w = Math.max(1, s.nbar / Math.max(n, 0.5));
    const learnt = s.nbar + Math.max(1 / s.n, 1 / P.NF) * (n - s.nbar);
    const isSpoiled = learnt > P.SPOILED * Math.max(n, 1);
    s.nbar = f(isSpoiled ? learnt * P.HEAL : learnt);
    if (isSpoiled && s.n < P.SPOILED_YOUNG) {
      s.ke = s.ne = 0;
      s.errorSums.fill(0);
    }
  }
  for (const k of FEATURE_NUMBERS) {
    const value = k === ERR ? Math.min(told > n ? x[k]! * (n / told) : x[k]!, n) : x[k]!;
    if (Number.isNaN(value) || (k === ERR && Number.isNaN(n)) || (k === RATE && Number.isNaN(o.ctx))) continue;
    const c = s.c[k]!;
    const y = k === ERR ? 0 : transform(k, value, told, o.ctx);
    const errors = k === ERR && counts ? foldErrorCounts(s, value, n * errorRate(s), c, s.ke) : 0;
    const z =
      k === ERR ? foldErrors(s, o, value, n) : foldLevel(s, o, k, y, n, k === RATE ? 1 : w, destination?.load ?? 0);
    s.c[k] = c + 1;
    o.z[k] = z;
    o.kinds += 1;
    foldTails(s, o, pop, k, z, c, shapeOf(k, counts));
    if (errors > 0) raiseSlow(o.surprise, ERR, errors);
    const requests = counts && k === RATE && o.ctx > 0 ? foldRateCounts(s, n, o.ctx) : 0;
    if (requests > 0) raiseSlow(o.surprise, RATE, requests);
  }
}
