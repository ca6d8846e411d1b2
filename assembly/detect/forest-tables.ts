// The tables of one compiled tree, which sixteen rows look up by place (forest-walk.ts), and an entry for each of its
// splits.
//
// Levels 0 to 2 are compared as a whole; level 3 is complete: place p leads to 2 p or 2 p + 1. From level 4 on most
// places of a complete tree would be leaves spread further down (256 normal rows make some fifty splits), so that only
// splits have a place, sixteen a segment:
//   segment │ code of threshold, 16 of them │ column │ next place for v <= threshold │ XOR that makes it the other
// A place above 127 is a leaf: 128 + the number of its path length.
import { scratch } from '../memory';
import { PADDING } from './forest-layout';

/** Columns of a compiled forest at most, and levels of its trees. */
export const COMPILED_COLUMNS: usize = 12;
export const COMPILED_DEPTH = 8;
/** Nodes of such a tree, counting the unused one. */
const NODES = 1 << COMPILED_DEPTH;
/** Bytes of a segment of sixteen splits. */
export const SEGMENT: usize = 64;
/** A place from here on is a leaf. */
export const LEAF = 128;
/** Path lengths that are whole numbers: none reaches 8 + c(256), less than 19. */
const WHOLE = 20;

/** The head of a compiled tree. Behind it: path lengths, then the segments of levels 5, 6 and 7, at least one each. */
@unmanaged
export class CompiledTree {
  /** Offset of the batch's codes; bytes of the tree. */
  batch: i32;
  size: i32;
  /** Segments of levels 5, 6 and 7. */
  segments0: u8;
  segments1: u8;
  segments2: u8;
  spare0: u8;
  spare1: i32;
  /** Seven pairs of a threshold's code and 16 x its column. */
  head: v128;
  /** i8[8] codes, u8[8] columns of level 3. */
  level3: v128;
  /** The segment of level 4. */
  thresholds4: v128;
  columns4: v128;
  next4: v128;
  turn4: v128;
}

export const HEAD: usize = offsetof<CompiledTree>('head');
export const LEVEL3: usize = offsetof<CompiledTree>('level3');
export const LEVEL4: usize = offsetof<CompiledTree>('thresholds4');
/** u32[72]: path lengths in units of 2^-23: whole numbers up to 19, then each of the others once (`leafOf`). */
export const LENGTHS: usize = offsetof<CompiledTree>();
/** Segments of levels 5, 6 and 7. */
export const LEVELS: usize = LENGTHS + 72 * 4;

/** Bytes of a tree at most: two, four and eight segments. */
export const TREE_MOST: usize = LEVELS + 14 * SEGMENT;

/**
 * Bits of an entry, from the lowest: key in unsigned order, column, batch, where its code goes (bytes from the first
 * tree).
 */
export const enum Entry {
  COLUMN = 32,
  BATCH = 36,
  PLACE = 40,
}

/** The tree being laid out, and where. */
@unmanaged
export class Laying {
  /** Address of the first tree; where the next entry goes. */
  first: usize;
  entriesEnd: usize;
  /** i32[12]: splits of the tree by column. */
  treeKeys: usize;
  /** u8[128] twice: nodes of a level's splits by place; those of the next. */
  splits: usize;
  below: usize;
  /** Splits found so far in the next level. */
  found: i32;
  /**
   * Of the tree being laid out: its nodes, the path lengths by place in the last level, its own different ones, their
   * number.
   */
  nodes: usize;
  leaves: usize;
  lengths: usize;
  distinct: i32;
}

export const laying = changetype<Laying>(memory.data(offsetof<Laying>(), 16));

/** Scratch of `layTree`. */
export function layOutTrees(): void {
  laying.treeKeys = scratch(COMPILED_COLUMNS << 2);
  laying.splits = scratch(128);
  laying.below = scratch(128);
}

/** Trees follow at `trees`, entries at `entries`. */
export function startTrees(trees: usize, entries: usize): void {
  laying.first = trees;
  laying.entriesEnd = entries;
}

/** A node of the complete tree: key and 16 x column. */
// @ts-ignore: decorator
@inline
function nodeAt(node: i32): u64 {
  return load<u64>(laying.nodes + ((<usize>node) << 3));
}

/** Adds a split's entry, whose code will be at `code`; returns its column. */
function enter(split: u64, code: usize): usize {
  const column = <usize>(split >>> 36);
  const keys = laying.treeKeys + (column << 2);
  store<i32>(keys, load<i32>(keys) + 1);
  const key = <u64>(<u32>split ^ 0x8000_0000);
  store<u64>(laying.entriesEnd, key | (<u64>column << Entry.COLUMN) | (<u64>(code - laying.first) << Entry.PLACE));
  laying.entriesEnd += 8;
  return column;
}

/** A column's bits from the highest down, in the order in which the walk asks for them. */
function columnBits(column: usize): u8 {
  return <u8>(((column & 1) << 7) | ((column & 2) << 5) | ((column & 4) << 3) | ((column & 8) << 1));
}

/**
 * 128 + the number of the path length of a leaf, which is at each place of the last level below it. Leaves of one or
 * two rows, most of them, have whole lengths, which need no search. Others there are at most 47: 256 rows make no more
 * different pairs of a level and a count above two.
 */
function leafOf(node: i32): u8 {
  const place = ((node + 1) << (clz<i32>(node + 1) - (31 - COMPILED_DEPTH))) - (1 << COMPILED_DEPTH);
  const length = <u32>(load<f32>(laying.leaves + ((<usize>place) << 2)) * 8388608);
  if ((length & 0x7f_ffff) == 0) return <u8>(LEAF + (length >>> 23));
  let number = WHOLE;
  while (number < laying.distinct && load<u32>(laying.lengths + ((<usize>number) << 2)) != length) number++;
  if (number == laying.distinct) {
    store<u32>(laying.lengths + ((<usize>number) << 2), length);
    laying.distinct++;
  }
  return <u8>(LEAF + number);
}

/** What a node is in the tables: the number of its split in its level, or a leaf. */
// @ts-ignore: decorator
@inline
function placeOf(node: i32): u8 {
  if (node >= NODES - 1 || <i32>nodeAt(node) == PADDING) return leafOf(node);
  store<u8>(laying.below + <usize>laying.found, <u8>node);
  laying.found++;
  return <u8>(laying.found - 1);
}

/** One split of level 4 or below, at `target` of its segment. */
function laySplit(node: i32, target: usize): void {
  store<u8>(target, columnBits(enter(nodeAt(node), target)), 16);
  const near = placeOf(2 * node + 1);
  store<u8>(target, near, 32);
  store<u8>(target, near ^ placeOf(2 * node + 2), 48);
}

/** Levels 0 to 3. Nothing is above the threshold of a node that no split has made. */
function layHead(tree: usize): void {
  for (let node = 0; node < 7; node++) {
    const split = nodeAt(node);
    const pair = tree + ((<usize>node) << 1);
    store<u16>(pair, 0x007f, HEAD);
    if (<i32>split != PADDING) store<u8>(pair, <u8>(enter(split, pair + HEAD) << 4), HEAD + 1);
  }
  for (let node = 7; node < 15; node++) {
    const split = nodeAt(node);
    const target = tree + LEVEL3 + <usize>(node - 7);
    store<u8>(target, 0x7f);
    store<u8>(target, <i32>split == PADDING ? 0 : columnBits(enter(split, target)), 8);
  }
}

/** Lays out the (complete) tree at `complete` and adds its splits' entries; returns the byte behind it. */
export function layTree(complete: usize, tree: usize): usize {
  laying.nodes = complete;
  laying.leaves = complete + ((<usize>8) << COMPILED_DEPTH);
  laying.lengths = tree + LENGTHS;
  laying.distinct = WHOLE;
  for (let i = 0; i < WHOLE; i += 4) {
    const whole = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
    v128.store(laying.lengths + ((<usize>i) << 2), i32x4.shl(whole, 23));
  }
  laying.found = 0;
  memory.fill(laying.treeKeys, 0, COMPILED_COLUMNS << 2);
  layHead(tree);
  memory.fill(tree + LEVEL4, 0, SEGMENT);
  for (let node = 15; node < 31; node++) {
    const target = tree + LEVEL4 + <usize>(node - 15);
    if (<i32>nodeAt(node) == PADDING) store<u8>(target, leafOf(node), 32);
    else laySplit(node, target);
  }
  let segment = tree + LEVELS;
  for (let level: usize = 0; level < 3; level++) {
    const count = laying.found;
    const bytes = max<usize>(<usize>(count + 15) >> 4, 1) * SEGMENT;
    const other = laying.splits;
    laying.splits = laying.below;
    laying.below = other;
    laying.found = 0;
    memory.fill(segment, 0, bytes);
    store<u8>(tree + level, <u8>(bytes / SEGMENT), offsetof<CompiledTree>('segments0'));
    for (let i = 0; i < count; i++) {
      laySplit(load<u8>(laying.splits + <usize>i), segment + (<usize>(i >> 4)) * SEGMENT + <usize>(i & 15));
    }
    segment += bytes;
  }
  changetype<CompiledTree>(tree).size = <i32>(segment - tree);
  return segment;
}
