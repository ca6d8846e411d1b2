// Growing one isolation tree on a subsample of rows. Draws in the oracle's order; the order of rows inside a node does
// not matter, so that a node's rows are sent to both ends of a second list without a branch, instead of the oracle's
// swaps.
//
// Nodes are split in the order of levels, so those of odd levels have their rows in one list, those of even levels in
// the other:
//   level k     │ a: r5 r2 r9 r1      │ b: r7 r3 │ …
//   level k + 1 │ a0: r5 r9 │ a1: r1 r2 │ b0: r7 │ b1: r3 │ …
import { scratch } from '../memory';
import { growthDepth, keysOf, meanPath, PADDING, storedDepth, thresholdKey } from './forest-layout';
import { columnOf, drawCut, spread, training } from './forest-spread';
import { below, Generator } from './random';

/** Most rows of a subsample. */
export const MAX_SUBSAMPLE = 4096;

/** A node that waits to be split, or a leaf. */
@unmanaged
class Waiting {
  node: i32;
  /** Its rows: [first, last). */
  first: u16;
  last: u16;
}

/** Scratch for trees of up to `subsample` rows and `columns` (padded) columns. */
export function layOutTraining(subsample: i32, columns: i32): void {
  training.keyRows = scratch((<usize>subsample * columns) << 2);
  training.even = scratch((<usize>subsample) << 2);
  training.odd = scratch((<usize>subsample) << 2);
  training.queue = scratch(offsetof<Waiting>() << growthDepth(subsample));
  training.small = scratch(offsetof<Waiting>() << growthDepth(subsample));
  training.lows = scratch((<usize>columns) << 2);
  training.highs = scratch((<usize>columns) << 2);
  training.meanPaths = scratch((<usize>(subsample + 1)) << 3);
  for (let n = 0; n <= subsample; n++) store<f64>(training.meanPaths + ((<usize>n) << 3), meanPath(n));
}

/** Makes `values`, f32[columns], the row-th row of the subsample. `columns`: padded. */
export function sampleRow(row: i32, values: usize, columns: i32): void {
  const target = training.keyRows + ((<usize>row * columns) << 2);
  for (let at: usize = 0; at < (<usize>columns) << 2; at += 16) v128.store(target + at, keysOf(v128.load(values + at)));
}

/**
 * Sends the members of [a, b) with a key up to `key` to `low` and behind it, the others to in front of `high`; returns
 * where they meet.
 */
function partition(a: usize, b: usize, keys: usize, key: i32, low: usize, high: usize): usize {
  let last = high - 4;
  for (let cursor = a; cursor < b; cursor += 4) {
    const row = load<u32>(cursor);
    const goesLeft = (<usize>(load<i32>(keys + row) <= key)) << 2;
    store<u32>(low, row);
    store<u32>(last, row);
    low += goesLeft;
    last += goesLeft - 4;
  }
  return low;
}

/** How many of the members of [a, b) have a key up to `key`. */
function countLeft(a: usize, b: usize, keys: usize, key: i32): i32 {
  let count = 0;
  for (let cursor = a; cursor < b; cursor += 4) count += i32(load<i32>(keys + load<u32>(cursor)) <= key);
  return count;
}

/** Writes the path length of a leaf at a node into all last-level leaves below it. `depth`: as stored. */
function layLeaf(leaves: usize, depth: i32, node: i32, rows: i32): void {
  const level = levelOf(node);
  const below = depth - level;
  const length = <f32>(<f64>level + load<f64>(training.meanPaths + ((<usize>rows) << 3)));
  let cursor = leaves + ((<usize>((node + 1 - (1 << level)) << below)) << 2);
  const limit = cursor + ((<usize>4) << below);
  for (; cursor < limit; cursor += 4) store<f32>(cursor, length);
}

function levelOf(node: i32): i32 {
  return 31 - clz<i32>(node + 1);
}

/**
 * A node with the members [first, last) waits to be split, or is a leaf of one row or none (the cut between two
 * infinities is no number). Written to both lists, of which one goes on: how many rows a node has is known late, and a
 * wrong guess would be waited for.
 */
// @ts-ignore: decorator
@inline
function addNode(node: i32, first: i32, last: i32): void {
  const waiting = <u64>(<u32>node) | (<u64>(<u32>first) << 32) | (<u64>(<u32>last) << 48);
  store<u64>(training.queueEnd, waiting);
  store<u64>(training.smallEnd, waiting);
  const isSmall = <usize>(last - first < 2);
  training.smallEnd += isSmall << 3;
  training.queueEnd += (1 - isSmall) << 3;
}

/** Every row is a member of the first node; nodes that no split has made. */
function startTree(tree: usize, leaves: usize, psi: i32, columns: i32): void {
  const rowBytes = (<usize>columns) << 2;
  let member = training.even;
  for (let row: usize = 0; row < <usize>psi * rowBytes; row += rowBytes, member += 4) store<u32>(member, <u32>row);
  for (let node = tree; node < leaves; node += 16) v128.store(node, i64x2.splat(PADDING));
  training.queueEnd = training.queue;
  training.smallEnd = training.small;
}

/**
 * Grows one tree on the first `psi` rows of the subsample (`sampleRow`), nodes in heap order. `subsample`: the option,
 * which fixes the depth;
 * `columns`: padded.
 */
export function growTree(tree: usize, psi: i32, subsample: i32, columns: i32, rng: Generator): void {
  const limit = growthDepth(subsample);
  const depth = storedDepth(subsample);
  const leaves = tree + ((<usize>8) << depth);
  startTree(tree, leaves, psi, columns);
  addNode(0, 0, psi);
  for (let waiting = training.queue; waiting < training.queueEnd; waiting += offsetof<Waiting>()) {
    const node = changetype<Waiting>(waiting).node;
    const first = <i32>changetype<Waiting>(waiting).first;
    const last = <i32>changetype<Waiting>(waiting).last;
    const level = levelOf(node);
    const own = (level & 1) == 0 ? training.even : training.odd;
    const next = (level & 1) == 0 ? training.odd : training.even;
    const a = own + ((<usize>first) << 2);
    const b = own + ((<usize>last) << 2);
    const vary = spread(a, b, columns);
    if (vary == 0) {
      layLeaf(leaves, depth, node, last - first);
      continue;
    }
    const column = columnOf(<i32>below(rng, vary), vary, columns);
    const key = thresholdKey(drawCut(column, rng));
    const keys = training.keyRows + ((<usize>column) << 2);
    store<u64>(tree + ((<usize>node) << 3), (<u64>column << 36) | <u64>(<u32>key));
    if (level + 1 == limit) {
      const left = countLeft(a, b, keys, key);
      layLeaf(leaves, depth, 2 * node + 1, left);
      layLeaf(leaves, depth, 2 * node + 2, last - first - left);
      continue;
    }
    const behind = partition(a, b, keys, key, next + ((<usize>first) << 2), next + ((<usize>last) << 2));
    const middle = <i32>((behind - next) >> 2);
    addNode(2 * node + 1, first, middle);
    addNode(2 * node + 2, middle, last);
  }
  for (let leaf = training.small; leaf < training.smallEnd; leaf += offsetof<Waiting>()) {
    const small = changetype<Waiting>(leaf);
    layLeaf(leaves, depth, small.node, <i32>small.last - <i32>small.first);
  }
}
