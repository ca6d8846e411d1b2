// Rows whose series asked for TypeScript: latency quantiles.
import { scratch } from '../memory';
import { ROW_CAPACITY } from '../otlp/rows';
import { Series } from '../series/record';

/** A row whose series asked for TypeScript. */
@unmanaged
export class SlowRow {
  row: u32;
  edge: i32;
  tick: f64;
}

/** SlowRow[ROW_CAPACITY] of the last fold. */
export let slowRows: usize = 0;
export let slow: i32 = 0;
/** Before a fold. */
export function clearSlow(): void {
  slow = 0;
}

export function slowInit(): void {
  slowRows = scratch(ROW_CAPACITY * offsetof<SlowRow>());
}

export function slowCount(): i32 {
  return slow;
}
export function slowList(): usize {
  return slowRows;
}

export function noteSlow(index: i32, series: Series, tick: i64): void {
  const entry = changetype<SlowRow>(slowRows + <usize>slow * offsetof<SlowRow>());
  entry.row = index;
  entry.edge = series.edge;
  entry.tick = <f64>tick;
  slow++;
}
