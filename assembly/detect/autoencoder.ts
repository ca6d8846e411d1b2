// The optional autoencoder of a group: 12 → 4 → 12, tanh, learning online from windows that do not alert. Plain
// stochastic gradient on half the squared error; the mean squared error, in medians of its own, is the score. Specified
// in docs/detection.md, section 11.

import { reserve, scratch } from '../memory';
import { calibrate, startCalibration } from './calibrate';
import { CAP, COMPONENTS } from './constants';
import { nextRandom, seedRandom } from './random';
import { groupAt } from './regions';
import { Group } from './state';

/** Inputs and outputs, hidden units. */
const WIDTH: usize = COMPONENTS;
const HIDDEN: usize = 4;
const RATE: f64 = 0.01;
/**
 * Nats of one unit of input: keeps the squared input times RATE below 2, beyond which the descent does not converge.
 */
const UNIT: f64 = 5;
/** Windows learnt before it scores; slowest relative step of the median. */
const FIRST: i32 = 512;
const MEDIAN_STEP: f64 = 0.005;
/** Calibration of the score at the start: 99 % quantile and mean excess. */
const QUANTILE: f64 = 0.95;
const EXCESS: f64 = 0.02;
/** Generator "period" that the weights are drawn from; the forest never gets there. */
const SEED_PERIOD: u32 = 0x3fffffff;

/** f64: inward weights [4][12], inward bias [4], outward weights [12][4], outward bias [12]. */
const INWARD: usize = 0;
const INWARD_BIAS: usize = HIDDEN * WIDTH * 8;
const OUTWARD: usize = INWARD_BIAS + HIDDEN * 8;
const OUTWARD_BIAS: usize = OUTWARD + HIDDEN * WIDTH * 8;
const CODER_BYTES: usize = OUTWARD_BIAS + WIDTH * 8;

export let coderEnabled: bool = false;
let seed: u32 = 0;
let coders: usize = 0;
/** f64: input [12], error of the output [12], hidden [4]; u32[4] generator. */
let input: usize = 0;
let delta: usize = 0;
let hidden: usize = 0;
let rng: usize = 0;

export function configureCoder(enabled: bool, start: u32): void {
  coderEnabled = enabled;
  seed = start;
}

/** Regions of all groups. */
export function layOutCoder(maxGroups: i32): void {
  if (!coderEnabled) return;
  coders = reserve(<usize>maxGroups * CODER_BYTES);
  input = scratch(WIDTH * 8);
  delta = scratch(WIDTH * 8);
  hidden = scratch(HIDDEN * 8);
  rng = scratch(16);
}

/** Xavier start: weights uniform within ±sqrt(6 / (12 + 4)), biases 0. */
export function resetCoder(group: i32): void {
  if (!coderEnabled) return;
  const at = coders + <usize>group * CODER_BYTES;
  const bound = Math.sqrt(6.0 / <f64>(WIDTH + HIDDEN));
  memory.fill(at, 0, CODER_BYTES);
  seedRandom(rng, seed, SEED_PERIOD);
  for (let i: usize = 0; i < HIDDEN * WIDTH; i++) store<f64>(at + INWARD + (i << 3), drawWeight(bound));
  for (let i: usize = 0; i < HIDDEN * WIDTH; i++) store<f64>(at + OUTWARD + (i << 3), drawWeight(bound));
  startCalibration(groupAt(group) + Group.CODER_CAL, QUANTILE, EXCESS);
}

/** Whether all of its weights are numbers. */
export function coderIsSound(group: i32): bool {
  if (!coderEnabled) return true;
  const at = coders + <usize>group * CODER_BYTES;
  for (let i: usize = 0; i < CODER_BYTES; i += 8) if (!(abs(load<f64>(at + i)) < Infinity)) return false;
  return true;
}

function drawWeight(bound: f64): f64 {
  return (<f64>nextRandom(rng) / 2147483648.0 - 1) * bound;
}

/** Takes the twelve f64 surprises and reconstructs them; returns the mean squared error. */
function reconstruct(at: usize, surprise: usize): f64 {
  for (let i: usize = 0; i < WIDTH; i++) {
    store<f64>(input + (i << 3), min(max(load<f64>(surprise + (i << 3)), -(<f64>CAP)), <f64>CAP) / UNIT);
  }
  for (let h: usize = 0; h < HIDDEN; h++) {
    let sum = load<f64>(at + INWARD_BIAS + (h << 3));
    const weights = at + INWARD + h * WIDTH * 8;
    for (let i: usize = 0; i < WIDTH; i++) sum += load<f64>(weights + (i << 3)) * load<f64>(input + (i << 3));
    store<f64>(hidden + (h << 3), Math.tanh(sum));
  }
  let squares: f64 = 0;
  for (let i: usize = 0; i < WIDTH; i++) {
    let sum = load<f64>(at + OUTWARD_BIAS + (i << 3));
    const weights = at + OUTWARD + i * HIDDEN * 8;
    for (let h: usize = 0; h < HIDDEN; h++) sum += load<f64>(weights + (h << 3)) * load<f64>(hidden + (h << 3));
    const d = sum - load<f64>(input + (i << 3));
    store<f64>(delta + (i << 3), d);
    squares += d * d;
  }
  return squares / <f64>WIDTH;
}

/**
 * Surprise of a window's twelve surprises, nats, before the penalty; 0 while it has learnt too little. Learns nothing
 * but its calibration.
 */
export function coderSurprise(group: i32, surprise: usize): f64 {
  const g = groupAt(group);
  const error = reconstruct(coders + <usize>group * CODER_BYTES, surprise);
  coderError = error;
  if (load<i32>(g, Group.CODER_LEARNT) < FIRST) return 0;
  return calibrate(g + Group.CODER_CAL, 1 - Math.exp(-error / load<f64>(g, Group.CODER_MEDIAN)));
}

/** Error of the window that `coderSurprise` saw last. */
let coderError: f64 = 0;

/** Learns from the window that `coderSurprise` saw last. */
export function coderLearn(group: i32): void {
  const at = coders + <usize>group * CODER_BYTES;
  learnMedian(groupAt(group));
  for (let h: usize = 0; h < HIDDEN; h++) {
    const value = load<f64>(hidden + (h << 3));
    let back: f64 = 0;
    for (let i: usize = 0; i < WIDTH; i++) {
      const weight = at + OUTWARD + i * HIDDEN * 8 + (h << 3);
      const d = load<f64>(delta + (i << 3));
      back += load<f64>(weight) * d;
      store<f64>(weight, load<f64>(weight) - RATE * d * value);
    }
    learnHidden(at, h, RATE * back * (1 - value * value));
  }
  for (let i: usize = 0; i < WIDTH; i++) {
    const bias = at + OUTWARD_BIAS + (i << 3);
    store<f64>(bias, load<f64>(bias) - RATE * load<f64>(delta + (i << 3)));
  }
}

function learnHidden(at: usize, h: usize, step: f64): void {
  const weights = at + INWARD + h * WIDTH * 8;
  for (let i: usize = 0; i < WIDTH; i++) {
    store<f64>(weights + (i << 3), load<f64>(weights + (i << 3)) - step * load<f64>(input + (i << 3)));
  }
  const bias = at + INWARD_BIAS + (h << 3);
  store<f64>(bias, load<f64>(bias) - step);
}

/** Moves the running median by a relative step, smaller the more windows it has seen. */
function learnMedian(g: usize): void {
  const learnt = load<i32>(g, Group.CODER_LEARNT);
  const median = load<f64>(g, Group.CODER_MEDIAN);
  const step = 1 + max(1 / (1 + <f64>learnt), MEDIAN_STEP);
  const next = learnt == 0 ? max(coderError, 1e-9) : coderError > median ? median * step : median / step;
  store<f64>(g, next, Group.CODER_MEDIAN);
  store<i32>(g, learnt < i32.MAX_VALUE ? learnt + 1 : learnt, Group.CODER_LEARNT);
}
