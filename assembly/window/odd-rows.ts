// Rows that show something odd about a counter, for TypeScript to tell.
import { scratch } from '../memory';

/** Why a row is told to TypeScript. */
export const enum Odd {
  /** Another writer's, left out. */
  OTHER_WRITER = 0,
  /** Of the writer that is counted, the first after the other's. */
  COUNTED_WRITER = 1,
  /** The reading before it was wrong, and left out. */
  CAME_BACK = 2,
  /** It goes on from a leap of the reading before, which is not counted. */
  LEAPT = 3,
}

/** More than that are not told in one fold. */
export const MOST_ODD = 64;
/** A row that shows something odd about a counter. */
@unmanaged
export class OddRow {
  row: u32;
  why: Odd;
}

/** OddRow[MOST_ODD] of the last fold. */
export let oddRows: usize = 0;
let odd: i32 = 0;

export function oddInit(): void {
  oddRows = scratch(MOST_ODD * offsetof<OddRow>());
}

export function clearOdd(): void {
  odd = 0;
}
/** Rows of the last fold that show something odd about a counter, and where they are listed. */
export function oddCount(): i32 {
  return odd;
}
export function oddList(): usize {
  return oddRows;
}

export function tell(index: i32, why: Odd): void {
  if (odd == MOST_ODD) return;
  const entry = changetype<OddRow>(oddRows + <usize>odd * offsetof<OddRow>());
  entry.row = index;
  entry.why = why;
  odd++;
}
