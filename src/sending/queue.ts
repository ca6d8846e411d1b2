// The outermost layer: a bounded queue in memory between whoever offers batches and a fixed number of senders.
import { setMaxListeners } from 'node:events';
import type { Batch, Consumer, Ledger } from '../pipeline/index.js';
import { PermanentError, RetryableError } from '../pipeline/index.js';
import type { ExporterEvents } from '../telemetry/exporter-events.js';
import { type Backlog, type Entry, Fifo } from './backlog.js';
import { type BatchOptions, Grouped, mergeBatches } from './batch.js';
import { Pacing } from './pacing.js';
import { asStageError, GivenUpError, type Send } from './send.js';

export type Sizer = 'requests' | 'items' | 'bytes';

export interface QueueOptions {
  readonly numConsumers: number;
  /** In the unit of `sizer`; what is being sent counts until it is delivered. */
  readonly queueSize: number;
  readonly sizer: Sizer;
  /**
   * Beside `queueSize`: bytes that may be held, whatever the sizer counts. One larger batch finds room where nothing else is held.
   * Undefined: what the ledger says.
   */
  readonly maxBytes: number | undefined;
  /** A full queue makes `consume` wait instead of refusing. */
  readonly blockOnOverflow: boolean;
  /** `consume` resolves with the delivery instead of with the place in the queue. */
  readonly waitForResult: boolean;
  readonly batch?: BatchOptions;
}

export interface QueueHost {
  readonly events: Pick<ExporterEvents, 'enqueueFailed' | 'failed' | 'queueSize' | 'queueCapacity'>;
  readonly ledger: Ledger;
}

/** The consumer in front of sending layers. */
export interface Intake extends Consumer {
  /**
   * Takes nothing more, delivers what it holds, and gives up (counted as `shutdown`) what is left after `withinMs`.
   * Resolves with the number of items given up in this way.
   */
  drain(withinMs: number): Promise<number>;
}

/** Acknowledgements wait a little while a queue holds more than this: a few seconds' work for a next hop that keeps up. Bytes. */
const PACED_FROM_BYTES = 32 * 1024 * 1024;

/** What a full queue asks senders to wait: about the time in which a slow next hop answers a few requests; ms. */
const RETRY_AFTER_MS = 1_000;

const SIZE_OF: Readonly<Record<Sizer, (batch: Batch) => number>> = {
  requests: () => 1,
  items: (batch) => batch.items,
  bytes: (batch) => batch.body.byteLength,
};

/** The size of a batch in the unit of a sizer. */
export function sizeOf(sizer: Sizer): (batch: Batch) => number {
  return SIZE_OF[sizer];
}

export function queue(options: QueueOptions, host: QueueHost, next: Send): Intake {
  return new SendingQueue(options, host, next);
}

class SendingQueue implements Intake {
  private readonly backlog: Backlog;
  private readonly blocked: { entry: Entry; admit: () => void; refuse: (error: Error) => void }[] = [];
  private readonly giveUp = new AbortController();
  private readonly pacing: Pacing;
  private used = 0;
  private bytes = 0;
  private active = 0;
  private scheduled: boolean = false;
  private closed: boolean = false;
  private undelivered = 0;
  private idle: (() => void) | undefined;
  private draining: Promise<number> | undefined;

  constructor(
    private readonly options: QueueOptions,
    private readonly host: QueueHost,
    private readonly next: Send,
  ) {
    this.backlog = options.batch ? new Grouped(options.batch, () => this.schedule()) : new Fifo();
    this.pacing = new Pacing(PACED_FROM_BYTES);
    // One listener for each request under way of those who take the signal itself; there may be hundreds.
    setMaxListeners(0, this.giveUp.signal);
    host.events.queueCapacity(options.queueSize);
    host.events.queueSize(0);
  }

  private get maxBytes(): number {
    return this.options.maxBytes ?? this.host.ledger.queueBytes;
  }

  refusal(bytes: number): RetryableError | undefined {
    if (this.closed) return new RetryableError('shutting down');
    if (this.options.blockOnOverflow || this.hasRoom(this.options.sizer === 'bytes' ? bytes : 1, bytes))
      return undefined;
    return new RetryableError('sending queue is full', RETRY_AFTER_MS);
  }

  consume(batch: Batch): undefined | Promise<void> {
    if (this.closed) throw new RetryableError('shutting down');
    const size = SIZE_OF[this.options.sizer](batch);
    if (this.options.sizer === 'bytes' && size > this.options.queueSize) {
      this.host.events.enqueueFailed(batch);
      throw new PermanentError(`request of ${size} bytes is larger than the sending queue (${this.options.queueSize})`);
    }
    const kept = batch.gzip ? [batch.body, batch.gzip] : [batch.body];
    const room = this.hasRoom(size, batch.body.byteLength);
    if (!room && !this.options.blockOnOverflow) {
      this.host.events.enqueueFailed(batch);
      throw new RetryableError('sending queue is full', RETRY_AFTER_MS);
    }
    if (room && !this.options.waitForResult) {
      this.add({ batch, size, kept });
      return this.pacing.after(this.bytes, this.maxBytes);
    }
    return this.offer({ batch, size, kept }, room);
  }

  drain(withinMs: number): Promise<number> {
    this.draining ??= this.empty(withinMs);
    return this.draining;
  }

  private async empty(withinMs: number): Promise<number> {
    this.closed = true;
    this.pacing.end();
    for (const { entry, refuse } of this.blocked.splice(0)) {
      this.host.events.enqueueFailed(entry.batch);
      refuse(new RetryableError('shutting down'));
    }
    this.pump();
    if (this.active > 0 || this.backlog.length > 0) await this.untilIdle(withinMs);
    return this.undelivered;
  }

  /** Those who wait go first. */
  private hasRoom(size: number, bytes: number): boolean {
    return this.blocked.length === 0 && this.fits(size, bytes);
  }

  /** Items are known only after decoding, so one request may exceed a queue counted in items: `refusal` stays truthful. */
  private fits(size: number, bytes: number): boolean {
    const { sizer, queueSize } = this.options;
    if (this.bytes > 0 && this.bytes + bytes > this.maxBytes) return false;
    return sizer === 'items' ? this.used < queueSize : this.used + size <= queueSize;
  }

  private offer(given: Entry, room: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => (error ? reject(error) : resolve());
      const entry: Entry = this.options.waitForResult ? { ...given, settle } : given;
      if (room) return this.add(entry);
      const admit = (): void => {
        this.add(entry);
        if (!this.options.waitForResult) resolve();
      };
      this.blocked.push({ entry, admit, refuse: reject });
    });
  }

  private add(entry: Entry): void {
    entry.batch.lease?.hold();
    this.used += entry.size;
    for (const bytes of entry.kept) {
      this.bytes += bytes.byteLength;
      this.host.ledger.store('queues', bytes);
    }
    this.host.events.queueSize(this.used);
    this.backlog.push(entry);
    this.schedule();
  }

  /** Sending begins in a later turn of the event loop, so that the sender's OK does not wait for compression. */
  private schedule(): void {
    if (this.scheduled || this.active >= this.options.numConsumers) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    while (this.active < this.options.numConsumers) {
      const entries = this.backlog.take(this.closed);
      if (!entries) return;
      this.active++;
      void this.deliver(entries);
    }
  }

  private async deliver(entries: readonly Entry[]): Promise<void> {
    let failure: Error | undefined;
    const batch = mergeBatches(entries.map((entry) => entry.batch));
    try {
      await this.next(batch, this.giveUp.signal);
    } catch (error) {
      failure = asStageError(error);
      if (failure instanceof GivenUpError && failure.reason === 'shutdown') this.undelivered += batch.items;
    }
    this.active--;
    this.release(entries, failure);
    this.pump();
    if (this.active === 0 && this.backlog.length === 0) this.idle?.();
  }

  private release(entries: readonly Entry[], failure: Error | undefined): void {
    for (const entry of entries) {
      this.used -= entry.size;
      for (const bytes of entry.kept) {
        this.bytes -= bytes.byteLength;
        this.host.ledger.release('queues', bytes);
      }
      entry.batch.lease?.release();
      entry.settle?.(failure);
    }
    for (
      let first = this.blocked[0];
      first && this.fits(first.entry.size, first.entry.batch.body.byteLength);
      first = this.blocked[0]
    ) {
      this.blocked.shift();
      first.admit();
    }
    this.host.events.queueSize(this.used);
    if (!failure) this.pacing.delivered(this.bytes);
  }

  private async untilIdle(withinMs: number): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.idle = resolve;
    });
    const timer = setTimeout(() => this.abandon(), withinMs);
    await idle;
    clearTimeout(timer);
  }

  /** What waits is given up before what is being sent is aborted: nothing must start in between. */
  private abandon(): void {
    const reason = new GivenUpError('shutdown', 'not delivered in time');
    for (let entries = this.backlog.take(true); entries; entries = this.backlog.take(true)) {
      const batch = mergeBatches(entries.map((entry) => entry.batch));
      this.undelivered += batch.items;
      this.host.events.failed(batch, 'shutdown', reason);
      this.release(entries, reason);
    }
    this.giveUp.abort(reason);
    if (this.active === 0) this.idle?.();
  }
}
