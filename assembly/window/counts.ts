// What became of data points: monotonic counts since start, part of the state.
import { reserve } from '../memory';

/** Numbers of the counts, in the order of `FoldCounts` of the TypeScript face. */
export const enum Count {
  FOLDED = 0,
  LATE = 1,
  DUPLICATE = 2,
  HELD = 3,
  SHADOWED = 4,
  UNMAPPED = 5,
  COPIES = 6,
  STALE = 7,
  NO_VALUE = 8,
  REFUSED = 9,
  FIRST = 10,
  OVERLAP = 11,
  DOUBTFUL = 12,
  /** Further ahead of their receipt than is believed. */
  FUTURE = 13,
  COUNTS = 14,
}

let counts: usize = 0;

export function countsInit(): void {
  counts = reserve(Count.COUNTS * 8);
}

// @ts-ignore: decorator
@inline
export function bump(count: i32): void {
  const at = counts + ((<usize>count) << 3);
  store<f64>(at, load<f64>(at) + 1);
}

/** Address of f64[14]. */
export function foldCounts(): usize {
  return counts;
}
