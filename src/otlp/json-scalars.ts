// Numbers, strings, bytes, ids and enums of OTLP/JSON, from the text's bytes to the wire form; 64-bit integers without
// loss.

import { hexDigit } from './json-escapes.js';
import { wanted, wantedOf } from './json-expected.js';
import { JsonFault } from './json-faults.js';
import { Integer64 } from './json-integers.js';
import { type ProtobufOutput, varintBytes } from './json-output.js';
import { FALSE, isBase64, isValue, MINUS, NINE, QUOTE, TRUE, ZERO } from './json-signs.js';
import { idBytes, type JsonField } from './json-tables.js';
import type { JsonText } from './json-text.js';

const NOTHING = Buffer.alloc(0);
/** Tag, length and the longest number. */
const ROOM = 24;

export class ScalarWriter {
  readonly #text: JsonText;
  readonly #out: ProtobufOutput;
  readonly #integer = new Integer64();
  /** Where the content of a string lies, without escapes. */
  #bytes: Buffer = NOTHING;
  #start = 0;
  #stop = 0;
  /** Memory for a string that has escapes. */
  #plain: Buffer = NOTHING;

  constructor(text: JsonText, out: ProtobufOutput) {
    this.#text = text;
    this.#out = out;
  }

  /**
   * Reads the value here, whose first byte is `sign`, and writes it with its tag. `presence`: its default is written,
   * too.
   */
  write(field: JsonField, sign: number, presence: boolean): void {
    this.#out.reserve(ROOM);
    const at = this.#text.pos;
    if (sign === QUOTE) {
      this.#text.string();
      this.#fromString(field, presence, at);
    } else if (sign === MINUS || (sign >= ZERO && sign <= NINE)) {
      this.#text.number();
      this.#fromNumber(field, presence, at);
    } else if (sign === TRUE || sign === FALSE) {
      this.#text.literal();
      if (field.kind !== 'bool') throw this.#fault(field, at);
      if (sign === FALSE && !presence) return;
      this.#tag(field);
      this.#out.varint(sign === TRUE ? 1 : 0);
    } else throw isValue(sign) ? this.#fault(field, at) : this.#text.unexpected();
  }

  /** What is wrong with the value at `at`. */
  expected(what: string, at: number): Error {
    if (!isValue(this.#text.bytes[at]!)) return this.#text.unexpected(at);
    return new JsonFault(`expected ${what}, got ${this.#text.shown(at)}`);
  }

  #fault(field: JsonField, at: number): Error {
    const shown = this.#text.shown(at);
    const isDefault = shown === '0' || shown === '""' || shown === '"0"' || shown === 'false';
    return this.expected(isDefault && !field.presence && !field.repeated ? wanted(field) : wantedOf(field), at);
  }

  /** Lists of numbers are packed: their elements have no tags. */
  #tag(field: JsonField): void {
    if (!field.repeated || field.wire === 2) this.#out.varint((field.number << 3) | field.wire);
  }

  // -- numbers

  #fromNumber(field: JsonField, presence: boolean, at: number): void {
    const text = this.#text;
    switch (field.kind) {
      case 'double': {
        const value = text.double();
        if (!presence && Object.is(value, 0)) return;
        this.#tag(field);
        this.#out.double(value);
        return;
      }
      case 'fixed64':
      case 'sfixed64':
      case 'int64':
      case 'uint64':
        if (!this.#integer.fromNumber(text, isSigned64(field))) throw this.#fault(field, at);
        if (!presence && this.#integer.isZero && !text.negative) return;
        this.#write64(field);
        return;
      case 'string':
      case 'bool':
      case 'bytes':
      case 'id':
      case 'message':
        throw this.#fault(field, at);
      default:
        this.#write32(field, text.double(), presence, at);
    }
  }

  #write64(field: JsonField): void {
    const { low, high } = this.#integer;
    this.#tag(field);
    if (field.wire === 1) this.#out.fixed64(low, high);
    else this.#out.varint64(low, high);
  }

  #write32(field: JsonField, value: number, presence: boolean, at: number): void {
    const isSigned = field.kind !== 'uint32' && field.kind !== 'fixed32';
    const [least, most] = isSigned ? [-0x80000000, 0x7fffffff] : [0, 0xffffffff];
    if (!Number.isInteger(value) || value < least || value > most)
      throw this.expected(`an integer from ${least} to ${most}`, at);
    if (!presence && Object.is(value, 0)) return;
    const out = this.#out;
    this.#tag(field);
    if (field.kind === 'fixed32') out.fixed32(value);
    else if (field.kind === 'sint32') out.varint(((value << 1) ^ (value >> 31)) >>> 0);
    else if (value < 0) out.varint64(value, -1);
    else out.varint(value);
  }

  // -- strings

  #fromString(field: JsonField, presence: boolean, at: number): void {
    const text = this.#text;
    const isEmpty = text.start === text.stop;
    if (field.kind === 'string') {
      if (!isEmpty || presence) this.#writeText(field);
      return;
    }
    if (isEmpty && !presence && (field.kind === 'bytes' || field.kind === 'id')) return;
    this.#content();
    const isZero = this.#stop - this.#start === 1 && this.#bytes[this.#start] === ZERO;
    switch (field.kind) {
      case 'double': {
        const value = this.#textDouble();
        if (value === undefined) throw this.#fault(field, at);
        if (isZero && !presence) return;
        this.#tag(field);
        this.#out.double(value);
        return;
      }
      case 'fixed64':
      case 'sfixed64':
      case 'int64':
      case 'uint64':
        if (!this.#integer.fromDigits(this.#bytes, this.#start, this.#stop, isSigned64(field)))
          throw this.#fault(field, at);
        if (!isZero || presence) this.#write64(field);
        return;
      case 'bytes':
        if (!this.#writeBase64(field)) throw this.#fault(field, at);
        return;
      case 'id':
        if (!this.#writeId(field)) throw this.#fault(field, at);
        return;
      case 'bool':
      case 'message':
        throw this.#fault(field, at);
      default:
        this.#textInteger(field, presence || !isZero, at);
    }
  }

  /** Where the content of the last string lies, without escapes. */
  #content(): void {
    const { bytes, start, stop, escaped } = this.#text;
    this.#bytes = bytes;
    this.#start = start;
    this.#stop = stop;
    if (!escaped) return;
    if (this.#plain.length < stop - start) this.#plain = Buffer.allocUnsafeSlow(stop - start);
    this.#bytes = this.#plain;
    this.#start = 0;
    this.#stop = this.#text.unescape(this.#plain, 0);
  }

  #latin1(): string {
    return this.#bytes.toString('latin1', this.#start, this.#stop);
  }

  #writeText(field: JsonField): void {
    const { bytes, start, stop, escaped } = this.#text;
    const out = this.#out;
    out.reserve(ROOM + stop - start);
    this.#tag(field);
    if (!escaped) {
      out.varint(stop - start);
      out.copy(bytes, start, stop);
      return;
    }
    const given = varintBytes(stop - start);
    const content = out.pos + given;
    out.pos = this.#text.unescape(out.bytes, content);
    out.close(content, given);
  }

  #textDouble(): number | undefined {
    const text = this.#latin1();
    if (text === '' || text.trim() !== text) return undefined;
    const value = Number(text);
    return Number.isNaN(value) && text !== 'NaN' ? undefined : value;
  }

  /** An integer of 32 bits, or the name of an enum's value. */
  #textInteger(field: JsonField, presence: boolean, at: number): void {
    const named = field.kind === 'enum' ? field.enumValues?.[this.#latin1()] : undefined;
    if (typeof named === 'number') {
      // A name is written also where it stands for the default.
      this.#write32(field, named, true, at);
      return;
    }
    if (!this.#integer.fromDigits(this.#bytes, this.#start, this.#stop, true)) throw this.#fault(field, at);
    this.#write32(field, this.#integer.signed, presence, at);
  }

  /** The standard alphabet or that for URLs, padded or not. */
  #writeBase64(field: JsonField): boolean {
    let end = this.#stop;
    for (let padding = 0; padding < 2 && end > this.#start && this.#bytes[end - 1] === 0x3d; padding++) end--;
    for (let at = this.#start; at < end; at++) if (!isBase64(this.#bytes[at]!)) return false;
    const bytes = Buffer.from(this.#latin1(), 'base64');
    const out = this.#out;
    out.reserve(ROOM + bytes.length);
    this.#tag(field);
    out.varint(bytes.length);
    out.copy(bytes, 0, bytes.length);
    return true;
  }

  #writeId(field: JsonField): boolean {
    const out = this.#out;
    const digits = this.#stop - this.#start;
    if (digits !== 0 && digits !== 2 * idBytes(field.name)) return false;
    this.#tag(field);
    out.varint(digits / 2);
    for (let at = this.#start; at < this.#stop; at += 2) {
      const high = hexDigit(this.#bytes[at]!);
      const low = hexDigit(this.#bytes[at + 1]!);
      if (high < 0 || low < 0) return false;
      out.bytes[out.pos++] = high * 16 + low;
    }
    return true;
  }
}

const isSigned64 = ({ kind }: JsonField): boolean => kind === 'sfixed64' || kind === 'int64';
