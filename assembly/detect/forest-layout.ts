// How a tree lies in memory. Trees are complete: a leaf above the last level is spread over all last-level leaves below it.
//
//   tree  │ node 0 │ node 1 │ … │ node 2^D - 2 │ 8 unused │ leaf 0 │ … │ leaf 2^D - 1 │     node: f32 threshold, u32 16 × feature
// The heap is mirrored: the child for x <= threshold is 2 i + 2, the other (and NaN) 2 i + 1, so that a walk adds the comparison's
// result. The oracle's node i of level d is our node 3 · 2^d - 3 - i.

/** Least depth that the scorer's three vector levels need. */
const LEAST_DEPTH = 3;

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
