// The JSON objects of a byte stream, one after the other or in arrays, wherever their lines end.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x7b, 0x5b];
const CLOSE = [0x7d, 0x5d];
/** Between objects: white space, commas, and the brackets of arrays. */
const BETWEEN = new Set([0x20, 0x09, 0x0a, 0x0d, 0x2c, 0x5b, 0x5d]);

/** Collects objects from chunks of any cut. */
export class JsonObjects {
  #parts: Buffer[] = [];
  #depth = 0;
  #inString = false;
  #escaped = false;
  #inOther = false;
  /** Runs of other things between the objects. */
  others = 0;

  /** The texts of the objects that the chunk completes. */
  push(chunk: Buffer): string[] {
    const texts: string[] = [];
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#depth === 0 && byte !== OPEN[0]) this.#between(byte);
      else if (this.#depth === 0) {
        this.#depth = 1;
        this.#inOther = false;
        start = i;
      } else if (this.#step(byte)) {
        texts.push(Buffer.concat([...this.#parts, chunk.subarray(start, i + 1)]).toString('utf8'));
        this.#parts = [];
      }
    }
    if (this.#depth > 0) this.#parts.push(chunk.subarray(start));
    return texts;
  }

  /** The beginning of an object that does not end; empty: there is none. */
  rest(): string {
    return this.#depth > 0 ? Buffer.concat(this.#parts).toString('utf8') : '';
  }

  #between(byte: number): void {
    const isOther = !BETWEEN.has(byte);
    if (isOther && !this.#inOther) this.others++;
    this.#inOther = isOther;
  }

  /** True at the end of the object. */
  #step(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return false;
    }
    if (byte === QUOTE) this.#inString = true;
    else if (OPEN.includes(byte)) this.#depth++;
    else if (CLOSE.includes(byte)) return --this.#depth === 0;
    return false;
  }
}
