// How much a peer may still send, on a stream or on the whole connection (RFC 9113, 5.2 and 6.9).

export class ReceiveWindow {
  /** Bytes that may come before the peer hears of more. */
  private left: number;
  /** Bytes taken that the peer has not heard of. */
  private taken = 0;

  constructor(private readonly bytes: number) {
    this.left = bytes;
  }

  /** Counts what came. False: the peer sent more than it may. */
  receive(bytes: number): boolean {
    this.left -= bytes;
    this.taken += bytes;
    return this.left >= 0;
  }

  /** Whether the peer should hear of more now. */
  get isDue(): boolean {
    return this.taken >= this.bytes / 2;
  }

  /** By how much the window is to be opened now: half of it at a time, so that a sender at full speed never waits. */
  opening(): number {
    if (!this.isDue) return 0;
    const { taken } = this;
    this.left += taken;
    this.taken = 0;
    return taken;
  }
}
