// Aligns a clock to the others: who has a say, and by how much a clock is off.
import { Clock, Grid } from '../graph/records';
import { clockAt, noteMove } from '../graph/slots';

const HOUR: i64 = 3_600_000_000_000;
/** Further off than this, a clock is left out instead of aligned. */
const MAX_SHIFT: i64 = 24 * HOUR;
/** A sender that has told nothing for so many windows has no say. */
export const ACTIVE_WINDOWS: i64 = 4;

export function marginOf(grid: Grid): i64 {
  return grid.window + grid.window / 2;
}

/** Whether the sender has a say: it has told the time of late, and was not late itself. */
export function isActive(grid: Grid, clock: Clock): bool {
  return clock.newest != 0 && clock.lateSince == 0 && clock.newest >= grid.newest - ACTIVE_WINDOWS * grid.window;
}

/** Newest time of the group's other senders, those aside that claim another; 0: none of them has a say. */
export function newestOfOthers(grid: Grid, own: i32): i64 {
  let newest: i64 = 0;
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const clock = clockAt(slot);
    if (slot != own && clock.claim == 0 && isActive(grid, clock)) newest = max(newest, clock.newest);
  }
  return newest;
}

/** The clock is off by so much more. False: so far that it is not believed to be one. */
export function align(grid: Grid, clock: Clock, by: i64): bool {
  const shift = clock.shift + by;
  if (abs(shift) > MAX_SHIFT) return false;
  clock.shift = abs(shift) <= grid.window / 2 ? 0 : shift;
  clock.lateSince = 0;
  noteMove();
  return true;
}

/** It goes on at about the pace of the others. */
export function isPaced(grid: Grid, progress: i64, others: i64): bool {
  return progress >= grid.window / 2 && progress >= others / 2 - grid.window && progress <= 2 * others + grid.window;
}

/** Points of the clock are left out, because they are so far ahead; negative: behind. */
export function noteAhead(clock: Clock, by: i64): void {
  if (clock.future == 0) noteMove();
  clock.future = by;
}
