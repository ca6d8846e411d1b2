// Memory of request bodies that is used again, since V8 collects its whole heap for every 64 MB of it.
import { Lease } from '../../pipeline/index.js';

/** Smaller bodies come out of the allocator at no cost that could be seen; bytes. */
const LEAST_BYTES = 32 * 1024;
/** Bodies differ a little from run to run: memory comes in multiples of this. Bytes. */
const GRAIN_BYTES = 64 * 1024;
/** Memory that waits for its next use; what is beyond is left to the garbage collector. Bytes. */
const MOST_FREE_BYTES = 16 * 1024 * 1024;
/** Memory may be so many times larger than what is asked of it. */
const MOST_SLACK = 2;

/** A body and, where its memory is used again, the lease on it. */
export interface Rented {
  readonly body: Buffer;
  readonly lease: Lease | undefined;
}

/** Free memory of one receiver. */
export class BodyMemory {
  /** Last given back at the end: the likeliest to be in the cache, while the first goes when there is too much. */
  private readonly free: ArrayBuffer[] = [];
  private freeBytes = 0;

  /** A buffer of this length with whatever is in it, as an object of its own: scans know a body by its identity. */
  rent(bytes: number): Rented {
    if (!this.rents(bytes)) return { body: Buffer.allocUnsafeSlow(bytes), lease: undefined };
    const memory = this.fitting(bytes) ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / GRAIN_BYTES) * GRAIN_BYTES).buffer;
    return { body: Buffer.from(memory, 0, bytes), lease: new Lease(() => this.takeBack(memory)) };
  }

  /** Whether a body of this length has a lease. */
  rents(bytes: number): boolean {
    return bytes >= LEAST_BYTES && bytes <= MOST_FREE_BYTES;
  }

  private fitting(bytes: number): ArrayBuffer | undefined {
    const { free } = this;
    for (let i = free.length - 1; i >= 0; i--) {
      const memory = free[i]!;
      if (memory.byteLength < bytes || memory.byteLength > bytes * MOST_SLACK) continue;
      free.splice(i, 1);
      this.freeBytes -= memory.byteLength;
      return memory;
    }
    return undefined;
  }

  private takeBack(memory: ArrayBuffer): void {
    this.free.push(memory);
    this.freeBytes += memory.byteLength;
    while (this.freeBytes > MOST_FREE_BYTES) this.freeBytes -= this.free.shift()!.byteLength;
  }
}
