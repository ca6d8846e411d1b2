// What a receiver delivers into: a consumer whose target a reload can change while the receiver goes on listening.
import { type Batch, type Consumer, type Ledger, RetryableError } from '../pipeline/index.js';

/** Bytes that may wait for a reload; more is refused. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

export class SwitchableConsumer implements Consumer {
  private target: Consumer | undefined;
  private held: Promise<void> | undefined;
  private resume: (() => void) | undefined;
  private heldBytes = 0;

  constructor(private readonly ledger: Ledger) {}

  /** What waits for a reload is kept. */
  get retainsBody(): boolean {
    return this.target?.retainsBody !== false;
  }

  refusal(bytes: number): RetryableError | undefined {
    if (this.target) return this.target.refusal(bytes);
    return this.heldBytes + bytes > MAX_HELD_BYTES
      ? new RetryableError('the configuration is being reloaded', 1_000)
      : undefined;
  }

  consume(batch: Batch): undefined | Promise<void> {
    return this.target ? this.target.consume(batch) : this.later(batch);
  }

  checkMetadata(metadata: ReadonlyMap<string, string>): void {
    this.target?.checkMetadata?.(metadata);
  }

  /** Lets batches wait until `open`. */
  hold(): void {
    this.target = undefined;
    this.held ??= new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  /** Leads everything, also what waited, to `target`. */
  open(target: Consumer): void {
    this.target = target;
    this.resume?.();
    this.held = this.resume = undefined;
  }

  private async later(batch: Batch): Promise<void> {
    this.hold();
    this.heldBytes += batch.body.byteLength;
    this.ledger.store('reload', batch.body);
    try {
      while (this.held) await this.held;
    } finally {
      this.heldBytes -= batch.body.byteLength;
      this.ledger.release('reload', batch.body);
    }
    const refusal = this.refusal(batch.body.byteLength);
    if (refusal) throw refusal;
    await this.target?.consume(batch);
  }
}
