// One pipeline's place in the batch processor: gathers requests, and hands them on one after the other.
import { type Batch, type Consumer, type Ledger, PermanentError, RetryableError } from '../../pipeline/index.js';
import { Grouped, mergeBatches, partitionKey } from '../../sending/batch.js';
import type { Undelivered } from '../../sending/undelivered.js';
import type { BatchEvents } from '../../telemetry/batch-events.js';
import type { Config } from './config.js';

/** Pause before a batch that the next stage refused is offered again; ms. */
const OFFER_AGAIN_MS = 1_000;

/** Batches that may wait for the next stage before new requests are refused. */
const MAX_WAITING = 10;

export class BatchStage implements Consumer {
  private readonly gathered: Grouped;
  /** Ready to leave, in order; the first may be under way. */
  private readonly outbox: Batch[] = [];
  private busy: boolean = false;
  private closed: boolean = false;
  private timer: NodeJS.Timeout | undefined;
  private idle: (() => void) | undefined;
  /** While shutting down: what had to be dropped. */
  private undelivered: Undelivered | undefined;

  constructor(
    private readonly config: Config,
    private readonly events: BatchEvents,
    private readonly next: Consumer,
    private readonly ledger: Ledger,
  ) {
    const options = {
      flushTimeoutMs: config.timeout,
      minSize: config.timeout === 0 ? 0 : config.send_batch_size,
      maxSize: config.send_batch_max_size,
      sizeOf: (batch: Batch): number => batch.items,
      metadataKeys: config.metadata_keys,
    };
    this.gathered = new Grouped(options, () => {
      events.triggered('timeout');
      this.collect(false);
    });
  }

  refusal(bytes: number): RetryableError | undefined {
    if (this.outbox.length >= MAX_WAITING) return new RetryableError('batches wait for the next stage', OFFER_AGAIN_MS);
    return this.next.refusal(bytes);
  }

  consume(batch: Batch): undefined {
    if (this.outbox.length >= MAX_WAITING) throw new RetryableError('batches wait for the next stage', OFFER_AGAIN_MS);
    const { metadata_keys: keys, metadata_cardinality_limit: limit } = this.config;
    if (this.gathered.groupCount >= limit && !this.gathered.hasGroup(partitionKey(batch, keys)))
      throw new RetryableError('too many combinations of metadata at the same time', OFFER_AGAIN_MS);
    this.ledger.store('batching', batch.body);
    this.gathered.push({ batch, size: batch.items, kept: [batch.body] });
    if (this.collect(false)) this.events.triggered('size');
  }

  /**
   * Hands on what is held; what the next stage does not take within the time is dropped, counted and added to
   * `undelivered`.
   */
  async drain(withinMs: number, undelivered: Undelivered): Promise<void> {
    this.undelivered = undelivered;
    this.collect(true);
    if (this.outbox.length === 0) return;
    // What waits for its next offer gets it now.
    clearTimeout(this.timer);
    this.timer = undefined;
    const empty = new Promise<void>((resolve) => {
      this.idle = resolve;
    });
    const over = setTimeout(() => this.abandon(), withinMs);
    this.offer();
    await empty;
    clearTimeout(over);
  }

  /** Moves what is due into the outbox. True: something was. */
  private collect(flush: boolean): boolean {
    let any = false;
    for (let entries = this.gathered.take(flush); entries; entries = this.gathered.take(flush)) {
      const batches = entries.map((entry) => entry.batch);
      const merged = mergeBatches(batches, this.keptMetadata(batches[0] as Batch));
      this.ledger.store('batching', merged.body);
      for (const { body } of batches) this.ledger.release('batching', body);
      this.outbox.push(merged);
      any = true;
    }
    this.offer();
    return any;
  }

  /** A batch of many requests has only the metadata by which they were joined. */
  private keptMetadata({ metadata }: Batch): ReadonlyMap<string, string> {
    return new Map(
      this.config.metadata_keys.flatMap((key) => (metadata.has(key) ? [[key, metadata.get(key) ?? '']] : [])),
    );
  }

  /** Offers what is in the outbox, until the next stage is asynchronous or refuses. */
  private offer(): void {
    while (!this.busy && !this.timer && this.outbox.length > 0) {
      const batch = this.outbox[0] as Batch;
      try {
        const taken = this.next.consume(batch);
        if (taken) this.follow(batch, taken);
        else this.taken(batch);
      } catch (error) {
        this.failed(batch, error as Error);
      }
    }
    if (this.outbox.length === 0) this.idle?.();
  }

  private follow(batch: Batch, taken: Promise<void>): void {
    this.busy = true;
    taken
      .then(
        () => this.taken(batch),
        (error: Error) => this.failed(batch, error),
      )
      .finally(() => {
        this.busy = false;
        this.offer();
      });
  }

  private taken(batch: Batch): void {
    this.shift();
    this.events.sent(batch);
  }

  private shift(): void {
    const batch = this.outbox.shift();
    if (batch) this.ledger.release('batching', batch.body);
  }

  private failed(batch: Batch, error: Error): void {
    const retryable = error instanceof RetryableError;
    if (!retryable || this.closed) {
      this.shift();
      this.undelivered?.add(batch);
      this.events.dropped(batch, retryable ? 'shutdown' : 'permanent', error);
      return;
    }
    const delayMs = error.retryAfterMs ?? OFFER_AGAIN_MS;
    this.events.kept(batch, error, delayMs);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.offer();
    }, delayMs);
  }

  /** The one that is under way keeps its place: what becomes of it is told when it is known. */
  private abandon(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const batch of this.outbox.splice(this.busy ? 1 : 0)) {
      this.ledger.release('batching', batch.body);
      this.undelivered?.add(batch);
      this.events.dropped(batch, 'shutdown', new PermanentError('not taken by the next stage in time'));
    }
    this.idle?.();
  }
}
