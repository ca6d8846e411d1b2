// Reads the tokens of a JSON text (RFC 8259) from its bytes: one pass, and for no token more work than its bytes are.

import { hexDigit, plainEscape, withoutEscapes } from './json-escapes.js';
import { JsonFault, JsonSyntaxFault } from './json-faults.js';
import { shown } from './json-shown.js';
import { BACKSLASH, DOT, FALSE, isBlank, isDigit, MINUS, NINE, QUOTE, TRUE, ZERO } from './json-signs.js';

/** Members and elements of a text: an ordinary one has one for each twenty bytes. */
const MAX_VALUES = 8 * 1024 * 1024;

/**
 * A token is read in one turn of the event loop: bytes of a string, and signs of a number, that no sender comes near.
 */
const MOST_STRING_BYTES = 16 * 1024 * 1024;
const MOST_SIGNS = 64 * 1024;
/** The same of blanks in a row: a step of the decoder passes over a few of them. */
const MOST_BLANK_BYTES = 1024 * 1024;

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

const tooManySigns = (): JsonFault => new JsonFault(`has a number of more than ${MOST_SIGNS} digits`);

const tooManyBlanks = (): JsonFault => new JsonFault(`has more than ${MOST_BLANK_BYTES >> 20} MiB of blanks in a row`);

export class JsonText {
  readonly bytes: Buffer;
  readonly end: number;
  /** Where the next token is looked for. */
  pos: number;
  /** Of the last string (without its quotes) or number. */
  start = 0;
  stop = 0;
  /** The last string holds a backslash. */
  escaped = false;
  /**
   * Of the last number: its digits as an integer (exact up to 2^53), its sign, whether it has neither fraction nor
   * exponent.
   */
  mantissa = 0;
  negative = false;
  isInteger = false;
  #exponent = 0;
  #values = 0;

  /** `bytes`: valid UTF-8; a byte order mark is passed over. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.pos = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  }

  /** The first byte of the next token, which it goes to. */
  peek(): number {
    const { bytes } = this;
    let at = this.pos;
    const end = Math.min(this.end, at + MOST_BLANK_BYTES + 1);
    while (at < end) {
      const byte = bytes[at]!;
      if (byte > 0x20 || !isBlank(byte)) {
        this.pos = at;
        return byte;
      }
      at++;
    }
    this.pos = end;
    throw end < this.end ? tooManyBlanks() : this.unexpected();
  }

  /** Nothing but blanks may follow. */
  finish(): void {
    const most = this.pos + MOST_BLANK_BYTES;
    while (this.pos < this.end && this.pos <= most && isBlank(this.bytes[this.pos]!)) this.pos++;
    if (this.pos > most) throw tooManyBlanks();
    if (this.pos < this.end) throw this.unexpected();
  }

  /** Counts a member or element. */
  count(): void {
    if (++this.#values > MAX_VALUES) throw new JsonFault(`is beyond the ${MAX_VALUES} values that a request may have`);
  }

  unexpected(at: number = this.pos): JsonSyntaxFault {
    if (at >= this.end) return new JsonSyntaxFault(`it ends at byte ${this.end}, unfinished`);
    const byte = this.bytes[at]!;
    const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `0x${byte.toString(16)}`;
    return new JsonSyntaxFault(`unexpected ${shown} at byte ${at}`);
  }

  /** Reads the string that begins here. */
  string(): void {
    const { bytes } = this;
    let at = this.pos + 1;
    const end = Math.min(this.end, at + MOST_STRING_BYTES + 1);
    this.start = at;
    this.escaped = false;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.stop = at;
        this.pos = at + 1;
        return;
      }
      if (byte === BACKSLASH) at = this.#escape(at);
      else if (byte < 0x20) throw this.unexpected(at);
      else at++;
    }
    if (end < this.end) throw new JsonFault(`has a string of more than ${MOST_STRING_BYTES >> 20} MiB`);
    throw this.unexpected(end);
  }

  /** The place behind the escape. */
  #escape(at: number): number {
    this.escaped = true;
    const sign = this.bytes[at + 1];
    if (sign === undefined) throw this.unexpected(this.end);
    if (sign !== 0x75) {
      if (plainEscape(sign) < 0) throw this.unexpected(at + 1);
      return at + 2;
    }
    for (let i = at + 2; i < at + 6; i++) if (i >= this.end || hexDigit(this.bytes[i]!) < 0) throw this.unexpected(i);
    return at + 6;
  }

  /** Reads the number that begins here. */
  number(): void {
    const { bytes } = this;
    let at = this.pos;
    this.start = at;
    this.negative = bytes[at] === MINUS;
    if (this.negative) at++;
    const first = at;
    let mantissa = 0;
    let byte = bytes[at]!;
    const most = at + MOST_SIGNS;
    while (byte >= ZERO && byte <= NINE && at < most) {
      mantissa = mantissa * 10 + byte - ZERO;
      byte = bytes[++at]!;
    }
    if (at === first) throw this.unexpected(at);
    if (at === most) throw tooManySigns();
    if (bytes[first] === ZERO && at > first + 1) throw this.unexpected(first + 1);
    this.mantissa = mantissa;
    this.#exponent = 0;
    this.isInteger = byte !== DOT && (byte | 0x20) !== 0x65;
    if (!this.isInteger) at = this.#fraction(at);
    this.stop = at;
    this.pos = at;
  }

  #fraction(at: number): number {
    const { bytes } = this;
    if (bytes[at] === DOT) {
      const first = ++at;
      const most = at + MOST_SIGNS;
      while (isDigit(bytes[at]!) && at < most) this.mantissa = this.mantissa * 10 + bytes[at++]! - ZERO;
      if (at === first) throw this.unexpected(at);
      if (at === most) throw tooManySigns();
      this.#exponent = first - at;
    }
    if ((bytes[at]! | 0x20) !== 0x65) return at;
    at++;
    const isNegative = bytes[at] === MINUS;
    if (isNegative || bytes[at] === 0x2b) at++;
    const first = at;
    let exponent = 0;
    const most = at + MOST_SIGNS;
    while (isDigit(bytes[at]!) && at < most) exponent = Math.min(exponent * 10 + bytes[at++]! - ZERO, 1e6);
    if (at === first) throw this.unexpected(at);
    if (at === most) throw tooManySigns();
    this.#exponent += isNegative ? -exponent : exponent;
    return at;
  }

  /** The last number, rounded as JavaScript rounds it. */
  double(): number {
    const { mantissa } = this;
    const exponent = this.#exponent;
    if (mantissa > Number.MAX_SAFE_INTEGER || exponent > 22 || exponent < -22)
      return Number(this.bytes.toString('latin1', this.start, this.stop));
    // One exact operand by another: a single rounding.
    const value = exponent < 0 ? mantissa / EXACT_POWERS[-exponent]! : mantissa * EXACT_POWERS[exponent]!;
    return this.negative ? -value : value;
  }

  /** Reads true, false or null. */
  literal(): void {
    const word = this.bytes[this.pos] === TRUE ? 'true' : this.bytes[this.pos] === FALSE ? 'false' : 'null';
    for (let i = 0; i < word.length; i++)
      if (this.bytes[this.pos + i] !== word.charCodeAt(i)) throw this.unexpected(this.pos + i);
    this.pos += word.length;
  }

  /** Goes behind this sign, which must come next. */
  expect(sign: number): void {
    if (this.peek() !== sign) throw this.unexpected();
    this.pos++;
  }

  /** Writes the last string without its escapes, which is no longer than with them; the place behind it. */
  unescape(into: Uint8Array, to: number): number {
    return withoutEscapes(this.bytes, this.start, this.stop, into, to);
  }

  /** The value from `start` on as a message shows it. */
  shown(start: number): string {
    return shown(this.bytes, start);
  }
}
