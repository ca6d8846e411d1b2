// The isolation forest by itself, for benchmarks beside other implementations; no part of the kernel.
import { finishLayout, scratch } from '../memory';
import { Numbers } from '../numbers';
import { BLOCK_ROWS } from './forest-codes';
import { compiledBytes, compileForest } from './forest-compile';
import { Compiled } from './forest-form';
import { meanPath, paddedColumns, storedDepth, treeBytes } from './forest-layout';
import { layOutScoring, scoreOf, walkForest } from './forest-score';
import { growTree, layOutTraining, sampleRow } from './forest-train';
import { Generator, seedRandom } from './random';
import { list } from './regions';

@unmanaged
class Alone {
  trees: i32;
  psi: i32;
  columns: i32;
  stride: usize;
  forest: usize;
  compiled: Compiled;
  random: Generator;
  sample: usize;
  block: usize;
  scores: Numbers<f64>;
}

const its = changetype<Alone>(memory.data(offsetof<Alone>(), 16));

/** Room for a forest of `treeCount` trees on `subsample` rows of `width` columns. */
export function layOut(treeCount: i32, subsample: i32, width: i32): bool {
  its.trees = treeCount;
  its.psi = subsample;
  its.columns = paddedColumns(width);
  its.stride = treeBytes(storedDepth(its.psi));
  its.forest = scratch(<usize>its.trees * its.stride);
  its.compiled = changetype<Compiled>(scratch(compiledBytes(its.trees)));
  its.random = changetype<Generator>(scratch(offsetof<Generator>()));
  its.sample = scratch((<usize>its.psi * its.columns) << 2);
  its.block = scratch((<usize>BLOCK_ROWS * its.columns) << 2);
  its.scores = list<f64>(BLOCK_ROWS);
  layOutTraining(its.psi, its.columns);
  layOutScoring(its.trees, its.columns);
  return finishLayout(0);
}

/** f32[subsample][padded columns]: the rows to train on. */
export function sampleAt(): usize {
  return its.sample;
}

/** f32[64][padded columns]: the rows to score. */
export function blockAt(): usize {
  return its.block;
}

/** f64[64]: their scores. */
export function scoresAt(): Numbers<f64> {
  return its.scores;
}

/** Grows every tree on the rows of the sample, all of them in each tree, and compiles them. */
export function train(seed: u32): void {
  seedRandom(its.random, seed, 0);
  for (let row = 0; row < its.psi; row++) sampleRow(row, its.sample + ((<usize>row * its.columns) << 2), its.columns);
  for (let tree = 0; tree < its.trees; tree++) {
    growTree(its.forest + <usize>tree * its.stride, its.psi, its.psi, its.columns, its.random);
  }
  compileForest(its.forest, its.trees, its.stride, storedDepth(its.psi), its.columns, its.compiled);
}

/** A compiled forest's form: 1 ready, 2 it does not fit. */
export function form(): i32 {
  return its.compiled.form;
}

/** Scores the 64 rows of the block. */
export function score(): void {
  walkForest(its.forest, its.compiled, its.trees, its.stride, storedDepth(its.psi), its.block, BLOCK_ROWS, its.columns);
  const mean = meanPath(its.psi);
  for (let row = 0; row < BLOCK_ROWS; row++) its.scores[row] = scoreOf(row, its.trees, mean);
}
