// Times of spans whose senders' clocks disagree: how much time has passed, and when a span ended on the clock that most
// senders share.
//
// `elapsed` goes on by what each sender's own clock went on between two of its requests, so an offset, however large,
// moves nothing:
//
//   a sender's newest end, against its last         what it means
//   later, by no more than `wait`                   time passed
//   later, by more                                  a pause, once a second request agrees and nobody else went on as before;
//                                                   else this sender's clock was set forward, and its offset is measured anew
//   earlier, by more than `LATE_MS`                 its clock was set back, or old spans came: its offset is measured anew
//
// Offsets are votes (a request each, up to a hundred a sender): what the majority shares is the fleet's time. A sender
// within `wait` of it is right, and its times stay as they are; the times of others are moved by their offset. Nothing
// here asks what time it is.
import type { SpanFact } from './read.js';

interface SpanSender {
  /** What its clock shows beyond `elapsed`, ms. */
  offset: number;
  /** Requests heard since its clock was last set, and those since its offset was measured. */
  requests: number;
  steady: number;
}

/** A step forward that nobody has confirmed yet; `fresh`: of a sender that was never heard before. */
interface Step {
  readonly ms: number;
  readonly fresh: boolean;
}

export interface SavedClocks {
  readonly elapsed: number;
  readonly fleet: number;
  readonly senders: readonly (readonly [string, Readonly<SpanSender>])[];
}

/** When something happened on the fleet's clock; `sure` false: the sender's clock cannot have been right. */
export interface Dated {
  readonly unixNano: bigint;
  readonly sure: boolean;
  /** What the sender's clock is ahead of the fleet's, ms; 0 where it is within the wait. */
  readonly skewMs: number;
}

/**
 * A clock further ahead of the time of receipt has no vote, and an end further behind the fleet's time is not believed.
 */
const BELIEVED_MS = 300_000;
/** Spans this much older than their sender's last are no mere delay: half a window, which is what may come late. */
const LATE_MS = 30_000;
/** Times before September 2001 are no times. */
const FIRST_MS = 1e12;
const MAX_VOTES = 100;
/** Requests at an earlier time before old spans are taken for a clock that is behind. */
const STEADY = 3;
const MAX_SENDERS = 1024;
/** Of so many ends or more, one in twenty may be odd without the request being so. */
const MANY = 4;
const ODD_SHARE = 0.05;

/** False of a time that was never set, or is in another unit than nanoseconds. */
export function isTime(unixNano: bigint): boolean {
  return toMs(unixNano) >= FIRST_MS;
}

export class SenderClocks {
  readonly #waitMs: number;
  #elapsed = 0;
  /** Offset that the majority shares. */
  #fleet = 0;
  /** In order of being heard, the longest silent first. */
  readonly #senders = new Map<string, SpanSender>();
  readonly #steps = new Map<string, Step>();

  constructor(waitNanos: bigint) {
    this.#waitMs = toMs(waitNanos);
  }

  /** Event time that has passed, ms, from an origin of no meaning; never goes back. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** Takes note of the times of a request, in order. `receivedUnixNano` 0: not known. */
  hear(spans: Iterable<SpanFact>, receivedUnixNano: bigint): void {
    const ends = new Map<string, number[]>();
    for (const { sender, endUnixNano } of spans) {
      const ms = toMs(endUnixNano);
      if (ms < FIRST_MS) continue;
      const list = ends.get(sender);
      if (list) list.push(ms);
      else ends.set(sender, [ms]);
    }
    const received = receivedUnixNano === 0n ? Number.POSITIVE_INFINITY : toMs(receivedUnixNano);
    for (const [sender, list] of ends) this.#note(sender, newest(list));
    if (ends.size > 0) this.#vote(received);
  }

  /** Time on the fleet's clock of what a sender says happened then. */
  date(sender: string, unixNano: bigint): Dated {
    const now = this.#elapsed + this.#fleet;
    const moved = this.#correction(sender);
    const ms = toMs(unixNano) - moved;
    if (ms > now + this.#waitMs) return { unixNano: toNanos(now), sure: false, skewMs: moved };
    const at = moved === 0 ? unixNano : toNanos(ms);
    return { unixNano: at, sure: ms >= now - BELIEVED_MS, skewMs: moved };
  }

  save(): SavedClocks {
    return { elapsed: this.#elapsed, fleet: this.#fleet, senders: [...this.#senders].map(([k, s]) => [k, { ...s }]) };
  }

  /** What is no number is left out: a checkpoint may not stop the clock. */
  restore(saved: SavedClocks | undefined): void {
    this.#senders.clear();
    this.#steps.clear();
    const isSound = saved !== undefined && Number.isFinite(saved.elapsed) && Number.isFinite(saved.fleet);
    this.#elapsed = isSound ? saved.elapsed : 0;
    this.#fleet = isSound ? saved.fleet : 0;
    if (!isSound) return;
    for (const [key, sender] of saved.senders)
      if (Number.isFinite(sender.offset)) this.#senders.set(key, { ...sender, steady: sender.steady || 0 });
  }

  #correction(key: string): number {
    const sender = this.#senders.get(key);
    if (!sender) return 0;
    const ahead = sender.offset - this.#fleet;
    const isSkewed = ahead > this.#waitMs || (ahead < -this.#waitMs && sender.steady >= STEADY);
    return isSkewed ? ahead : 0;
  }

  #note(key: string, ms: number): void {
    const known = this.#senders.get(key);
    const sender = known ?? this.#meet(ms);
    this.#senders.delete(key);
    this.#senders.set(key, sender);
    if (!known && this.#senders.size > MAX_SENDERS) this.#forgetOldest();
    const step = known ? ms - (this.#elapsed + sender.offset) : ms - (this.#elapsed + this.#fleet);
    if (step > this.#waitMs) this.#stepped(key, { ms: step, fresh: !known });
    else if (step < -LATE_MS) this.#setBack(key, sender, ms);
    else {
      this.#elapsed += Math.max(0, step);
      this.#settle(key);
    }
    sender.requests++;
    sender.steady++;
  }

  /** A sender that is heard for the first time is right where it is near the fleet's time. */
  #meet(ms: number): SpanSender {
    if (this.#senders.size === 0) this.#fleet = ms - this.#elapsed;
    const offset = ms - this.#elapsed;
    const isNear = Math.abs(offset - this.#fleet) <= this.#waitMs;
    return { offset: isNear ? this.#fleet : offset, requests: 0, steady: 0 };
  }

  #forgetOldest(): void {
    const [oldest] = this.#senders.keys();
    this.#senders.delete(oldest as string);
    this.#steps.delete(oldest as string);
  }

  #setBack(key: string, sender: SpanSender, ms: number): void {
    this.#steps.delete(key);
    sender.offset = ms - this.#elapsed;
    sender.steady = 0;
    sender.requests = 0;
  }

  /** A pause of everybody, where a second request says so, or where there is nobody else to ask. */
  #stepped(key: string, step: Step): void {
    if (this.#steps.size === 0 && this.#senders.size > 1) {
      this.#steps.set(key, step);
      return;
    }
    this.#steps.set(key, step);
    const passed = Math.min(...[...this.#steps.values()].map(({ ms }) => ms));
    this.#elapsed += passed;
    for (const [other, { fresh }] of this.#steps) {
      const sender = this.#senders.get(other);
      if (fresh && sender) sender.offset = Math.max(this.#fleet, sender.offset - passed);
    }
    this.#steps.clear();
  }

  /** Somebody went on as before: those who stepped forward meanwhile did so alone. */
  #settle(by: string): void {
    if (this.#steps.size === 0) return;
    for (const [key, { ms, fresh }] of this.#steps) {
      const sender = this.#senders.get(key);
      if (!sender || key === by || fresh) continue;
      sender.offset += ms;
      sender.steady = 0;
      sender.requests = 0;
    }
    this.#steps.clear();
  }

  /** The fleet's time moves only where more than half of the votes are elsewhere. */
  #vote(receivedMs: number): void {
    const votes = [...this.#senders.values()]
      .filter(({ offset }) => this.#elapsed + offset <= receivedMs + BELIEVED_MS)
      .map(({ offset, requests }) => ({ offset, weight: Math.min(requests, MAX_VOTES) }));
    const total = weightOf(votes);
    const here = weightOf(votes.filter(({ offset }) => Math.abs(offset - this.#fleet) <= this.#waitMs));
    if (2 * here >= total && here > 0) return;
    let left = total / 2;
    for (const { offset, weight } of votes.toSorted((a, b) => a.offset - b.offset)) {
      left -= weight;
      if (left > 0) continue;
      this.#fleet = offset;
      return;
    }
  }
}

/** The newest of a sender's ends in a request; of many, without the few that lie far beyond all others. */
function newest(ends: number[]): number {
  ends.sort((a, b) => a - b);
  const last = ends.length - 1;
  if (ends.length >= MANY) {
    const spare = Math.max(1, Math.floor(ends.length * ODD_SHARE));
    for (let i = last; i > last - spare; i--)
      if ((ends[i] as number) - (ends[i - 1] as number) > BELIEVED_MS) return ends[i - 1] as number;
  }
  return ends[last] as number;
}

function weightOf(votes: readonly { readonly weight: number }[]): number {
  return votes.reduce((sum, { weight }) => sum + weight, 0);
}

function toMs(nanos: bigint): number {
  return Number(nanos) / 1e6;
}

function toNanos(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}
