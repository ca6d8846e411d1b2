// Growing one isolation tree on a subsample of rows. Draws in the oracle's order; the order of rows inside a node does not matter,
// so nodes are split by a branch-free stable partition instead of the oracle's swaps.

import { scratch } from '../memory';
import { growthDepth, meanPath, PADDING, storedDepth, thresholdKey } from './forest-layout';
import { below, nextRandom } from './random';

/** Most rows of a subsample. */
export const MAX_SUBSAMPLE = 4096;

/** f32[psi][columns]: the subsample, rows of whole vectors. */
export let sampleRows: usize = 0;
/** Mark of a node that no split has made. */
const UNREACHED = 0xffff;

/** u16 rows of the node being split, in node order; those that go right. */
let members: usize = 0;
let right: usize = 0;
/** u16 first and last + 1 member by node. */
let firsts: usize = 0;
let lasts: usize = 0;
/** f32 least and largest value by column. */
let lows: usize = 0;
let highs: usize = 0;
/** f64: c(n) by n. */
let meanPaths: usize = 0;

/** Scratch for trees of up to `subsample` rows and `columns` (padded) columns. */
export function layOutTraining(subsample: i32, columns: i32): void {
  const nodes = (<usize>2) << growthDepth(subsample);
  sampleRows = scratch((<usize>subsample * columns) << 2);
  members = scratch((<usize>subsample) << 1);
  right = scratch((<usize>subsample) << 1);
  firsts = scratch(nodes << 1);
  lasts = scratch(nodes << 1);
  lows = scratch((<usize>columns) << 2);
  highs = scratch((<usize>columns) << 2);
  meanPaths = scratch((<usize>(subsample + 1)) << 3);
  for (let n = 0; n <= subsample; n++) store<f64>(meanPaths + ((<usize>n) << 3), meanPath(n));
}

/** Keeps the extremes of four columns; returns how many of them vary. `odd`: lanes with a NaN, which do not. */
function keepExtremes(column: usize, low: v128, high: v128, odd: v128): i32 {
  const top = v128.bitselect(low, high, odd);
  v128.store(lows + column, low);
  v128.store(highs + column, top);
  return popcnt<i32>(i32x4.bitmask(f32x4.gt(top, low)));
}

/** `spread` of twelve columns, the detector's own width: one pass over the members instead of three. */
function spreadTwelve(a: usize, b: usize): i32 {
  const row = sampleRows + <usize>load<u16>(a) * 48;
  let low0 = v128.load(row);
  let low1 = v128.load(row, 16);
  let low2 = v128.load(row, 32);
  let high0 = low0;
  let high1 = low1;
  let high2 = low2;
  let odd0 = f32x4.ne(low0, low0);
  let odd1 = f32x4.ne(low1, low1);
  let odd2 = f32x4.ne(low2, low2);
  for (let cursor = a + 2; cursor < b; cursor += 2) {
    const next = sampleRows + <usize>load<u16>(cursor) * 48;
    const v0 = v128.load(next);
    const v1 = v128.load(next, 16);
    const v2 = v128.load(next, 32);
    low0 = f32x4.pmin(low0, v0);
    low1 = f32x4.pmin(low1, v1);
    low2 = f32x4.pmin(low2, v2);
    high0 = f32x4.pmax(high0, v0);
    high1 = f32x4.pmax(high1, v1);
    high2 = f32x4.pmax(high2, v2);
    odd0 = v128.or(odd0, f32x4.ne(v0, v0));
    odd1 = v128.or(odd1, f32x4.ne(v1, v1));
    odd2 = v128.or(odd2, f32x4.ne(v2, v2));
  }
  return keepExtremes(0, low0, high0, odd0) + keepExtremes(16, low1, high1, odd1) + keepExtremes(32, low2, high2, odd2);
}

/** Least and largest value of every column over members [a, b); returns how many columns vary. A column with a NaN does not. */
function spread(a: usize, b: usize, columns: i32): i32 {
  if (columns == 12) return spreadTwelve(a, b);
  const rowBytes = (<usize>columns) << 2;
  let vary = 0;
  for (let column: usize = 0; column < rowBytes; column += 16) {
    const base = sampleRows + column;
    let low = v128.load(base + <usize>load<u16>(a) * rowBytes);
    let high = low;
    let odd = f32x4.ne(low, low);
    for (let cursor = a + 2; cursor < b; cursor += 2) {
      const row = v128.load(base + <usize>load<u16>(cursor) * rowBytes);
      // The pseudo minimum is one instruction; the real one costs five to carry NaN along.
      low = f32x4.pmin(low, row);
      high = f32x4.pmax(high, row);
      odd = v128.or(odd, f32x4.ne(row, row));
    }
    vary += keepExtremes(column, low, high, odd);
  }
  return vary;
}

/** The `pick`-th column that varies. */
function columnOf(pick: i32): i32 {
  let column = -1;
  let left = pick;
  while (left >= 0) {
    column++;
    const at = (<usize>column) << 2;
    if (load<f32>(highs + at) > load<f32>(lows + at)) left--;
  }
  return column;
}

/** A cut between the extremes of a column: their distance in f32, the rest in f64, rounded to f32; below the largest value. */
function drawCut(column: i32, rng: usize): f32 {
  const low = load<f32>(lows + ((<usize>column) << 2));
  const high = load<f32>(highs + ((<usize>column) << 2));
  const cut = <f32>(<f64>low + <f64>(high - low) * (<f64>nextRandom(rng) / 4294967296.0));
  return cut >= high ? low : cut;
}

/** Moves the members of [a, b) with value <= cut to the front, in order; returns the address behind them. */
function partition(a: usize, b: usize, column: i32, columns: i32, cut: f32): usize {
  const values = sampleRows + ((<usize>column) << 2);
  const rowShift = (<usize>columns) << 2;
  let left = a;
  let other = right;
  for (let cursor = a; cursor < b; cursor += 2) {
    const row = load<u16>(cursor);
    const goesLeft = <usize>(load<f32>(values + <usize>row * rowShift) <= cut);
    store<u16>(left, row);
    store<u16>(other, row);
    left += goesLeft << 1;
    other += 2 - (goesLeft << 1);
  }
  memory.copy(left, right, b - left);
  return left;
}

/** Writes the path length of a leaf at (level, place) into all last-level leaves below it. */
function spreadLeaf(leaves: usize, depth: i32, level: i32, place: i32, length: f32): void {
  const below = depth - level;
  let cursor = leaves + ((<usize>(place << below)) << 2);
  const limit = cursor + ((<usize>4) << below);
  for (; cursor < limit; cursor += 4) store<f32>(cursor, length);
}

/** Members [first, last) of a node; nodes that are never marked are not reached. */
function markNode(node: i32, first: i32, last: i32): void {
  store<u16>(firsts + ((<usize>node) << 1), <u16>first);
  store<u16>(lasts + ((<usize>node) << 1), <u16>last);
}

/** Splits a node whose columns vary in `vary` places; returns how many members go left. */
function split(a: usize, b: usize, vary: i32, columns: i32, at: usize, rng: usize): i32 {
  const column = columnOf(<i32>below(rng, vary));
  const cut = drawCut(column, rng);
  store<i32>(at, thresholdKey(cut));
  store<u32>(at, (<u32>column) << 4, 4);
  return <i32>((partition(a, b, column, columns, cut) - a) >> 1);
}

/**
 * Grows one tree on the first `psi` rows of `sampleRows`, nodes in heap order. `subsample`: the option, which fixes the depth;
 * `columns`: padded.
 */
export function growTree(tree: usize, psi: i32, subsample: i32, columns: i32, rng: usize): void {
  const limit = growthDepth(subsample);
  const depth = storedDepth(subsample);
  const leaves = tree + ((<usize>8) << depth);
  for (let node = tree; node < leaves; node += 8) store<u64>(node, <u64>PADDING);
  memory.fill(firsts, 0xff, (<usize>4) << limit);
  for (let row = 0; row < psi; row++) store<u16>(members + ((<usize>row) << 1), <u16>row);
  markNode(0, 0, psi);
  for (let level = 0; level <= limit; level++) {
    const width = 1 << level;
    for (let place = 0; place < width; place++) {
      const node = width - 1 + place;
      const first = <i32>load<u16>(firsts + ((<usize>node) << 1));
      if (first == UNREACHED) continue;
      const last = <i32>load<u16>(lasts + ((<usize>node) << 1));
      const a = members + ((<usize>first) << 1);
      const b = members + ((<usize>last) << 1);
      const vary = last - first > 1 && level < limit ? spread(a, b, columns) : 0;
      if (vary == 0) {
        const length = <f64>level + load<f64>(meanPaths + ((<usize>(last - first)) << 3));
        spreadLeaf(leaves, depth, level, place, <f32>length);
        continue;
      }
      const middle = first + split(a, b, vary, columns, tree + ((<usize>node) << 3), rng);
      markNode(2 * node + 1, first, middle);
      markNode(2 * node + 2, middle, last);
    }
  }
}
