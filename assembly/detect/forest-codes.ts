// Codes of rows for a walk through a compiled forest: a row's rank among the thresholds of a column, a byte for each
// batch of trees.
import { scratch } from '../memory';
import { BATCH_BYTES, BUCKETS, Compiled } from './forest-form';
import { keysOf } from './forest-layout';
import { COMPILED_COLUMNS } from './forest-tables';

/** Rows scored together, and rows that walk together. */
export const BLOCK_ROWS: i32 = 64;
export const WALK_ROWS: usize = 16;
/** Bytes of the codes of sixteen rows: i8[16 batches][2 × 12 columns][16 rows]. */
export const CODES: usize = BATCH_BYTES << 4;

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

export const work = changetype<Walk>(memory.data(offsetof<Walk>(), 16));

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
export function placeRow(c: Compiled, row: i32, values: usize, columns: i32): void {
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
export function encode(c: Compiled, column: usize, first: usize): void {
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
export function layCoefficients(rows: usize, fours: usize): void {
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
