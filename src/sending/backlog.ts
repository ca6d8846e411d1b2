// What waits in a sending queue, first in first out.
import type { Batch } from '../pipeline/index.js';
import type { StoredRequest } from '../storage/index.js';

/** A batch that was taken and is not delivered yet. */
export interface Entry {
  readonly batch: Batch;
  /** In the unit of the queue's sizer. */
  readonly size: number;
  /**
   * Memory that is kept by it: the body and, where there is one, its gzip form. Empty where somebody else counts it.
   */
  readonly kept: readonly Uint8Array[];
  /** Tells the one who offered the batch, where it waits for the result. */
  readonly settle?: (error?: Error) => void;
  /** Its place on disk, where it has one. */
  readonly stored?: StoredRequest;
  /** Size of the body, where the batch has none because it is on disk; bytes. */
  readonly spilledBytes?: number;
}

/** The memory that a batch keeps. */
export function keptOf({ body, gzip }: Batch): readonly Uint8Array[] {
  return gzip ? [body, gzip] : [body];
}

/** The order in which entries leave a queue, and which of them leave as one request. */
export interface Backlog {
  readonly length: number;
  push(entry: Entry): void;
  /** The entries of the next request; undefined: none is due. `flush`: everything is due. */
  take(flush: boolean): Entry[] | undefined;
}

/** Below this many entries already taken, moving the rest down is not worth it. */
const COMPACT_FROM = 256;

/** One entry a request, in order of arrival. */
export class Fifo implements Backlog {
  private entries: (Entry | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.entries.length - this.head;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
  }

  take(): Entry[] | undefined {
    const entry = this.entries[this.head];
    if (!entry) return undefined;
    this.entries[this.head++] = undefined;
    if (this.head >= COMPACT_FROM && this.head * 2 >= this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return [entry];
  }
}
