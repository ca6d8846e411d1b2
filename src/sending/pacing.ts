// Lets acknowledgements wait a little while a queue grows although the next hop takes what it is sent: senders then go
// at its pace.

/**
 * Longest wait of one acknowledgement, ms: until half of the room is used, and at the end of it. Pixie's deadline is
 * five seconds.
 */
const WAIT_MS = 250;
const LONGEST_WAIT_MS = 1_000;
/** Without a delivery for so long the next hop is away: then nobody waits, the queue is there to be filled. ms. */
const AWAY_MS = 1_000;

export class Pacing {
  /** Those who wait, in order. */
  private readonly waiting = new Map<() => void, NodeJS.Timeout>();
  private deliveredAt = Number.NEGATIVE_INFINITY;

  constructor(
    /** Acknowledgements wait while more than this is held; bytes. */
    private readonly fromBytes: number,
    /** Monotonic, ms. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * What the sender of a batch waits for that was just taken; undefined: nothing. `held`, `most`: bytes that the queue
   * holds, and may hold.
   */
  after(held: number, most: number): undefined | Promise<void> {
    if (held <= this.fromBytes || this.now() - this.deliveredAt > AWAY_MS) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        this.waiting.delete(done);
        resolve();
      };
      this.waiting.set(done, setTimeout(done, waitMs(held / most)));
    });
  }

  /** A batch was delivered: the first of those who wait has its place, and when the queue is short all go on. */
  delivered(held: number): void {
    this.deliveredAt = this.now();
    this.release(held <= this.fromBytes ? this.waiting.size : 1);
  }

  /** Nobody waits any more. */
  end(): void {
    this.release(this.waiting.size);
  }

  private release(count: number): void {
    let left = count;
    for (const [done, timer] of this.waiting) {
      if (left-- <= 0) return;
      clearTimeout(timer);
      done();
    }
  }
}

/** `full`: how much of the room is used. */
function waitMs(full: number): number {
  return WAIT_MS + (LONGEST_WAIT_MS - WAIT_MS) * Math.max(0, 2 * Math.min(full, 1) - 1);
}
