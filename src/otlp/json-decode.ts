// OTLP/JSON to protobuf in one pass: the bytes of the text are read along the message tables, and the wire form is
// written as they come. No tree is made of them, so that a body costs what its bytes cost, whatever they are.

import { JsonFault } from './json-faults.js';
import { type KeyTable, keysOf, MAX_KEYS } from './json-keys.js';
import { ProtobufOutput } from './json-output.js';
import { ScalarWriter } from './json-scalars.js';
import { CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, NULL, OPEN_LIST, OPEN_OBJECT, QUOTE } from './json-signs.js';
import { JsonSkipper } from './json-skipper.js';
import type { JsonField, JsonMessage } from './json-tables.js';
import { JsonText } from './json-text.js';

/**
 * Messages and lists within each other. Protobuf implementations refuse more than a hundred messages; so does
 * protobufjs when it decodes.
 */
const MAX_DEPTH = 200;
const MOST_FRAMES = MAX_DEPTH + 2;

/** No name of OTLP is longer, every letter written as an escape; bytes. */
const MOST_NAME = 512;

/** Members of messages under way, at first. */
const FIRST_MEMBERS = 256;

/** One conversion. It may be done in slices: what is under way lies on a stack of its own. */
export class JsonDecoder {
  readonly #text: JsonText;
  readonly #out: ProtobufOutput;
  readonly #scalars: ScalarWriter;
  readonly #skipper: JsonSkipper;
  /** Until it is begun. */
  #top: JsonMessage | undefined;
  /** A name without its escapes. */
  readonly #name = new Uint8Array(MOST_NAME);
  #depth = 0;
  #isSkipping = false;

  // Of each message or list under way: a message has a table, a list an index.
  readonly #tables: (KeyTable | undefined)[] = new Array(MOST_FRAMES).fill(undefined);
  readonly #lists: (JsonField | undefined)[] = new Array(MOST_FRAMES).fill(undefined);
  readonly #indexes = new Int32Array(MOST_FRAMES);
  /** Name of the member at hand; -1: before the first. */
  readonly #keys = new Int8Array(MOST_FRAMES);
  readonly #isFirst = new Uint8Array(MOST_FRAMES);
  /** Where its content starts, and the bytes in front of it for its length. */
  readonly #starts = new Int32Array(MOST_FRAMES);
  readonly #given = new Uint8Array(MOST_FRAMES);

  // Members of the messages under way: fields go out in the order of their numbers, and of equal names the last one
  // holds.
  #memberCount = 0;
  #memberStarts = new Int32Array(FIRST_MEMBERS);
  /** Number of the field; 0: another of the same name came later. */
  #memberNumbers = new Int32Array(FIRST_MEMBERS);
  readonly #firstMembers = new Int32Array(MOST_FRAMES);
  readonly #isDisordered = new Uint8Array(MOST_FRAMES);
  readonly #lastNumbers = new Int32Array(MOST_FRAMES);
  readonly #had = [new Int32Array(MOST_FRAMES), new Int32Array(MOST_FRAMES)] as const;
  /** For putting them in order: the content as it was, and its members. */
  #scratch = new Uint8Array(FIRST_MEMBERS);
  readonly #sorted = new Int32Array(MAX_KEYS);
  /** The last member of each name that the message has had. */
  readonly #memberOf = new Int32Array(MOST_FRAMES * MAX_KEYS);

  /** `json`: valid UTF-8. `limit`: bytes of the wire form. */
  constructor(message: JsonMessage, json: Buffer, limit: number) {
    this.#text = new JsonText(json);
    this.#out = new ProtobufOutput(limit);
    this.#scalars = new ScalarWriter(this.#text, this.#out);
    this.#skipper = new JsonSkipper(this.#text);
    this.#top = message;
  }

  /** Goes on until so many bytes are read; true: to the end. Throws `JsonFault`, `JsonSyntaxFault` and `TooLong`. */
  run(until: number): boolean {
    const text = this.#text;
    if (this.#top) this.#begin(this.#top);
    while (this.#depth > 0) {
      if (text.pos >= until) return false;
      if (this.#isSkipping) this.#isSkipping = !this.#skipper.skip(until);
      else if (this.#tables[this.#depth - 1]) this.#member();
      else this.#element();
    }
    text.finish();
    return true;
  }

  #begin(message: JsonMessage): void {
    if (this.#text.peek() !== OPEN_OBJECT) throw this.#scalars.expected('an object', this.#text.pos);
    this.#openMessage(message, 0);
    this.#top = undefined;
  }

  /** Bytes of memory that are taken for the wire form, and for what is under way. */
  get capacity(): number {
    return this.#out.bytes.length + this.#scratch.length + 8 * this.#memberStarts.length;
  }

  /** The wire form. */
  take(): Buffer {
    return this.#out.take();
  }

  /** Nothing more will be asked of it. */
  release(): void {
    this.#out.release();
  }

  /** Path of the value that was at fault, as in `resourceMetrics[0].scopeMetrics`. */
  where(): string {
    let path = '';
    for (let frame = 0; frame < this.#depth; frame++) {
      const isUnknown = this.#isSkipping && frame === this.#depth - 1;
      const name = isUnknown ? undefined : this.#tables[frame]?.fields[this.#keys[frame]!]?.name;
      if (this.#lists[frame]) path += this.#indexes[frame]! < 0 ? '' : `[${this.#indexes[frame]}]`;
      else if (name !== undefined) path += path === '' ? name : `.${name}`;
    }
    return path;
  }

  // -- messages

  /** `given`: bytes for its length, which are written when it ends. */
  #openMessage(message: JsonMessage, given: number): void {
    if (this.#depth > MAX_DEPTH) throw new JsonFault('is nested too deeply');
    const frame = this.#depth++;
    this.#text.pos++;
    this.#tables[frame] = keysOf(message);
    this.#lists[frame] = undefined;
    this.#keys[frame] = -1;
    this.#isFirst[frame] = 1;
    this.#firstMembers[frame] = this.#memberCount;
    this.#isDisordered[frame] = 0;
    this.#lastNumbers[frame] = 0;
    this.#had[0][frame] = 0;
    this.#had[1][frame] = 0;
    this.#beginLength(frame, given);
  }

  #beginLength(frame: number, given: number): void {
    this.#out.reserve(given);
    this.#out.pos += given;
    this.#given[frame] = given;
    this.#starts[frame] = this.#out.pos;
  }

  #member(): void {
    const frame = this.#depth - 1;
    const text = this.#text;
    let sign = text.peek();
    if (sign === CLOSE_OBJECT) {
      this.#closeMessage(frame);
      return;
    }
    if (this.#isFirst[frame] === 0) {
      if (sign !== COMMA) throw text.unexpected();
      text.pos++;
      sign = text.peek();
    } else this.#isFirst[frame] = 0;
    if (sign !== QUOTE) throw text.unexpected();
    text.count();
    const key = this.#readName(frame);
    text.expect(COLON);
    if (key < 0) this.#isSkipping = true;
    else this.#value(frame, key);
  }

  /** The number of the member's name. */
  #readName(frame: number): number {
    const text = this.#text;
    const table = this.#tables[frame]!;
    const guess = table.guess(text.bytes, text.pos + 1, this.#keys[frame]!);
    if (guess >= 0) {
      text.pos += table.lengthOf(guess) + 2;
      return guess;
    }
    text.string();
    if (!text.escaped) return table.find(text.bytes, text.start, text.stop, this.#keys[frame]!);
    if (text.stop - text.start > this.#name.length) return -1;
    return table.find(this.#name, 0, text.unescape(this.#name, 0), this.#keys[frame]!);
  }

  #value(frame: number, key: number): void {
    const text = this.#text;
    const field = this.#tables[frame]!.fields[key]!;
    this.#keys[frame] = key;
    this.#note(frame, key, field.number);
    const sign = text.peek();
    if (sign === NULL) text.literal();
    else if (field.repeated) this.#openList(field, sign);
    else if (field.message) this.#nested(field, field.message, sign);
    else this.#scalars.write(field, sign, field.presence);
  }

  #nested(field: JsonField, message: JsonMessage, sign: number): void {
    if (sign !== OPEN_OBJECT) throw this.#scalars.expected('an object', this.#text.pos);
    this.#out.reserve(5);
    this.#out.varint((field.number << 3) | 2);
    this.#openMessage(message, keysOf(message).lengthBytes);
  }

  #closeMessage(frame: number): void {
    this.#text.pos++;
    if (this.#isDisordered[frame] === 1) this.#order(frame);
    this.#memberCount = this.#firstMembers[frame]!;
    const given = this.#given[frame]!;
    if (given > 0) this.#tables[frame]!.lengthBytes = this.#out.close(this.#starts[frame]!, given);
    this.#tables[frame] = undefined;
    this.#depth = frame;
  }

  // -- lists

  #openList(field: JsonField, sign: number): void {
    const text = this.#text;
    if (sign !== OPEN_LIST) throw this.#scalars.expected('a list', text.pos);
    text.pos++;
    if (text.peek() === CLOSE_LIST) {
      text.pos++;
      return;
    }
    const frame = this.#depth++;
    this.#lists[frame] = field;
    this.#indexes[frame] = -1;
    if (field.wire === 2) return;
    this.#out.reserve(5);
    this.#out.varint((field.number << 3) | 2);
    this.#beginLength(frame, 1);
  }

  #element(): void {
    const frame = this.#depth - 1;
    const text = this.#text;
    const field = this.#lists[frame]!;
    let sign = text.peek();
    if (this.#indexes[frame]! >= 0) {
      if (sign === CLOSE_LIST) {
        text.pos++;
        if (field.wire !== 2) this.#out.close(this.#starts[frame]!, this.#given[frame]!);
        this.#lists[frame] = undefined;
        this.#depth = frame;
        return;
      }
      if (sign !== COMMA) throw text.unexpected();
      text.pos++;
      sign = text.peek();
    }
    text.count();
    this.#indexes[frame]!++;
    if (field.message) this.#nested(field, field.message, sign);
    else this.#scalars.write(field, sign, true);
  }

  // -- the order of members

  #note(frame: number, key: number, number: number): void {
    const member = this.#memberCount++;
    if (member === this.#memberStarts.length) this.#moreMembers();
    this.#memberStarts[member] = this.#out.pos;
    this.#memberNumbers[member] = number;
    if (number < this.#lastNumbers[frame]!) this.#isDisordered[frame] = 1;
    this.#lastNumbers[frame] = number;
    const had = this.#had[(key >> 5) as 0 | 1];
    const bit = 1 << (key & 31);
    if ((had[frame]! & bit) !== 0) {
      this.#isDisordered[frame] = 1;
      this.#memberNumbers[this.#memberOf[frame * MAX_KEYS + key]!] = 0;
    }
    had[frame]! |= bit;
    this.#memberOf[frame * MAX_KEYS + key] = member;
  }

  #moreMembers(): void {
    const grown = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(2 * old.length);
      larger.set(old);
      return larger;
    };
    this.#memberStarts = grown(this.#memberStarts);
    this.#memberNumbers = grown(this.#memberNumbers);
  }

  /**
   * Puts the members of a finished message in the order of their numbers, and leaves out what came again under its
   * name.
   */
  #order(frame: number): void {
    const out = this.#out;
    const content = this.#starts[frame]!;
    const starts = this.#memberStarts;
    const length = out.pos - content;
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(2 * length);
    this.#scratch.set(out.bytes.subarray(content, out.pos));
    const end = out.pos;
    const count = this.#sortMembers(frame);
    out.pos = content;
    for (let i = 0; i < count; i++) {
      const member = this.#sorted[i]!;
      const stop = member + 1 < this.#memberCount ? starts[member + 1]! : end;
      out.copy(this.#scratch, starts[member]! - content, stop - content);
    }
  }

  /** The members that hold into `#sorted`, each name once, by the numbers of their fields; how many there are. */
  #sortMembers(frame: number): number {
    const sorted = this.#sorted;
    const numbers = this.#memberNumbers;
    let count = 0;
    for (let member = this.#firstMembers[frame]!; member < this.#memberCount; member++) {
      const number = numbers[member]!;
      if (number === 0) continue;
      let at = count++;
      for (; at > 0 && numbers[sorted[at - 1]!]! > number; at--) sorted[at] = sorted[at - 1]!;
      sorted[at] = member;
    }
    return count;
  }
}
