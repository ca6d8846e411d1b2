// Path lengths through a compiled forest (forest-compile.ts): sixteen rows walk a tree together, a byte each. Nothing
// depends on what was loaded before but the place in the level, so no walk waits for another. Measured by
// bench/suites/forest.ts.
//
// The first three levels are compared as a whole (7 tests, 3 selections). From there a level is lookups by place
// (forest-tables.ts):
//   place │ p0 p1 … p15 │ → threshold of each → column of each → the row's own code in that column, from all columns'
//   by the column's bits
import { CODES, encode, layCoefficients, placeRow, WALK_ROWS, work } from './forest-codes';
import { BATCH_BYTES, Compiled } from './forest-form';
import { COMPILED_COLUMNS, CompiledTree, HEAD, LEAF, LENGTHS, LEVEL3, LEVEL4, LEVELS, SEGMENT } from './forest-tables';

/** Trees whose path lengths a u32 holds: each is below 8 + c(256), less than 19. */
const SETTLED = 26;

/** Rows that go to the child for v > threshold, of a node of the first three levels. */
// @ts-ignore: decorator
@inline
function test(node: usize, rows: usize): v128 {
  return i8x16.gt_s(v128.load(rows + <usize>load<u8>(node, 1)), v128.load8_splat(node));
}

/** Lanes whose topmost bit is set. */
// @ts-ignore: decorator
@inline
function topBit(lanes: v128): v128 {
  return i8x16.lt_s(lanes, i8x16.splat(0));
}

/** Polynomial of two bits at the coefficients: c0 ^ c1 bit0 ^ c2 bit1 ^ c3 bit0 bit1. */
// @ts-ignore: decorator
@inline
function polynomial(at: usize, bit0: v128, bit1: v128, both: v128): v128 {
  const even = v128.xor(v128.load(at), v128.and(v128.load(at, 16), bit0));
  return v128.xor(even, v128.xor(v128.and(v128.load(at, 32), bit1), v128.and(v128.load(at, 48), both)));
}

/**
 * [c0 … c15], columns by their bits → each row's code in its column. `fours`, a constant where this is inlined: columns
 * / 4.
 */
// @ts-ignore: decorator
@inline
function pick(rows: usize, columns: v128, fours: i32): v128 {
  const second = i8x16.add(columns, columns);
  const bit0 = topBit(columns);
  const bit1 = topBit(second);
  const both = v128.and(bit0, bit1);
  const at = rows + (COMPILED_COLUMNS << 4);
  let code = polynomial(at, bit0, bit1, both);
  if (fours == 1) return code;
  const third = i8x16.add(second, second);
  code = v128.xor(code, v128.and(polynomial(at + 64, bit0, bit1, both), topBit(third)));
  if (fours == 2) return code;
  return v128.xor(code, v128.and(polynomial(at + 128, bit0, bit1, both), topBit(i8x16.add(third, third))));
}

/** Looks up a table of sixteen by place: outside of them it gives 0. */
// @ts-ignore: decorator
@inline
function look(table: usize, place: v128): v128 {
  return i8x16.swizzle(v128.load(table), place);
}

/** Place in level 4: twice the place in level 3, one further where the row's code is above the threshold. */
// @ts-ignore: decorator
@inline
function stepComplete(place: v128, rows: usize, level: usize, fours: i32): v128 {
  const above = i8x16.gt_s(pick(rows, look(level + 8, place), fours), look(level, place));
  return i8x16.sub(i8x16.add(place, place), above);
}

/** Place in the next level, from one of `segments` segments of splits. What is a leaf stays one. */
// @ts-ignore: decorator
@inline
function step(place: v128, rows: usize, segment: usize, segments: i32, fours: i32): v128 {
  let thresholds = look(segment, place);
  let columns = look(segment + 16, place);
  let near = look(segment + 32, place);
  let turns = look(segment + 48, place);
  let left = place;
  for (let i = 1; i < segments; i++) {
    segment += SEGMENT;
    // Never so far that a leaf would fall among the sixteen.
    left = i8x16.sub(left, i8x16.splat(16));
    thresholds = v128.or(thresholds, look(segment, left));
    columns = v128.or(columns, look(segment + 16, left));
    near = v128.or(near, look(segment + 32, left));
    turns = v128.or(turns, look(segment + 48, left));
  }
  const above = i8x16.gt_s(pick(rows, columns, fours), thresholds);
  const kept = v128.and(place, topBit(place));
  return v128.or(kept, v128.xor(near, v128.and(turns, above)));
}

/** Adds the path lengths of sixteen rows in one tree to `sums`, u32[16]. `rows`: their codes in the tree's batch. */
// @ts-ignore: decorator
@inline
function walkSixteen(tree: usize, rows: usize, sums: usize, reached: usize, fours: i32): void {
  const head = tree + HEAD;
  const m0 = test(head, rows);
  const m1 = v128.bitselect(test(head + 4, rows), test(head + 2, rows), m0);
  const far = v128.bitselect(test(head + 12, rows), test(head + 10, rows), m1);
  const near = v128.bitselect(test(head + 8, rows), test(head + 6, rows), m1);
  const m2 = v128.bitselect(far, near, m0);
  let place = i8x16.sub(i8x16.splat(0), m0);
  place = i8x16.sub(i8x16.add(place, place), m1);
  place = i8x16.sub(i8x16.add(place, place), m2);
  place = stepComplete(place, rows, tree + LEVEL3, fours);
  place = step(place, rows, tree + LEVEL4, 1, fours);
  const five = <i32>changetype<CompiledTree>(tree).segments0;
  const six = <i32>changetype<CompiledTree>(tree).segments1;
  const seven = <i32>changetype<CompiledTree>(tree).segments2;
  let segment = tree + LEVELS;
  place = step(place, rows, segment, five, fours);
  segment += <usize>five * SEGMENT;
  place = step(place, rows, segment, six, fours);
  segment += <usize>six * SEGMENT;
  place = step(place, rows, segment, seven, fours);
  v128.store(reached, place);
  addFour(tree, reached, sums);
  addFour(tree, reached + 4, sums + 16);
  addFour(tree, reached + 8, sums + 32);
  addFour(tree, reached + 12, sums + 48);
}

/** Adds the path lengths of the leaves that four rows have reached. */
// @ts-ignore: decorator
@inline
function addFour(tree: usize, reached: usize, sums: usize): void {
  let four = v128.load32_zero(lengthAt(tree, load<u8>(reached)));
  four = v128.load_lane<u32>(lengthAt(tree, load<u8>(reached, 1)), four, 1);
  four = v128.load_lane<u32>(lengthAt(tree, load<u8>(reached, 2)), four, 2);
  four = v128.load_lane<u32>(lengthAt(tree, load<u8>(reached, 3)), four, 3);
  v128.store(sums, i32x4.add(v128.load(sums), four));
}

/** Address of the path length at a leaf. */
// @ts-ignore: decorator
@inline
function lengthAt(tree: usize, leaf: u8): usize {
  return tree + (LENGTHS - 4 * LEAF) + ((<usize>leaf) << 2);
}

/** Adds the running sums of `limit` rows to the lengths, and begins anew. */
function settle(limit: usize): void {
  for (let row: usize = 0; row < limit; row += 4) {
    const sums = v128.load(work.running + (row << 2));
    const target = work.lengths + (row << 3);
    v128.store(target, i64x2.add(v128.load(target), i64x2.extend_low_i32x4_u(sums)));
    v128.store(target, i64x2.add(v128.load(target, 16), i64x2.extend_high_i32x4_u(sums)), 16);
    v128.store(work.running + (row << 2), i32x4.splat(0));
  }
}

/** All trees over `limit` rows, a multiple of sixteen. */
// @ts-ignore: decorator
@inline
function walkTrees(c: Compiled, trees: i32, limit: usize, fours: i32): void {
  const last = work.running + (limit << 2);
  const reached = work.leaves;
  let tree = c.trees;
  for (let walked = 1; walked <= trees; walked++) {
    let row = work.codes + <usize>changetype<CompiledTree>(tree).batch;
    for (let sums = work.running; sums < last; sums += WALK_ROWS << 2) {
      walkSixteen(tree, row, sums, reached, fours);
      row += CODES;
    }
    tree += <usize>changetype<CompiledTree>(tree).size;
    if (walked % SETTLED == 0) settle(limit);
  }
  settle(limit);
}

function walkFour(c: Compiled, trees: i32, limit: usize): void {
  walkTrees(c, trees, limit, 1);
}

function walkEight(c: Compiled, trees: i32, limit: usize): void {
  walkTrees(c, trees, limit, 2);
}

function walkTwelve(c: Compiled, trees: i32, limit: usize): void {
  walkTrees(c, trees, limit, 3);
}

/**
 * Walks the first `rows` rows at `values`, f32[columns] each, through every tree. Rows up to the next multiple of
 * sixteen walk along, whatever they hold: any code leads to a leaf.
 */
export function walkCompiled(c: Compiled, trees: i32, values: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) placeRow(c, row, values + ((<usize>row * columns) << 2), columns);
  const limit = (<usize>rows + WALK_ROWS - 1) & ~(WALK_ROWS - 1);
  for (let column: usize = 0; column < <usize>columns; column++) {
    for (let first: usize = 0; first < limit; first += WALK_ROWS) encode(c, column, first);
  }
  const used = <usize>c.batches * BATCH_BYTES;
  const fours = <usize>columns >> 2;
  for (let walk: usize = 0; walk < limit / WALK_ROWS; walk++) {
    const codes = work.codes + walk * CODES;
    for (let batch: usize = 0; batch < used; batch += BATCH_BYTES) layCoefficients(codes + batch, fours);
  }
  memory.fill(work.lengths, 0, limit << 3);
  memory.fill(work.running, 0, limit << 2);
  if (fours == 1) walkFour(c, trees, limit);
  else if (fours == 2) walkEight(c, trees, limit);
  else walkTwelve(c, trees, limit);
}

/** Path length of a row over all trees: exact, a multiple of 2^-23. */
export function lengthOf(row: i32): f64 {
  return <f64>load<u64>(work.lengths + ((<usize>row) << 3)) * (1.0 / 8388608.0);
}
