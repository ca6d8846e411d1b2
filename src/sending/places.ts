// The places of a sending queue, counted in the unit of its sizer, and the batches that wait for one.
import { type Batch, PermanentError, RetryableError } from '../pipeline/index.js';
import { type QueueHost, type QueueOptions, RETRY_AFTER_MS, sizeOf } from './sending-queue.js';

/** A batch that waits for a place (`block_on_overflow`). */
interface Waiting {
  readonly batch: Batch;
  readonly size: number;
  /** There is room now. */
  admit(): void;
  refuse(error: Error): void;
}

export class Places {
  readonly #options: Pick<QueueOptions, 'sizer' | 'queueSize' | 'blockOnOverflow'>;
  readonly #events: QueueHost['events'];
  readonly #fitsBytes: (bytes: number) => boolean;
  readonly #waiting: Waiting[] = [];
  #used = 0;

  /** `fitsBytes`: whether a body of so many bytes has room, whatever the sizer counts. */
  constructor(
    options: Pick<QueueOptions, 'sizer' | 'queueSize' | 'blockOnOverflow'>,
    events: QueueHost['events'],
    fitsBytes: (bytes: number) => boolean = () => true,
  ) {
    this.#options = options;
    this.#events = events;
    this.#fitsBytes = fitsBytes;
    events.queueCapacity(options.queueSize);
    events.queueSize(0);
  }

  /** In the unit of the sizer. */
  take(size: number): void {
    this.#used += size;
  }

  give(size: number): void {
    this.#used -= size;
  }

  publish(): void {
    this.#events.queueSize(this.#used);
  }

  /** Why a request of about so many bytes is not to be read now. */
  refusal(bytes: number): RetryableError | undefined {
    const { blockOnOverflow, sizer } = this.#options;
    if (blockOnOverflow || this.hasRoom(sizer === 'bytes' ? bytes : 1, bytes)) return undefined;
    return full();
  }

  /** The size of a batch. Throws a `PermanentError` where no queue of this size ever has room for it. */
  sizeOf(batch: Batch): number {
    const { sizer, queueSize } = this.#options;
    const size = sizeOf(sizer)(batch);
    if (sizer !== 'bytes' || size <= queueSize) return size;
    this.#events.enqueueFailed(batch);
    throw new PermanentError(`request of ${size} bytes is larger than the sending queue (${queueSize})`);
  }

  /** Throws, where a full queue does not make its senders wait. */
  checkMayWait(batch: Batch): void {
    if (this.#options.blockOnOverflow) return;
    this.#events.enqueueFailed(batch);
    throw full();
  }

  /** Those who wait go first. */
  hasRoom(size: number, bytes: number): boolean {
    return this.#waiting.length === 0 && this.#fits(size, bytes);
  }

  /**
   * Items are known only after decoding, so one request may exceed a queue counted in items: `refusal` stays truthful.
   */
  #fits(size: number, bytes: number): boolean {
    const { sizer, queueSize } = this.#options;
    if (!this.#fitsBytes(bytes)) return false;
    return sizer === 'items' ? this.#used < queueSize : this.#used + size <= queueSize;
  }

  wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /** Some places were given back. */
  admit(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (!this.#fits(first.size, first.batch.body.byteLength)) return;
      this.#waiting.shift();
      first.admit();
    }
  }

  /** Nobody gets a place any more. */
  close(): void {
    for (const { batch, refuse } of this.#waiting.splice(0)) {
      this.#events.enqueueFailed(batch);
      refuse(new RetryableError('shutting down'));
    }
  }
}

function full(): RetryableError {
  return new RetryableError('sending queue is full', RETRY_AFTER_MS);
}
