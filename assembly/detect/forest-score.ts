// Mean path lengths of rows through isolation trees: four rows walk together, tree by tree over a block of rows, so that a tree
// (3 KiB at 256 rows a tree) stays in the nearest cache while the whole block passes. Measured by bench/kernel-detect.
//
// Four rows lie interleaved, one vector a feature:   f0: r0 r1 r2 r3 │ f1: r0 r1 r2 r3 │ …
// The first three levels are tested for all four rows at once (7 tests, 4 selections); from there each row walks alone.

import { scratch } from '../memory';
import { meanPath } from './forest-layout';

/** Rows scored together. */
export const BLOCK_ROWS = 64;

/** f32[16][columns][4]: the rows of a block, interleaved by four. */
let lanes: usize = 0;
/** f64[64]: path length summed over trees. */
let sums: usize = 0;

export function layOutScoring(columns: i32): void {
  lanes = scratch((<usize>BLOCK_ROWS * columns) << 2);
  sums = scratch(BLOCK_ROWS * 8);
}

/** [a, b, c, d] of row `row`, feature f, → lane row & 3 of vector f of its group of four. `row`: f32[columns] at `values`. */
export function interleave(row: i32, values: usize, columns: i32): void {
  let target = lanes + ((<usize>(row >> 2) * columns) << 4) + ((<usize>(row & 3)) << 2);
  const limit = values + ((<usize>columns) << 2);
  for (let cursor = values; cursor < limit; cursor += 4) {
    store<f32>(target, load<f32>(cursor));
    target += 16;
  }
}

/** Lanes that go to the child for x <= threshold, of the node at `node`. */
function test(node: usize, rows: usize): v128 {
  return f32x4.le(v128.load(rows + load<u32>(node, 4)), v128.load32_splat(node));
}

/** Byte offsets, from the tree, of the level-3 nodes that the four rows reach. */
function firstLevels(tree: usize, rows: usize): v128 {
  const m0 = test(tree, rows);
  const m1 = v128.bitselect(test(tree + 16, rows), test(tree + 8, rows), m0);
  const far = v128.bitselect(test(tree + 48, rows), test(tree + 40, rows), m1);
  const near = v128.bitselect(test(tree + 32, rows), test(tree + 24, rows), m1);
  const m2 = v128.bitselect(far, near, m0);
  const bits = v128.or(
    v128.or(v128.and(m0, i32x4.splat(32)), v128.and(m1, i32x4.splat(16))),
    v128.and(m2, i32x4.splat(8)),
  );
  return i32x4.add(bits, i32x4.splat(56));
}

/** The child, of the node at `node`, of the row whose first value is at `row`. `turn`: 8 - address of the tree. */
function step(node: usize, row: usize, turn: usize): usize {
  return (node << 1) + turn + ((<usize>(load<f32>(row + load<u32>(node, 4)) <= load<f32>(node))) << 3);
}

/** Adds the path lengths of four rows in one tree of `depth` levels. */
function walkFour(tree: usize, depth: i32, rows: usize, sum: usize): void {
  const reached = firstLevels(tree, rows);
  let a = tree + <usize>i32x4.extract_lane(reached, 0);
  let b = tree + <usize>i32x4.extract_lane(reached, 1);
  let c = tree + <usize>i32x4.extract_lane(reached, 2);
  let d = tree + <usize>i32x4.extract_lane(reached, 3);
  const turn = <usize>8 - tree;
  for (let level = 3; level < depth; level++) {
    a = step(a, rows, turn);
    b = step(b, rows + 4, turn);
    c = step(c, rows + 8, turn);
    d = step(d, rows + 12, turn);
  }
  // From the place in the last level to its leaf: see forest-layout.ts.
  const leaves = tree + ((<usize>4) << depth) + 4 - (tree >> 1);
  store<f64>(sum, load<f64>(sum) + <f64>load<f32>(leaves + (a >> 1)));
  store<f64>(sum, load<f64>(sum, 8) + <f64>load<f32>(leaves + (b >> 1)), 8);
  store<f64>(sum, load<f64>(sum, 16) + <f64>load<f32>(leaves + (c >> 1)), 16);
  store<f64>(sum, load<f64>(sum, 24) + <f64>load<f32>(leaves + (d >> 1)), 24);
}

/** Path lengths, summed over all trees, of the first `rows` interleaved rows. */
export function walkRows(trees: usize, count: i32, stride: usize, depth: i32, rows: i32, columns: i32): void {
  const groups = (rows + 3) >> 2;
  memory.fill(sums, 0, (<usize>groups) << 5);
  const last = trees + <usize>count * stride;
  const rowBytes = (<usize>columns) << 4;
  for (let tree = trees; tree < last; tree += stride) {
    let row = lanes;
    const limit = sums + ((<usize>groups) << 5);
    for (let sum = sums; sum < limit; sum += 32) {
      walkFour(tree, depth, row, sum);
      row += rowBytes;
    }
  }
}

/** 2^(-E[h] / c(psi)) of a row that walked. */
export function scoreOf(row: i32, trees: i32, psi: i32): f64 {
  return Math.exp2(-load<f64>(sums + ((<usize>row) << 3)) / <f64>trees / meanPath(psi));
}
