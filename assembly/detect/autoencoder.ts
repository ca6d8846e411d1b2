// The optional autoencoder of a group: 12 → 4 → 12, tanh, learning online from windows that do not alert. Plain
// stochastic gradient on half the squared error; the mean squared error, in medians of its own, is the score.
// Specified in docs/detection.md, section 11.

import { Region, reserve, scratch } from '../memory';
import { Numbers, numbersAt } from '../numbers';
import { calibrate, startCalibration } from './calibrate';
import { CAP, COMPONENTS } from './constants';
import { Group } from './group';
import { options } from './options';
import { Generator, nextRandom, seedRandom } from './random';
import { groupAt, list } from './regions';

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

/** Regions, and the window seen last. */
@unmanaged
class Coder {
  coders: usize;
  /** Input, error of the output, hidden units. */
  input: Numbers<f64>;
  delta: Numbers<f64>;
  hidden: Numbers<f64>;
  random: Generator;
  /** Mean squared error of the window that `coderSurprise` saw last. */
  error: f64;
}

const coder = changetype<Coder>(memory.data(offsetof<Coder>(), 16));

/** Regions of all groups. */
export function layOutCoder(maxGroups: i32): void {
  if (!options.coder) return;
  coder.coders = reserve(Region.CODERS, <usize>maxGroups * CODER_BYTES);
  coder.input = list<f64>(WIDTH);
  coder.delta = list<f64>(WIDTH);
  coder.hidden = list<f64>(HIDDEN);
  coder.random = changetype<Generator>(scratch(offsetof<Generator>()));
}

/** Xavier start: weights uniform within ±sqrt(6 / (12 + 4)), biases 0. */
export function resetCoder(group: i32): void {
  if (!options.coder) return;
  const at = coder.coders + <usize>group * CODER_BYTES;
  const bound = Math.sqrt(6.0 / <f64>(WIDTH + HIDDEN));
  memory.fill(at, 0, CODER_BYTES);
  seedRandom(coder.random, options.seed, SEED_PERIOD);
  for (let i: usize = 0; i < HIDDEN * WIDTH; i++) store<f64>(at + INWARD + (i << 3), drawWeight(bound));
  for (let i: usize = 0; i < HIDDEN * WIDTH; i++) store<f64>(at + OUTWARD + (i << 3), drawWeight(bound));
  startCalibration(groupAt(group).coder, QUANTILE, EXCESS);
}

/** Whether all of its weights are numbers. */
export function coderIsSound(group: i32): bool {
  if (!options.coder) return true;
  const at = coder.coders + <usize>group * CODER_BYTES;
  for (let i: usize = 0; i < CODER_BYTES; i += 8) if (!(abs(load<f64>(at + i)) < Infinity)) return false;
  return true;
}

function drawWeight(bound: f64): f64 {
  return (<f64>nextRandom(coder.random) / 2147483648.0 - 1) * bound;
}

/** Takes the twelve surprises and reconstructs them; returns the mean squared error. */
function reconstruct(at: usize, surprise: Numbers<f64>): f64 {
  const input = coder.input;
  const hidden = coder.hidden;
  for (let i = 0; i < <i32>WIDTH; i++) input[i] = min(max(surprise[i], -(<f64>CAP)), <f64>CAP) / UNIT;
  for (let h = 0; h < <i32>HIDDEN; h++) {
    let sum = numbersAt<f64>(at, INWARD_BIAS)[h];
    const weights = numbersAt<f64>(at, INWARD + <usize>h * WIDTH * 8);
    for (let i = 0; i < <i32>WIDTH; i++) sum += weights[i] * input[i];
    hidden[h] = Math.tanh(sum);
  }
  let squares: f64 = 0;
  for (let i = 0; i < <i32>WIDTH; i++) {
    let sum = numbersAt<f64>(at, OUTWARD_BIAS)[i];
    const weights = numbersAt<f64>(at, OUTWARD + <usize>i * HIDDEN * 8);
    for (let h = 0; h < <i32>HIDDEN; h++) sum += weights[h] * hidden[h];
    const d = sum - input[i];
    coder.delta[i] = d;
    squares += d * d;
  }
  return squares / <f64>WIDTH;
}

/**
 * Surprise of a window's twelve surprises, nats, before the penalty; 0 while it has learnt too little. Learns nothing
 * but its calibration.
 */
export function coderSurprise(group: i32, surprise: Numbers<f64>): f64 {
  const g = groupAt(group);
  const error = reconstruct(coder.coders + <usize>group * CODER_BYTES, surprise);
  coder.error = error;
  if (g.coderLearnt < FIRST) return 0;
  return calibrate(g.coder, 1 - Math.exp(-error / g.coderMedian));
}

/** Learns from the window that `coderSurprise` saw last. */
export function coderLearn(group: i32): void {
  const at = coder.coders + <usize>group * CODER_BYTES;
  const delta = coder.delta;
  learnMedian(groupAt(group));
  for (let h = 0; h < <i32>HIDDEN; h++) {
    const value = coder.hidden[h];
    let back: f64 = 0;
    for (let i = 0; i < <i32>WIDTH; i++) {
      const weights = numbersAt<f64>(at, OUTWARD + <usize>i * HIDDEN * 8);
      const d = delta[i];
      back += weights[h] * d;
      weights[h] = weights[h] - RATE * d * value;
    }
    learnHidden(at, h, RATE * back * (1 - value * value));
  }
  const biases = numbersAt<f64>(at, OUTWARD_BIAS);
  for (let i = 0; i < <i32>WIDTH; i++) biases[i] = biases[i] - RATE * delta[i];
}

function learnHidden(at: usize, h: i32, step: f64): void {
  const weights = numbersAt<f64>(at, INWARD + <usize>h * WIDTH * 8);
  for (let i = 0; i < <i32>WIDTH; i++) weights[i] = weights[i] - step * coder.input[i];
  const biases = numbersAt<f64>(at, INWARD_BIAS);
  biases[h] = biases[h] - step;
}

/** Moves the running median by a relative step, smaller the more windows it has seen. */
function learnMedian(g: Group): void {
  const learnt = g.coderLearnt;
  const median = g.coderMedian;
  const step = 1 + max(1 / (1 + <f64>learnt), MEDIAN_STEP);
  const next = learnt == 0 ? max(coder.error, 1e-9) : coder.error > median ? median * step : median / step;
  g.coderMedian = next;
  g.coderLearnt = learnt < i32.MAX_VALUE ? learnt + 1 : learnt;
}
