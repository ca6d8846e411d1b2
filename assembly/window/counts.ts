// What became of data points: monotonic counts since start, part of the state.
import { Region, reserve } from '../memory';

@unmanaged
export class Counts {
  folded: f64;
  late: f64;
  duplicate: f64;
  held: f64;
  shadowed: f64;
  unmapped: f64;
  copies: f64;
  stale: f64;
  /** `NoRecordedValue` flag, NaN, negative amount. */
  noValue: f64;
  /** No room in the series table. */
  refused: f64;
  /** First sample of a counter, no predecessor to subtract. */
  first: f64;
  /** A counter's sample of another writer than the one that is counted. */
  overlap: f64;
  /** A counter's sample that fell or leapt too far to be believed at once. */
  doubtful: f64;
  /** Further ahead of their receipt than is believed. */
  future: f64;
  /** Further behind their receipt than is believed, while others told of later times. */
  past: f64;
}

let counts: Counts = changetype<Counts>(0);

export function countsInit(): void {
  counts = changetype<Counts>(reserve(Region.COUNTS, offsetof<Counts>()));
}

/** One more. `field`: offset of the count. */
// @ts-ignore: decorator
@inline
export function bump(field: usize): void {
  const at = changetype<usize>(counts) + field;
  store<f64>(at, load<f64>(at) + 1);
}

/** Address of the Counts. */
export function foldCounts(): usize {
  return changetype<usize>(counts);
}
