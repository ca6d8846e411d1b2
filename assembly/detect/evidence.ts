// Twelve surprises, gap and detectors become evidence in nats: what the edge's score and its incident channel count.
// Specified in docs/detection.md, sections 5 and 8.
import { Judged, Weighed } from './block';
import { AGE, AGE_GROSS, AGE_SILENT, BYT, CHANNEL_AGE, ERR, LAT, PEN, RATE, SCALES, SOFT, Source } from './constants';
import { larger, largerLane } from './extremes';
import { options } from './options';

/** -ln Q(K, x) = x - ln(sum_{i<K} x^i / i!), Q the upper tail of the gamma distribution with shape K. */
function combined(K: i32, x: f64): f64 {
  let term: f64 = 1;
  let total: f64 = 1;
  for (let i = 1; i < K; i++) {
    term *= x / <f64>i;
    total += term;
  }
  return x - Math.log(total);
}

/** The best of three sums, combined. */
function bestOf(K: i32, x: f64, y: f64, z: f64): f64 {
  return max(max(combined(K, x), combined(K, y)), combined(K, z));
}

/** A lower bound of ln v, at most 0.06 below it: log2(2^E (1 + f)) >= E + f, read from the bits of v >= 1. */
function lnBelow(v: f64): f64 {
  return <f64>(reinterpret<i64>(v) - 0x3ff0_0000_0000_0000) * (Math.LN2 / 4503599627370496.0);
}

/** An upper bound of `combined`, at most 0.06 above it; without a logarithm or a division. */
function combinedBelow(K: i32, x: f64): f64 {
  let total: f64 = 1;
  if (K > 3) total += x * (1.0 / 3);
  if (K > 2) total = 1 + x * 0.5 * total;
  if (K > 1) total = 1 + x * total;
  return x - lnBelow(total) + 1e-9;
}

/** [scale at, the next one] of feature k. */
// @ts-ignore: decorator
@inline
function scalesOf(surprise: usize, k: usize): v128 {
  return v128.load(surprise + k * (SCALES << 3));
}

/** Sums of two scales, in the order of the features. */
// @ts-ignore: decorator
@inline
function hardSum(at: usize): v128 {
  const rate = scalesOf(at, RATE);
  const down = v128.andnot(f64x2.abs(rate), f64x2.gt(rate, f64x2.splat(0)));
  return f64x2.add(f64x2.add(f64x2.abs(scalesOf(at, LAT)), down), f64x2.abs(scalesOf(at, ERR)));
}

// @ts-ignore: decorator
@inline
function wholeSum(at: usize): v128 {
  const calls = f64x2.add(f64x2.abs(scalesOf(at, LAT)), f64x2.abs(scalesOf(at, RATE)));
  return f64x2.add(f64x2.add(calls, f64x2.abs(scalesOf(at, ERR))), f64x2.abs(scalesOf(at, BYT)));
}

/** The absolute surprises 2 i and 2 i + 1. */
// @ts-ignore: decorator
@inline
function pairOf(surprise: usize, i: usize): v128 {
  return f64x2.abs(v128.load(surprise + (i << 4)));
}

/** Bits of the pair's components that are the largest. */
// @ts-ignore: decorator
@inline
function equals(surprise: usize, i: usize, largest: v128): i32 {
  return i64x2.bitmask(f64x2.eq(pairOf(surprise, i), largest)) << (<i32>i << 1);
}

/** Weighs the twelve surprises of a window. */
export function weigh(judged: Judged, w: Weighed): void {
  const surprise = judged.surprise.at(0);
  let largest = f64x2.splat(0);
  for (let i: usize = 0; i < 6; i++) largest = f64x2.pmax(largest, pairOf(surprise, i));
  const most = largerLane(largest);
  largest = f64x2.splat(most);
  const near = equals(surprise, 0, largest) | equals(surprise, 1, largest) | equals(surprise, 2, largest);
  w.max = most;
  w.argmax = ctz(near | equals(surprise, 3, largest) | equals(surprise, 4, largest) | equals(surprise, 5, largest));
  const sums = wholeSum(surprise);
  const sum0 = f64x2.extract_lane(sums, 0);
  const sum1 = f64x2.extract_lane(sums, 1);
  const sum2 = f64x2.extract_lane(wholeSum(surprise + 8), 1);
  const hard = hardSum(surprise);
  w.sum0 = sum0;
  w.sum1 = sum1;
  w.sum2 = sum2;
  w.hard0 = f64x2.extract_lane(hard, 0);
  w.hard1 = f64x2.extract_lane(hard, 1);
  w.hard2 = f64x2.extract_lane(hardSum(surprise + 8), 1);
  // The combination rises with the sum.
  const nanCarrier = 0 * (sum0 + sum1 + sum2);
  w.features = judged.features;
  w.nanCarrier = nanCarrier;
  w.fisherBound = combinedBelow(judged.features, larger(larger(sum0, sum1), sum2)) + nanCarrier;
}

/**
 * Nats of the window weighed, before the age factor; `weighed.source` says what set them. `coder`: the autoencoder's
 * surprise, 0 none.
 */
export function edgeEvidence(judged: Judged, w: Weighed, coder: f64): f64 {
  w.source = Source.NONE;
  const K = judged.features;
  if (K == 0) {
    if (judged.gap > 0) w.source = Source.GAP;
    return judged.gap;
  }
  let C = w.max;
  if (C > 0) w.source = w.argmax;
  if (!(w.fisherBound - PEN <= C)) {
    C = raise(w, C, combined(K, w.sum0) - PEN, Source.FISHER);
    C = raise(w, C, combined(K, w.sum1) - PEN, Source.FISHER + 1);
    C = raise(w, C, combined(K, w.sum2) - PEN, Source.FISHER + 2);
  }
  C = raise(w, C, judged.forest - PEN, Source.FOREST);
  return raise(w, C, coder - PEN, Source.AUTOENCODER);
}

function raise(w: Weighed, C: f64, candidate: f64, source: i32): f64 {
  if (candidate <= C) return C;
  w.source = source;
  return candidate;
}

/** Fisher's best scale of the window weighed, less its penalty; at least 0. */
export function bestFisher(w: Weighed): f64 {
  if (w.features == 0) return 0;
  return max(0, bestOf(w.features, w.sum0, w.sum1, w.sum2) - PEN);
}

/** What the evidence of an edge counts that was seen in n windows; `slow`: windows at which it counts half. */
function ageing(n: f64, gross: bool, present: bool, slow: f64): f64 {
  if (n <= 0) return 0;
  return n / (n + (gross ? min(slow, (present ? AGE_GROSS : AGE_SILENT) * n) : slow));
}

/** Age factor of the edge's score. `age`: the group's. */
export function ageWeight(n: f64, gross: bool, present: bool, age: f64): f64 {
  return ageing(n, gross, present, age);
}

/** Age factor of the edge's incident evidence. */
export function channelWeight(n: f64, gross: bool, present: bool, age: f64): f64 {
  return ageing(n, gross, present, age * (CHANNEL_AGE / AGE));
}

/**
 * Absolute surprises less what soft ones are taken off: bytes, and traffic going up, which are a change, not by
 * themselves a fault.
 */
// @ts-ignore: decorator
@inline
function soften(surprise: usize, i: usize, soft: v128, nats: f64): v128 {
  return f64x2.sub(pairOf(surprise, i), v128.and(soft, f64x2.splat(nats)));
}

/** Which of a pair of surprises rise. */
// @ts-ignore: decorator
@inline
function rising(surprise: usize, i: usize): v128 {
  return f64x2.gt(v128.load(surprise + (i << 4)), f64x2.splat(0));
}

/** Nats of the window weighed for the incident layer, before the age factor. */
export function incidentEvidence(judged: Judged, w: Weighed): f64 {
  const K = judged.features;
  if (K == 0) return judged.gap;
  const surprise = judged.surprise.at(0);
  const softBytes = options.bytesDiscount;
  // Components: latency 0-2, rate 3-5, errors 6-8, bytes 9-11.
  const second = i64x2(0, -1);
  let largest = f64x2.pmax(pairOf(surprise, 0), soften(surprise, 1, v128.and(rising(surprise, 1), second), SOFT));
  largest = f64x2.pmax(largest, soften(surprise, 2, rising(surprise, 2), SOFT));
  largest = f64x2.pmax(largest, pairOf(surprise, 3));
  largest = f64x2.pmax(largest, soften(surprise, 4, second, softBytes));
  largest = f64x2.pmax(largest, soften(surprise, 5, i64x2(-1, -1), softBytes));
  let C = larger(judged.gap, largerLane(largest)) + w.nanCarrier;
  const soft = PEN + softBytes;
  if (!(w.fisherBound - soft <= C)) C = max(C, bestOf(K, w.sum0, w.sum1, w.sum2) - soft);
  const hardBound = combinedBelow(K, larger(larger(w.hard0, w.hard1), w.hard2));
  if (!(hardBound - PEN <= C)) C = max(C, bestOf(K, w.hard0, w.hard1, w.hard2) - PEN);
  return C;
}
