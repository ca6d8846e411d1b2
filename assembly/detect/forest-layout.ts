// How a tree lies in memory. Trees are complete: a leaf above the last level is spread over all last-level leaves below
// it.
//
//   tree  │ node 0 │ node 1 │ … │ node 2^D - 2 │ 8 unused │ leaf 0 │ … │ leaf 2^D - 1 │
//   node: i32 key of threshold, u32 16 × feature
// The child for x <= threshold is 2 i + 1, the other (and NaN) 2 i + 2: a walk adds the result of the comparison.

/** Least depth that the scorer's three vector levels need. */
const LEAST_DEPTH = 3;

/** Key of a node that no split has made: no value's key is above it. */
export const PADDING: i32 = 0x7fff_ffff;

/** Levels of splits for a subsample: ceil(log2 psi). */
export function growthDepth(subsample: i32): i32 {
  return 32 - clz<i32>(max(subsample, 2) - 1);
}

/** Levels of splits that are stored. */
export function storedDepth(subsample: i32): i32 {
  return max(growthDepth(subsample), LEAST_DEPTH);
}

/** Bytes of a tree of stored depth D. */
export function treeBytes(depth: i32): usize {
  return (<usize>12) << depth;
}

/** Feature columns, padded to whole vectors. */
export function paddedColumns(columns: i32): i32 {
  return (columns + 3) & ~3;
}

/** c(n) of Liu et al. 2008: mean length of an unsuccessful search among n. */
export function meanPath(n: i32): f64 {
  if (n < 2) return 0;
  if (n == 2) return 1;
  return 2 * (Math.log(<f64>n - 1) + 0.5772156649) - (2 * (<f64>n - 1)) / <f64>n;
}

/**
 * The key of a threshold: a signed integer in the order of the numbers, both zeros equal; NaN first, so that nothing is
 * at or below it. Keys of values (`keysOf`) are the same, but for NaN, which comes last.
 */
export function thresholdKey(cut: f32): i32 {
  const bits = reinterpret<i32>(cut + 0);
  return cut == cut ? bits ^ ((bits >> 31) & 0x7fff_ffff) : i32.MIN_VALUE;
}

/** The number whose key this is; zero for both zeros. */
export function valueOf(key: i32): f32 {
  return reinterpret<f32>(key ^ ((key >> 31) & 0x7fff_ffff));
}

/**
 * [a, b, c, d] → signed integers in the order of the numbers, both zeros equal, NaN last: integers compare in fewer
 * steps than floats.
 */
// @ts-ignore: decorator
@inline
export function keysOf(values: v128): v128 {
  const bits = f32x4.add(values, f32x4.splat(0));
  const keys = v128.xor(bits, v128.and(i32x4.shr_s(bits, 31), i32x4.splat(0x7fff_ffff)));
  return v128.bitselect(i32x4.splat(0x7fff_ffff), keys, f32x4.ne(values, values));
}
