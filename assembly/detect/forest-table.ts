// An isolation forest on any table of f32 rows: for the programmatic class, its benchmark and public data. It has a
// kernel instance of its own, whose memory nothing else is laid out in.
import { scratch } from '../memory';
import { Numbers } from '../numbers';
import { BLOCK_ROWS } from './forest-codes';
import { compiledBytes } from './forest-compile';
import { Compiled, Form } from './forest-form';
import { meanPath, paddedColumns, storedDepth, treeBytes } from './forest-layout';
import { layOutScoring, scoreOf, walkForest } from './forest-score';
import { growTree, layOutTraining, MAX_SUBSAMPLE, sampleRow } from './forest-train';
import { Generator, seedRandom, shuffleFront } from './random';
import { list } from './regions';

@unmanaged
class Table {
  rows: i32;
  /** Padded to whole vectors; the padding is zero and never varies. */
  columns: i32;
  trees: i32;
  subsample: i32;
  /** f32[rows][columns]: the table to train on. */
  table: usize;
  /** u32[rows]: row numbers, shuffled for a subsample. */
  drawn: Numbers<u32>;
  forest: usize;
  compiled: Compiled;
  stride: usize;
  rng: Generator;
  /** f32[64][columns]: rows to score; f64[64]: their scores. */
  block: usize;
  scores: Numbers<f64>;
}

const its = changetype<Table>(memory.data(offsetof<Table>(), 16));

/** Lays out memory, once an instance. False: a size is out of bounds or memory is short. */
export function tableInit(rowCount: i32, columnCount: i32, treeCount: i32, subsampleRows: i32): bool {
  if (rowCount < 1 || columnCount < 1 || treeCount < 1 || subsampleRows < 2 || subsampleRows > MAX_SUBSAMPLE)
    return false;
  its.rows = rowCount;
  its.columns = paddedColumns(columnCount);
  its.trees = treeCount;
  its.subsample = subsampleRows;
  its.stride = treeBytes(storedDepth(its.subsample));
  its.rng = changetype<Generator>(scratch(offsetof<Generator>()));
  its.table = scratch((<usize>its.rows * its.columns) << 2);
  its.drawn = list<u32>(<usize>its.rows);
  its.block = scratch((<usize>BLOCK_ROWS * its.columns) << 2);
  its.scores = list<f64>(BLOCK_ROWS);
  layOutTraining(its.subsample, its.columns);
  layOutScoring(its.trees, its.columns);
  its.compiled = changetype<Compiled>(scratch(compiledBytes(its.trees)));
  its.forest = scratch(<usize>its.trees * its.stride);
  return its.forest != 0;
}

/** Address of row 0 of the table to train on; rows are padded to whole vectors. */
export function tableAt(): Numbers<f32> {
  return changetype<Numbers<f32>>(its.table);
}

/** Grows every tree; returns the rows of a subsample. */
export function tableTrain(seed: u32): i32 {
  const psi = min(its.subsample, its.rows);
  const bytes = (<usize>its.columns) << 2;
  seedRandom(its.rng, seed, 0);
  for (let tree = 0; tree < its.trees; tree++) {
    for (let row = 0; row < its.rows; row++) its.drawn[row] = row;
    shuffleFront<u32>(its.drawn, its.rows, psi, its.rng);
    for (let i = 0; i < psi; i++) sampleRow(i, its.table + <usize>its.drawn[i] * bytes, its.columns);
    growTree(its.forest + <usize>tree * its.stride, psi, its.subsample, its.columns, its.rng);
  }
  its.compiled.form = Form.NONE;
  return psi;
}

/** The compiled form: a Form (forest-compile.ts). */
export function tableForm(): Form {
  return its.compiled.form;
}

/** Address of up to 64 rows to score. */
export function tableScoreRows(): Numbers<f32> {
  return changetype<Numbers<f32>>(its.block);
}

/** Address of their scores, f64. */
export function tableScores(): Numbers<f64> {
  return its.scores;
}

/** Scores the first `count` (at most 64) rows of the block. */
export function tableScore(count: i32): void {
  const depth = storedDepth(its.subsample);
  walkForest(its.forest, its.compiled, its.trees, its.stride, depth, its.block, count, its.columns);
  const mean = meanPath(min(its.subsample, its.rows));
  for (let row = 0; row < count; row++) its.scores[row] = scoreOf(row, its.trees, mean);
}
