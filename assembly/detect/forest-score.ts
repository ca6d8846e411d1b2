// Scores of rows from their mean path lengths through isolation trees: compiled ones (forest-walk.ts) where they fit,
// else as they are. Then eight rows walk together, tree by tree over a block of rows: a walk is a chain of dependent
// loads; with eight at once the processor has something else to do meanwhile.
//
// Four rows lie interleaved, one vector a feature:   f0: r0 r1 r2 r3 │ f1: r0 r1 r2 r3 │ …
// The first three levels are tested for four rows at once (7 tests, 3 selections); from there each row walks alone.
import { scratch } from '../memory';
import { BLOCK_ROWS, layOutWalk } from './forest-codes';
import { compileForest, layOutCompiler } from './forest-compile';
import { Compiled, Form } from './forest-form';
import { keysOf } from './forest-layout';
import { lengthOf, walkCompiled } from './forest-walk';

@unmanaged
class Scoring {
  /** i32[16][columns][4]: keys of the rows of a block, interleaved by four. */
  lanes: usize;
  /** f64[64]: path length summed over trees; exact, since lengths are multiples of 2^-23 below 32. */
  sums: usize;
  /** Whether the rows scored last walked compiled trees. */
  isCompiled: bool;
}

const scoring = changetype<Scoring>(memory.data(offsetof<Scoring>(), 16));

/** Scratch for forests of up to `trees` trees on so many (padded) columns. */
export function layOutScoring(trees: i32, columns: i32): void {
  layOutCompiler(trees);
  layOutWalk();
  scoring.lanes = scratch((<usize>BLOCK_ROWS * columns) << 2);
  scoring.sums = scratch(BLOCK_ROWS * 8);
}

/** [a, b, c, d] of row `row` → lane row & 3 of four vectors of its group of four, as keys. `values`: f32[columns]. */
function interleave(row: i32, values: usize, columns: i32): void {
  let target = scoring.lanes + ((<usize>(row >> 2) * columns) << 4) + ((<usize>(row & 3)) << 2);
  const limit = values + ((<usize>columns) << 2);
  for (let cursor = values; cursor < limit; cursor += 16) {
    const keys = keysOf(v128.load(cursor));
    v128.store_lane<i32>(target, keys, 0);
    v128.store_lane<i32>(target, keys, 1, 16);
    v128.store_lane<i32>(target, keys, 2, 32);
    v128.store_lane<i32>(target, keys, 3, 48);
    target += 64;
  }
}

/** Lanes that go to the child for x > threshold, of the node at `node`. */
function test(node: usize, rows: usize): v128 {
  return i32x4.gt_s(v128.load(rows + load<u32>(node, 4)), v128.load32_splat(node));
}

/** Byte offsets, from the tree, of the level-3 nodes that four rows reach. */
function firstLevels(tree: usize, rows: usize): v128 {
  const m0 = test(tree, rows);
  const m1 = v128.bitselect(test(tree + 16, rows), test(tree + 8, rows), m0);
  const far = v128.bitselect(test(tree + 48, rows), test(tree + 40, rows), m1);
  const near = v128.bitselect(test(tree + 32, rows), test(tree + 24, rows), m1);
  const m2 = v128.bitselect(far, near, m0);
  const high = v128.or(v128.and(m0, i32x4.splat(32)), v128.and(m1, i32x4.splat(16)));
  return i32x4.add(v128.or(high, v128.and(m2, i32x4.splat(8))), i32x4.splat(56));
}

/** Adds two leaves to two sums: [sum0 + leaf a, sum1 + leaf b]. */
function addLeaves(sum: usize, a: usize, b: usize): void {
  const leaves = v128.load_lane<f32>(b, v128.load32_zero(a), 1);
  v128.store(sum, f64x2.add(v128.load(sum), f64x2.promote_low_f32x4(leaves)));
}

/** Adds the path lengths of eight rows, four at `near` and four at `far`, in one tree of `depth` levels. */
function walkEight(tree: usize, depth: i32, near: usize, far: usize, sum: usize): void {
  const first = firstLevels(tree, near);
  const second = firstLevels(tree, far);
  let a = tree + <usize>i32x4.extract_lane(first, 0);
  let b = tree + <usize>i32x4.extract_lane(first, 1);
  let c = tree + <usize>i32x4.extract_lane(first, 2);
  let d = tree + <usize>i32x4.extract_lane(first, 3);
  let e = tree + <usize>i32x4.extract_lane(second, 0);
  let f = tree + <usize>i32x4.extract_lane(second, 1);
  let g = tree + <usize>i32x4.extract_lane(second, 2);
  let h = tree + <usize>i32x4.extract_lane(second, 3);
  // The child of node p is at tree + 2 (p - tree) + 8 for x <= threshold, 8 further else. A node is one load: key and
  // column.
  const left = <usize>8 - tree;
  const right = <usize>16 - tree;
  let node: u64;
  for (let level = 3; level < depth; level++) {
    node = load<u64>(a);
    a = (a << 1) + select(right, left, load<i32>(near + <u32>(node >>> 32)) > <i32>node);
    node = load<u64>(b);
    b = (b << 1) + select(right, left, load<i32>(near + <u32>(node >>> 32), 4) > <i32>node);
    node = load<u64>(c);
    c = (c << 1) + select(right, left, load<i32>(near + <u32>(node >>> 32), 8) > <i32>node);
    node = load<u64>(d);
    d = (d << 1) + select(right, left, load<i32>(near + <u32>(node >>> 32), 12) > <i32>node);
    node = load<u64>(e);
    e = (e << 1) + select(right, left, load<i32>(far + <u32>(node >>> 32)) > <i32>node);
    node = load<u64>(f);
    f = (f << 1) + select(right, left, load<i32>(far + <u32>(node >>> 32), 4) > <i32>node);
    node = load<u64>(g);
    g = (g << 1) + select(right, left, load<i32>(far + <u32>(node >>> 32), 8) > <i32>node);
    node = load<u64>(h);
    h = (h << 1) + select(right, left, load<i32>(far + <u32>(node >>> 32), 12) > <i32>node);
  }
  // From the place in the last level to its leaf: see forest-layout.ts.
  const leaves = tree + ((<usize>4) << depth) + 4 - (tree >> 1);
  addLeaves(sum, leaves + (a >> 1), leaves + (b >> 1));
  addLeaves(sum + 16, leaves + (c >> 1), leaves + (d >> 1));
  addLeaves(sum + 32, leaves + (e >> 1), leaves + (f >> 1));
  addLeaves(sum + 48, leaves + (g >> 1), leaves + (h >> 1));
}

/**
 * Path lengths, summed over all trees, of the first `rows` interleaved rows. Rows up to the next multiple of eight walk
 * along.
 */
function walkRows(trees: usize, count: i32, stride: usize, depth: i32, rows: i32, columns: i32): void {
  const limit = scoring.sums + ((<usize>((rows + 7) >> 3)) << 6);
  const last = trees + <usize>count * stride;
  const fourRows = (<usize>columns) << 4;
  memory.fill(scoring.sums, 0, limit - scoring.sums);
  for (let tree = trees; tree < last; tree += stride) {
    let row = scoring.lanes;
    for (let sum = scoring.sums; sum < limit; sum += 64) {
      walkEight(tree, depth, row, row + fourRows, sum);
      row += fourRows << 1;
    }
  }
}

/**
 * Sends the first `rows` (at most 64) rows at `values`, f32[columns] each, through all trees of `depth` stored levels;
 * `pathOf` has the answers. `compiled`: the forest's compiled form, which is made where it is not there.
 */
export function walkForest(
  forest: usize,
  compiled: Compiled,
  trees: i32,
  stride: usize,
  depth: i32,
  values: usize,
  rows: i32,
  columns: i32,
): void {
  if (compiled.form == Form.NONE) compileForest(forest, trees, stride, depth, columns, compiled);
  scoring.isCompiled = compiled.form == Form.READY;
  if (scoring.isCompiled) return walkCompiled(compiled, trees, values, rows, columns);
  for (let row = 0; row < rows; row++) interleave(row, values + ((<usize>row * columns) << 2), columns);
  walkRows(forest, trees, stride, depth, rows, columns);
}

/** 2^(-E[h] / c(psi)) of a row that walked. `mean`: c(psi), `meanPath`. */
export function scoreOf(row: i32, trees: i32, mean: f64): f64 {
  const length = scoring.isCompiled ? lengthOf(row) : load<f64>(scoring.sums + ((<usize>row) << 3));
  return Math.exp2(-length / <f64>trees / mean);
}
