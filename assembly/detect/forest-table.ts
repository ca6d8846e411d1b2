// An isolation forest on any table of f32 rows: for the programmatic class, its benchmark and public data. It has a
// kernel instance of its own, whose memory nothing else is laid out in.
import { scratch } from '../memory';
import { Compiled, compiledBytes, Form } from './forest-compile';
import { meanPath, paddedColumns, storedDepth, treeBytes } from './forest-layout';
import { layOutScoring, scoreOf, walkForest } from './forest-score';
import { growTree, layOutTraining, MAX_SUBSAMPLE, sampleRow } from './forest-train';
import { BLOCK_ROWS } from './forest-walk';
import { seedRandom, shuffleFront } from './random';

let rows: i32 = 0;
/** Padded to whole vectors; the padding is zero and never varies. */
let columns: i32 = 0;
let trees: i32 = 0;
let subsample: i32 = 0;
/** f32[rows][columns]: the table to train on. */
let table: usize = 0;
/** u32[rows]: row numbers, shuffled for a subsample. */
let drawn: usize = 0;
let forest: usize = 0;
let compiled: usize = 0;
let stride: usize = 0;
let rng: usize = 0;
/** f32[64][columns]: rows to score; f64[64]: their scores. */
let block: usize = 0;
let scores: usize = 0;

/** Lays out memory, once an instance. False: a size is out of bounds or memory is short. */
export function tableInit(rowCount: i32, columnCount: i32, treeCount: i32, subsampleRows: i32): bool {
  if (rowCount < 1 || columnCount < 1 || treeCount < 1 || subsampleRows < 2 || subsampleRows > MAX_SUBSAMPLE)
    return false;
  rows = rowCount;
  columns = paddedColumns(columnCount);
  trees = treeCount;
  subsample = subsampleRows;
  stride = treeBytes(storedDepth(subsample));
  rng = scratch(16);
  table = scratch((<usize>rows * columns) << 2);
  drawn = scratch((<usize>rows) << 2);
  block = scratch((<usize>BLOCK_ROWS * columns) << 2);
  scores = scratch((<usize>BLOCK_ROWS) << 3);
  layOutTraining(subsample, columns);
  layOutScoring(trees, columns);
  compiled = scratch(compiledBytes(trees));
  forest = scratch(<usize>trees * stride);
  return forest != 0;
}

/** Address of row 0 of the table to train on; rows are padded to whole vectors. */
export function tableAt(): usize {
  return table;
}

/** Grows every tree; returns the rows of a subsample. */
export function tableTrain(seed: u32): i32 {
  const psi = min(subsample, rows);
  const bytes = (<usize>columns) << 2;
  seedRandom(rng, seed, 0);
  for (let tree = 0; tree < trees; tree++) {
    for (let row = 0; row < rows; row++) store<u32>(drawn + ((<usize>row) << 2), row);
    shuffleFront<u32>(drawn, rows, psi, rng);
    for (let i = 0; i < psi; i++) sampleRow(i, table + <usize>load<u32>(drawn + ((<usize>i) << 2)) * bytes, columns);
    growTree(forest + <usize>tree * stride, psi, subsample, columns, rng);
  }
  store<i32>(compiled, Form.NONE, Compiled.FORM);
  return psi;
}

/** The compiled form: a Form (forest-compile.ts). */
export function tableForm(): i32 {
  return load<i32>(compiled, Compiled.FORM);
}

/** Address of up to 64 rows to score. */
export function tableScoreRows(): usize {
  return block;
}

/** Address of their scores, f64. */
export function tableScores(): usize {
  return scores;
}

/** Scores the first `count` (at most 64) rows of the block. */
export function tableScore(count: i32): void {
  walkForest(forest, compiled, trees, stride, storedDepth(subsample), block, count, columns);
  const mean = meanPath(min(subsample, rows));
  for (let row = 0; row < count; row++) store<f64>(scores + ((<usize>row) << 3), scoreOf(row, trees, mean));
}
