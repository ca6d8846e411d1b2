// A queue on disk: a request is taken when the disk has it, and stays until the next hop has taken it.
import { type Batch, RetryableError } from '../pipeline/index.js';
import { LogFullError, type SegmentLog, type StoredRequest } from '../storage/index.js';
import type { QueueEvents } from '../telemetry/queue-events.js';
import { type Backlog, type Entry, Fifo, keptOf } from './backlog.js';
import { Grouped, mergeBatches } from './batch.js';
import { KeptMemory } from './kept-memory.js';
import { Places } from './places.js';
import { readBack } from './read-back.js';
import { asStageError, GivenUpError, isKept, type Send } from './send.js';
import { QueueSenders } from './senders.js';
import {
  ATTEMPTS_END_MS,
  type QueueHost,
  type QueueOptions,
  RETRY_AFTER_MS,
  type SendingQueue,
  sizeOf,
} from './sending-queue.js';
import { outlineOf, type StoredForm, storedForm } from './stored-batch.js';
import { Undelivered } from './undelivered.js';

export interface PersistentQueueHost extends QueueHost {
  readonly log: SegmentLog;
  readonly queueEvents: Pick<QueueEvents, 'recovered' | 'kept' | 'readBack' | 'unreadable' | 'damaged'>;
  readonly keptBytes?: number;
}

export class PersistentQueue implements SendingQueue {
  readonly isKept: boolean = true;
  readonly #options: QueueOptions;
  readonly #host: PersistentQueueHost;
  readonly #next: Send;
  readonly #log: SegmentLog;
  readonly #backlog: Backlog;
  readonly #senders: QueueSenders;
  readonly #places: Places;
  readonly #kept: KeptMemory;
  readonly #undelivered = new Undelivered();
  #inherited: readonly Entry[] = [];
  #open: boolean = false;
  #closed: boolean = false;
  #draining: Promise<Undelivered> | undefined;

  constructor(options: QueueOptions, host: PersistentQueueHost, next: Send) {
    this.#options = options;
    this.#host = host;
    this.#next = next;
    this.#log = host.log;
    this.#backlog = options.batch ? new Grouped(options.batch, () => this.#senders.schedule()) : new Fifo();
    this.#senders = new QueueSenders(
      options.numConsumers,
      () => this.#backlog,
      (entries) => void this.#deliver(entries),
    );
    this.#kept = new KeptMemory(host.ledger, host.keptBytes);
    this.#places = new Places(options, host.events);
  }

  /** Finds what an earlier process left; nothing new is taken before. */
  async start(): Promise<void> {
    const left = await this.#log.open();
    this.#open = true;
    let recovered = 0;
    for (const { request, meta } of left) {
      const outline = outlineOf(meta);
      if (!outline) {
        this.#host.queueEvents.damaged(1, 'metadata');
        this.#log.complete(request);
        continue;
      }
      const size = sizeOf(this.#options.sizer)(outline.batch, outline.bodyBytes);
      this.#add({ batch: outline.batch, size, kept: [], stored: request, spilledBytes: outline.bodyBytes });
      recovered++;
    }
    this.#host.queueEvents.recovered(recovered);
    const inherited = this.#inherited;
    this.#inherited = [];
    for (const entry of inherited) await this.#takeOver(entry);
  }

  /** A configuration that cannot start gives back what its predecessor gave. */
  handTo(successor: SendingQueue): void {
    successor.inherit?.(this.#inherited);
    this.#inherited = [];
  }

  inherit(entries: readonly Entry[]): void {
    if (this.#open) for (const entry of entries) void this.#takeOver(entry);
    else this.#inherited = [...entries, ...this.#inherited];
  }

  /**
   * What a queue in memory held. Where the disk has no room for it, it stays in memory: its sender has been told OK
   * long ago.
   */
  async #takeOver(entry: Entry): Promise<void> {
    const { batch, size, settle } = entry;
    const { meta, body, flags } = this.#formOf(batch);
    try {
      const stored = await this.#log.append(meta, body, flags);
      this.#places.take(size);
      this.#queue(batch, size, meta, stored);
    } catch {
      return this.#add(entry);
    }
    batch.lease?.release();
    settle?.();
  }

  #formOf(batch: Batch): StoredForm {
    return storedForm(batch, this.#options.batch?.metadataKeys ?? []);
  }

  refusal(bytes: number): RetryableError | undefined {
    if (this.#closed || !this.#open) return new RetryableError('shutting down');
    if (!this.#log.hasRoom(bytes)) return new RetryableError('the storage of the queue is full', RETRY_AFTER_MS);
    return this.#places.refusal(bytes);
  }

  /** Resolves when the request is safe. */
  consume(batch: Batch): Promise<void> {
    if (this.#closed || !this.#open) throw new RetryableError('shutting down');
    const size = this.#places.sizeOf(batch);
    if (!this.#places.hasRoom(size, batch.body.byteLength)) {
      this.#places.checkMayWait(batch);
      return this.#later(batch, size);
    }
    this.#places.take(size);
    return this.#store(batch, size);
  }

  #later(batch: Batch, size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        this.#places.take(size);
        this.#store(batch, size).then(resolve, reject);
      };
      this.#places.wait({ batch, size, admit, refuse: reject });
    });
  }

  /** Its place is reserved. Rejects where the disk does not take it; it has no place then. */
  async #store(batch: Batch, size: number): Promise<void> {
    const { events, ledger } = this.#host;
    const form = this.#formOf(batch);
    batch.lease?.hold();
    ledger.store('queues', batch.body);
    try {
      const stored = await this.#log.append(form.meta, form.body, form.flags);
      this.#queue(batch, size, form.meta, stored);
    } catch (error) {
      this.#places.give(size);
      events.enqueueFailed(batch);
      this.#places.admit();
      if (error instanceof LogFullError) throw new RetryableError(error.message, RETRY_AFTER_MS);
      const text = error instanceof Error ? error.message : String(error);
      throw new RetryableError(`the request could not be stored: ${text}`, RETRY_AFTER_MS, { cause: error });
    } finally {
      ledger.release('queues', batch.body);
      batch.lease?.release();
    }
  }

  /** In memory as well, as long as there is room. */
  #queue(batch: Batch, size: number, meta: Buffer, stored: StoredRequest): void {
    const kept = keptOf(batch);
    if (this.#kept.hasRoom(kept)) {
      batch.lease?.hold();
      this.#add({ batch, size, kept, stored }, 0);
    } else {
      const outline = outlineOf(meta)!;
      this.#add({ batch: outline.batch, size, kept: [], stored, spilledBytes: outline.bodyBytes }, 0);
    }
  }

  /** `reserve`: what is not counted yet. */
  #add(entry: Entry, reserve: number = entry.size): void {
    this.#places.take(reserve);
    this.#kept.hold(entry.kept);
    this.#places.publish();
    this.#backlog.push(entry);
    this.#senders.schedule();
  }

  async #deliver(entries: readonly Entry[]): Promise<void> {
    let failure: Error | undefined;
    try {
      const parts = await readBack(entries, this.#host);
      if (parts.length > 0) await this.#next(mergeBatches(parts), this.#senders.giveUp.signal);
    } catch (error) {
      failure = asStageError(error);
    }
    this.#release(entries, failure);
    this.#senders.ended();
  }

  #release(entries: readonly Entry[], failure: Error | undefined): void {
    for (const { batch, size, kept, stored, settle } of entries) {
      this.#places.give(size);
      this.#kept.release(kept);
      batch.lease?.release();
      if (!stored) this.#lose(batch, failure);
      else if (!isKept(failure)) this.#log.complete(stored);
      settle?.(failure);
    }
    this.#places.admit();
    this.#places.publish();
  }

  /** What is nowhere but in memory. */
  #lose(batch: Batch, failure: Error | undefined): void {
    if (!failure || !this.#closed) return;
    this.#undelivered.add(batch);
    if (isKept(failure)) this.#host.events.failed(batch, 'shutdown', failure);
  }

  drain(withinMs: number): Promise<Undelivered> {
    this.#draining ??= this.#end(withinMs);
    return this.#draining;
  }

  /** What waits stays where it is, for the next start. */
  async #end(withinMs: number): Promise<Undelivered> {
    this.#closed = true;
    this.#places.close();
    const late = (): void => this.#senders.giveUp.abort(new GivenUpError('shutdown', 'the process ends', true));
    this.#senders.stop();
    await this.#senders.idle(Math.min(withinMs, ATTEMPTS_END_MS), late);
    if (this.#open) await this.#log.close();
    this.#host.queueEvents.kept(this.#log.length);
    this.#letGo();
    return this.#undelivered;
  }

  /**
   * Memory is given back: after a reload the process goes on. What found no room on the disk when it was taken over is
   * lost.
   */
  #letGo(): void {
    const late = new GivenUpError('shutdown', 'not delivered in time, and the disk had no room', true);
    for (let entries = this.#backlog.take(true); entries; entries = this.#backlog.take(true)) {
      for (const { batch, kept, stored } of entries) {
        this.#kept.release(kept);
        batch.lease?.release();
        if (!stored) this.#lose(batch, late);
      }
    }
  }
}
