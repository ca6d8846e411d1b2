// 64-bit integers of a JSON text, exact, as two halves of 32 bits; no work beyond the bytes of the digits.
import { MINUS, NINE, ZERO } from './json-signs.js';
import type { JsonText } from './json-text.js';

const TWO_32 = 0x1_0000_0000;
/** Digits of the longest 64-bit integer. */
const MOST_DIGITS = 20;
const POWERS = Array.from({ length: 10 }, (_, exponent) => 10 ** exponent);

export class Integer64 {
  /** Two's complement of the one that was read last. */
  low = 0;
  high = 0;

  get isZero(): boolean {
    return this.low === 0 && this.high === 0;
  }

  /** The nearest double. */
  get signed(): number {
    return this.high * TWO_32 + (this.low >>> 0);
  }

  /** Reads the last number of the text; false: it is not one of these. */
  fromNumber(text: JsonText, isSigned: boolean): boolean {
    const { mantissa, negative, isInteger, bytes, start, stop } = text;
    if (!isInteger) return this.#fromDouble(text.double(), isSigned);
    if (mantissa > Number.MAX_SAFE_INTEGER) return this.fromDigits(bytes, start, stop, isSigned);
    this.#split(mantissa);
    return this.#sign(negative, isSigned);
  }

  #split(magnitude: number): void {
    this.low = magnitude | 0;
    this.high = Math.floor(magnitude / TWO_32) | 0;
  }

  #negate(): void {
    this.low = -this.low | 0;
    this.high = (~this.high + (this.low === 0 ? 1 : 0)) | 0;
  }

  /** A number with a fraction or an exponent may be an integer, too. */
  #fromDouble(value: number, isSigned: boolean): boolean {
    const magnitude = Math.abs(value);
    if (!Number.isInteger(value) || magnitude >= TWO_32 * TWO_32) return false;
    this.#split(magnitude);
    return this.#sign(value < 0, isSigned);
  }

  /** Of digits with or without a minus in front; false: that is no integer, or not one of 64 bits. */
  fromDigits(bytes: Uint8Array, start: number, stop: number, isSigned: boolean): boolean {
    const negative = bytes[start] === MINUS;
    let at = negative ? start + 1 : start;
    if (at >= stop) return false;
    while (at < stop - 1 && bytes[at] === ZERO) at++;
    for (let i = at; i < stop; i++) if (bytes[i]! < ZERO || bytes[i]! > NINE) return false;
    if (stop - at > MOST_DIGITS) return false;
    // The last nine digits by themselves: what stays is below 10^11.
    const cut = Math.max(at, stop - 9);
    if (!this.#join(decimal(bytes, at, cut), decimal(bytes, cut, stop), POWERS[stop - cut]!)) return false;
    return this.#sign(negative, isSigned);
  }

  /** Gives the magnitude its sign; false: there is no such integer of 64 bits. */
  #sign(negative: boolean, isSigned: boolean): boolean {
    const high = this.high >>> 0;
    if (!negative) return !isSigned || high < 0x80000000;
    const isZero = high === 0 && this.low === 0;
    if (isSigned ? high > 0x80000000 || (high === 0x80000000 && this.low !== 0) : !isZero) return false;
    this.#negate();
    return true;
  }

  /** `upper` · `factor` + `lower`, each step of which is exact; false: that is beyond 64 bits. */
  #join(upper: number, lower: number, factor: number): boolean {
    const upperHalf = Math.floor(upper / 0x10000);
    const above = upperHalf * factor;
    const below = (upper - upperHalf * 0x10000) * factor + lower;
    const aboveHalf = Math.floor(above / 0x10000);
    const low = (above - aboveHalf * 0x10000) * 0x10000 + below;
    const high = aboveHalf + Math.floor(low / TWO_32);
    if (high >= TWO_32) return false;
    // Bit operations take a number modulo 2^32.
    this.low = low | 0;
    this.high = high | 0;
    return true;
  }
}

function decimal(bytes: Uint8Array, start: number, stop: number): number {
  let value = 0;
  for (let i = start; i < stop; i++) value = value * 10 + bytes[i]! - ZERO;
  return value;
}
