// Requests with points that are held back because their sender's clock is ahead of the others, by clock, oldest first.
import type { HeldClock } from '../../kernel/api.js';
import type { Ledger } from '../../pipeline/index.js';
import type { PendingRequest } from '../pending-request.js';

/** Beyond these bounds, the oldest of all goes: its points are lost to the detectors, as late ones are. */
const MAX_REQUESTS = 256;
const MAX_BYTES = 32 << 20;

/** Where the bodies are counted for as long as they are held. */
export type HeldBodies = Pick<Ledger, 'store' | 'release'>;

export class HeldRequests {
  readonly #requests = new Map<number, PendingRequest[]>();
  readonly #bodies: HeldBodies;
  #count = 0;
  #bytes = 0;

  constructor(bodies: HeldBodies) {
    this.#bodies = bodies;
  }

  all(): (readonly [number, PendingRequest])[] {
    return [...this.#requests].flatMap(([clock, requests]) => requests.map((pending) => [clock, pending] as const));
  }

  /** It may wait for days, or go into a checkpoint: rented memory stays with it. */
  hold({ clock, isFirst }: HeldClock, pending: PendingRequest): void {
    const last = this.#requests.get(clock)?.at(-1);
    if (isFirst && last !== pending) this.take(clock);
    else if (last === pending) return;
    pending.batch.lease?.detach();
    this.add(clock, pending);
  }

  add(clock: number, pending: PendingRequest): void {
    const requests = this.#requests.get(clock) ?? [];
    requests.push(pending);
    this.#requests.set(clock, requests);
    this.#count++;
    this.#bytes += pending.batch.body.length;
    this.#bodies.store('learning', pending.batch.body);
    while (this.#count > 1 && (this.#count > MAX_REQUESTS || this.#bytes > MAX_BYTES)) this.#drop();
  }

  /** Everything: nobody will ask for it any more. */
  clear(): void {
    for (const clock of [...this.#requests.keys()]) this.take(clock);
  }

  /** The requests of a clock, which are held no longer. */
  take(clock: number): readonly PendingRequest[] {
    const requests = this.#requests.get(clock) ?? [];
    this.#requests.delete(clock);
    for (const pending of requests) this.#forget(pending);
    return requests;
  }

  /** Lets those go whose clock has nothing held any more. */
  prune(holds: (clock: number) => boolean): void {
    if (this.#requests.size === 0) return;
    for (const clock of [...this.#requests.keys()]) if (!holds(clock)) this.take(clock);
  }

  /** The first request of the clock that has waited longest. */
  #drop(): void {
    for (const [clock, requests] of this.#requests) {
      this.#forget(requests.shift()!);
      if (requests.length === 0) this.#requests.delete(clock);
      return;
    }
  }

  #forget(pending: PendingRequest): void {
    this.#count--;
    this.#bytes -= pending.batch.body.length;
    this.#bodies.release('learning', pending.batch.body);
  }
}
