// What an exporter had to give up at its end although somebody was told OK.
import type { Batch, Signal } from '../pipeline/index.js';
import { SIGNALS } from '../pipeline/index.js';

/** Items by signal. */
export class Undelivered {
  readonly #items = new Map<Signal, number>();

  add({ signal, items }: Batch): void {
    this.#items.set(signal, (this.#items.get(signal) ?? 0) + items);
  }

  get total(): number {
    let total = 0;
    for (const items of this.#items.values()) total += items;
    return total;
  }

  get bySignal(): Readonly<Partial<Record<Signal, number>>> {
    return Object.fromEntries(
      SIGNALS.flatMap((signal) => (this.#items.has(signal) ? [[signal, this.#items.get(signal)]] : [])),
    );
  }
}
