// The isolation forest of a group: a sample of its surprise vectors by period, trees grown from it at the period's end,
// scores.
//
// A group's pool holds reservoir + period vectors that never move; u16 slots say which are which:
//   slots │ reservoir, HELD of them │ sample of the running period │ free │
// Ending a period is a partial Fisher–Yates over the first two parts (the same draws as the oracle's copying merge).
// Specified in docs/detection.md, section 4.

import { reserve, scratch } from '../memory';
import { calibrate, startCalibration } from './calibrate';
import { COMPONENTS } from './constants';
import { Compiled, compiledBytes, Form } from './forest-compile';
import { meanPath, storedDepth, treeBytes } from './forest-layout';
import { layOutScoring, scoreOf, walkForest } from './forest-score';
import { growTree, layOutTraining, MAX_SUBSAMPLE, sampleRow } from './forest-train';
import { below, seedRandom, shuffleFront } from './random';
import { blockVectors, groupAt, vectorScores, vectorSurprises } from './regions';
import { Group } from './state';

/** Bytes of a vector: twelve f32. */
const VECTOR: usize = 48;
/** Calibration of the score at the start: 99 % quantile and mean excess. */
const QUANTILE: f64 = 0.6;
const EXCESS: f64 = 0.03;

export let forestEnabled: bool = false;
let forestTrees: i32 = 0;
let subsample: i32 = 0;
let reservoir: i32 = 0;
let period: i32 = 0;
let first: i32 = 0;
let refresh: i64 = 0;
let seed: u32 = 0;

let pools: usize = 0;
let poolBytes: usize = 0;
let slotLists: usize = 0;
let slotBytes: usize = 0;
let forests: usize = 0;
let stride: usize = 0;
/** Compiled forests: scratch, so that a checkpoint does without. */
let compiled: usize = 0;
let compiledStride: usize = 0;
let compiledGroups: i32 = 0;
/** u16: a copy of the reservoir's slots, shuffled for a tree's subsample. */
let drawn: usize = 0;

/** Turns the forest on. Sizes in vectors, refresh in ticks of a group; false when one of them is out of bounds. */
export function configureForest(
  trees: i32,
  subsampleRows: i32,
  reservoirRows: i32,
  periodRows: i32,
  firstRows: i32,
  refreshTicks: i32,
  start: u32,
): bool {
  const isSound =
    trees > 0 &&
    subsampleRows > 1 &&
    subsampleRows <= MAX_SUBSAMPLE &&
    reservoirRows >= subsampleRows &&
    periodRows > 0 &&
    reservoirRows + periodRows <= 0x10000 &&
    firstRows > 1 &&
    refreshTicks > 0;
  if (!isSound) return false;
  forestEnabled = true;
  forestTrees = trees;
  subsample = subsampleRows;
  reservoir = reservoirRows;
  period = periodRows;
  first = firstRows;
  refresh = refreshTicks;
  seed = start;
  return true;
}

/** Regions of the forests of all groups; those of groups that do not exist are never touched. */
export function layOutForest(maxGroups: i32): void {
  if (!forestEnabled) return;
  const vectors = <usize>(reservoir + period);
  poolBytes = vectors * VECTOR;
  slotBytes = vectors << 1;
  stride = treeBytes(storedDepth(subsample));
  pools = reserve(<usize>maxGroups * poolBytes);
  slotLists = reserve(<usize>maxGroups * slotBytes);
  forests = reserve(<usize>maxGroups * <usize>forestTrees * stride);
  drawn = scratch((<usize>reservoir) << 1);
  layOutTraining(subsample, COMPONENTS);
  layOutScoring(forestTrees, COMPONENTS);
  compiledStride = compiledBytes(forestTrees);
  compiledGroups = maxGroups;
  compiled = scratch(<usize>maxGroups * compiledStride);
}

/** A group's forest at the start: nothing held, no trees. */
export function resetForest(group: i32): void {
  const g = groupAt(group);
  startCalibration(g + Group.FOREST_CAL, QUANTILE, EXCESS);
  seedRandom(g + Group.RNG, seed, 0);
  if (!forestEnabled) return;
  const slots = slotsOf(group);
  for (let i = 0; i < reservoir + period; i++) store<u16>(slots + ((<usize>i) << 1), <u16>i);
}

/** A group's calibration and generator at the start of its period. */
export function restartForest(group: i32): void {
  startCalibration(groupAt(group) + Group.FOREST_CAL, QUANTILE, EXCESS);
  startPeriod(groupAt(group));
}

/** Puts 0 in place of what is no number in the group's vectors. True: there was such. */
export function mendVectors(group: i32): bool {
  if (!forestEnabled) return false;
  let isMended = false;
  const pool = pools + <usize>group * poolBytes;
  for (let at = pool; at < pool + poolBytes; at += 4) {
    if (abs(load<f32>(at)) < <f32>Infinity) continue;
    store<f32>(at, 0);
    isMended = true;
  }
  return isMended;
}

/** Ticks of a period; 0: there is no forest. */
export function refreshTicks(): i64 {
  return forestEnabled ? refresh : 0;
}

function slotsOf(group: i32): usize {
  return slotLists + <usize>group * slotBytes;
}

function treesOf(group: i32): usize {
  return forests + <usize>group * <usize>forestTrees * stride;
}

function compiledOf(group: i32): usize {
  return compiled + <usize>group * compiledStride;
}

/** The trees have changed. */
function forgetCompiled(group: i32): void {
  store<i32>(compiledOf(group), Form.NONE, Compiled.FORM);
}

/** All trees have changed: state came from elsewhere. */
export function forgetForests(): void {
  if (!forestEnabled) return;
  for (let group = 0; group < compiledGroups; group++) forgetCompiled(group);
}

/** Address of the vector at a place of the group's slots. */
function vectorAt(group: i32, place: i32): usize {
  return pools + <usize>group * poolBytes + <usize>load<u16>(slotsOf(group) + ((<usize>place) << 1)) * VECTOR;
}

/** [v0, v1, v2] → [v0, v1, v2] */
function copyVector(target: usize, source: usize): void {
  v128.store(target, v128.load(source));
  v128.store(target, v128.load(source, 16), 16);
  v128.store(target, v128.load(source, 32), 32);
}

/** Algorithm R: offers a vector (f32[12]) to the period's sample. */
function offer(group: i32, vector: usize): void {
  const g = groupAt(group);
  const offered = load<i32>(g, Group.OFFERED);
  const place = offered < period ? offered : <i32>below(g + Group.RNG, <u32>offered + 1);
  store<i32>(g, offered + 1, Group.OFFERED);
  if (place < period) copyVector(vectorAt(group, load<i32>(g, Group.HELD) + place), vector);
}

/** The period's sample joins the reservoir, which is cut to its size. */
function merge(group: i32): void {
  const g = groupAt(group);
  const both = load<i32>(g, Group.HELD) + min(load<i32>(g, Group.OFFERED), period);
  if (both > reservoir) shuffleFront<u16>(slotsOf(group), both, reservoir, g + Group.RNG);
  store<i32>(g, min(both, reservoir), Group.HELD);
  store<i32>(g, 0, Group.OFFERED);
}

/** Whether a period ends in front of the tick. */
export function endsPeriod(tick: i64): bool {
  return forestEnabled && tick > 0 && tick % refresh == 0;
}

/** Last period end in front of a tick in [from, to]; 0: none. */
export function lastPeriodEnd(from: i64, to: i64): i64 {
  if (!forestEnabled) return 0;
  const end = (to / refresh) * refresh;
  return end >= from ? end : 0;
}

/** Period ends in front of ticks in [from, to]. */
export function periodEnds(from: i64, to: i64): i64 {
  if (!forestEnabled) return 0;
  return to / refresh - (from > 0 ? (from - 1) / refresh : 0);
}

/**
 * Ends the period in front of `tick`; true when trees are to be grown now. `stale`: nothing was offered in the period
 * that ends, because it was passed over: its generator stands at its start.
 */
export function endPeriod(group: i32, tick: i64, stale: bool): bool {
  const g = groupAt(group);
  const next = tick / refresh;
  merge(group);
  if (stale) seedRandom(g + Group.RNG, seed, <u32>(next - 1));
  store<i64>(g, next, Group.PERIOD);
  const held = load<i32>(g, Group.HELD);
  if (held < first) {
    startPeriod(g);
    return false;
  }
  store<i32>(g, min(subsample, held), Group.PSI);
  store<i32>(g, 0, Group.TREE);
  return true;
}

function startPeriod(g: usize): void {
  seedRandom(g + Group.RNG, seed, <u32>load<i64>(g, Group.PERIOD));
}

/** Grows the next tree of the group; true when it was the last. */
export function growNext(group: i32): bool {
  const g = groupAt(group);
  const held = load<i32>(g, Group.HELD);
  const psi = load<i32>(g, Group.PSI);
  const tree = load<i32>(g, Group.TREE);
  memory.copy(drawn, slotsOf(group), (<usize>held) << 1);
  shuffleFront<u16>(drawn, held, psi, g + Group.RNG);
  const pool = pools + <usize>group * poolBytes;
  for (let row = 0; row < psi; row++) {
    sampleRow(row, pool + <usize>load<u16>(drawn + ((<usize>row) << 1)) * VECTOR, COMPONENTS);
  }
  growTree(treesOf(group) + <usize>tree * stride, psi, subsample, COMPONENTS, g + Group.RNG);
  store<i32>(g, tree + 1, Group.TREE);
  forgetCompiled(group);
  if (tree + 1 < forestTrees) return false;
  startPeriod(g);
  return true;
}

/**
 * Scores the first `rows` vectors of `blockVectors` (judged windows, clipped), in order: f64 scores in `vectorScores`
 * (NaN before the first forest), surprises in nats in `vectorSurprises`; each vector is then offered to the period's
 * sample.
 */
export function foldVectors(group: i32, rows: i32): void {
  const g = groupAt(group);
  const psi = load<i32>(g, Group.PSI);
  if (psi > 0) {
    const depth = storedDepth(subsample);
    walkForest(treesOf(group), compiledOf(group), forestTrees, stride, depth, blockVectors, rows, COMPONENTS);
  }
  const mean = meanPath(psi);
  for (let row = 0; row < rows; row++) {
    const at = (<usize>row) << 3;
    const score = psi > 0 ? scoreOf(row, forestTrees, mean) : NaN;
    store<f64>(vectorScores + at, score);
    store<f64>(vectorSurprises + at, psi > 0 ? calibrate(g + Group.FOREST_CAL, score) : 0);
    offer(group, blockVectors + <usize>row * VECTOR);
  }
}

// -- for tests
/** The group's compiled form: a Form (forest-compile.ts). */
export function forestForm(group: i32): i32 {
  return load<i32>(compiledOf(group), Compiled.FORM);
}

/** Address of a tree (forest-layout.ts). */
export function forestTree(group: i32, tree: i32): usize {
  return treesOf(group) + <usize>tree * stride;
}

/** Address of a vector of the reservoir, f32[12]. */
export function forestVector(group: i32, place: i32): usize {
  return vectorAt(group, place);
}

/** Address of the calibration: f64[3] quantile, mean excess, scores seen. */
export function forestCalibration(group: i32): usize {
  return groupAt(group) + Group.FOREST_CAL;
}

/** Address of the generator: u32[4]. */
export function forestRandom(group: i32): usize {
  return groupAt(group) + Group.RNG;
}

/** Vectors that the reservoir holds. */
export function forestHeld(group: i32): i32 {
  return load<i32>(groupAt(group), Group.HELD);
}
