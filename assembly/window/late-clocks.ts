// Clocks that are behind: late points that go on at the pace of the others align their clock.
import { Clock, Grid } from '../graph/records';
import { clockAt } from '../graph/slots';
import { ACTIVE_WINDOWS, align, isPaced, marginOf, newestOfOthers, noteAhead } from './clock-align';
import { LONG_PATIENCE, PATIENCE } from './clocks';

/** A late point of a clock that goes on. True: the clock was aligned, and the point is in time now. */
export function noteLate(grid: Grid, slot: i32, time: i64): bool {
  const clock = clockAt(slot);
  if (clock.lateSince != 0 && time <= clock.lateNewest) return false;
  const others = newestOfOthers(grid, slot);
  if (leftBehind(grid, clock, time) || isCorrected(grid, clock, time, others)) return true;
  if (isDrifting(grid, clock, time, others)) return alignLate(grid, clock, time, others);
  if (clock.lateSince == 0) {
    clock.lateSince = time;
    clock.lateFrom = grid.newest;
  }
  clock.lateNewest = time;
  const progress = time - clock.lateSince;
  const gone = grid.newest - clock.lateFrom;
  if (progress < PATIENCE * grid.window) return false;
  if (gone == 0) {
    if (progress < (others == 0 ? PATIENCE : LONG_PATIENCE) * grid.window) return false;
  } else if (!isPaced(grid, progress, gone)) {
    clock.lateSince = time;
    clock.lateFrom = grid.newest;
    return false;
  }
  return alignLate(grid, clock, time, others);
}

/** To where it was among the others, or to their newest time. */
function alignLate(grid: Grid, clock: Clock, time: i64, others: i64): bool {
  const by = time - (others == 0 ? grid.newest : others + max(clock.lead, 0));
  if (align(grid, clock, by)) return true;
  noteAhead(clock, by);
  return false;
}

/** A clock that was off has been set: as sent, its time is in step with the others. */
function isCorrected(grid: Grid, clock: Clock, time: i64, others: i64): bool {
  const sent = time + clock.shift;
  if (clock.shift == 0 || others == 0) return false;
  if (sent > others + marginOf(grid) || sent <= others - grid.window / 2) return false;
  return align(grid, clock, -clock.shift);
}

/** A clock that is off anyway has fallen behind a little more. */
function isDrifting(grid: Grid, clock: Clock, time: i64, others: i64): bool {
  return clock.shift != 0 && time > clock.newest && time > others - 2 * grid.window;
}

/** The others jumped, and this one goes on where all were before. */
function leftBehind(grid: Grid, clock: Clock, time: i64): bool {
  if (grid.jumpBy == 0 || clock.newest == 0 || clock.newest > grid.jumpFrom || time <= clock.newest) return false;
  if (grid.newest - grid.jumpFrom - grid.jumpBy > ACTIVE_WINDOWS * grid.window) return false;
  return align(grid, clock, -grid.jumpBy);
}
