// The slow plain-TypeScript oracle of senders' clocks: who is believed, held, aligned. For tests only.
import type { GroupRecord } from './ticks.js';

const HOUR = 3_600_000_000_000n;

export interface ClockRecord {
  readonly group: number;
  shift: bigint;
  newest: bigint;
  /** When its newest point came. */
  received: bigint;
  lead: bigint;
  claim: { lowest: bigint; newest: bigint; readonly from: bigint; readonly request: string } | undefined;
  heldRequest: string;
  /** As sent. */
  heldFrom: bigint;
  trustedUntil: bigint;
  late: { since: bigint; newest: bigint; from: bigint } | undefined;
}

export type Judgement = 'take' | 'hold' | { readonly released: ClockRecord };

export const newClock = (group: number): ClockRecord => ({
  group,
  shift: 0n,
  newest: 0n,
  received: 0n,
  lead: 0n,
  claim: undefined,
  heldRequest: '',
  heldFrom: 0n,
  trustedUntil: 0n,
  late: undefined,
});

const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => greater(a, b), 0n);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const size = (a: bigint): bigint => (a < 0n ? -a : a);
const within = (value: bigint, bound: bigint): bigint => least(value < -bound ? -bound : value, bound);

const marginOf = ({ window }: GroupRecord): bigint => window + window / 2n;

/** Has told the time in the last four windows, and was not late. */
const isActive = (group: GroupRecord, { newest, late }: ClockRecord): boolean =>
  newest !== 0n && !late && newest >= group.newest - 4n * group.window;

/** Undefined: no other sender has a say, those aside that claim another time. */
function othersOf(group: GroupRecord, own: ClockRecord): bigint | undefined {
  const active = group.clocks.filter((clock) => clock !== own && !clock.claim && isActive(group, clock));
  return active.length === 0 ? undefined : most(active.map(({ newest }) => newest));
}

/** Once a tick. */
export function settleClocks(group: GroupRecord): void {
  const { clocks, window } = group;
  const shifts = clocks.filter((clock) => isActive(group, clock)).map(({ shift }) => shift);
  if (shifts.length > 0) group.base = shifts.reduce((a, b) => (size(b) < size(a) ? b : a));
  const seen = clocks.filter((clock) => clock.newest !== 0n);
  if (seen.length < 2) return;
  const newest = most(seen.map((clock) => clock.newest));
  for (const clock of seen) {
    if (clock.newest <= newest - window || clock.late || clock.claim) continue;
    const others = most(seen.filter((other) => other !== clock).map((other) => other.newest));
    clock.lead = within(clock.newest - others, window);
  }
}

function release(clock: ClockRecord): Judgement {
  clock.claim = undefined;
  return { released: clock };
}

function claim(clock: ClockRecord, time: bigint, request: string, from: bigint, limit: bigint): void {
  clock.heldRequest = request;
  if (clock.claim) {
    clock.claim.lowest = least(clock.claim.lowest, time);
    clock.claim.newest = most([clock.claim.newest, time]);
    return;
  }
  clock.claim = { lowest: time, newest: time, from, request };
  clock.heldFrom = limit + 1n + clock.shift;
}

function believe(group: GroupRecord, clock: ClockRecord, until: bigint): void {
  clock.trustedUntil = until;
  if (group.phase !== undefined) group.jump = { from: group.newest, by: clock.claim!.lowest - group.newest };
}

function holdAlone(group: GroupRecord, clock: ClockRecord, time: bigint, request: string, limit: bigint): Judgement {
  if (clock.claim && clock.claim.request !== request) {
    const step = time - clock.claim.lowest;
    if (step >= group.window / 2n && step <= group.ahead) {
      believe(group, clock, time + group.ahead);
      return release(clock);
    }
    if (size(step) > group.ahead) clock.claim = undefined;
  }
  claim(clock, time, request, group.newest, limit);
  return 'hold';
}

function isMajority(group: GroupRecord): boolean {
  const active = group.clocks.filter((clock) => isActive(group, clock));
  return 2 * active.filter((clock) => clock.claim).length > active.length;
}

function holdAmong(
  group: GroupRecord,
  clock: ClockRecord,
  time: bigint,
  request: string,
  others: bigint,
  limit: bigint,
): Judgement {
  claim(clock, time, request, others, limit);
  const { lowest, newest, from } = clock.claim!;
  const patience = lowest - others <= group.ahead ? 3n : 10n;
  const isAlone = others === from && newest - lowest >= patience * group.window;
  if (!isAlone && !isMajority(group)) return 'hold';
  const claiming = group.clocks.filter((each) => each.claim);
  const leader = claiming.reduce((a, b) => (b.claim!.lowest < a.claim!.lowest ? b : a));
  believe(group, leader, isAlone ? leader.claim!.newest : leader.claim!.lowest + group.window / 2n);
  if (leader !== clock || clock.claim!.request !== request) return release(leader);
  clock.claim = undefined;
  return 'take';
}

function align(group: GroupRecord, clock: ClockRecord, by: bigint): boolean {
  const shift = clock.shift + by;
  if (size(shift) > 24n * HOUR) return false;
  clock.shift = size(shift) <= group.window / 2n ? 0n : shift;
  clock.late = undefined;
  return true;
}

const isPaced = ({ window }: GroupRecord, progress: bigint, others: bigint): boolean =>
  progress >= window / 2n && progress >= others / 2n - window && progress <= 2n * others + window;

function settleClaims(group: GroupRecord, own: ClockRecord, time: bigint): ClockRecord | undefined {
  const margin = marginOf(group);
  for (const clock of group.clocks) {
    if (!clock.claim || clock === own) continue;
    const others = othersOf(group, clock) ?? 0n;
    const { lowest, newest, from } = clock.claim;
    const gone = time - from;
    const isStillAhead = gone >= group.window && newest - time > group.window / 2n;
    if (isStillAhead && isPaced(group, newest - lowest, gone)) {
      if (align(group, clock, newest - others - clock.lead)) return clock;
      clock.claim = undefined;
    } else if (lowest - others <= margin) {
      return clock;
    } else if (gone > 16n * group.window) clock.claim = undefined;
  }
  return undefined;
}

function takeInStep(group: GroupRecord, clock: ClockRecord, time: bigint, due: bigint): Judgement {
  if (clock.claim) {
    if (time >= clock.claim.lowest) return release(clock);
    if (time > clock.newest - group.window / 2n) clock.claim = undefined;
  }
  if (time < due) return 'take';
  const other = settleClaims(group, clock, time);
  return other ? release(other) : 'take';
}

/** Nobody in the group has told a time that is not before `earliest`. */
export const isPast = (group: GroupRecord, earliest: bigint): boolean =>
  group.phase === undefined || group.newest + group.base < earliest;

/** A point without a time follows the newest one, as far behind it as it came after it; never beyond its receipt. */
export function assumedTime(group: GroupRecord, received: bigint): bigint {
  const told = group.clocks.filter((clock) => clock.newest !== 0n);
  if (told.length === 0) return least(group.newest, received);
  const { newest, received: since } = told.reduce((a, b) => (b.newest > a.newest ? b : a));
  return least(newest + greater(received - since, 0n), received);
}

/** `due`: time from which a tick is to be closed; the least before the first point. */
export function judge(
  group: GroupRecord,
  clock: ClockRecord,
  time: bigint,
  request: string,
  received: bigint,
  earliest: bigint,
  isAssumed: boolean,
  due: bigint,
): Judgement {
  if (time <= clock.trustedUntil) return takeInStep(group, clock, time, due);
  if (group.phase !== undefined && time + clock.shift >= earliest && isPast(group, earliest)) {
    clock.claim = undefined;
    return takeInStep(group, clock, time, due);
  }
  if (clock.claim && clock.heldRequest === request && time + clock.shift >= clock.heldFrom) {
    claim(clock, time, request, 0n, 0n);
    return 'hold';
  }
  if (isAssumed && group.phase === undefined && earliest > 0n) return holdAlone(group, clock, time, request, time - 1n);
  const others = othersOf(group, clock);
  if (others === undefined) {
    const watermark = group.phase === undefined ? (received > 0n ? received : time) : group.newest - group.lateness;
    const limit = watermark + group.ahead;
    return time > limit ? holdAlone(group, clock, time, request, limit) : takeInStep(group, clock, time, due);
  }
  const limit = others + marginOf(group);
  return time > limit ? holdAmong(group, clock, time, request, others, limit) : takeInStep(group, clock, time, due);
}

/** True: the clock was aligned, and its late point is in time now. */
export function noteLate(group: GroupRecord, clock: ClockRecord, time: bigint): boolean {
  const { window, jump } = group;
  if (clock.late && time <= clock.late.newest) return false;
  if (jump && jump.by !== 0n && clock.newest !== 0n && clock.newest <= jump.from && time > clock.newest) {
    if (group.newest - jump.from - jump.by <= 4n * window && align(group, clock, -jump.by)) return true;
  }
  const others = othersOf(group, clock);
  const sent = time + clock.shift;
  if (clock.shift !== 0n && others !== undefined) {
    const isInStep = sent <= others + marginOf(group) && sent > others - window / 2n;
    if (isInStep && align(group, clock, -clock.shift)) return true;
  }
  const alignLate = (): boolean =>
    align(group, clock, time - (others === undefined ? group.newest : others + most([clock.lead])));
  if (clock.shift !== 0n && time > clock.newest && time > (others ?? 0n) - 2n * window) return alignLate();
  clock.late ??= { since: time, newest: time, from: group.newest };
  clock.late.newest = time;
  const progress = time - clock.late.since;
  const gone = group.newest - clock.late.from;
  if (progress < 3n * window) return false;
  if (gone === 0n) {
    if (progress < (others === undefined ? 3n : 10n) * window) return false;
  } else if (!isPaced(group, progress, gone)) {
    clock.late = { since: time, newest: time, from: group.newest };
    return false;
  }
  return alignLate();
}
