// A grown forest in the form that sixteen rows can walk at once: thresholds by rank, one byte each.
//
// Only the order of a value among the thresholds of its column decides a walk. Trees are taken together, in batches
// with at most 255 thresholds a column; then a value is one byte in each batch, and v > threshold is a comparison of
// bytes:
//   keys of a column, sorted │ k0 │ k1 │ k2 │ …    R = keys below v, found by bucket and bisection (forest-walk.ts)
//   codes by R, i8[16]       │ -128 + keys of batch 0 among the first R │ … of batch 15 │
// A threshold's own byte is that of its rank: v > k_r  ⇔  R(v) > r  ⇔  code(R(v)) > code(r) in a batch that holds k_r.
//
// All of it is derived from the trees, scratch, made when it is first needed.
import { scratch } from '../memory';
import { BATCHES, BATCH_BYTES, BUCKETS, Compiled, Form, HEAD_BYTES } from './forest-form';
import { valueOf } from './forest-layout';
import {
  COMPILED_COLUMNS,
  COMPILED_DEPTH,
  CompiledTree,
  Entry,
  laying,
  layOutTrees,
  layTree,
  startTrees,
  TREE_MOST,
} from './forest-tables';

/** Most splits, a tree, that there is room for: normal data have 60, uniform 100, whole numbers of few values 160. */
const MOST_SPLITS = 176;
/** Thresholds of a column in one batch. */
const BATCH_KEYS = 255;
/** Trees at most: ranks and buckets count in 16 bits. */
const MOST_TREES = 256;
@unmanaged
class Compiling {
  /** Entries of all splits (forest-tables.ts), sorted to and fro; digits' counts. */
  entries: usize;
  sorted: usize;
  counts: usize;
  /** i32[12]: keys of the running batch. */
  batchKeys: usize;
  /** i8[16][16]: 1 for a batch, 0 for the others. */
  ones: usize;
}

const compiling = changetype<Compiling>(memory.data(offsetof<Compiling>(), 16));

const DIGIT_BITS = 12;
const DIGIT_MASK: u64 = (1 << DIGIT_BITS) - 1;

/** Room for the compiled form of so many trees. */
export function compiledBytes(trees: i32): usize {
  const keys = <usize>trees * MOST_SPLITS;
  return (keys * 28 + <usize>trees * TREE_MOST + HEAD_BYTES + 512 + 63) & ~63;
}

export function layOutCompiler(trees: i32): void {
  const most = (<usize>trees << COMPILED_DEPTH) << 3;
  compiling.entries = scratch(most);
  compiling.sorted = scratch(most);
  compiling.counts = scratch((<usize>4) << DIGIT_BITS);
  compiling.batchKeys = scratch(COMPILED_COLUMNS << 2);
  compiling.ones = scratch(BATCHES * BATCHES);
  for (let batch = 0; batch < BATCHES; batch++) store<u8>(compiling.ones + <usize>(batch * (BATCHES + 1)), 1);
  layOutTrees();
}

/** One stable pass of a radix sort. */
function sortDigit(from: usize, to: usize, count: i32, shift: u64): void {
  const limit = from + ((<usize>count) << 3);
  memory.fill(compiling.counts, 0, (<usize>4) << DIGIT_BITS);
  for (let cursor = from; cursor < limit; cursor += 8) {
    const at = compiling.counts + ((<usize>((load<u64>(cursor) >>> shift) & DIGIT_MASK)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let before: u32 = 0;
  for (let at = compiling.counts; at < compiling.counts + ((<usize>4) << DIGIT_BITS); at += 4) {
    const here = load<u32>(at);
    store<u32>(at, before);
    before += here;
  }
  for (let cursor = from; cursor < limit; cursor += 8) {
    const entry = load<u64>(cursor);
    const at = compiling.counts + ((<usize>((entry >>> shift) & DIGIT_MASK)) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u64>(to + ((<usize>place) << 3), entry);
  }
}

/**
 * Lays out every tree, every split of which becomes an entry, and gives it its batch. Returns the byte behind the
 * trees, 0 where there are too many batches.
 */
function layTrees(forest: usize, trees: i32, stride: usize, c: Compiled): usize {
  let batch = 0;
  let target = c.trees;
  startTrees(target, compiling.entries);
  memory.fill(compiling.batchKeys, 0, COMPILED_COLUMNS << 2);
  for (let tree = 0; tree < trees; tree++) {
    const before = laying.entriesEnd;
    const next = layTree(forest + <usize>tree * stride, target);
    if (!joinBatch()) {
      batch++;
      memory.copy(compiling.batchKeys, laying.treeKeys, COMPILED_COLUMNS << 2);
    }
    if (batch == BATCHES) return 0;
    for (let at = before; at < laying.entriesEnd; at += 8) store<u64>(at, load<u64>(at) | (<u64>batch << Entry.BATCH));
    changetype<CompiledTree>(target).batch = batch * <i32>BATCH_BYTES;
    target = next;
  }
  c.batches = batch + 1;
  c.width = batch < 4 ? 4 : BATCHES;
  return target;
}

/** Adds the tree's keys to the running batch; false where it would hold too many of a column. */
function joinBatch(): bool {
  for (let at: usize = 0; at < COMPILED_COLUMNS << 2; at += 4) {
    if (load<i32>(compiling.batchKeys + at) + load<i32>(laying.treeKeys + at) > BATCH_KEYS) return false;
  }
  for (let at: usize = 0; at < COMPILED_COLUMNS << 2; at += 16) {
    const keys = i32x4.add(v128.load(compiling.batchKeys + at), v128.load(laying.treeKeys + at));
    v128.store(compiling.batchKeys + at, keys);
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
function layBuckets(c: Compiled, column: usize, keys: usize, count: i32): i32 {
  let low: f32 = valueOf(load<i32>(keys));
  const high = valueOf(load<i32>(keys + ((<usize>max(count - 1, 0)) << 2)));
  let scale = <f32>BUCKETS / (high - low);
  // Infinities, or one key: one bucket.
  if (!(scale > 0 && scale < Infinity && low > -Infinity)) {
    low = 0;
    scale = 0;
  }
  c.low[<i32>column] = low;
  c.scale[<i32>column] = scale;
  const below = c.below(column);
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
function compileColumn(c: Compiled, cursor: usize, limit: usize, keys: usize, codes: usize): i32 {
  const width = <usize>c.width;
  let rank: usize = 0;
  const trees = c.trees;
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
      store<u8>(trees + <usize>(entry >>> Entry.PLACE), load<u8>(code + batch));
      counted = i8x16.add(counted, v128.load(compiling.ones + (batch << 4)));
    }
    v128.store(next, counted);
    rank++;
    code = next;
  }
  return <i32>rank;
}

/** Compiles the trees at `forest` into `c`; `columns`: padded. */
export function compileForest(forest: usize, trees: i32, stride: usize, depth: i32, columns: i32, c: Compiled): void {
  c.form = Form.UNFIT;
  if (depth != COMPILED_DEPTH || columns > <i32>COMPILED_COLUMNS || trees > MOST_TREES) return;
  const behind = layTrees(forest, trees, stride, c);
  const count = <i32>((laying.entriesEnd - compiling.entries) >> 3);
  if (behind == 0 || count > trees * MOST_SPLITS) return;
  sortDigit(compiling.entries, compiling.sorted, count, 0);
  sortDigit(compiling.sorted, compiling.entries, count, DIGIT_BITS);
  sortDigit(compiling.entries, compiling.sorted, count, 2 * DIGIT_BITS);
  // A column's keys are followed by as many of padding, at most twice their number, that nothing is above.
  const codesStart = behind + (((<usize>count) * 12 + (COMPILED_COLUMNS << 4) + 15) & ~15);
  let keys = behind;
  let codes = codesStart;
  let cursor = compiling.sorted;
  const end = compiling.sorted + ((<usize>count) << 3);
  for (let column: usize = 0; column < <usize>columns; column++) {
    let limit = cursor;
    while (limit < end && ((<usize>(load<u64>(limit) >>> Entry.COLUMN)) & 15) == column) limit += 8;
    const distinct = compileColumn(c, cursor, limit, keys, codes);
    const half = layBuckets(c, column, keys, distinct);
    c.firstKey[<i32>column] = <i32>(keys - changetype<usize>(c));
    c.firstCode[<i32>column] = <i32>(codes - changetype<usize>(c));
    c.half[<i32>column] = half;
    keys += (<usize>distinct) << 2;
    for (let i = 0; i < 2 * half; i++, keys += 4) store<i32>(keys, i32.MAX_VALUE);
    codes += <usize>(distinct + 1) * <usize>c.width;
    cursor = limit;
  }
  c.form = Form.READY;
}
