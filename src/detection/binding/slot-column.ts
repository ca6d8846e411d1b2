// A slot for each series, by the kernel slot of the series.

/** Room for series at first. */
const FIRST_SERIES = 1024;

/** -1: none. */
export class SlotColumn {
  /** Slots + 1, so that what was never written says -1. */
  #values = new Int32Array(FIRST_SERIES);
  length = 0;

  get(series: number): number {
    return (this.#values[series] ?? 0) - 1;
  }

  set(series: number, slot: number): void {
    if (series >= this.#values.length) {
      const more = new Int32Array(Math.max(series + 1, 2 * this.#values.length));
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[series] = slot + 1;
    this.length = Math.max(this.length, series + 1);
  }

  /** A series has moved into another slot. */
  move(from: number, to: number): void {
    this.set(to, this.get(from));
    this.set(from, -1);
  }

  save(): Int32Array {
    return this.#values.slice(0, this.length);
  }

  restore(values: Int32Array): void {
    this.#values = new Int32Array(Math.max(FIRST_SERIES, values.length));
    this.#values.set(values);
    this.length = values.length;
  }
}
