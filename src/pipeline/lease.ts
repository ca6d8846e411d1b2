// Memory that is rented for a batch and used again when nobody reads it any more.

/**
 * Who holds the memory of one body. The receiver holds it until `consume` has ended; whoever reads the bytes later than
 * that holds it, too. Memory that is never released is simply collected, so that forgetting costs a little time and
 * never a byte.
 */
export class Lease {
  private holders = 1;
  private giveBack: (() => void) | undefined;

  /** `giveBack` is called once at most: when the last holder has released it. */
  constructor(giveBack: () => void) {
    this.giveBack = giveBack;
  }

  /**
   * One more reads the bytes. Only who holds the lease itself, or stands in the `consume` of a holder, may call this.
   */
  hold(): void {
    this.holders++;
  }

  /** Once for each holder. */
  release(): void {
    if (--this.holders > 0) return;
    this.giveBack?.();
    this.giveBack = undefined;
  }

  /** Somebody may read the bytes at any time from now on (a write that was cut short, say): they are not used again. */
  detach(): void {
    this.giveBack = undefined;
  }
}
