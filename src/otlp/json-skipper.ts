// Passes over values of a JSON text that nobody reads, in slices.
import { JsonFault } from './json-faults.js';
import { CLOSE_OBJECT, COLON, COMMA, isDigit, MINUS, OPEN_LIST, OPEN_OBJECT, QUOTE } from './json-signs.js';
import type { JsonText } from './json-text.js';

/** Lists and objects within each other, of what is passed over; what is read is bounded by its own depth. */
const MAX_SKIPPED_DEPTH = 512;

export class JsonSkipper {
  readonly #text: JsonText;
  /** Closing signs of what is being passed over. */
  readonly #closing = new Uint8Array(MAX_SKIPPED_DEPTH);
  #depth = 0;
  /** The value at hand is the first of a list or an object. */
  #isFirst = false;

  constructor(text: JsonText) {
    this.#text = text;
  }

  #scalar(sign: number): void {
    if (sign === QUOTE) this.#text.string();
    else if (isDigit(sign) || sign === MINUS) this.#text.number();
    else this.#text.literal();
  }

  /** Passes over the value here, or over more of it; true: to its end. It stops behind `until`. */
  skip(until: number): boolean {
    do this.#step();
    while (this.#depth > 0 && this.#text.pos < until);
    return this.#depth === 0;
  }

  #step(): void {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (this.#depth > 0 && this.#between(isFirst)) return;
    const sign = this.#text.peek();
    this.#isFirst = sign === OPEN_LIST || sign === OPEN_OBJECT;
    if (this.#isFirst) this.#open(sign);
    else this.#scalar(sign);
  }

  #open(sign: number): void {
    if (this.#depth === MAX_SKIPPED_DEPTH) throw new JsonFault('is nested too deeply');
    // The closing signs are two behind the opening ones.
    this.#closing[this.#depth++] = sign + 2;
    this.#text.pos++;
  }

  /** Up to the next value of what is passed over; true: that was its end. */
  #between(isFirst: boolean): boolean {
    const closing = this.#closing[this.#depth - 1]!;
    const sign = this.#text.peek();
    if (sign === closing) {
      this.#depth--;
      this.#text.pos++;
      return true;
    }
    if (!isFirst) this.#text.expect(COMMA);
    this.#text.count();
    if (closing !== CLOSE_OBJECT) return false;
    if (this.#text.peek() !== QUOTE) throw this.#text.unexpected();
    this.#text.string();
    this.#text.expect(COLON);
    return false;
  }
}
