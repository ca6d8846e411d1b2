// Path lengths through a compiled forest (forest-compile.ts): sixteen rows walk a tree together, a byte each. Nothing
// depends on what was loaded before but the place in the level, so no walk waits for another. Measured by
// bench/suites/forest.ts.
//
// The first three levels are compared as a whole (7 tests, 3 selections). From there a level is lookups by place
// (forest-tables.ts):
//   place │ p0 p1 … p15 │ → threshold of each → column of each → the row's own code in that column, from all columns'
//   by the column's bits
import { scratch } from '../memory';
import { BATCH_BYTES, BUCKETS, Compiled } from './forest-form';
import { keysOf } from './forest-layout';
import { COMPILED_COLUMNS, CompiledTree, HEAD, LEAF, LENGTHS, LEVEL3, LEVEL4, LEVELS, SEGMENT } from './forest-tables';

/** Rows scored together, and rows that walk together. */
export const BLOCK_ROWS: i32 = 64;
const WALK_ROWS: usize = 16;
/** Bytes of the codes of sixteen rows: i8[16 batches][2 × 12 columns][16 rows]. */
const CODES: usize = BATCH_BYTES << 4;
/** Trees whose path lengths a u32 holds: each is below 8 + c(256), less than 19. */
const SETTLED = 26;

/** Scratch of a walk. */
@unmanaged
class Walk {
  /** i32[64][12] each: keys and buckets of the rows. */
  keys: usize;
  buckets: usize;
  /** i8[16][16] twice: codes of sixteen rows in one column, while they are turned from rows to batches. */
  turning: usize;
  turned: usize;
  /** i8[4][16][2 × 12][16]: codes of all rows, and the same as coefficients. */
  codes: usize;
  /** u64[64]: path lengths over all trees, in units of 2^-23; u32[64]: over the last trees, which `settle` adds. */
  lengths: usize;
  running: usize;
  /**
   * u8[16]: the leaves that the rows of a walk reach. Inner loops get it as a parameter: a global would be read again
   * for every row.
   */
  leaves: usize;
}

const work = changetype<Walk>(memory.data(offsetof<Walk>(), 16));

export function layOutWalk(): void {
  work.keys = scratch(COMPILED_COLUMNS * 4 * BLOCK_ROWS);
  work.buckets = scratch(COMPILED_COLUMNS * 4 * BLOCK_ROWS);
  work.turning = scratch(256);
  work.turned = scratch(256);
  work.codes = scratch(CODES * (BLOCK_ROWS / 16));
  work.lengths = scratch(BLOCK_ROWS * 8);
  work.running = scratch(BLOCK_ROWS * 4);
  work.leaves = scratch(WALK_ROWS);
}

/** Keys and buckets of one row of `columns` (padded) numbers. */
function placeRow(c: Compiled, row: i32, values: usize, columns: i32): void {
  const target = <usize>row * (COMPILED_COLUMNS << 2);
  for (let at: usize = 0; at < (<usize>columns) << 2; at += 16) {
    const numbers = v128.load(values + at);
    const low = v128.load(changetype<usize>(c) + at, offsetof<Compiled>('low0'));
    const scale = v128.load(changetype<usize>(c) + at, offsetof<Compiled>('scale0'));
    const scaled = f32x4.mul(f32x4.sub(numbers, low), scale);
    const bucket = i32x4.min_s(i32x4.max_s(i32x4.trunc_sat_f32x4_s(scaled), i32x4.splat(0)), i32x4.splat(BUCKETS - 1));
    v128.store(work.keys + target + at, keysOf(numbers));
    // NaN is above every key.
    const isNumber = f32x4.eq(numbers, numbers);
    v128.store(work.buckets + target + at, v128.bitselect(bucket, i32x4.splat(BUCKETS - 1), isNumber));
  }
}

/**
 * Transposes i8[16][width], width 4 or 16, in four perfect shuffles; the result is in `turning` again. A shuffle
 * interleaves the halves, which takes place i to 2 i, modulo the places less one: four of them take it to 16 i.
 */
function turn(width: usize): void {
  let from = work.turning;
  let to = work.turned;
  const half = width << 3;
  for (let pass = 0; pass < 4; pass++) {
    for (let at: usize = 0; at < half; at += 16) {
      const a = v128.load(from + at);
      const b = v128.load(from + at + half);
      const target = to + (at << 1);
      v128.store(target, i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
      v128.store(target, i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
    }
    const other = from;
    from = to;
    to = other;
  }
}

/** Codes, in every batch, of rows [first, first + 16) in one column. */
function encode(c: Compiled, column: usize, first: usize): void {
  const firstKey = changetype<usize>(c) + <usize>c.firstKey[<i32>column];
  const firstCode = changetype<usize>(c) + <usize>c.firstCode[<i32>column];
  const half = (<usize>c.half[<i32>column]) << 2;
  const width = <usize>c.width;
  // From the offset of a key, 4 bytes each, to that of its code.
  const shift: usize = width == 4 ? 0 : 2;
  const below = c.below(column);
  let source = first * (COMPILED_COLUMNS << 2) + (column << 2);
  const start = firstKey - 4;
  const last = work.turning + (width << 4);
  for (let target = work.turning; target < last; target += width << 2) {
    const key0 = load<i32>(work.keys + source);
    const key1 = load<i32>(work.keys + source, 48);
    const key2 = load<i32>(work.keys + source, 96);
    const key3 = load<i32>(work.keys + source, 144);
    let at0 = start + ((<usize>load<u16>(below + ((<usize>load<u32>(work.buckets + source)) << 1))) << 2);
    let at1 = start + ((<usize>load<u16>(below + ((<usize>load<u32>(work.buckets + source, 48)) << 1))) << 2);
    let at2 = start + ((<usize>load<u16>(below + ((<usize>load<u32>(work.buckets + source, 96)) << 1))) << 2);
    let at3 = start + ((<usize>load<u16>(below + ((<usize>load<u32>(work.buckets + source, 144)) << 1))) << 2);
    for (let step = half; step >= 4; step >>= 1) {
      at0 = select(at0 + step, at0, load<i32>(at0 + step) < key0);
      at1 = select(at1 + step, at1, load<i32>(at1 + step) < key1);
      at2 = select(at2 + step, at2, load<i32>(at2 + step) < key2);
      at3 = select(at3 + step, at3, load<i32>(at3 + step) < key3);
    }
    const code0 = firstCode + ((at0 - start) << shift);
    const code1 = firstCode + ((at1 - start) << shift);
    const code2 = firstCode + ((at2 - start) << shift);
    const code3 = firstCode + ((at3 - start) << shift);
    if (width == 4) {
      store<u32>(target, load<u32>(code0));
      store<u32>(target, load<u32>(code1), 4);
      store<u32>(target, load<u32>(code2), 8);
      store<u32>(target, load<u32>(code3), 12);
    } else {
      v128.store(target, v128.load(code0));
      v128.store(target, v128.load(code1), 16);
      v128.store(target, v128.load(code2), 32);
      v128.store(target, v128.load(code3), 48);
    }
    source += COMPILED_COLUMNS << 4;
  }
  turn(width);
  let target = work.codes + (first / WALK_ROWS) * CODES + (column << 4);
  for (let batch = work.turning; batch < last; batch += 16) {
    v128.store(target, v128.load(batch));
    target += BATCH_BYTES;
  }
}

/**
 * The codes of a batch as coefficients, so that a column is picked with an AND and an XOR a column instead of a
 * selection: code of column 4 h + 2 b1 + b0 = p(b0, b1), where h is 0; p ^ p' where it is 1; p ^ p'' where it is 2.
 * `fours`: columns / 4.
 */
function layCoefficients(rows: usize, fours: usize): void {
  const target = rows + (COMPILED_COLUMNS << 4);
  for (let at: usize = 0; at < fours << 6; at += 64) {
    const c0 = v128.load(rows + at);
    const c1 = v128.load(rows + at, 16);
    const c2 = v128.load(rows + at, 32);
    const c3 = v128.load(rows + at, 48);
    const low = v128.xor(c0, c1);
    v128.store(target + at, c0);
    v128.store(target + at, low, 16);
    v128.store(target + at, v128.xor(c0, c2), 32);
    v128.store(target + at, v128.xor(low, v128.xor(c2, c3)), 48);
  }
  for (let at: usize = 64; at < fours << 6; at += 64) {
    for (let i: usize = 0; i < 64; i += 16) {
      v128.store(target + at + i, v128.xor(v128.load(target + i), v128.load(target + at + i)));
    }
  }
}

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
