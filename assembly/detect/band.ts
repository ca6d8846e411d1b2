// What a feature was expected to be in the window just closed, and the bounds beyond which its instant scale alone
// would alert. Specified in docs/detection.md, section 5.

import { deviation, errorDeviation, errorRate, grossChange } from './baseline';
import { ERR, LAT, N0, RATE, SCALES, WARM, weightDown, weightUp } from './constants';
import { ageWeight } from './evidence';
import { Profile } from './profile';
import { bandOut, edgeAt, groupAt, profileAt, windowAt } from './regions';
import { Edge, Group } from './state';
import { shapeOf, tailReach } from './tails';

/** Whether feature k was judged in the last window. */
export function isJudged(e: usize, k: i32): bool {
  const z = load<f32>(e + ((<usize>k) << 2), Edge.Z);
  return z == z;
}

/**
 * Inverse transform into the unit received: seconds, requests, errors per request, bytes; NaN beyond what f64 can say.
 */
function received(k: i32, y: f64, n: f64, ctx: f64): f64 {
  if (k == ERR) return min(max(y / n, 0), 1);
  if (y > 700) return NaN;
  if (k == LAT) return Math.exp(y);
  if (k == RATE) return max(Math.exp(y) * (ctx >= 0 ? ctx + 0.5 : 1) - 0.5, 0);
  return max(Math.exp(y) * (n == n ? max(n, 0.5) : 1) - 1, 0);
}

/** What the window said of feature k, in the unit received; NaN: nothing. */
export function featureObserved(edge: i32, k: i32): f64 {
  const x = windowAt(edge);
  const value = load<f64>(x + ((<usize>k) << 3));
  return k == ERR ? value / load<f64>(x, RATE << 3) : value;
}

/** What a judged feature was expected to be, in the unit received. */
export function featureExpected(edge: i32, k: i32): f64 {
  const e = edgeAt(edge);
  const n = load<f64>(windowAt(edge), RATE << 3);
  const level = load<f64>(e + ((<usize>k) << 3), Edge.LOC);
  return received(k, k == ERR ? level * n : level, n, load<f64>(e, Edge.CTX));
}

/** Against what the band is drawn: requests, level, standard deviation, and the instant scale's q and b'. */
let n: f64 = 0;
let level: f64 = 0;
let sd: f64 = 0;
let q: f64 = 0;
let b: f64 = 0;

/** A judged window: the state before it learnt. */
function takeJudged(edge: i32, e: usize, k: i32): void {
  const at = e + ((<usize>k) << 2);
  n = load<f64>(windowAt(edge), RATE << 3);
  level = load<f64>(e + ((<usize>k) << 3), Edge.LOC);
  sd = <f64>load<f32>(at, Edge.SD);
  q = <f64>load<f32>(at, Edge.JQ);
  b = <f64>load<f32>(at, Edge.JB);
}

/** A window without the feature: the state as it is, at the usual requests. */
function takeCurrent(g: usize, e: usize, k: i32, ctx: f64): void {
  const at = e + ((<usize>k) << 2);
  const wide = e + ((<usize>(SCALES * k)) << 3);
  const usual = <f64>load<f32>(e, Edge.NBAR);
  n = usual > 0 ? usual : NaN;
  const lnCtx = ctx >= 0 ? Math.log(ctx + 0.5) : 0;
  const m = load<f64>(e + ((<usize>k) << 3), Edge.M);
  level = k == ERR ? errorRate(e) : m;
  sd = k == ERR ? errorDeviation(e, n, level) : deviation(k, <f64>load<f32>(at, Edge.S2), m, 1, ctx, lnCtx, 0);
  const h = N0 / (<f64>load<f32>(e + ((<usize>(SCALES * k)) << 2), Edge.NX) + N0);
  q = load<f64>(wide, Edge.Q);
  b = load<f64>(wide, Edge.B) * (1 - h) + load<f64>(g + ((<usize>(SCALES * k)) << 3), Group.B_POP) * h;
}

/** Alert level of a rise or fall of feature k. */
function levelOf(g: usize, e: usize, k: i32, up: bool): f64 {
  const p = profileAt(load<i32>(e, Edge.PROFILE));
  if (load<i32>(p, Profile.SET) == 0) return load<f64>(g, Group.LEVEL);
  return load<f64>(p + ((<usize>(2 * k + (up ? 1 : 2))) << 3), Profile.LEVELS) * load<f64>(p, Profile.FACTORS);
}

/** Distance from the level at which the alert level T is reached, gross or not; infinite: never. */
function reach(T: f64, e: usize, k: i32, gross: bool, weight: f64): f64 {
  const u = tailReach(T / ageWeight(<f64>load<f32>(e, Edge.N), gross, true), q, b, shapeOf(k));
  return u >= 0 && weight > 0 ? (u / weight) * sd : Infinity;
}

function bound(g: usize, e: usize, k: i32, up: bool, ctx: f64): f64 {
  const weight = up ? weightUp(k) : weightDown(k);
  const T = levelOf(g, e, k, up);
  const least = grossChange(k, up, n, <f64>load<f32>(e, Edge.NBAR));
  const distance = min(reach(T, e, k, false, weight), max(reach(T, e, k, true, weight), least));
  if (distance == Infinity) return NaN;
  return received(k, (k == ERR ? level * n : level) + (up ? distance : -distance), n, ctx);
}

/**
 * Observed, expected, lower and upper of feature k in the window just closed, f64[4] at the address returned; NaN: none
 * (the feature was never seen, the source told nothing, no value can reach the bound, or the edge has not been seen for
 * 60 windows).
 */
export function band(edge: i32, k: i32): usize {
  const e = edgeAt(edge);
  const g = groupAt(load<i32>(e, Edge.GROUP));
  const ctx = load<f64>(e, Edge.CTX);
  for (let i: usize = 0; i < 4; i++) store<f64>(bandOut + (i << 3), NaN);
  store<f64>(bandOut, featureObserved(edge, k));
  if (load<f32>(e + ((<usize>k) << 2), Edge.C) == 0 || (k == RATE && ctx != ctx)) return bandOut;
  if (isJudged(e, k)) takeJudged(edge, e, k);
  else takeCurrent(g, e, k, ctx);
  store<f64>(bandOut, received(k, k == ERR ? level * n : level, n, ctx), 8);
  if (<f64>load<f32>(e, Edge.N) < WARM) return bandOut;
  store<f64>(bandOut, bound(g, e, k, false, ctx), 16);
  store<f64>(bandOut, bound(g, e, k, true, ctx), 24);
  return bandOut;
}
