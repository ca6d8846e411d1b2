// From evidence to an alert: level by profile, two windows or one very strong one, hysteresis, and the name of what
// opened it.
// Specified in docs/detection.md, section 5.
import { featureExpected, featureObserved, isJudged } from './band';
import { Judged, Weighed } from './block';
import { COMPONENTS, FEATURES, Kind, KOFF, KON, OFF, PEN, RATE, SCALES, WARM, XL } from './constants';
import { Edge } from './edge';
import { ageWeight, bestFisher } from './evidence';
import { Group } from './group';
import { Detector, Profile } from './profile';
import { columns, profileAt, windowAt } from './regions';

/** One window of an edge, as the alert rules see it. The closing owns it. */
@unmanaged
export class AlertWindow {
  edge: Edge;
  judged: Judged;
  weighed: Weighed;
  slot: i32;
  /** Kind of an opening in this window. */
  kind: i32;
  /** Evidence before the age factor. */
  raw: f64;
  /** The autoencoder's surprise; 0: none. */
  coder: f64;
  /** Age factor of this window, and the plain one. */
  age: f64;
  plainAge: f64;
  /**
   * What the level says of the window: at least once the level; below OFF of it; so far above that one window is
   * enough.
   */
  isAtLevel: bool;
  isLow: bool;
  isStrong: bool;
}

/** Kind of component i: a rise or a fall of its feature. */
function kindOf(w: AlertWindow, i: i32): i32 {
  return Kind.LATENCY_SPIKE + 2 * (i / SCALES) + i32(!(w.judged.surprise[i] > 0));
}

/** One level T for everything: the largest component names the opening where it reaches T itself. */
function judgeUniform(w: AlertWindow, T: f64): void {
  const C = w.raw * w.age;
  w.isAtLevel = C >= T;
  w.isLow = C < OFF * T;
  w.isStrong = w.raw * w.plainAge >= T + XL;
  w.kind = Kind.THROUGHPUT_DROP;
  if (!w.judged.isPresent) return;
  w.kind = w.weighed.max * w.age < T ? <i32>Kind.TRAFFIC_PATTERN : kindOf(w, w.weighed.argmax);
}

/** Counts evidence of `raw` nats against its own level. */
function against(w: AlertWindow, raw: f64, level: f64): void {
  const share = (raw * w.age) / level;
  if (share >= 1) w.isAtLevel = true;
  if (share >= OFF) w.isLow = false;
  if (raw * w.plainAge >= level + XL) w.isStrong = true;
}

/**
 * Level of joint evidence. What one component alone would have named counts against that kind's level, where it is the
 * higher one: a muted latency spike must not come back as a pattern.
 */
function jointLevel(w: AlertWindow, p: Profile): f64 {
  const pattern = p.level[Kind.TRAFFIC_PATTERN];
  if (w.weighed.max * w.age < pattern) return pattern;
  return max(pattern, p.level[kindOf(w, w.weighed.argmax)]);
}

/** Levels by kind and detector: each source of evidence counts against its own. */
function judgeByKind(w: AlertWindow, p: Profile): void {
  const components = p.factor[Detector.COMPONENTS];
  w.isAtLevel = false;
  w.isLow = true;
  w.isStrong = false;
  w.kind = Kind.THROUGHPUT_DROP;
  if (!w.judged.isPresent) return against(w, w.judged.gap, p.level[Kind.THROUGHPUT_DROP] * components);
  w.kind = Kind.TRAFFIC_PATTERN;
  let best: f64 = 0;
  for (let i = 0; i < COMPONENTS; i++) {
    const a = Math.abs(w.judged.surprise[i]);
    if (a == 0) continue;
    const level = p.level[kindOf(w, i)] * components;
    against(w, a, level);
    const share = (a * w.age) / level;
    if (share <= best) continue;
    best = share;
    if (share >= 1) w.kind = kindOf(w, i);
  }
  const joint = jointLevel(w, p);
  against(w, bestFisher(w.weighed), joint * p.factor[Detector.FISHER]);
  against(w, max(w.judged.forest - PEN, 0), joint * p.factor[Detector.FOREST]);
  against(w, max(w.coder - PEN, 0), joint * p.factor[Detector.AUTOENCODER]);
}

/**
 * Whether feature k moved far enough for the profile, against its level before the window. A silent edge's rate moved
 * all the way.
 */
function movedEnough(w: AlertWindow, p: Profile, k: i32): bool {
  const expected = w.judged.isPresent ? featureExpected(w.slot, k) : <f64>w.edge.usual;
  const observed = w.judged.isPresent ? featureObserved(w.slot, k) : 0;
  const change = Math.abs(observed - expected);
  return change >= p.minAbsolute[k] && change >= p.minRelative[k] * expected;
}

/**
 * Whether the profile lets an alert of the window's kind open. Requests: those of the window; usual ones where they
 * have fallen. A pattern needs one feature that moved enough.
 */
function mayOpen(w: AlertWindow, p: Profile): bool {
  if (p.gated == 0) return true;
  if (p.muted != 0) return false;
  const requests = w.kind == Kind.THROUGHPUT_DROP ? <f64>w.edge.usual : windowAt(w.slot)[RATE];
  if (requests < p.minRequests) return false;
  if (w.kind != Kind.TRAFFIC_PATTERN) return movedEnough(w, p, (w.kind - Kind.LATENCY_SPIKE) >> 1);
  for (let k = 0; k < FEATURES; k++) if (isJudged(w.edge, k) && movedEnough(w, p, k)) return true;
  return false;
}

/** The alert's own steps; returns +1 opened, -1 closed, 0 neither. */
function turn(w: AlertWindow, p: Profile): i32 {
  const e = w.edge;
  const slot = w.slot;
  const up: f64 = w.isAtLevel ? <f64>e.up + 1 : 0;
  e.up = <f32>up;
  if (columns.on[slot] != 0) {
    const low: f64 = w.isLow ? <f64>e.low + 1 : 0;
    e.low = <f32>low;
    if (low < KOFF) return 0;
    columns.on[slot] = 0;
    columns.kind[slot] = 0;
    return -1;
  }
  if (!(up >= KON || w.isStrong) || !mayOpen(w, p)) return 0;
  columns.on[slot] = 1;
  columns.kind[slot] = <u8>w.kind;
  e.low = 0;
  return 1;
}

/** Takes one window of an edge into its alert. Filled before: all but what the level says, `kind` and `plainAge`. */
export function foldAlert(g: Group, w: AlertWindow): void {
  let change = 0;
  const e = w.edge;
  const n = <f64>e.windows;
  if (n >= WARM) {
    w.plainAge = ageWeight(n, false, true, <f64>g.age);
    const p = profileAt(e.profile);
    if (p.isSet == 0) judgeUniform(w, g.level);
    else if (p.uniform != 0) judgeUniform(w, p.level[Kind.LATENCY_SPIKE]);
    else judgeByKind(w, p);
    change = turn(w, p);
  }
  if (change == 0) change = e.pending;
  e.pending = 0;
  columns.change[w.slot] = <i8>change;
}

/** The alert over `ticks` empty windows that were passed over: no evidence in any of them. */
export function skipAlert(edge: i32, e: Edge, ticks: i64): void {
  if (<f64>e.windows < WARM) return;
  e.up = 0;
  if (columns.on[edge] == 0) return;
  const low = <f64>e.low + <f64>ticks;
  e.low = <f32>low;
  if (low < KOFF) return;
  columns.on[edge] = 0;
  columns.kind[edge] = 0;
  e.pending = -1;
}
