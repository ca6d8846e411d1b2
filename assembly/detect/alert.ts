// From evidence to an alert: level by profile, two windows or one very strong one, hysteresis, and the name of what
// opened it. Specified in docs/detection.md, section 5.

import { featureExpected, featureObserved, isJudged } from './band';
import {
  COMPONENTS,
  FEATURES,
  KOFF,
  KON,
  OFF,
  PEN,
  RATE,
  SCALES,
  THROUGHPUT_DROP,
  TRAFFIC_PATTERN,
  WARM,
  XL,
} from './constants';
import { ageWeight, bestFisher, most, top } from './evidence';
import { Profile } from './profile';
import { changeColumn, kindColumn, onColumn, profileAt, windowAt } from './regions';
import { Edge, Group } from './state';

/**
 * One window of an edge, as the alert rules see it. Set by `closing`, read by the rules: nothing of it outlives the
 * edge.
 */
let at: usize = 0;
let surprises: usize = 0;
let judged: i32 = 0;
let isPresent: bool = false;
/** Age factor of this window, and the plain one. */
let age: f64 = 0;
let plainAge: f64 = 0;

/**
 * What the level says of the window: at least once the level; below OFF of it; so far above that one window is enough.
 */
let isAtLevel: bool = false;
let isLow: bool = false;
let isStrong: bool = false;
/** Kind of an opening in this window. */
let kind: i32 = 0;

/** Kind of component i: a rise or a fall of its feature. */
function kindOf(i: i32): i32 {
  return 1 + 2 * (i / SCALES) + i32(!(load<f64>(surprises + ((<usize>i) << 3)) > 0));
}

/** One level T for everything: the largest component names the opening where it reaches T itself. */
function judgeUniform(T: f64, raw: f64): void {
  const C = raw * age;
  isAtLevel = C >= T;
  isLow = C < OFF * T;
  isStrong = raw * plainAge >= T + XL;
  kind = THROUGHPUT_DROP;
  if (!isPresent) return;
  kind = most * age < T ? TRAFFIC_PATTERN : kindOf(top);
}

/** Counts evidence of `raw` nats against its own level. */
function against(raw: f64, level: f64): void {
  const share = (raw * age) / level;
  if (share >= 1) isAtLevel = true;
  if (share >= OFF) isLow = false;
  if (raw * plainAge >= level + XL) isStrong = true;
}

/**
 * Level of joint evidence. What one component alone would have named counts against that kind's level, where it is the
 * higher one: a muted latency spike must not come back as a pattern.
 */
function jointLevel(p: usize): f64 {
  const pattern = load<f64>(p, Profile.LEVELS + TRAFFIC_PATTERN * 8);
  if (most * age < pattern) return pattern;
  return max(pattern, load<f64>(p + ((<usize>kindOf(top)) << 3), Profile.LEVELS));
}

/** Levels by kind and detector: each source of evidence counts against its own. */
function judgeByKind(p: usize, gap: f64, forest: f64, coder: f64): void {
  const components = load<f64>(p, Profile.FACTORS);
  isAtLevel = false;
  isLow = true;
  isStrong = false;
  kind = THROUGHPUT_DROP;
  if (!isPresent) return against(gap, load<f64>(p, Profile.LEVELS + THROUGHPUT_DROP * 8) * components);
  kind = TRAFFIC_PATTERN;
  let best: f64 = 0;
  for (let i = 0; i < COMPONENTS; i++) {
    const a = Math.abs(load<f64>(surprises + ((<usize>i) << 3)));
    if (a == 0) continue;
    const level = load<f64>(p + ((<usize>kindOf(i)) << 3), Profile.LEVELS) * components;
    against(a, level);
    const share = (a * age) / level;
    if (share <= best) continue;
    best = share;
    if (share >= 1) kind = kindOf(i);
  }
  const joint = jointLevel(p);
  against(bestFisher(judged), joint * load<f64>(p, Profile.FACTORS + 8));
  against(max(forest - PEN, 0), joint * load<f64>(p, Profile.FACTORS + 16));
  against(max(coder - PEN, 0), joint * load<f64>(p, Profile.FACTORS + 24));
}

/**
 * Whether feature k moved far enough for the profile, against its level before the window. A silent edge's rate moved
 * all the way.
 */
function movedEnough(p: usize, edge: i32, k: i32): bool {
  const least = p + ((<usize>k) << 3);
  const expected = isPresent ? featureExpected(edge, k) : <f64>load<f32>(at, Edge.NBAR);
  const observed = isPresent ? featureObserved(edge, k) : 0;
  const change = Math.abs(observed - expected);
  return (
    change >= load<f64>(least, Profile.MIN_ABSOLUTE) && change >= load<f64>(least, Profile.MIN_RELATIVE) * expected
  );
}

/**
 * Whether the profile lets an alert of `kind` open in this window. Requests: those of the window; usual ones where they
 * have fallen. A pattern needs one feature that moved enough.
 */
function mayOpen(p: usize, edge: i32): bool {
  if (load<i32>(p, Profile.GATED) == 0) return true;
  if (load<i32>(p, Profile.MUTED) != 0) return false;
  const requests = kind == THROUGHPUT_DROP ? <f64>load<f32>(at, Edge.NBAR) : load<f64>(windowAt(edge), RATE << 3);
  if (requests < load<f64>(p, Profile.MIN_REQUESTS)) return false;
  if (kind != TRAFFIC_PATTERN) return movedEnough(p, edge, (kind - 1) >> 1);
  for (let k = 0; k < FEATURES; k++) if (isJudged(at, k) && movedEnough(p, edge, k)) return true;
  return false;
}

/** The alert's own steps; returns +1 opened, -1 closed, 0 neither. */
function turn(p: usize, edge: i32): i32 {
  const up: f64 = isAtLevel ? <f64>load<f32>(at, Edge.UP) + 1 : 0;
  store<f32>(at, <f32>up, Edge.UP);
  const slot = <usize>edge;
  if (load<u8>(onColumn + slot) != 0) {
    const low: f64 = isLow ? <f64>load<f32>(at, Edge.LOW) + 1 : 0;
    store<f32>(at, <f32>low, Edge.LOW);
    if (low < KOFF) return 0;
    store<u8>(onColumn + slot, 0);
    store<u8>(kindColumn + slot, 0);
    return -1;
  }
  if (!(up >= KON || isStrong) || !mayOpen(p, edge)) return 0;
  store<u8>(onColumn + slot, 1);
  store<u8>(kindColumn + slot, <u8>kind);
  store<f32>(at, 0, Edge.LOW);
  return 1;
}

/**
 * Takes one window of an edge into its alert. `raw`: evidence before the age factor `weight`; `forest`, `coder`: those
 * detectors' surprises, 0 none.
 */
export function foldAlert(
  g: usize,
  edge: i32,
  e: usize,
  surprise: usize,
  K: i32,
  raw: f64,
  weight: f64,
  gap: f64,
  forest: f64,
  coder: f64,
  present: bool,
): void {
  let change = 0;
  const n = <f64>load<f32>(e, Edge.N);
  if (n >= WARM) {
    at = e;
    surprises = surprise;
    judged = K;
    isPresent = present;
    plainAge = ageWeight(n, false, true);
    age = weight;
    const p = profileAt(load<i32>(e, Edge.PROFILE));
    const isSet = load<i32>(p, Profile.SET) != 0;
    if (!isSet) judgeUniform(load<f64>(g, Group.LEVEL), raw);
    else if (load<i32>(p, Profile.UNIFORM) != 0) judgeUniform(load<f64>(p, Profile.LEVELS + 8), raw);
    else judgeByKind(p, gap, forest, coder);
    change = turn(p, edge);
  }
  if (change == 0) change = load<i8>(e, Edge.PENDING);
  store<i8>(e, 0, Edge.PENDING);
  store<i8>(changeColumn + <usize>edge, <i8>change);
}

/** The alert over `ticks` empty windows that were passed over: no evidence in any of them. */
export function skipAlert(edge: i32, e: usize, ticks: i64): void {
  if (<f64>load<f32>(e, Edge.N) < WARM) return;
  store<f32>(e, 0, Edge.UP);
  if (load<u8>(onColumn + <usize>edge) == 0) return;
  const low = <f64>load<f32>(e, Edge.LOW) + <f64>ticks;
  store<f32>(e, <f32>low, Edge.LOW);
  if (low < KOFF) return;
  store<u8>(onColumn + <usize>edge, 0);
  store<u8>(kindColumn + <usize>edge, 0);
  store<i8>(e, -1, Edge.PENDING);
}
