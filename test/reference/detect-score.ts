// Plain TypeScript stage B: surprises, gap and detectors become one evidence, one score, one alert with a kind for each
// edge.
import type { AlertProfile } from '../../src/kernel/api.js';
import { featureExpected, featureObserved } from './detect-band.js';
import {
  ageWeight,
  type EdgeState,
  type EdgeTick,
  FEATURE_NUMBERS,
  P,
  RATE,
  SCALES,
  type Window,
} from './detect-state.js';

const THROUGHPUT_DROP = 4;
const TRAFFIC_PATTERN = 9;
const NO_SOURCE = 255;
const GAP_SOURCE = 17;
const COMPONENTS = Array.from({ length: 12 }, (_, i) => i);

/** Fisher's combination of K surprises that sum to x: -ln of the upper gamma tail with shape K. */
export function gammaTail(K: number, x: number): number {
  let total = 1;
  let term = 1;
  for (let i = 1; i < K; i++) {
    term *= x / i;
    total += term;
  }
  return x - Math.log(total);
}

/**
 * One source's evidence, nats, before the age factor. `kind`: what an alert by it would be called; `detector`: index of
 * its factor.
 */
interface Source {
  readonly source: number;
  readonly nats: number;
  readonly kind: number;
  readonly detector: 0 | 1 | 2 | 3;
}

/** Every source of evidence of a window, in the order in which ties are settled. */
export function sourcesOf(o: EdgeTick, forest: number, coder: number): Source[] {
  if (o.kinds === 0) return [{ source: GAP_SOURCE, nats: o.gap, kind: THROUGHPUT_DROP, detector: 0 }];
  const components = COMPONENTS.map((i): Source => {
    const L = o.surprise[i]!;
    return { source: i, nats: Math.abs(L), kind: 1 + 2 * Math.floor(i / 3) + (L > 0 ? 0 : 1), detector: 0 };
  });
  const fisher = SCALES.map((j): Source => {
    const sum = FEATURE_NUMBERS.reduce((all: number, k) => all + Math.abs(o.surprise[3 * k + j]!), 0);
    return { source: 12 + j, nats: gammaTail(o.kinds, sum) - P.PEN, kind: TRAFFIC_PATTERN, detector: 1 };
  });
  return [
    ...components,
    ...fisher,
    { source: 15, nats: forest - P.PEN, kind: TRAFFIC_PATTERN, detector: 2 },
    { source: 16, nats: coder - P.PEN, kind: TRAFFIC_PATTERN, detector: 3 },
  ];
}

/** What stage B says of one edge and window. */
export interface Verdict {
  /** After the age factor, nats. */
  readonly evidence: number;
  readonly score: number;
  /** What set the evidence; 255: nothing. */
  readonly source: number;
  /** +1 opened, -1 closed. */
  readonly change: number;
}

/** A profile at one level for everything: the default threshold's is the group's own. */
export function plainProfile(level: number): AlertProfile {
  return {
    levels: new Array<number>(10).fill(level),
    detectorFactors: [1, 1, 1, 1],
    minRequests: 0,
    minRelative: [0, 0, 0, 0],
    minAbsolute: [0, 0, 0, 0],
    muted: false,
  };
}

function movedEnough(a: AlertProfile, s: EdgeState, o: EdgeTick, x: Window, k: number): boolean {
  const expected = o.isPresent ? featureExpected(o, x, k) : s.nbar;
  const observed = o.isPresent ? featureObserved(x, k) : 0;
  const change = Math.abs(observed - expected);
  return change >= a.minAbsolute[k]! && change >= a.minRelative[k]! * expected;
}

/** Gates of a profile on openings. */
function mayOpen(a: AlertProfile, s: EdgeState, o: EdgeTick, x: Window, kind: number): boolean {
  const gates = [a.minRequests, ...a.minRelative, ...a.minAbsolute];
  if (a.muted) return false;
  if (gates.every((gate) => gate === 0)) return true;
  if ((kind === THROUGHPUT_DROP ? s.nbar : x[RATE]!) < a.minRequests) return false;
  if (kind !== TRAFFIC_PATTERN) return movedEnough(a, s, o, x, (kind - 1) >> 1);
  return FEATURE_NUMBERS.some((k) => !Number.isNaN(o.z[k]!) && movedEnough(a, s, o, x, k));
}

/** Kind of an opening: the component furthest above its own level; Fisher or a joint detector alone: a pattern. */
function nameKind(a: AlertProfile, sources: readonly Source[], o: EdgeTick, age: number): number {
  if (!o.isPresent) return THROUGHPUT_DROP;
  let best = 0;
  let kind = TRAFFIC_PATTERN;
  for (const { source, nats, kind: named, detector } of sources) {
    const share = (nats * age) / (a.levels[named]! * a.detectorFactors[detector]);
    if (source > 11 || nats === 0 || share <= best) continue;
    best = share;
    if (share >= 1) kind = named;
  }
  return kind;
}

/** What one component alone would have named counts against that kind's level, where it is the higher one. */
function jointLevel(a: AlertProfile, sources: readonly Source[], age: number): number {
  const pattern = a.levels[TRAFFIC_PATTERN]!;
  let top: Source | undefined;
  for (const source of sources) if (source.source <= 11 && source.nats > (top?.nats ?? 0)) top = source;
  return top && top.nats * age >= pattern ? Math.max(pattern, a.levels[top.kind]!) : pattern;
}

function foldAlert(
  s: EdgeState,
  o: EdgeTick,
  x: Window,
  a: AlertProfile,
  sources: readonly Source[],
  age: number,
  plain: number,
): number {
  const joint = jointLevel(a, sources, age);
  const levels = sources.map((v) => (v.detector === 0 ? a.levels[v.kind]! : joint) * a.detectorFactors[v.detector]);
  const isAtLevel = sources.some((v, i) => v.nats > 0 && (v.nats * age) / levels[i]! >= 1);
  const isStrong = sources.some((v, i) => v.nats * plain >= levels[i]! + P.XL);
  const isLow = sources.every((v, i) => v.nats <= 0 || (v.nats * age) / levels[i]! < P.OFF);
  s.up = isAtLevel ? s.up + 1 : 0;
  if (s.isOn) {
    s.low = isLow ? s.low + 1 : 0;
    if (s.low < P.KOFF) return 0;
    s.isOn = false;
    s.kind = 0;
    return -1;
  }
  const kind = nameKind(a, sources, o, age);
  if (!(s.up >= P.KON || isStrong) || !mayOpen(a, s, o, x, kind)) return 0;
  s.isOn = true;
  s.low = 0;
  s.kind = kind;
  return 1;
}

/** Of a window length: L_on, nats, and the windows at which evidence counts half. */
export interface Levels {
  readonly level: number;
  readonly age: number;
}

/** Stage B of one edge. `forest`, `coder`: surprises of those detectors, 0 none. */
export function foldScore(
  s: EdgeState,
  o: EdgeTick,
  x: Window,
  profile: AlertProfile,
  { level, age: slow }: Levels,
  forest: number,
  coder: number,
): Verdict {
  const sources = sourcesOf(o, forest, coder);
  const age = ageWeight(s.n, o.gross.includes(true), o.isPresent, slow);
  const plain = ageWeight(s.n, false, true, slow);
  let raw = 0;
  let source = NO_SOURCE;
  for (const v of sources) {
    if (v.nats <= raw) continue;
    raw = v.nats;
    source = v.source;
  }
  const evidence = raw * age;
  const change = s.n < P.WARM ? 0 : foldAlert(s, o, x, profile, sources, age, plain);
  return { evidence, score: 1 - 10 ** (-evidence / level), source, change };
}
