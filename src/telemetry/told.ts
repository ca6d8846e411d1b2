// Lines that are written once for each sender: senders are strangers, who may have any number of names.

/** Names that are remembered; the one told longest ago gives way. */
const MOST_NAMES = 1_000;
/** New names that are told of in an interval, ms: the rest is told of when it comes again. */
const MOST_AT_ONCE = 20;
const INTERVAL_MS = 60_000;

export class Told {
  readonly #names = new Set<string>();
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether the name is to be told of now: it was not, and few others were of late. */
  isNew(name: string): boolean {
    if (this.#names.has(name) || !this.#mayTell()) return false;
    if (this.#names.size >= MOST_NAMES) this.#names.delete(this.#names.values().next().value as string);
    this.#names.add(name);
    return true;
  }

  #mayTell(): boolean {
    const now = this.#now();
    if (now - this.#since >= INTERVAL_MS) {
      this.#since = now;
      this.#count = 0;
    }
    return ++this.#count <= MOST_AT_ONCE;
  }
}
