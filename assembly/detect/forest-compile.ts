// A grown forest in the form that sixteen rows can walk at once: thresholds by rank, one byte each.
//
// Only the order of a value among the thresholds of its column decides a walk. Trees are taken together, in batches with at most 255
// thresholds a column; then a value is one byte in each batch, and v > threshold is a comparison of bytes:
//   keys of a column, sorted │ k0 │ k1 │ k2 │ …         R = keys below v, found by bucket and bisection (forest-walk.ts)
//   codes by R, i8[16]       │ -128 + keys of batch 0 among the first R │ … of batch 15 │
// A threshold's own byte is that of its rank: v > k_r  ⇔  R(v) > r  ⇔  code(R(v)) > code(r) in a batch that holds k_r.
//
// All of it is derived from the trees, scratch, made when it is first needed.
import { scratch } from '../memory';
import { PADDING } from './forest-layout';

/** Columns of a compiled forest at most, and levels of its trees. */
export const COMPILED_COLUMNS: usize = 12;
export const COMPILED_DEPTH = 8;
/** Nodes of a tree, counting the unused one. */
const NODES: usize = 1 << COMPILED_DEPTH;
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

/** A compiled tree, byte offsets: levels 0 to 2 as (threshold, 16 x column) pairs; levels 3 to 7 as tables, the first padded. */
export const enum CompiledTree {
  HEAD = 0,
  /** i8 codes of thresholds by place in the level. */
  THRESHOLD3 = 16,
  THRESHOLD4 = 32,
  THRESHOLD5 = 48,
  THRESHOLD6 = 80,
  THRESHOLD7 = 144,
  /** u8 columns in the same order, their lowest bit first: see `columnBits`. */
  COLUMN3 = 272,
  COLUMN4 = 288,
  COLUMN5 = 304,
  COLUMN6 = 336,
  COLUMN7 = 400,
  /** u32[256]: path lengths in units of 2^-23. */
  LEAVES = 528,
  /** i32: offset of the batch's codes. */
  BATCH = 1552,
  BYTES = 1568,
}

/** Scratch of the compiler: u64 entries (node << 40 | column << 32 | key in unsigned order), sorted to and fro; digits' counts. */
let entries: usize = 0;
let sorted: usize = 0;
let counts: usize = 0;
/** i32[12]: keys of the running batch, and of one tree. */
let batchKeys: usize = 0;
let treeKeys: usize = 0;

const DIGIT_BITS = 12;
const DIGIT_MASK: u64 = (1 << DIGIT_BITS) - 1;

/** Room for the compiled form of so many trees. */
export function compiledBytes(trees: i32): usize {
  const keys = <usize>trees * MOST_SPLITS;
  return (keys * 28 + <usize>trees * CompiledTree.BYTES + Compiled.TREES + 512 + 63) & ~63;
}

export function layOutCompiler(trees: i32): void {
  const nodes = <usize>trees * NODES;
  entries = scratch(nodes << 3);
  sorted = scratch(nodes << 3);
  counts = scratch((<usize>4) << DIGIT_BITS);
  batchKeys = scratch(COMPILED_COLUMNS << 2);
  treeKeys = scratch(COMPILED_COLUMNS << 2);
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
 * Every split of every tree becomes an entry, every tree gets its batch, its leaves, and tables of nothing but padding. Returns the
 * entries, -1 where there are too many batches.
 */
function collectTrees(forest: usize, trees: i32, stride: usize, c: usize): i32 {
  let batch = 0;
  let cursor = entries;
  let target = c + Compiled.TREES;
  memory.fill(batchKeys, 0, COMPILED_COLUMNS << 2);
  for (let tree = 0; tree < trees; tree++) {
    const nodes = forest + <usize>tree * stride;
    cursor = collectSplits(nodes, <u64>tree << COMPILED_DEPTH, cursor);
    if (!joinBatch()) {
      batch++;
      memory.copy(batchKeys, treeKeys, COMPILED_COLUMNS << 2);
    }
    if (batch == BATCHES) return -1;
    store<i32>(target, batch * <i32>BATCH_BYTES, CompiledTree.BATCH);
    layTree(nodes, target);
    target += CompiledTree.BYTES;
  }
  store<i32>(c, batch + 1, Compiled.BATCHES);
  store<i32>(c, batch < 4 ? 4 : BATCHES, Compiled.WIDTH);
  return <i32>((cursor - entries) >> 3);
}

/** Entries of one tree, whose first node is number `first`; `treeKeys` counts them by column. */
function collectSplits(nodes: usize, first: u64, cursor: usize): usize {
  memory.fill(treeKeys, 0, COMPILED_COLUMNS << 2);
  for (let node: usize = 0; node < NODES - 1; node++) {
    const split = load<u64>(nodes + (node << 3));
    if (<i32>split == PADDING) continue;
    const column = split >>> 36;
    const at = treeKeys + ((<usize>column) << 2);
    store<i32>(at, load<i32>(at) + 1);
    store<u64>(cursor, ((first + node) << 40) | (column << 32) | <u64>(<u32>split ^ 0x8000_0000));
    cursor += 8;
  }
  return cursor;
}

/** Leaves, and thresholds that nothing is above. */
function layTree(nodes: usize, tree: usize): void {
  const lengths = nodes + (NODES << 3);
  memory.fill(tree, 0x7f, CompiledTree.COLUMN3);
  memory.fill(tree + CompiledTree.COLUMN3, 0, CompiledTree.LEAVES - CompiledTree.COLUMN3);
  for (let node: usize = 0; node < 14; node += 2) store<u8>(tree + node, 0, 1);
  for (let at: usize = 0; at < NODES << 2; at += 16) {
    const units = f32x4.mul(v128.load(lengths + at), f32x4.splat(8388608));
    v128.store(tree + at, i32x4.trunc_sat_f32x4_u(units), CompiledTree.LEAVES);
  }
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

/** The number whose key this is. */
function valueOf(key: i32): f32 {
  return reinterpret<f32>(key ^ ((key >> 31) & 0x7fff_ffff));
}

/** Bucket of a number; the same arithmetic as of four numbers in forest-walk.ts. It never falls as numbers rise; NaN: 0. */
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
  let key = 0;
  let most = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    store<u16>(below + ((<usize>bucket) << 1), <u16>key);
    const first = key;
    while (key < count && bucketOf(valueOf(load<i32>(keys + ((<usize>key) << 2))), low, scale) == bucket) key++;
    most = max(most, key - first);
  }
  return most == 0 ? 0 : 1 << (31 - clz<i32>(most));
}

/** A column's bits from the highest down, in the order in which the walk asks for them. */
function columnBits(column: usize): u8 {
  return <u8>(((column & 1) << 7) | ((column & 2) << 5) | ((column & 4) << 3) | ((column & 8) << 1));
}

/** Writes a node's threshold and column into its compiled tree. */
function placeSplit(tree: usize, node: usize, code: u8, column: usize, bits: u8): void {
  if (node < 7) {
    store<u8>(tree + (node << 1), code);
    store<u8>(tree + (node << 1), <u8>(column << 4), 1);
    return;
  }
  const at = tree + (node < 15 ? node - 7 + CompiledTree.THRESHOLD3 : node - 15 + CompiledTree.THRESHOLD4);
  store<u8>(at, code);
  store<u8>(at, bits, CompiledTree.COLUMN3 - CompiledTree.THRESHOLD3);
}

/** Keys and codes of one column from its entries [cursor, limit), which take their places in their trees; returns the keys. */
function compileColumn(c: usize, column: usize, cursor: usize, limit: usize, keys: usize, codes: usize): i32 {
  const bits = columnBits(column);
  const width = <usize>load<i32>(c, Compiled.WIDTH);
  let rank: usize = 0;
  let code = codes;
  v128.store(codes, i8x16.splat(-128));
  while (cursor < limit) {
    const key = <u32>load<u64>(cursor);
    const next = code + width;
    store<u32>(keys + (rank << 2), key ^ 0x8000_0000);
    v128.store(next, v128.load(code));
    for (; cursor < limit && <u32>load<u64>(cursor) == key; cursor += 8) {
      const id = <usize>(load<u64>(cursor) >>> 40);
      const tree = c + Compiled.TREES + (id >> COMPILED_DEPTH) * CompiledTree.BYTES;
      const batch = <usize>load<u32>(tree, CompiledTree.BATCH) / BATCH_BYTES;
      const own = load<u8>(code + batch);
      store<u8>(next + batch, own + 1);
      placeSplit(tree, id & (NODES - 1), own, column, bits);
    }
    rank++;
    code = next;
  }
  return <i32>rank;
}

/** Compiles the trees at `forest` into `c`; `columns`: padded. */
export function compileForest(forest: usize, trees: i32, stride: usize, depth: i32, columns: i32, c: usize): void {
  store<i32>(c, Form.UNFIT, Compiled.FORM);
  if (depth != COMPILED_DEPTH || columns > <i32>COMPILED_COLUMNS || trees > MOST_TREES) return;
  const count = collectTrees(forest, trees, stride, c);
  if (count < 0 || count > trees * MOST_SPLITS) return;
  sortDigit(entries, sorted, count, 0);
  sortDigit(sorted, entries, count, DIGIT_BITS);
  sortDigit(entries, sorted, count, 2 * DIGIT_BITS);
  const keysStart = c + Compiled.TREES + <usize>trees * CompiledTree.BYTES;
  // A column's keys are followed by as many of padding, at most twice their number, that nothing is above.
  const codesStart = keysStart + (((<usize>count) * 12 + (COMPILED_COLUMNS << 4) + 15) & ~15);
  let keys = keysStart;
  let codes = codesStart;
  let cursor = sorted;
  const end = sorted + ((<usize>count) << 3);
  for (let column: usize = 0; column < COMPILED_COLUMNS; column++) {
    let limit = cursor;
    while (limit < end && ((<usize>(load<u64>(limit) >>> 32)) & 15) == column) limit += 8;
    const distinct = compileColumn(c, column, cursor, limit, keys, codes);
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
