// Simple detectors beside ours, at the thresholds that people set by hand: 3 sigma, 3 MAD, a fixed percentile of an
// isolation forest.
import { IsolationForest } from '../../src/kernel/isolation-forest.js';
import type { Alerts } from '../../test/synthetic/scoring.js';
import { type EdgeStream, FEATURE_COUNT, type Labels } from '../../test/synthetic/stream.js';
import type { Contender } from './synthetic.js';

/** Windows that mean and spread are taken of: an hour of 10 s. */
const MEMORY = 360;
const LEAST = 60;
const SIGMAS = 3;
/** Median absolute deviation to standard deviation of a normal distribution. */
const MAD_SIGMA = 1.4826;

/** Latency, requests, share of errors, bytes a request. */
function featuresAt({ x, edges }: EdgeStream, t: number, e: number): readonly number[] {
  const at = FEATURE_COUNT * (t * edges + e);
  const [latency, n, errors, bytes] = [x[at]!, x[at + 1]!, x[at + 2]!, x[at + 3]!];
  return [latency, n, errors / n, bytes / n];
}

/** Alerts in a window where any feature of the edge is out of what `make`'s function finds usual. NaN: absent. */
function featureWise(make: () => (value: number) => boolean): Contender {
  return (stream) => {
    const alerts = new Uint8Array(stream.edges * stream.windows);
    for (let e = 0; e < stream.edges; e++) {
      const judges = Array.from({ length: FEATURE_COUNT }, make);
      for (let t = 0; t < stream.windows; t++) {
        const features = featuresAt(stream, t, e);
        const odd = judges.map((judge, k) => !Number.isNaN(features[k]!) && judge(features[k]!));
        if (odd.includes(true)) alerts[t * stream.edges + e] = 1;
      }
    }
    return alerts;
  };
}

/** Mean and deviation over the last hour, 3 sigma. */
export const sigma: Contender = featureWise(() => {
  const values = new Float64Array(MEMORY);
  let [count, sum, squares] = [0, 0, 0];
  return (value) => {
    const n = Math.min(count, MEMORY);
    const mean = sum / n;
    const deviation = Math.sqrt(Math.max(0, squares / n - mean * mean));
    const isOdd = n >= LEAST && Math.abs(value - mean) > SIGMAS * deviation;
    const old = count >= MEMORY ? values[count % MEMORY]! : 0;
    values[count++ % MEMORY] = value;
    sum += value - old;
    squares += value * value - old * old;
    return isOdd;
  };
});

function insertAt(sorted: Float64Array, length: number, value: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Median and median absolute deviation over the last hour, 3 sigma of a normal distribution. The deviation is renewed
 * each minute.
 */
export const mad: Contender = featureWise(() => {
  const values = new Float64Array(MEMORY);
  const sorted = new Float64Array(MEMORY + 1);
  let [count, length, deviation] = [0, 0, 0];
  return (value) => {
    const centre = sorted[length >> 1]!;
    if (count % 6 === 0 && length > 0) {
      const distances = sorted
        .slice(0, length)
        .map((v) => Math.abs(v - centre))
        .sort();
      deviation = MAD_SIGMA * distances[length >> 1]!;
    }
    const isOdd = length >= LEAST && Math.abs(value - centre) > SIGMAS * deviation;
    if (length === MEMORY) {
      const at = insertAt(sorted, length, values[count % MEMORY]!);
      sorted.copyWithin(at, at + 1, length--);
    }
    const at = insertAt(sorted, length, value);
    sorted.copyWithin(at + 1, at, length++);
    sorted[at] = value;
    values[count++ % MEMORY] = value;
    return isOdd;
  };
});

/**
 * A forest an edge on its four raw features, trained on what comes before the first scored window, alerting above a
 * percentile of it.
 */
export function rawForest(percentile: number): Contender {
  return (stream: EdgeStream, { start }: Labels): Alerts => {
    const alerts = new Uint8Array(stream.edges * stream.windows);
    for (let e = 0; e < stream.edges; e++) {
      const table = tableOf(stream, e);
      const before = table.windows.findIndex((t) => t >= start);
      const rows = (before < 0 ? table.windows.length : before) * FEATURE_COUNT;
      if (rows < LEAST * FEATURE_COUNT) continue;
      const history = table.matrix.slice(0, rows);
      const forest = IsolationForest.train(history, FEATURE_COUNT, { seed: e });
      const usual = forest.score(history).sort();
      const limit = usual[Math.min(usual.length - 1, Math.floor((usual.length * percentile) / 100))]!;
      const scores = forest.score(table.matrix.slice(rows));
      scores.forEach((score, i) => {
        if (score > limit) alerts[table.windows[before + i]! * stream.edges + e] = 1;
      });
    }
    return alerts;
  };
}

function tableOf(stream: EdgeStream, e: number): { matrix: Float32Array; windows: readonly number[] } {
  const windows: number[] = [];
  const values: number[] = [];
  for (let t = 0; t < stream.windows; t++) {
    const features = featuresAt(stream, t, e);
    if (Number.isNaN(features[1]!)) continue;
    windows.push(t);
    values.push(...features);
  }
  return { matrix: Float32Array.from(values), windows };
}
