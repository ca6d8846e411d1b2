// The isolation forest by itself, for benchmarks beside other implementations; no part of the kernel.
import { finishLayout, reserve } from '../memory';
import { meanPath, paddedColumns, storedDepth, treeBytes } from './forest-layout';
import { Compiled, compiledBytes, compileForest } from './forest-compile';
import { layOutScoring, scoreOf, walkForest } from './forest-score';
import { growTree, layOutTraining, sampleRow } from './forest-train';
import { BLOCK_ROWS } from './forest-walk';
import { seedRandom } from './random';

let trees: i32 = 0;
let psi: i32 = 0;
let columns: i32 = 0;
let stride: usize = 0;
let forest: usize = 0;
let compiled: usize = 0;
let random: usize = 0;
let sample: usize = 0;
let block: usize = 0;
let scores: usize = 0;

/** Room for a forest of `treeCount` trees on `subsample` rows of `width` columns. */
export function layOut(treeCount: i32, subsample: i32, width: i32): bool {
  trees = treeCount;
  psi = subsample;
  columns = paddedColumns(width);
  stride = treeBytes(storedDepth(psi));
  forest = reserve(<usize>trees * stride);
  compiled = reserve(compiledBytes(trees));
  random = reserve(16);
  sample = reserve((<usize>psi * columns) << 2);
  block = reserve((<usize>BLOCK_ROWS * columns) << 2);
  scores = reserve(BLOCK_ROWS * 8);
  layOutTraining(psi, columns);
  layOutScoring(trees, columns);
  return finishLayout(0);
}

/** f32[subsample][padded columns]: the rows to train on. */
export function sampleAt(): usize {
  return sample;
}

/** f32[64][padded columns]: the rows to score. */
export function blockAt(): usize {
  return block;
}

/** f64[64]: their scores. */
export function scoresAt(): usize {
  return scores;
}

/** Grows every tree on the rows of the sample, all of them in each tree, and compiles them. */
export function train(seed: u32): void {
  seedRandom(random, seed, 0);
  for (let row = 0; row < psi; row++) sampleRow(row, sample + ((<usize>row * columns) << 2), columns);
  for (let tree = 0; tree < trees; tree++) growTree(forest + <usize>tree * stride, psi, psi, columns, random);
  compileForest(forest, trees, stride, storedDepth(psi), columns, compiled);
}

/** A compiled forest's form: 1 ready, 2 it does not fit. */
export function form(): i32 {
  return load<i32>(compiled, Compiled.FORM);
}

/** Scores the 64 rows of the block. */
export function score(): void {
  walkForest(forest, compiled, trees, stride, storedDepth(psi), block, BLOCK_ROWS, columns);
  const mean = meanPath(psi);
  for (let row = 0; row < BLOCK_ROWS; row++) store<f64>(scores + ((<usize>row) << 3), scoreOf(row, trees, mean));
}
