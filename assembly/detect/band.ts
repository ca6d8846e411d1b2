// What a feature was expected to be in the window just closed, and the bounds beyond which its instant scale alone
// would alert.
// Specified in docs/detection.md, section 5.

import { deviation, errorDeviation, errorRate, grossChange } from './baseline';
import { ERR, Kind, LAT, N0, RATE, SCALES, WARM, weightDown, weightUp } from './constants';
import { Edge } from './edge';
import { ageWeight } from './evidence';
import { Group } from './group';
import { Detector } from './profile';
import { Band, edgeAt, exchange, groupAt, profileAt, windowAt } from './regions';
import { shapeOf, tailReach } from './tails';

/** Whether feature k was judged in the last window. */
export function isJudged(e: Edge, k: i32): bool {
  const z = e.z[k];
  return z == z;
}

/**
 * Inverse transform into the unit received: seconds, requests, errors per request, bytes; NaN beyond what f64 can say.
 */
export function received(k: i32, y: f64, n: f64, ctx: f64): f64 {
  if (k == ERR) return min(max(y / n, 0), 1);
  if (y > 700) return NaN;
  if (k == LAT) return Math.exp(y);
  if (k == RATE) return max(Math.exp(y) * (ctx >= 0 ? ctx + 0.5 : 1) - 0.5, 0);
  return max(Math.exp(y) * (n == n ? max(n, 0.5) : 1) - 1, 0);
}

/** What the window said of feature k, in the unit received; NaN: nothing. */
export function featureObserved(edge: i32, k: i32): f64 {
  const x = windowAt(edge);
  return k == ERR ? x[k] / x[RATE] : x[k];
}

/** What a judged feature was expected to be, in the unit received. */
export function featureExpected(edge: i32, k: i32): f64 {
  const e = edgeAt(edge);
  const n = windowAt(edge)[RATE];
  const level = e.loc[k];
  return received(k, k == ERR ? level * n : level, n, e.context);
}

/** Against what a band is drawn. */
@unmanaged
class Ground {
  /** Requests; NaN: not known. */
  n: f64;
  level: f64;
  /** Standard deviation. */
  sd: f64;
  /** The instant scale's q and b'. */
  q: f64;
  b: f64;
}

const ground = changetype<Ground>(memory.data(offsetof<Ground>(), 16));

/** A judged window: the state before it learnt. */
function takeJudged(edge: i32, e: Edge, k: i32): void {
  ground.n = windowAt(edge)[RATE];
  ground.level = e.loc[k];
  ground.sd = <f64>e.sd[k];
  ground.q = <f64>e.jq[k];
  ground.b = <f64>e.jb[k];
}

/** A window without the feature: the state as it is, at the usual requests. */
function takeCurrent(g: Group, e: Edge, k: i32, ctx: f64): void {
  const usual = <f64>e.usual;
  const n = usual > 0 ? usual : NaN;
  const lnCtx = ctx >= 0 ? Math.log(ctx + 0.5) : 0;
  const m = e.m[k];
  const level = k == ERR ? errorRate(e) : m;
  const h = N0 / (<f64>e.exceedances[SCALES * k] + N0);
  ground.n = n;
  ground.level = level;
  ground.sd = k == ERR ? errorDeviation(e, n, level) : deviation(k, <f64>e.s2[k], m, 1, ctx, lnCtx, 0);
  ground.q = e.q[SCALES * k];
  ground.b = e.b[SCALES * k] * (1 - h) + g.b[SCALES * k] * h;
}

/** Alert level of a rise or fall of feature k. */
export function levelOf(g: Group, e: Edge, k: i32, up: bool): f64 {
  const p = profileAt(e.profile);
  if (p.isSet == 0) return g.level;
  return p.level[2 * k + (up ? <i32>Kind.LATENCY_SPIKE : <i32>Kind.LATENCY_DROP)] * p.factor[Detector.COMPONENTS];
}

/** Distance from the level at which the alert level T is reached, gross or not; infinite: never. */
function reach(T: f64, g: Group, e: Edge, k: i32, gross: bool, weight: f64): f64 {
  const u = tailReach(T / ageWeight(<f64>e.windows, gross, true, <f64>g.age), ground.q, ground.b, shapeOf(k));
  return u >= 0 && weight > 0 ? (u / weight) * ground.sd : Infinity;
}

function bound(g: Group, e: Edge, k: i32, up: bool, ctx: f64): f64 {
  const weight = up ? weightUp(k) : weightDown(k);
  const T = levelOf(g, e, k, up);
  const n = ground.n;
  const least = grossChange(k, up, n, <f64>e.usual);
  const distance = min(reach(T, g, e, k, false, weight), max(reach(T, g, e, k, true, weight), least));
  if (distance == Infinity) return NaN;
  const level = k == ERR ? ground.level * n : ground.level;
  return received(k, level + (up ? distance : -distance), n, ctx);
}

/**
 * The band of feature k in the window just closed, in `exchange.band`; NaN: none (the feature was never seen, the
 * source told nothing, no value can reach the bound, or the edge has not been seen for 60 windows).
 */
export function band(edge: i32, k: i32): Band {
  const e = edgeAt(edge);
  const g = groupAt(e.group);
  const ctx = e.context;
  const out = exchange.band;
  out.observed = featureObserved(edge, k);
  out.expected = NaN;
  out.lower = NaN;
  out.upper = NaN;
  if (e.samples[k] == 0 || (k == RATE && ctx != ctx)) return out;
  if (isJudged(e, k)) takeJudged(edge, e, k);
  else takeCurrent(g, e, k, ctx);
  out.expected = received(k, k == ERR ? ground.level * ground.n : ground.level, ground.n, ctx);
  if (<f64>e.windows < WARM) return out;
  out.lower = bound(g, e, k, false, ctx);
  out.upper = bound(g, e, k, true, ctx);
  return out;
}
