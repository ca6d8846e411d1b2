// Twelve surprises, gap and detectors become evidence in nats: what the edge's score and its incident channel count.
import {
  AGE,
  AGE_GROSS,
  AGE_SILENT,
  BYT,
  CHANNEL_AGE,
  COMPONENTS,
  PEN,
  RATE,
  SCALES,
  SOFT,
  SOURCE_AUTOENCODER,
  SOURCE_FISHER,
  SOURCE_FOREST,
  SOURCE_GAP,
  SOURCE_NONE,
} from './constants';

/** sum_{i<K} x^i / i!: -ln Q(K, x) = x - ln(this), Q the upper tail of the gamma distribution with shape K. */
function partialExp(K: i32, x: f64): f64 {
  let term: f64 = 1;
  let total: f64 = 1;
  for (let i = 1; i < K; i++) {
    term *= x / <f64>i;
    total += term;
  }
  return total;
}

/** A lower bound of ln v, at most 0.06 below it: log2(2^E (1 + f)) >= E + f, read from the bits of v >= 1. */
function lnBelow(v: f64): f64 {
  return <f64>(reinterpret<i64>(v) - 0x3ff0_0000_0000_0000) * (Math.LN2 / 4503599627370496.0);
}

/**
 * Fisher's combination of K surprises that sum to x, less a penalty, where that is more than `needed`; else something not more.
 * The logarithm is taken only where a cheap bound does not settle it.
 */
export function fisher(K: i32, x: f64, penalty: f64, needed: f64): f64 {
  const total = partialExp(K, x);
  if (x - lnBelow(total) - penalty <= needed - 1e-9) return needed;
  return x - Math.log(total) - penalty;
}

/** Sum of the absolute surprises of scale j over the features. */
function sumOf(surprise: usize, j: i32): f64 {
  const at = surprise + ((<usize>j) << 3);
  return (
    Math.abs(load<f64>(at)) +
    Math.abs(load<f64>(at, SCALES << 3)) +
    Math.abs(load<f64>(at, (2 * SCALES) << 3)) +
    Math.abs(load<f64>(at, (3 * SCALES) << 3))
  );
}

/** What set the evidence returned by `edgeEvidence`: SOURCE_* or a component. */
export let evidenceSource: i32 = SOURCE_NONE;

/** Nats of a window before the age factor. `forest`, `coder`: their surprises, 0 none. */
export function edgeEvidence(surprise: usize, K: i32, gap: f64, forest: f64, coder: f64): f64 {
  evidenceSource = SOURCE_NONE;
  if (K == 0) {
    if (gap > 0) evidenceSource = SOURCE_GAP;
    return gap;
  }
  let C: f64 = 0;
  for (let i = 0; i < COMPONENTS; i++) {
    const a = Math.abs(load<f64>(surprise + ((<usize>i) << 3)));
    if (a > C) {
      C = a;
      evidenceSource = i;
    }
  }
  for (let j = 0; j < SCALES; j++) C = raise(C, fisher(K, sumOf(surprise, j), PEN, C), SOURCE_FISHER + j);
  C = raise(C, forest - PEN, SOURCE_FOREST);
  return raise(C, coder - PEN, SOURCE_AUTOENCODER);
}

function raise(C: f64, candidate: f64, source: i32): f64 {
  if (candidate <= C) return C;
  evidenceSource = source;
  return candidate;
}

/** Fisher's best scale, less its penalty; at least 0. */
export function bestFisher(surprise: usize, K: i32): f64 {
  let best: f64 = 0;
  if (K == 0) return 0;
  for (let j = 0; j < SCALES; j++) best = max(best, fisher(K, sumOf(surprise, j), PEN, best));
  return best;
}

/** What the evidence of an edge counts that was seen in n windows; `slow`: windows at which it counts half. */
function ageing(n: f64, gross: bool, present: bool, slow: f64): f64 {
  if (n <= 0) return 0;
  return n / (n + (gross ? min(slow, (present ? AGE_GROSS : AGE_SILENT) * n) : slow));
}

/** Age factor of the edge's score. */
export function ageWeight(n: f64, gross: bool, present: bool): f64 {
  return ageing(n, gross, present, AGE);
}

/** Age factor of the edge's incident evidence. */
export function channelWeight(n: f64, gross: bool, present: bool): f64 {
  return ageing(n, gross, present, CHANNEL_AGE);
}

/** Bytes, and traffic going up: a change, not by itself a fault. */
function isSoft(i: i32, L: f64): bool {
  return i >= SCALES * BYT || (i >= SCALES * RATE && i < SCALES * (RATE + 1) && L > 0);
}

/** Nats of a window for the incident layer, before the age factor. */
export function incidentEvidence(surprise: usize, K: i32, gap: f64): f64 {
  let C = gap;
  if (K == 0) return C;
  for (let i = 0; i < COMPONENTS; i++) {
    const L = load<f64>(surprise + ((<usize>i) << 3));
    C = max(C, isSoft(i, L) ? Math.abs(L) - SOFT : Math.abs(L));
  }
  for (let j = 0; j < SCALES; j++) {
    const at = surprise + ((<usize>j) << 3);
    let hard: f64 = 0;
    for (let k = 0; k < BYT; k++) {
      const L = load<f64>(at + ((<usize>(SCALES * k)) << 3));
      if (!isSoft(SCALES * k + j, L)) hard += Math.abs(L);
    }
    C = max(C, fisher(K, sumOf(surprise, j), PEN + SOFT, C));
    C = max(C, fisher(K, hard, PEN, C));
  }
  return C;
}
