// What an input has reached, beside what all inputs before it had.

/** Classes of counts: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, 128 and more; each is a bit. */
const CLASS = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count < 4) return count === 0 ? 0 : 1 << (count - 1);
  return 1 << Math.min(7, Math.floor(Math.log2(count)) + 1 + (count >= 64 ? -1 : 0));
});

export class Coverage {
  /** Counts of the input that runs, by branch; counts of 256 begin anew. */
  readonly map: Uint8Array;
  readonly #words: Uint32Array;
  readonly #seen: Uint8Array;
  /** Branches that any input has taken. */
  reached = 0;

  constructor(branches: number) {
    const bytes = Math.ceil((branches + 1) / 4) * 4;
    this.map = new Uint8Array(bytes);
    this.#words = new Uint32Array(this.map.buffer);
    this.#seen = new Uint8Array(bytes);
  }

  clear(): void {
    this.map.fill(0);
  }

  /** True where the input took a branch that none took before, or took one more often by a class. */
  take(): boolean {
    let isNew = false;
    for (let word = 0; word < this.#words.length; word++) {
      if (this.#words[word] === 0) continue;
      for (let at = 4 * word; at < 4 * word + 4; at++) {
        const bit = CLASS[this.map[at]!]!;
        const seen = this.#seen[at]!;
        if ((bit & ~seen) === 0) continue;
        if (seen === 0) this.reached++;
        this.#seen[at] = seen | bit;
        isNew = true;
      }
    }
    return isNew;
  }
}
