// Drives the learn loop: in a live process a few milliseconds at a time between other work, in a replay straight
// through.
import { type Ledger, RetryableError } from '../../pipeline/index.js';
import type { PendingRequest } from '../pending-request.js';

export interface BacklogOptions {
  learn(pending: PendingRequest): Iterator<void>;
  readonly ledger: Ledger;
  /** Bytes of request bodies that may wait. */
  readonly maxBytes: number;
  /** A request failed: our fault, not the sender's, who was told OK. */
  failed(pending: PendingRequest, error: unknown): void;
  /** Milliseconds that a request took of the processor. */
  took(ms: number): void;
}

/** A request, or work that no request may run beside (`request` undefined). */
interface Running {
  readonly pending: PendingRequest | undefined;
  readonly steps: Iterator<void>;
  /** Milliseconds taken in all, and by the longest step. */
  ms: number;
  longestMs: number;
}

type Work = Omit<Running, 'pending'> & { readonly pending: undefined };

/**
 * Milliseconds after which the event loop gets its turn. An acknowledgement takes several turns: with 8 ms instead of 2
 * its p99 under half load was a third longer, and the processor time a point the same.
 */
const TURN_MS = 2;
/**
 * Requests that may wait before their senders wait too: fewer than the scans that the kernel keeps, so that none is
 * walked twice.
 */
const AHEAD = 4;
/** What a refused sender is asked to wait, ms. */
const RETRY_AFTER_MS = 1000;

export class LearningBacklog {
  readonly #options: BacklogOptions;
  readonly #waiting: PendingRequest[] = [];
  #current: Running | undefined;
  #bytes = 0;
  #immediate: NodeJS.Immediate | undefined;
  #idle: (() => void)[] = [];
  /** Waits for the end of the current request. */
  readonly #work: Work[] = [];
  /** Senders that wait for a shorter queue, in order. */
  readonly #held: (() => void)[] = [];

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Why no more can be taken in now. */
  refusal(bytes: number): RetryableError | undefined {
    if (this.#bytes === 0 || this.#bytes + bytes <= this.#options.maxBytes) return undefined;
    return new RetryableError(`${Math.round(this.#bytes / 1e6)} MB of requests wait to be learnt from`, RETRY_AFTER_MS);
  }

  /**
   * Queues a request; it is learnt after the current turn of the event loop, so that the sender has its answer first.
   * When senders are faster than the learning, the answer is the promise of a shorter queue: they go at its pace
   * instead of being refused later.
   */
  add(pending: PendingRequest): undefined | Promise<void> {
    this.#keep(pending);
    this.#schedule();
    if (this.#waiting.length <= AHEAD) return undefined;
    return new Promise((resolve) => this.#held.push(resolve));
  }

  /**
   * Works in steps while no request is under way: after the current one, and before those that wait. `longestMs`: of a
   * step.
   */
  exclusively<T>(
    steps: Generator<void, T>,
  ): Promise<{ readonly answer: T; readonly took: { readonly longestMs: number } }> {
    return new Promise((resolve, reject) => {
      const work: Work = { pending: undefined, ms: 0, longestMs: 0, steps: told() };
      function* told(): Generator<void> {
        try {
          const answer = yield* steps;
          resolve({ answer, took: work });
        } catch (error) {
          reject(error);
        }
      }
      this.#work.push(work);
      this.#schedule();
    });
  }

  /** Learns at once, to the end. */
  now(pending: PendingRequest): void {
    this.#keep(pending);
    this.finish();
  }

  #keep(pending: PendingRequest): void {
    this.#bytes += pending.batch.body.length;
    this.#options.ledger.store('learning', pending.batch.body);
    pending.batch.lease?.hold();
    this.#waiting.push(pending);
  }

  /** Learns everything that waits, at once. */
  finish(): void {
    while (this.#step());
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    if (this.#current || this.#waiting.length > 0 || this.#work.length > 0)
      await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    this.#immediate ??= setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#immediate = undefined;
    const end = performance.now() + TURN_MS;
    while (this.#step()) {
      if (performance.now() < end) continue;
      this.#schedule();
      return;
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** One step of the current request; false when there is none. */
  #step(): boolean {
    this.#current ??= this.#take();
    if (!this.#current) return false;
    const current = this.#current;
    const { pending, steps } = current;
    const start = performance.now();
    let finished = true;
    try {
      finished = steps.next().done ?? false;
    } catch (error) {
      if (pending) this.#options.failed(pending, error);
    }
    const ms = performance.now() - start;
    current.ms += ms;
    current.longestMs = Math.max(current.longestMs, ms);
    if (finished) this.#finish();
    return true;
  }

  #take(): Running | undefined {
    const work = this.#work.shift();
    if (work) return work;
    const pending = this.#waiting.shift();
    return pending && { pending, steps: this.#options.learn(pending), ms: 0, longestMs: 0 };
  }

  #finish(): void {
    const { pending, ms } = this.#current ?? {};
    this.#current = undefined;
    if (!pending || ms === undefined) return;
    this.#bytes -= pending.batch.body.length;
    this.#options.ledger.release('learning', pending.batch.body);
    pending.batch.lease?.release();
    this.#options.took(ms);
    // The queue is one shorter for everybody, so the first of those who wait has its place. One a request: nobody is
    // left over at the end.
    this.#held.shift()?.();
  }
}
