// Requests that are done, until a file says so.
import type { Segment } from './segment.js';

/** A crash before that delivers once more what was done; ms. */
const DONE_AFTER_MS = 1_000;
const DONE_AT_ONCE = 4_096;

/** A request, and the number of the file that it lies in. */
export interface Done {
  readonly id: number;
  readonly segment: number;
}

export class DoneList {
  /** It is to be written now. */
  isDue: boolean = false;
  readonly #onDue: () => void;
  readonly #afterMs: number;
  #entries: Done[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(onDue: () => void, afterMs: number = DONE_AFTER_MS) {
    this.#onDue = onDue;
    this.#afterMs = afterMs;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** To be written before long. */
  add(id: number, segment: Segment): void {
    this.note(id, segment);
    if (this.#entries.length >= DONE_AT_ONCE) this.makeDue();
    else this.#timer ??= setTimeout(() => this.makeDue(), this.#afterMs).unref();
  }

  /** To be written with whatever is next. */
  note(id: number, segment: Segment): void {
    this.#entries.push({ id, segment: segment.number });
  }

  makeDue(): void {
    this.stop();
    if (this.isEmpty) return;
    this.isDue = true;
    this.#onDue();
  }

  take(): Done[] {
    return this.#entries.splice(0);
  }

  /** They could not be written. */
  giveBack(entries: readonly Done[]): void {
    this.#entries.unshift(...entries);
  }

  /** The file is empty: nothing need be said of it. */
  forgetIn(emptied: Segment): void {
    this.#entries = this.#entries.filter(({ segment }) => segment !== emptied.number);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
