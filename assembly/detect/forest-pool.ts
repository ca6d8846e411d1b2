// Where the forests of all groups lie: vectors, trees and their compiled form.
import { Region, reserve, scratch } from '../memory';
import { Numbers } from '../numbers';
import { COMPONENTS } from './constants';
import { compiledBytes } from './forest-compile';
import { Compiled, Form } from './forest-form';
import { storedDepth, treeBytes } from './forest-layout';
import { layOutScoring } from './forest-score';
import { layOutTraining } from './forest-train';
import { options } from './options';
import { list } from './regions';
import { Surprises } from './surprises';

/** Bytes of a vector. */
export const VECTOR: usize = offsetof<Surprises>();

/** Regions of the forests of all groups. */
@unmanaged
class Forests {
  pools: usize;
  poolBytes: usize;
  slots: usize;
  slotBytes: usize;
  trees: usize;
  /** Bytes of a tree. */
  stride: usize;
  /** Compiled forests: scratch, so that a checkpoint does without. */
  compiled: usize;
  compiledStride: usize;
  compiledGroups: i32;
  /** A copy of the reservoir's slots, shuffled for a tree's subsample. */
  drawn: Numbers<u16>;
}

export const forests = changetype<Forests>(memory.data(offsetof<Forests>(), 16));

/** Regions of the forests of all groups; those of groups that do not exist are never touched. */
export function layOutForest(maxGroups: i32): void {
  if (!options.forest) return;
  const groups = <usize>maxGroups;
  const vectors = <usize>(options.reservoir + options.period);
  forests.poolBytes = vectors * VECTOR;
  forests.slotBytes = vectors << 1;
  forests.stride = treeBytes(storedDepth(options.subsample));
  forests.pools = reserve(Region.POOLS, groups * forests.poolBytes);
  forests.slots = reserve(Region.POOL_SLOTS, groups * forests.slotBytes);
  forests.trees = reserve(Region.TREES, groups * <usize>options.trees * forests.stride);
  forests.drawn = list<u16>(<usize>options.reservoir);
  layOutTraining(options.subsample, COMPONENTS);
  layOutScoring(options.trees, COMPONENTS);
  forests.compiledStride = compiledBytes(options.trees);
  forests.compiledGroups = maxGroups;
  forests.compiled = scratch(groups * forests.compiledStride);
}

/** Puts 0 in place of what is no number in the group's vectors. True: there was such. */
export function mendVectors(group: i32): bool {
  if (!options.forest) return false;
  let isMended = false;
  const pool = forests.pools + <usize>group * forests.poolBytes;
  for (let at = pool; at < pool + forests.poolBytes; at += 4) {
    if (abs(load<f32>(at)) < <f32>Infinity) continue;
    store<f32>(at, 0);
    isMended = true;
  }
  return isMended;
}

export function slotsOf(group: i32): Numbers<u16> {
  return changetype<Numbers<u16>>(forests.slots + <usize>group * forests.slotBytes);
}

export function treesOf(group: i32): usize {
  return forests.trees + <usize>group * <usize>options.trees * forests.stride;
}

export function compiledOf(group: i32): Compiled {
  return changetype<Compiled>(forests.compiled + <usize>group * forests.compiledStride);
}

/** The trees have changed. */
export function forgetCompiled(group: i32): void {
  compiledOf(group).form = Form.NONE;
}

/** All trees have changed: state came from elsewhere. */
export function forgetForests(): void {
  if (!options.forest) return;
  for (let group = 0; group < forests.compiledGroups; group++) forgetCompiled(group);
}

/** Address of the vector at a place of the group's slots. */
export function vectorAt(group: i32, place: i32): usize {
  return forests.pools + <usize>group * forests.poolBytes + <usize>slotsOf(group)[place] * VECTOR;
}

/** [v0, v1, v2] → [v0, v1, v2] */
export function copyVector(target: usize, source: usize): void {
  v128.store(target, v128.load(source));
  v128.store(target, v128.load(source, 16), 16);
  v128.store(target, v128.load(source, 32), 32);
}
