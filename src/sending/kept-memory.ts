// Bodies that stay in memory beside the disk, so that a next hop that keeps up costs no reading.
import type { Ledger } from '../pipeline/index.js';

/** Most that stay in memory; bytes. */
const KEPT_BYTES = 32 * 1024 * 1024;

export class KeptMemory {
  readonly #ledger: Ledger;
  readonly #most: number;
  #bytes = 0;

  constructor(ledger: Ledger, most: number = KEPT_BYTES) {
    this.#ledger = ledger;
    this.#most = most;
  }

  hasRoom(bodies: readonly Uint8Array[]): boolean {
    return this.#bytes + bodies.reduce((sum, { byteLength }) => sum + byteLength, 0) <= this.#most;
  }

  /** May exceed the bound: what found no room on the disk stays in memory. */
  hold(bodies: readonly Uint8Array[]): void {
    for (const body of bodies) {
      this.#bytes += body.byteLength;
      this.#ledger.store('queues', body);
    }
  }

  release(bodies: readonly Uint8Array[]): void {
    for (const body of bodies) {
      this.#bytes -= body.byteLength;
      this.#ledger.release('queues', body);
    }
  }
}
