// A grown forest in the form that sixteen rows can walk at once: thresholds by rank, one byte each.
//
// Only the order of a value among the thresholds of its column decides a walk. Trees are taken together, in batches
// with at most 255 thresholds a column; then a value is one byte in each batch, and v > threshold is a comparison of
// bytes:
//   keys of a column, sorted │ k0 │ k1 │ k2 │ …         R = keys below v, found by bucket and bisection (forest-walk.ts)
//   codes by R, i8[16]       │ -128 + keys of batch 0 among the first R │ … of batch 15 │
// A threshold's own byte is that of its rank: v > k_r  ⇔  R(v) > r  ⇔  code(R(v)) > code(r) in a batch that holds k_r.
//
// All of it is derived from the trees, scratch, made when it is first needed.
import { scratch } from '../memory';
import { valueOf } from './forest-layout';
import {
  COMPILED_COLUMNS,
  COMPILED_DEPTH,
  CompiledTree,
  Entry,
  entriesEnd,
  layOutTrees,
  layTree,
  startTrees,
  TREE_MOST,
  treeKeys,
} from './forest-tables';

/** Batches, one a byte of a vector; thresholds of a column in one. */
const BATCHES = 16;
/** Most splits, a tree, that there is room for: normal data have 60, uniform 100, whole numbers of few values 160. */
const MOST_SPLITS = 176;
const BATCH_KEYS = 255;
/** Trees at most: ranks and buckets count in 16 bits. */
const MOST_TREES = 256;
export const BUCKETS = 1024;
/** Bytes of a batch's codes of sixteen rows: twelve columns, then the same as coefficients (forest-walk.ts). */
export const BATCH_BYTES: usize = COMPILED_COLUMNS << 5;

/** A compiled forest, byte offsets. Behind it: trees, keys (each column's followed by padding), codes. */
export const enum Compiled {
  /** i32: 0 not made, else a Form. */
  FORM = 0,
  /** i32: batches in use; bytes of a row of codes, 4 or 16. */
  BATCHES = 4,
  WIDTH = 8,
  /** f32[12] each: bucket = (value - LOW) x SCALE. */
  LOW = 16,
  SCALE = 64,
  /** i32[12] each: first key and first code of a column; half of the bisection's window, 0: no search. */
  FIRST_KEY = 112,
  FIRST_CODE = 160,
  HALF = 208,
  /** u16[12][1024]: keys of the column in lower buckets. */
  BELOW = 256,
  TREES = 24832,
}

export const enum Form {
  NONE = 0,
  READY = 1,
  /** More columns, levels or batches than fit: trees are walked as they are. */
  UNFIT = 2,
}

/** Entries of all splits (forest-tables.ts), sorted to and fro; digits' counts. */
let entries: usize = 0;
let sorted: usize = 0;
let counts: usize = 0;
/** i32[12]: keys of the running batch. */
let batchKeys: usize = 0;
/** i8[16][16]: 1 for a batch, 0 for the others. */
let ones: usize = 0;

const DIGIT_BITS = 12;
const DIGIT_MASK: u64 = (1 << DIGIT_BITS) - 1;

/** Room for the compiled form of so many trees. */
export function compiledBytes(trees: i32): usize {
  const keys = <usize>trees * MOST_SPLITS;
  return (keys * 28 + <usize>trees * TREE_MOST + Compiled.TREES + 512 + 63) & ~63;
}

export function layOutCompiler(trees: i32): void {
  const most = (<usize>trees << COMPILED_DEPTH) << 3;
  entries = scratch(most);
  sorted = scratch(most);
  counts = scratch((<usize>4) << DIGIT_BITS);
  batchKeys = scratch(COMPILED_COLUMNS << 2);
  ones = scratch(BATCHES * BATCHES);
  for (let batch = 0; batch < BATCHES; batch++) store<u8>(ones + <usize>(batch * (BATCHES + 1)), 1);
  layOutTrees();
}

/** One stable pass of a radix sort. */
function sortDigit(from: usize, to: usize, count: i32, shift: u64): void {
  const limit = from + ((<usize>count) << 3);
  memory.fill(counts, 0, (<usize>4) << DIGIT_BITS);
  for (let cursor = from; cursor < limit; cursor += 8) {
    const at = counts + ((<usize>((load<u64>(cursor) >>> shift) & DIGIT_MASK)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let before: u32 = 0;
  for (let at = counts; at < counts + ((<usize>4) << DIGIT_BITS); at += 4) {
    const here = load<u32>(at);
    store<u32>(at, before);
    before += here;
  }
  for (let cursor = from; cursor < limit; cursor += 8) {
    const entry = load<u64>(cursor);
    const at = counts + ((<usize>((entry >>> shift) & DIGIT_MASK)) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u64>(to + ((<usize>place) << 3), entry);
  }
}

/**
 * Lays out every tree, every split of which becomes an entry, and gives it its batch. Returns the byte behind the
 * trees, 0 where there are too many batches.
 */
function layTrees(forest: usize, trees: i32, stride: usize, c: usize): usize {
  let batch = 0;
  let target = c + Compiled.TREES;
  startTrees(target, entries);
  memory.fill(batchKeys, 0, COMPILED_COLUMNS << 2);
  for (let tree = 0; tree < trees; tree++) {
    const before = entriesEnd;
    const next = layTree(forest + <usize>tree * stride, target);
    if (!joinBatch()) {
      batch++;
      memory.copy(batchKeys, treeKeys, COMPILED_COLUMNS << 2);
    }
    if (batch == BATCHES) return 0;
    for (let at = before; at < entriesEnd; at += 8) store<u64>(at, load<u64>(at) | (<u64>batch << Entry.BATCH));
    store<i32>(target, batch * <i32>BATCH_BYTES, CompiledTree.BATCH);
    target = next;
  }
  store<i32>(c, batch + 1, Compiled.BATCHES);
  store<i32>(c, batch < 4 ? 4 : BATCHES, Compiled.WIDTH);
  return target;
}

/** Adds the tree's keys to the running batch; false where it would hold too many of a column. */
function joinBatch(): bool {
  for (let at: usize = 0; at < COMPILED_COLUMNS << 2; at += 4) {
    if (load<i32>(batchKeys + at) + load<i32>(treeKeys + at) > BATCH_KEYS) return false;
  }
  for (let at: usize = 0; at < COMPILED_COLUMNS << 2; at += 16) {
    v128.store(batchKeys + at, i32x4.add(v128.load(batchKeys + at), v128.load(treeKeys + at)));
  }
  return true;
}

/**
 * Bucket of a number; the same arithmetic as of four numbers in forest-walk.ts. It never falls as numbers rise; NaN: 0.
 */
function bucketOf(value: f32, low: f32, scale: f32): i32 {
  return min(max(<i32>((value - low) * scale), 0), BUCKETS - 1);
}

/** Buckets of a column with `count` keys at `keys`; half of the least window that holds any bucket's. */
function layBuckets(c: usize, column: usize, keys: usize, count: i32): i32 {
  let low: f32 = valueOf(load<i32>(keys));
  const high = valueOf(load<i32>(keys + ((<usize>max(count - 1, 0)) << 2)));
  let scale = <f32>BUCKETS / (high - low);
  // Infinities, or one key: one bucket.
  if (!(scale > 0 && scale < Infinity && low > -Infinity)) {
    low = 0;
    scale = 0;
  }
  store<f32>(c + (column << 2), low, Compiled.LOW);
  store<f32>(c + (column << 2), scale, Compiled.SCALE);
  const below = c + Compiled.BELOW + column * (BUCKETS << 1);
  memory.fill(below, 0, BUCKETS << 1);
  for (let cursor = keys; cursor < keys + ((<usize>count) << 2); cursor += 4) {
    const at = below + ((<usize>bucketOf(valueOf(load<i32>(cursor)), low, scale)) << 1);
    store<u16>(at, load<u16>(at) + 1);
  }
  let before = 0;
  let most = 0;
  for (let at = below; at < below + (BUCKETS << 1); at += 2) {
    const here = <i32>load<u16>(at);
    store<u16>(at, <u16>before);
    before += here;
    most = max(most, here);
  }
  return most == 0 ? 0 : 1 << (31 - clz<i32>(most));
}

/**
 * Keys and codes of one column from its entries [cursor, limit), whose thresholds get their codes; returns the keys.
 */
function compileColumn(c: usize, cursor: usize, limit: usize, keys: usize, codes: usize): i32 {
  const width = <usize>load<i32>(c, Compiled.WIDTH);
  let rank: usize = 0;
  let code = codes;
  let counted = i8x16.splat(-128);
  v128.store(codes, counted);
  while (cursor < limit) {
    const key = <u32>load<u64>(cursor);
    const next = code + width;
    store<u32>(keys + (rank << 2), key ^ 0x8000_0000);
    for (; cursor < limit && <u32>load<u64>(cursor) == key; cursor += 8) {
      const entry = load<u64>(cursor);
      const batch = <usize>(entry >>> Entry.BATCH) & (BATCHES - 1);
      store<u8>(c + <usize>(entry >>> Entry.PLACE), load<u8>(code + batch), Compiled.TREES);
      counted = i8x16.add(counted, v128.load(ones + (batch << 4)));
    }
    v128.store(next, counted);
    rank++;
    code = next;
  }
  return <i32>rank;
}

/** Compiles the trees at `forest` into `c`; `columns`: padded. */
export function compileForest(forest: usize, trees: i32, stride: usize, depth: i32, columns: i32, c: usize): void {
  store<i32>(c, Form.UNFIT, Compiled.FORM);
  if (depth != COMPILED_DEPTH || columns > <i32>COMPILED_COLUMNS || trees > MOST_TREES) return;
  const behind = layTrees(forest, trees, stride, c);
  const count = <i32>((entriesEnd - entries) >> 3);
  if (behind == 0 || count > trees * MOST_SPLITS) return;
  sortDigit(entries, sorted, count, 0);
  sortDigit(sorted, entries, count, DIGIT_BITS);
  sortDigit(entries, sorted, count, 2 * DIGIT_BITS);
  // A column's keys are followed by as many of padding, at most twice their number, that nothing is above.
  const codesStart = behind + (((<usize>count) * 12 + (COMPILED_COLUMNS << 4) + 15) & ~15);
  let keys = behind;
  let codes = codesStart;
  let cursor = sorted;
  const end = sorted + ((<usize>count) << 3);
  for (let column: usize = 0; column < <usize>columns; column++) {
    let limit = cursor;
    while (limit < end && ((<usize>(load<u64>(limit) >>> Entry.COLUMN)) & 15) == column) limit += 8;
    const distinct = compileColumn(c, cursor, limit, keys, codes);
    const half = layBuckets(c, column, keys, distinct);
    store<i32>(c + (column << 2), <i32>(keys - c), Compiled.FIRST_KEY);
    store<i32>(c + (column << 2), <i32>(codes - c), Compiled.FIRST_CODE);
    store<i32>(c + (column << 2), half, Compiled.HALF);
    keys += (<usize>distinct) << 2;
    for (let i = 0; i < 2 * half; i++, keys += 4) store<i32>(keys, i32.MAX_VALUE);
    codes += <usize>(distinct + 1) * <usize>load<i32>(c, Compiled.WIDTH);
    cursor = limit;
  }
  store<i32>(c, Form.READY, Compiled.FORM);
}
