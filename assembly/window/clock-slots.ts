// Slots of senders' clocks: given out, used again for another sender, and given back.
import { Clock, Grid } from '../graph/records';
import { clockAt, gridAt, head, isClock, isGroup, maxClocks, maxGroups } from '../graph/slots';
import { moveSeriesClock } from '../series/table';

/** The clock of another sender of the group; -1: no room but for the own clocks of groups to come. */
export function addClock(group: i32): i32 {
  if (!isGroup(group) || maxClocks - head.clocksUsed <= maxGroups - head.groupsUsed) return -1;
  return takeClock(group);
}

export function takeClock(group: i32): i32 {
  let slot = head.clocksFree;
  if (slot >= 0) head.clocksFree = clockAt(slot).next;
  else slot = head.clocksHigh++;
  head.clocksUsed++;
  startClock(slot, group);
  return slot;
}

function startClock(slot: i32, group: i32): void {
  const clock = clockAt(slot);
  memory.fill(changetype<usize>(clock), 0, offsetof<Clock>());
  clock.group = group;
  clock.next = gridAt(group).clocks;
  gridAt(group).clocks = slot;
}

function unlinkClock(grid: Grid, slot: i32): void {
  if (clockAt(slot).claim != 0) grid.claims--;
  if (grid.clocks == slot) grid.clocks = clockAt(slot).next;
  else {
    let before = grid.clocks;
    while (clockAt(before).next != slot) before = clockAt(before).next;
    clockAt(before).next = clockAt(slot).next;
  }
}

/**
 * The slot serves another sender, of any group; series of the one before go on under their group's own clock. False: it
 * cannot.
 */
export function renewClock(slot: i32, group: i32): bool {
  if (!isClock(slot) || !isGroup(group)) return false;
  const grid = gridAt(clockAt(slot).group);
  if (grid.ownClock == slot) return false;
  moveSeriesClock(slot, grid.ownClock);
  unlinkClock(grid, slot);
  startClock(slot, group);
  return true;
}

export function freeClock(grid: Grid, slot: i32): void {
  unlinkClock(grid, slot);
  const clock = clockAt(slot);
  memory.fill(changetype<usize>(clock), 0, offsetof<Clock>());
  clock.group = -1;
  clock.next = head.clocksFree;
  head.clocksFree = slot;
  head.clocksUsed--;
}
