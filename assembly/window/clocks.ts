// Clocks of senders: what is believed of a time, who tells another time than the rest, and by how much it is aligned.
//
//   others   ──•────────•────────•────────•──            a sender that is ahead closes no tick: what it sends is held
//   ahead              ╎← margin →╎   •────────•──        … until the others have caught up, go on without it (it is aligned),
//   behind   •────────•────────•                           or most of them jump as well (then time did)
//
// A point no more than a window and a half ahead of all others never closes a tick that their next points fall into.
// Everything is decided by event times and the order of requests.
import { Clock, Grid } from '../graph/records';
import { clockAt } from '../graph/slots';
import { align, isActive, isPaced, marginOf, newestOfOthers, noteAhead } from './clock-align';

/**
 * So many windows in which nobody contradicts are enough for a jump, up to the bound for a sender that is alone or
 * beyond it.
 */
export const PATIENCE: i64 = 3;
export const LONG_PATIENCE: i64 = 10;
/** Windows that the others go on after which a claim is forgotten that did not. */
const CLAIM_WINDOWS: i64 = 16;

export const enum Verdict {
  /** The point may be taken. */
  TAKE = 0,
  /** Ahead: held back. */
  HOLD = 1,
  /** Tick closed + 1 is to be closed first. */
  CLOSE = 2,
  /** What `releasedClock` had to wait with comes first. */
  CONFIRMED = 3,
}

let released: i32 = -1;

/** Clock whose held requests are to be folded first. */
export function releasedClock(): i32 {
  return released;
}

/**
 * Aligned times may be those of a clock that has gone, or was set since: results are told in the time of those that are
 * left.
 */
function baseOf(grid: Grid): i64 {
  let base: i64 = i64.MAX_VALUE;
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const clock = clockAt(slot);
    if (isActive(grid, clock) && abs(clock.shift) < abs(base)) base = clock.shift;
  }
  return base == i64.MAX_VALUE ? grid.base : base;
}

/** Notes how far each clock is ahead of all others; once a tick. */
export function settleClocks(grid: Grid): void {
  grid.base = baseOf(grid);
  let first = -1;
  let newest: i64 = 0;
  let second: i64 = 0;
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const time = clockAt(slot).newest;
    if (time > newest) {
      second = newest;
      newest = time;
      first = slot;
    } else second = max(second, time);
  }
  if (second == 0) return;
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const clock = clockAt(slot);
    const others = slot == first ? second : newest;
    if (clock.newest <= newest - grid.window || clock.lateSince != 0 || clock.claim != 0) continue;
    clock.lead = min(max(clock.newest - others, -grid.window), grid.window);
  }
}

function forgetClaim(grid: Grid, clock: Clock): void {
  clock.claim = 0;
  grid.claims--;
}

function release(grid: Grid, slot: i32): Verdict {
  forgetClaim(grid, clockAt(slot));
  released = slot;
  return Verdict.CONFIRMED;
}

/** Holds a point back: the clock claims this time. `limit`: times up to it were not held. */
function claim(grid: Grid, clock: Clock, time: i64, request: u32, others: i64, limit: i64): void {
  clock.heldRequest = request;
  if (clock.claim != 0) {
    clock.claim = min(clock.claim, time);
    clock.claimNewest = max(clock.claimNewest, time);
    return;
  }
  grid.claims++;
  clock.claim = time;
  clock.claimNewest = time;
  clock.claimFrom = others;
  clock.claimRequest = request;
  clock.heldFrom = limit + 1 + clock.shift;
}

/** Time jumps to where the clock is. */
function believe(grid: Grid, clock: Clock, until: i64): void {
  clock.trustedUntil = until;
  if (!grid.isStarted) return;
  grid.jumpFrom = grid.newest;
  grid.jumpBy = clock.claim - grid.newest;
}

/**
 * Nobody else tells the time: a second request, half a window on, must say about the same, and nothing in between
 * contradict.
 */
function holdAlone(grid: Grid, slot: i32, time: i64, request: u32, limit: i64): Verdict {
  const clock = clockAt(slot);
  if (clock.claim != 0 && clock.claimRequest != request) {
    const step = time - clock.claim;
    if (step >= grid.window / 2 && step <= grid.ahead) {
      believe(grid, clock, time + grid.ahead);
      return release(grid, slot);
    }
    if (abs(step) > grid.ahead) forgetClaim(grid, clock);
  }
  claim(grid, clock, time, request, grid.newest, limit);
  return Verdict.HOLD;
}

/** More than half of those who tell the time claim to be ahead. */
function isMajority(grid: Grid): bool {
  let active = 0;
  let ahead = 0;
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const clock = clockAt(slot);
    if (!isActive(grid, clock)) continue;
    active++;
    if (clock.claim != 0) ahead++;
  }
  return 2 * ahead > active;
}

/** The clock went on for long enough while all others stood still. */
function isUncontested(grid: Grid, clock: Clock, others: i64): bool {
  const patience = clock.claim - others <= grid.ahead ? PATIENCE : LONG_PATIENCE;
  return others == clock.claimFrom && clock.claimNewest - clock.claim >= patience * grid.window;
}

function lowestClaim(grid: Grid): i32 {
  let lowest = -1;
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const time = clockAt(slot).claim;
    if (time != 0 && (lowest < 0 || time < clockAt(lowest).claim)) lowest = slot;
  }
  return lowest;
}

/** Others tell another time. */
function holdAmong(grid: Grid, slot: i32, time: i64, request: u32, others: i64, limit: i64): Verdict {
  const clock = clockAt(slot);
  claim(grid, clock, time, request, others, limit);
  const isAlone = isUncontested(grid, clock, others);
  if (!isAlone && !isMajority(grid)) return Verdict.HOLD;
  const first = lowestClaim(grid);
  const leader = clockAt(first);
  believe(grid, leader, isAlone ? max(leader.claim, leader.claimNewest) : leader.claim + grid.window / 2);
  if (first != slot || clock.claimRequest != request) return release(grid, first);
  // Nothing of it was held yet: this is its first point.
  forgetClaim(grid, clock);
  return Verdict.TAKE;
}

/**
 * The others are about to go on to this time: a clock that need not, or must not, be waited for any longer; -1: none.
 */
function settleClaims(grid: Grid, own: i32, time: i64): i32 {
  const margin = marginOf(grid);
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const clock = clockAt(slot);
    if (clock.claim == 0 || slot == own) continue;
    const others = newestOfOthers(grid, slot);
    const gone = time - clock.claimFrom;
    const isStillAhead = gone >= grid.window && clock.claimNewest - time > grid.window / 2;
    if (isStillAhead && isPaced(grid, clock.claimNewest - clock.claim, gone)) {
      const by = clock.claimNewest - others - clock.lead;
      if (align(grid, clock, by)) return slot;
      noteAhead(clock, by);
      forgetClaim(grid, clock);
    } else if (clock.claim - others <= margin) {
      return slot;
    } else if (gone > CLAIM_WINDOWS * grid.window) forgetClaim(grid, clock);
  }
  return -1;
}

/** The point is in step with the others: what it says of claims. */
function takeInStep(grid: Grid, slot: i32, clock: Clock, time: i64): Verdict {
  if (clock.claim != 0) {
    if (time >= clock.claim) return release(grid, slot);
    if (time > clock.newest - grid.window / 2) forgetClaim(grid, clock);
  }
  if (grid.claims == 0 || time < grid.dueAt) return Verdict.TAKE;
  const due = settleClaims(grid, slot, time);
  return due >= 0 ? release(grid, due) : Verdict.TAKE;
}

/** Nobody in the group has told a time that is not before `earliest`, ns; 0: all are. */
export function isPast(grid: Grid, earliest: i64): bool {
  return !grid.isStarted || grid.newest + grid.base < earliest;
}

/**
 * The aligned time of a point that has none, in a group of the past: the newest that its clocks told, and what has
 * passed since that came, by receipt. So it follows a recording, and says nothing of the present.
 */
export function assumedTime(grid: Grid, received: i64): i64 {
  let newest: i64 = 0;
  let since: i64 = received;
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const clock = clockAt(slot);
    if (clock.newest <= newest) continue;
    newest = clock.newest;
    since = clock.received;
  }
  if (newest == 0) newest = grid.newest;
  return min(newest + max(received - since, 0), received);
}

/**
 * Whether a point that may close a tick is believed: TAKE, HOLD or CONFIRMED. `received`: wall clock at receipt, ns, 0
 * unknown. `earliest`: as in `fold`. A time near its receipt needs no second word where all others are of the past:
 * those are a recording, or the clock that told them was wrong. `isAssumed`: the point has no time, that of its receipt
 * stands for it; where a recording may follow, it takes two requests for that to be the group's first time.
 */
export function judge(
  grid: Grid,
  slot: i32,
  time: i64,
  request: u32,
  received: i64,
  earliest: i64,
  isAssumed: bool,
): Verdict {
  const clock = clockAt(slot);
  if (time <= clock.trustedUntil) return takeInStep(grid, slot, clock, time);
  if (grid.isStarted && time + clock.shift >= earliest && isPast(grid, earliest)) {
    // What is held of it is of the past, too.
    if (clock.claim != 0) forgetClaim(grid, clock);
    return takeInStep(grid, slot, clock, time);
  }
  if (clock.claim != 0 && clock.heldRequest == request && time + clock.shift >= clock.heldFrom) {
    claim(grid, clock, time, request, 0, 0);
    return Verdict.HOLD;
  }
  if (isAssumed && !grid.isStarted && earliest > 0) return holdAlone(grid, slot, time, request, time - 1);
  const others = newestOfOthers(grid, slot);
  if (others == 0) {
    const watermark = grid.isStarted ? grid.newest - grid.lateness : received > 0 ? received : time;
    const limit = watermark + grid.ahead;
    return time > limit ? holdAlone(grid, slot, time, request, limit) : takeInStep(grid, slot, clock, time);
  }
  const limit = others + marginOf(grid);
  return time > limit ? holdAmong(grid, slot, time, request, others, limit) : takeInStep(grid, slot, clock, time);
}
