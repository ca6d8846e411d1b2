// How many streams a client may give up: a burst, and so many a second (as in node:http2 and nghttp2).

const BURST = 1000;
const PER_SECOND = 33;

export class ResetBudget {
  private left: number = BURST;
  private at: number = performance.now();

  /** False: it is used up. */
  spend(): boolean {
    const now = performance.now();
    this.left = Math.min(BURST, this.left + ((now - this.at) / 1000) * PER_SECOND) - 1;
    this.at = now;
    return this.left >= 0;
  }
}
