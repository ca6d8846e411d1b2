// The outermost layer: a bounded queue in memory between whoever offers batches and a fixed number of senders.
import { type Batch, RetryableError } from '../pipeline/index.js';
import { type Backlog, type Entry, Fifo, keptOf } from './backlog.js';
import { Grouped, mergeBatches } from './batch.js';
import { Pacing } from './pacing.js';
import { Places } from './places.js';
import { asStageError, GivenUpError, isKept, type Send } from './send.js';
import { QueueSenders } from './senders.js';
import { ATTEMPTS_END_MS, type QueueHost, type QueueOptions, type SendingQueue } from './sending-queue.js';
import { Undelivered } from './undelivered.js';

/**
 * Acknowledgements wait a little while a queue holds more than this: a few seconds' work for a next hop that keeps up.
 * Bytes.
 */
const PACED_FROM_BYTES = 32 * 1024 * 1024;

export function queue(options: QueueOptions, host: QueueHost, next: Send): SendingQueue {
  return new MemoryQueue(options, host, next);
}

class MemoryQueue implements SendingQueue {
  private readonly backlog: Backlog;
  private readonly places: Places;
  private readonly senders: QueueSenders;
  private readonly pacing: Pacing;
  private readonly undelivered = new Undelivered();
  private bytes = 0;
  private inherited: readonly Entry[] = [];
  private started: boolean = false;
  private closed: boolean = false;
  private successor: SendingQueue | undefined;
  private draining: Promise<Undelivered> | undefined;

  constructor(
    private readonly options: QueueOptions,
    private readonly host: QueueHost,
    private readonly next: Send,
  ) {
    this.backlog = options.batch ? new Grouped(options.batch, () => this.senders.schedule()) : new Fifo();
    this.senders = new QueueSenders(
      options.numConsumers,
      () => this.backlog,
      (entries) => void this.deliver(entries),
    );
    this.pacing = new Pacing(PACED_FROM_BYTES);
    this.places = new Places(options, host.events, (bytes) => this.bytes === 0 || this.bytes + bytes <= this.maxBytes);
  }

  private get maxBytes(): number {
    return this.options.maxBytes ?? this.host.ledger.queueBytes;
  }

  get isKept(): boolean {
    return this.successor !== undefined;
  }

  refusal(bytes: number): RetryableError | undefined {
    if (this.closed) return new RetryableError('shutting down');
    return this.places.refusal(bytes);
  }

  consume(batch: Batch): undefined | Promise<void> {
    if (this.closed) throw new RetryableError('shutting down');
    const size = this.places.sizeOf(batch);
    const kept = keptOf(batch);
    const room = this.places.hasRoom(size, batch.body.byteLength);
    if (!room) this.places.checkMayWait(batch);
    if (room && !this.options.waitForResult) {
      this.add({ batch, size, kept });
      return this.pacing.after(this.bytes, this.maxBytes);
    }
    return this.offer({ batch, size, kept }, room);
  }

  drain(withinMs: number): Promise<Undelivered> {
    this.draining ??= this.empty(withinMs);
    return this.draining;
  }

  handTo(successor: SendingQueue): void {
    if (!successor.inherit || this.closed) return;
    this.close();
    this.senders.stop();
    this.successor = successor;
    // What it inherited itself and never began to send, where it could not start.
    const waiting: Entry[] = [...this.inherited];
    this.inherited = [];
    for (let entries = this.backlog.take(true); entries; entries = this.backlog.take(true)) waiting.push(...entries);
    for (const entry of waiting) this.letGo(entry);
    successor.inherit(waiting);
  }

  inherit(entries: readonly Entry[]): void {
    for (const entry of entries) this.hold(entry);
    this.places.publish();
    // Attempts that were under way come later than what waited behind them.
    this.inherited = [...entries, ...this.inherited];
    if (this.started) void this.start();
  }

  /** What was inherited is sent from now on. */
  async start(): Promise<void> {
    this.started = true;
    for (const entry of this.inherited) this.backlog.push(entry);
    this.inherited = [];
    this.senders.schedule();
  }

  private close(): void {
    this.closed = true;
    this.pacing.end();
    this.places.close();
  }

  private async empty(withinMs: number): Promise<Undelivered> {
    this.close();
    if (this.isKept) await this.senders.idle(Math.min(withinMs, ATTEMPTS_END_MS), () => this.abandon());
    else {
      this.senders.flush();
      await this.senders.idle(withinMs, () => this.abandon());
    }
    return this.undelivered;
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
      this.places.wait({ batch: entry.batch, size: entry.size, admit, refuse: reject });
    });
  }

  private add(entry: Entry): void {
    entry.batch.lease?.hold();
    this.hold(entry);
    this.places.publish();
    this.backlog.push(entry);
    this.senders.schedule();
  }

  private hold(entry: Entry): void {
    this.places.take(entry.size);
    for (const bytes of entry.kept) {
      this.bytes += bytes.byteLength;
      this.host.ledger.store('queues', bytes);
    }
  }

  /** The opposite of `hold`. */
  private letGo(entry: Entry): void {
    this.places.give(entry.size);
    for (const bytes of entry.kept) {
      this.bytes -= bytes.byteLength;
      this.host.ledger.release('queues', bytes);
    }
  }

  private async deliver(entries: readonly Entry[]): Promise<void> {
    let failure: Error | undefined;
    const batch = mergeBatches(entries.map((entry) => entry.batch));
    try {
      await this.next(batch, this.senders.giveUp.signal);
    } catch (error) {
      failure = asStageError(error);
    }
    if (isKept(failure) && this.successor) this.handOn(entries);
    else this.release(entries, failure);
    this.senders.ended();
  }

  private handOn(entries: readonly Entry[]): void {
    for (const entry of entries) this.letGo(entry);
    this.successor?.inherit?.(entries);
  }

  private release(entries: readonly Entry[], failure: Error | undefined): void {
    for (const entry of entries) {
      this.letGo(entry);
      entry.batch.lease?.release();
      // Whoever waits for the result is told; all others were told OK.
      if (failure && this.closed && !entry.settle) this.undelivered.add(entry.batch);
      entry.settle?.(failure);
    }
    this.places.admit();
    this.places.publish();
    if (!failure) this.pacing.delivered(this.bytes);
  }

  /** What waits is given up before what is being sent is aborted: nothing must start in between. */
  private abandon(): void {
    const reason = new GivenUpError('shutdown', 'not delivered in time', this.isKept);
    for (let entries = this.backlog.take(true); entries; entries = this.backlog.take(true)) {
      this.host.events.failed(mergeBatches(entries.map((entry) => entry.batch)), 'shutdown', reason);
      this.release(entries, reason);
    }
    this.senders.giveUp.abort(reason);
    this.senders.stop();
  }
}
