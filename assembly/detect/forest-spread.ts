// Where a node of a growing tree can be split: the extremes of its columns, and a cut between them.
import { valueOf } from './forest-layout';
import { Generator, nextRandom } from './random';

/** The tree being grown. */
@unmanaged
class Training {
  /**
   * i32[psi][columns]: the subsample, rows of whole vectors, as keys (forest-layout.ts), in which a NaN is the largest.
   */
  keyRows: usize;
  /** u32 byte offsets of rows, by node: of even levels, of odd ones. */
  even: usize;
  odd: usize;
  /** Nodes to be split, in order, and leaves in front of the last level: number, u16 first and last + 1 row. */
  queue: usize;
  queueEnd: usize;
  small: usize;
  smallEnd: usize;
  /** i32 least and largest key by column. */
  lows: usize;
  highs: usize;
  /** f64: c(n) by n. */
  meanPaths: usize;
}

export const training = changetype<Training>(memory.data(offsetof<Training>(), 16));
const NOT_A_NUMBER = 0x7fff_ffff;

/** Keeps the extremes of four columns; returns how many of them vary. A column with a NaN does not. */
// @ts-ignore: decorator
@inline
function keepExtremes(column: usize, low: v128, high: v128): i32 {
  const top = v128.bitselect(low, high, i32x4.eq(high, i32x4.splat(NOT_A_NUMBER)));
  v128.store(training.lows + column, low);
  v128.store(training.highs + column, top);
  return popcnt<i32>(i32x4.bitmask(i32x4.gt_s(top, low)));
}

/**
 * Least and largest key of twelve columns from the `column`-th byte on, over members [a, b); returns how many columns
 * vary.
 */
function spreadTwelve(a: usize, b: usize, column: usize): i32 {
  const base = training.keyRows + column;
  const row = base + load<u32>(a);
  let low0 = v128.load(row);
  let low1 = v128.load(row, 16);
  let low2 = v128.load(row, 32);
  let high0 = low0;
  let high1 = low1;
  let high2 = low2;
  for (let cursor = a + 4; cursor < b; cursor += 4) {
    const next = base + load<u32>(cursor);
    const v0 = v128.load(next);
    const v1 = v128.load(next, 16);
    const v2 = v128.load(next, 32);
    low0 = i32x4.min_s(low0, v0);
    low1 = i32x4.min_s(low1, v1);
    low2 = i32x4.min_s(low2, v2);
    high0 = i32x4.max_s(high0, v0);
    high1 = i32x4.max_s(high1, v1);
    high2 = i32x4.max_s(high2, v2);
  }
  const vary = keepExtremes(column, low0, high0) + keepExtremes(column + 16, low1, high1);
  return vary + keepExtremes(column + 32, low2, high2);
}

/** The same of eight columns. */
function spreadEight(a: usize, b: usize, column: usize): i32 {
  const base = training.keyRows + column;
  const row = base + load<u32>(a);
  let low0 = v128.load(row);
  let low1 = v128.load(row, 16);
  let high0 = low0;
  let high1 = low1;
  for (let cursor = a + 4; cursor < b; cursor += 4) {
    const next = base + load<u32>(cursor);
    const v0 = v128.load(next);
    const v1 = v128.load(next, 16);
    low0 = i32x4.min_s(low0, v0);
    low1 = i32x4.min_s(low1, v1);
    high0 = i32x4.max_s(high0, v0);
    high1 = i32x4.max_s(high1, v1);
  }
  return keepExtremes(column, low0, high0) + keepExtremes(column + 16, low1, high1);
}

/** The same of four columns. */
function spreadFour(a: usize, b: usize, column: usize): i32 {
  const base = training.keyRows + column;
  let low = v128.load(base + load<u32>(a));
  let high = low;
  for (let cursor = a + 4; cursor < b; cursor += 4) {
    const row = v128.load(base + load<u32>(cursor));
    low = i32x4.min_s(low, row);
    high = i32x4.max_s(high, row);
  }
  return keepExtremes(column, low, high);
}

/** Least and largest key of every column over members [a, b); returns how many columns vary. */
export function spread(a: usize, b: usize, columns: i32): i32 {
  let vary = 0;
  let column: usize = 0;
  const limit = (<usize>columns) << 2;
  for (; column + 48 <= limit; column += 48) vary += spreadTwelve(a, b, column);
  if (column + 32 == limit) return vary + spreadEight(a, b, column);
  return column == limit ? vary : vary + spreadFour(a, b, column);
}

/** The `pick`-th of the `vary` columns that vary. */
export function columnOf(pick: i32, vary: i32, columns: i32): i32 {
  if (vary == columns) return pick;
  let column = -1;
  let left = pick;
  while (left >= 0) {
    column++;
    const at = (<usize>column) << 2;
    if (load<i32>(training.highs + at) > load<i32>(training.lows + at)) left--;
  }
  return column;
}

/**
 * A cut between the extremes of a column: their distance in f32, the rest in f64, rounded to f32; below the largest
 * value.
 */
export function drawCut(column: i32, rng: Generator): f32 {
  const low = valueOf(load<i32>(training.lows + ((<usize>column) << 2)));
  const high = valueOf(load<i32>(training.highs + ((<usize>column) << 2)));
  const cut = <f32>(<f64>low + <f64>(high - low) * (<f64>nextRandom(rng) * (1.0 / 4294967296.0)));
  return cut >= high ? low : cut;
}
