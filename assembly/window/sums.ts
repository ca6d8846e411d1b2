// Compensated sums of an edge in an open tick, and the four numbers that they become when it closes.
import { SumFlag, Sums } from '../graph/records';

/**
 * Adds x to the pair (sum, error) at the address: Knuth's two-sum, so that the order of additions does not show after
 * rounding to f32.
 */
// @ts-ignore: decorator
@inline
export function add(at: usize, x: f64): void {
  const sum = load<f64>(at);
  const next = sum + x;
  const back = next - sum;
  store<f64>(at, next);
  store<f64>(at, load<f64>(at, 8) + (sum - (next - back) + (x - back)), 8);
}

// @ts-ignore: decorator
@inline
function total(at: usize): f64 {
  return load<f64>(at) + load<f64>(at, 8);
}

// @ts-ignore: decorator
@inline
export function report(sums: usize, flag: u32): void {
  store<u32>(sums, load<u32>(sums, Sums.FLAGS) | flag, Sums.FLAGS);
}

/** No window of a service has more of anything; its square still fits into f32. */
const MOST: f64 = 1e18;

/** Rounded to f32, so that nothing of the order of additions is left; absent: NaN. */
// @ts-ignore: decorator
@inline
function put(window: usize, feature: usize, isPresent: bool, value: f64): void {
  store<f64>(window + (feature << 3), isPresent ? <f64>(<f32>min(value, MOST)) : NaN);
}

/**
 * Writes latency (s), requests, errors, bytes of the sums to `window`, f64[4], and empties them. Nothing is ever made
 * up as 0.
 */
export function finishSums(sums: usize, window: usize): void {
  const flags = load<u32>(sums, Sums.FLAGS);
  if (flags == 0) {
    for (let feature: usize = 0; feature < 4; feature++) put(window, feature, false, 0);
    return;
  }
  const requests = total(sums + Sums.REQUESTS);
  const hasRequests = (flags & SumFlag.REQUESTS) != 0;
  // Reported to be without a request: the edge is silent, whatever else was said of it.
  const isSilent = hasRequests && !(requests > 0);
  const count = total(sums + Sums.LATENCY_COUNT);
  const weight = total(sums + Sums.LEVEL_WEIGHT);
  const bytes = total(sums + Sums.TRAFFIC);
  let latency = NaN;
  if (flags & SumFlag.LATENCY && count > 0) latency = total(sums + Sums.LATENCY) / count;
  else if (flags & SumFlag.LATENCY && requests > 0) latency = total(sums + Sums.LATENCY) / requests;
  else if (weight > 0) latency = total(sums + Sums.LEVEL) / weight;
  let errors = NaN;
  if (flags & SumFlag.ERRORS) errors = total(sums + Sums.ERRORS);
  else if (flags & SumFlag.RATIO && requests > 0) {
    errors = (total(sums + Sums.RATIO) / total(sums + Sums.RATIO_WEIGHT)) * requests;
  }
  put(window, 0, !isSilent && latency >= 0, latency);
  put(window, 1, requests > 0, requests);
  put(window, 2, !isSilent && errors >= 0, errors);
  put(window, 3, !isSilent && (bytes > 0 || (flags & SumFlag.TRAFFIC && requests > 0)), bytes);
  emptySums(sums);
}

/** Ten stores: `memory.fill` is a call out of WebAssembly. */
// @ts-ignore: decorator
@inline
export function emptySums(sums: usize): void {
  for (let at = sums; at < sums + Sums.FLAGS; at += 16) v128.store(at, f64x2.splat(0));
  store<u64>(sums, 0, Sums.FLAGS);
}

/** Forgets what the sums hold of one feature: 0 latency, 1 requests, 2 errors, 3 bytes. */
export function discardFeature(sums: usize, feature: i32): void {
  let flags = load<u32>(sums, Sums.FLAGS);
  if (feature == 0) {
    memory.fill(sums + Sums.LATENCY, 0, 64);
    flags &= ~(SumFlag.LATENCY | SumFlag.LEVEL);
  } else if (feature == 1) {
    memory.fill(sums + Sums.REQUESTS, 0, 16);
    flags &= ~SumFlag.REQUESTS;
  } else if (feature == 2) {
    memory.fill(sums + Sums.ERRORS, 0, 16);
    memory.fill(sums + Sums.RATIO, 0, 32);
    flags &= ~(SumFlag.ERRORS | SumFlag.RATIO);
  } else {
    memory.fill(sums + Sums.TRAFFIC, 0, 16);
    flags &= ~SumFlag.TRAFFIC;
  }
  store<u32>(sums, flags, Sums.FLAGS);
}
