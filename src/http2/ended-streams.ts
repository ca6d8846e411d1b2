// Which streams of a connection are over, and how: a client may have sent more before it heard of it (RFC 9113, 5.1).

/**
 * How a stream ended: the client had said all, or we were done with it before, so that what it still sends is passed
 * over.
 */
export type Ended = 'complete' | 'abandoned';

/** So many are remembered, beside as many as can be open and end together. */
const MOST_ENDED = 1024;
const MOST_TOGETHER = 1 << 16;

export class EndedStreams {
  private readonly streams = new Map<number, Ended>();
  private readonly most: number;

  constructor(maxConcurrentStreams: number) {
    this.most = MOST_ENDED + Math.min(maxConcurrentStreams, MOST_TOGETHER);
  }

  add(streamId: number, how: Ended): void {
    this.streams.set(streamId, how);
    if (this.streams.size <= this.most) return;
    for (const oldest of this.streams.keys()) {
      this.streams.delete(oldest);
      return;
    }
  }

  /** Undefined: it was never opened, or that was long ago. */
  of(streamId: number): Ended | undefined {
    return this.streams.get(streamId);
  }
}
