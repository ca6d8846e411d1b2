// What of a recording could not be read: counted, with the first case of each kind, so that a replay is never silently
// of less.

interface Skipped {
  count: number;
  readonly first: string;
}

export class Notes {
  readonly #skipped = new Map<string, Skipped>();
  readonly #cut = new Map<string, string>();

  /** `what` in the singular, as in "line"; `first`: where, and what is wrong with it. */
  skip(path: string, what: string, first: string): void {
    const key = `${path}: \0${what}`;
    const known = this.#skipped.get(key);
    if (known) known.count++;
    else this.#skipped.set(key, { count: 1, first });
  }

  /** The file ends in the middle of something, or is damaged from somewhere on. */
  cut(path: string, sentence: string): void {
    if (!this.#cut.has(path)) this.#cut.set(path, sentence);
  }

  /** Lines, messages and rows that were left out. */
  get skipped(): number {
    return [...this.#skipped.values()].reduce((sum, { count }) => sum + count, 0) + this.#cut.size;
  }

  get isCut(): boolean {
    return this.#cut.size > 0;
  }

  /** One for each file and kind. */
  sentences(): string[] {
    const skipped = [...this.#skipped].map(([key, { count, first }]) => {
      const [path, what] = key.split('\0');
      return `${path}${count === 1 ? `one ${what} was` : `${count} ${what}s were`} skipped: ${first}`;
    });
    return [...skipped, ...[...this.#cut].map(([path, sentence]) => `${path}: ${sentence}`)];
  }
}
