// The names of one message's fields as bytes, to be found in a JSON text without making strings of it.

import { QUOTE } from './json-signs.js';
import type { JsonField, JsonMessage } from './json-tables.js';

/**
 * So many names fit the bits that tell which a JSON object has had: twice the fields of the largest message of OTLP.
 */
export const MAX_KEYS = 64;

const SLOTS = 256;

/** Length, first, middle and last byte tell the names of every message apart but for a few; the rest are probed for. */
function slotOf(bytes: Uint8Array, start: number, stop: number): number {
  const length = stop - start;
  const middle = bytes[start + (length >> 1)]!;
  return (length * 5 + bytes[start]! * 11 + middle * 31 + bytes[stop - 1]! * 17) & (SLOTS - 1);
}

export class KeyTable {
  /** The field by the number of its name; a field with two ways to write it has two. */
  readonly fields: JsonField[] = [];
  /** Bytes that the length of the last such message took: the next one is likely to be as long. */
  lengthBytes = 1;
  readonly #names: Uint8Array[] = [];
  /** Number of a name + 1; 0: free. */
  readonly #slots: Uint8Array = new Uint8Array(SLOTS);
  /** The name that came after each, the last time; senders write a message's fields in one order. */
  readonly #next: Uint8Array = new Uint8Array(MAX_KEYS + 1);

  constructor(message: JsonMessage) {
    for (const [name, field] of message.byName) this.#add(Buffer.from(name), field);
  }

  #add(name: Uint8Array, field: JsonField): void {
    if (this.fields.length === MAX_KEYS) throw new Error(`a message of more than ${MAX_KEYS} names`);
    this.fields.push(field);
    this.#names.push(name);
    let slot = slotOf(name, 0, name.length);
    while (this.#slots[slot] !== 0) slot = (slot + 1) % SLOTS;
    this.#slots[slot] = this.fields.length;
  }

  /**
   * The number of the name that is likely to come after this one (-1: the first), if it lies at `start` with a quote
   * behind it; else -1.
   */
  guess(bytes: Uint8Array, start: number, after: number): number {
    const key = this.#next[after + 1]!;
    const name = this.#names[key]!;
    const { length } = name;
    for (let i = 0; i < length; i++) if (name[i] !== bytes[start + i]) return -1;
    return bytes[start + length] === QUOTE ? key : -1;
  }

  /** Bytes of the name. */
  lengthOf(key: number): number {
    return this.#names[key]!.length;
  }

  /**
   * The number of the name at `start` to before `stop`; -1: no field has it. `after`: the number of the name before it,
   * or -1.
   */
  find(bytes: Uint8Array, start: number, stop: number, after: number): number {
    if (start === stop) return -1;
    for (let slot = slotOf(bytes, start, stop); ; slot = (slot + 1) % SLOTS) {
      const key = this.#slots[slot]! - 1;
      if (key < 0) return -1;
      if (!this.#is(key, bytes, start, stop)) continue;
      this.#next[after + 1] = key;
      return key;
    }
  }

  #is(key: number, bytes: Uint8Array, start: number, stop: number): boolean {
    const name = this.#names[key];
    if (name === undefined || name.length !== stop - start) return false;
    for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
    return true;
  }
}

const tables = new Map<JsonMessage, KeyTable>();

/** Made once a message. */
export function keysOf(message: JsonMessage): KeyTable {
  const known = tables.get(message);
  if (known) return known;
  const table = new KeyTable(message);
  tables.set(message, table);
  return table;
}
