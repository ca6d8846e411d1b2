// A bounded number of requests under way, taken from a backlog in order.
import { setMaxListeners } from 'node:events';
import type { Backlog, Entry } from './backlog.js';

/** Sends what is due and says when nothing is left. */
export class QueueSenders {
  /** Aborts what is under way. */
  readonly giveUp: AbortController = new AbortController();
  #active = 0;
  #scheduled: boolean = false;
  #stopped: boolean = false;
  #flushing: boolean = false;
  #idle: (() => void) | undefined;

  constructor(
    private readonly most: number,
    private readonly backlog: () => Backlog,
    /** Calls `ended` when it is done. */
    private readonly deliver: (entries: readonly Entry[]) => void,
  ) {
    // One listener for each request under way of those who take the signal itself; there may be hundreds.
    setMaxListeners(0, this.giveUp.signal);
  }

  get active(): number {
    return this.#active;
  }

  /** Sending begins in a later turn of the event loop, so that the sender's OK does not wait for compression. */
  schedule(): void {
    if (this.#scheduled || this.#active >= this.most) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.pump();
    });
  }

  pump(): void {
    while (this.#active < this.most && !this.#stopped) {
      const entries = this.backlog().take(this.#flushing);
      if (!entries) return;
      this.#active++;
      this.deliver(entries);
    }
  }

  /** Once for each `deliver`. */
  ended(): void {
    this.#active--;
    this.pump();
    this.#tellIdle();
  }

  /** What waits to grow leaves at once from now on. */
  flush(): void {
    this.#flushing = true;
    this.pump();
  }

  /** Begins nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#tellIdle();
  }

  /** Nothing is under way, and nothing more will be. Once it is that `late` runs no more; it runs after `withinMs`. */
  async idle(withinMs: number, late: () => void): Promise<void> {
    if (this.#isIdle) return;
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const timer = setTimeout(late, withinMs);
    await idle;
    clearTimeout(timer);
  }

  get #isIdle(): boolean {
    return this.#active === 0 && (this.#stopped || this.backlog().length === 0);
  }

  #tellIdle(): void {
    if (this.#isIdle) this.#idle?.();
  }
}
