// The isolation forest of a group: a sample of its surprise vectors by period, trees grown from it at the period's end,
// scores.
//
// A group's pool holds reservoir + period vectors that never move; u16 slots say which are which:
//   slots │ reservoir, HELD of them │ sample of the running period │ free │
// Ending a period is a partial Fisher–Yates over the first two parts (the same draws as the oracle's copying merge).
// Specified in docs/detection.md, section 4.
import { calibrate, Calibration, startCalibration } from './calibrate';
import { COMPONENTS } from './constants';
import { Form } from './forest-form';
import { meanPath, storedDepth } from './forest-layout';
import { compiledOf, copyVector, forests, forgetCompiled, slotsOf, treesOf, VECTOR, vectorAt } from './forest-pool';
import { scoreOf, walkForest } from './forest-score';
import { growTree, MAX_SUBSAMPLE, sampleRow } from './forest-train';
import { Group } from './group';
import { options } from './options';
import { below, Generator, seedRandom, shuffleFront } from './random';
import { exchange, groupAt } from './regions';

/** Calibration of the score at the start: 99 % quantile and mean excess. */
const QUANTILE: f64 = 0.6;
const EXCESS: f64 = 0.03;

/** Turns the forest on. Sizes in vectors, refresh in ticks of a group; false when one of them is out of bounds. */
export function configureForest(
  trees: i32,
  subsample: i32,
  reservoir: i32,
  period: i32,
  first: i32,
  refresh: i32,
): bool {
  const isSound =
    trees > 0 &&
    subsample > 1 &&
    subsample <= MAX_SUBSAMPLE &&
    reservoir >= subsample &&
    period > 0 &&
    reservoir + period <= 0x10000 &&
    first > 1 &&
    refresh > 0;
  if (!isSound) return false;
  options.forest = true;
  options.trees = trees;
  options.subsample = subsample;
  options.reservoir = reservoir;
  options.period = period;
  options.first = first;
  options.refresh = refresh;
  return true;
}

/** A group's forest at the start: nothing held, no trees. */
export function resetForest(group: i32): void {
  const g = groupAt(group);
  startCalibration(g.forest, QUANTILE, EXCESS);
  seedRandom(g.random, options.seed, 0);
  if (!options.forest) return;
  const slots = slotsOf(group);
  for (let i = 0; i < options.reservoir + options.period; i++) slots[i] = <u16>i;
}

/** A group's calibration and generator at the start of its period. */
export function restartForest(group: i32): void {
  startCalibration(groupAt(group).forest, QUANTILE, EXCESS);
  startPeriod(groupAt(group));
}

/** Ticks of a period; 0: there is no forest. */
export function refreshTicks(): i64 {
  return options.forest ? options.refresh : 0;
}

/** Algorithm R: offers a vector (f32[12]) to the period's sample. */
function offer(group: i32, vector: usize): void {
  const g = groupAt(group);
  const offered = g.offered;
  const place = offered < options.period ? offered : <i32>below(g.random, <u32>offered + 1);
  g.offered = offered + 1;
  if (place < options.period) copyVector(vectorAt(group, g.held + place), vector);
}

/** The period's sample joins the reservoir, which is cut to its size. */
function merge(group: i32): void {
  const g = groupAt(group);
  const both = g.held + min(g.offered, options.period);
  const most = options.reservoir;
  if (both > most) shuffleFront<u16>(slotsOf(group), both, most, g.random);
  g.held = min(both, most);
  g.offered = 0;
}

/** Whether a period ends in front of the tick. */
export function endsPeriod(tick: i64): bool {
  return options.forest && tick > 0 && tick % options.refresh == 0;
}

/** Last period end in front of a tick in [from, to]; 0: none. */
export function lastPeriodEnd(from: i64, to: i64): i64 {
  if (!options.forest) return 0;
  const end = (to / options.refresh) * options.refresh;
  return end >= from ? end : 0;
}

/** Period ends in front of ticks in [from, to]. */
export function periodEnds(from: i64, to: i64): i64 {
  if (!options.forest) return 0;
  return to / options.refresh - (from > 0 ? (from - 1) / options.refresh : 0);
}

/**
 * Ends the period in front of `tick`; true when trees are to be grown now. `stale`: nothing was offered in the period
 * that ends, because it was passed over: its generator stands at its start.
 */
export function endPeriod(group: i32, tick: i64, stale: bool): bool {
  const g = groupAt(group);
  const next = tick / options.refresh;
  merge(group);
  if (stale) seedRandom(g.random, options.seed, <u32>(next - 1));
  g.period = next;
  const held = g.held;
  if (held < options.first) {
    startPeriod(g);
    return false;
  }
  g.psi = min(options.subsample, held);
  g.tree = 0;
  return true;
}

function startPeriod(g: Group): void {
  seedRandom(g.random, options.seed, <u32>g.period);
}

/** Grows the next tree of the group; true when it was the last. */
export function growNext(group: i32): bool {
  const g = groupAt(group);
  const held = g.held;
  const psi = g.psi;
  const tree = g.tree;
  const drawn = forests.drawn;
  memory.copy(drawn.at(0), slotsOf(group).at(0), (<usize>held) << 1);
  shuffleFront<u16>(drawn, held, psi, g.random);
  const pool = forests.pools + <usize>group * forests.poolBytes;
  for (let row = 0; row < psi; row++) sampleRow(row, pool + <usize>drawn[row] * VECTOR, COMPONENTS);
  growTree(forestTree(group, tree), psi, options.subsample, COMPONENTS, g.random);
  g.tree = tree + 1;
  forgetCompiled(group);
  if (tree + 1 < options.trees) return false;
  startPeriod(g);
  return true;
}

/**
 * Scores the first `rows` of `exchange.vectors` (judged windows, clipped), in order: scores in `vectorScores` (NaN
 * before the first forest), surprises in nats in `vectorSurprises`; each vector is then offered to the period's sample.
 */
export function foldVectors(group: i32, rows: i32): void {
  const g = groupAt(group);
  const psi = g.psi;
  const vectors = changetype<usize>(exchange.vectors);
  const trees = options.trees;
  if (psi > 0) {
    const depth = storedDepth(options.subsample);
    walkForest(treesOf(group), compiledOf(group), trees, forests.stride, depth, vectors, rows, COMPONENTS);
  }
  const mean = meanPath(psi);
  for (let row = 0; row < rows; row++) {
    const score = psi > 0 ? scoreOf(row, trees, mean) : NaN;
    exchange.vectorScores[row] = score;
    exchange.vectorSurprises[row] = psi > 0 ? calibrate(g.forest, score) : 0;
    offer(group, vectors + <usize>row * VECTOR);
  }
}

// -- for tests
/** The group's compiled form: a Form (forest-compile.ts). */
export function forestForm(group: i32): Form {
  return compiledOf(group).form;
}

/** Address of a tree (forest-layout.ts). */
export function forestTree(group: i32, tree: i32): usize {
  return treesOf(group) + <usize>tree * forests.stride;
}

/** Address of a vector of the reservoir, f32[12]. */
export function forestVector(group: i32, place: i32): usize {
  return vectorAt(group, place);
}

/** Its calibration. */
export function forestCalibration(group: i32): Calibration {
  return groupAt(group).forest;
}

/** Its generator. */
export function forestRandom(group: i32): Generator {
  return groupAt(group).random;
}

/** Vectors that the reservoir holds. */
export function forestHeld(group: i32): i32 {
  return groupAt(group).held;
}
