// Reads the primitive types of a header block: octets, integers and strings (RFC 7541, 5).
import { HpackError } from './hpack-error.js';
import { decodeHuffman } from './huffman.js';

const NOTHING = Buffer.alloc(0);

/** An integer goes on for four octets at most, 28 bits: more than any length, index or table size of use. */
const LAST_SHIFT = 21;

/** One is used for all blocks of a connection. */
export class BlockReader {
  #block: Buffer = NOTHING;
  #cursor = 0;
  #limit = 0;

  open(block: Buffer): void {
    this.#block = block;
    this.#cursor = 0;
    this.#limit = block.length;
  }

  /** Lets go of the block's memory. */
  close(): void {
    this.open(NOTHING);
  }

  get more(): boolean {
    return this.#cursor < this.#limit;
  }

  /** The next octet, which stays the next; 0 at the end of the block. */
  peek(): number {
    return this.more ? this.#block[this.#cursor]! : 0;
  }

  octet(): number {
    if (this.#cursor >= this.#limit) throw new HpackError('header block ends within a field');
    return this.#block[this.#cursor++]!;
  }

  /** The integer that begins in the low bits of `first`, an octet already read; `prefix` is their mask. */
  integer(first: number, prefix: number): number {
    const low = first & prefix;
    return low < prefix ? low : this.#continuation(prefix);
  }

  #continuation(value: number): number {
    for (let shift = 0; shift <= LAST_SHIFT; shift += 7) {
      const octet = this.octet();
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new HpackError('integer of more than 28 bits');
  }

  string(): string {
    const first = this.octet();
    const length = this.integer(first, 0x7f);
    const start = this.#cursor;
    if (length > this.#limit - start) throw new HpackError('string is longer than its header block');
    this.#cursor = start + length;
    if (first < 0x80) return this.#block.toString('latin1', start, this.#cursor);
    const text = decodeHuffman(this.#block, start, this.#cursor);
    if (text === undefined) throw new HpackError('string is not Huffman-coded as it says');
    return text;
  }
}
