// Decodes the header blocks of one connection, in the order they came in (RFC 7541, 3.2 and 6).
import { BlockReader } from './block-reader.js';
import { DynamicTable, ENTRY_OVERHEAD } from './dynamic-table.js';
import { HpackError } from './hpack-error.js';
import { STATIC_FIELDS, STATIC_LENGTH } from './static-table.js';

export { HpackError } from './hpack-error.js';

/** What both sides begin with, before any SETTINGS are acknowledged (RFC 9113, 6.5.2). */
const INITIAL_TABLE_BYTES = 4096;

/** A peer that was told several sizes between two blocks sends the smallest and the last (RFC 7541, 4.2). */
const MOST_SIZE_UPDATES = 2;

/**
 * How a field begins (RFC 7541, 6), and the mask of the integer that begins in the same octet:
 *
 *     1 · · · · · · ·   indexed             0x7f
 *     0 1 · · · · · ·   literal, indexed    0x3f
 *     0 0 1 · · · · ·   table size update   0x1f
 *     0 0 0 n · · · ·   literal             0x0f   n: never to be indexed
 */
const INDEXED = 0x80;
const ADDED = 0x40;
const SIZE_UPDATE = 0x20;

/** One for each connection: it keeps the dynamic table. After an HpackError it is of no more use. */
export class HpackDecoder {
  readonly #maxTableBytes: number;
  readonly #table: DynamicTable;
  readonly #reader = new BlockReader();
  #name = '';
  #value = '';

  /**
   * `maxTableBytes`: our SETTINGS_HEADER_TABLE_SIZE. The table begins with 4096 octets whatever it is, as the peer's
   * does: a peer says in a size update when it takes up ours.
   */
  constructor(maxTableBytes: number = INITIAL_TABLE_BYTES) {
    this.#maxTableBytes = maxTableBytes;
    this.#table = new DynamicTable(Math.max(maxTableBytes, INITIAL_TABLE_BYTES));
    this.#table.limitTo(INITIAL_TABLE_BYTES);
  }

  /**
   * Calls `field`, which must not throw, for each header field in order. Names are as they came, values latin1.
   * `maxListBytes` is the most for names and values with 32 octets for each field (RFC 9113, 6.5.2): beyond it decoding
   * goes on, as the dynamic table has to stay in step, but `field` is no longer called, and false comes back.
   * Throws HpackError.
   */
  decode(block: Buffer, maxListBytes: number, field: (name: string, value: string) => void): boolean {
    const reader = this.#reader;
    reader.open(block);
    this.#takeSizeUpdates();
    let room = maxListBytes;
    while (reader.more) {
      this.#readField(reader.octet());
      room -= this.#name.length + this.#value.length + ENTRY_OVERHEAD;
      if (room >= 0) field(this.#name, this.#value);
    }
    reader.close();
    return room >= 0;
  }

  #takeSizeUpdates(): void {
    for (let updates = 0; isSizeUpdate(this.#reader.peek()); updates++) {
      if (updates === MOST_SIZE_UPDATES) throw new HpackError('more than two table size updates');
      const bytes = this.#reader.integer(this.#reader.octet(), 0x1f);
      if (bytes > this.#maxTableBytes) throw new HpackError('table size update above SETTINGS_HEADER_TABLE_SIZE');
      this.#table.limitTo(bytes);
    }
  }

  #readField(first: number): void {
    if (first >= INDEXED) {
      const index = this.#reader.integer(first, 0x7f);
      this.#name = this.#nameAt(index);
      this.#value = this.#valueAt(index);
    } else if (first >= ADDED) {
      this.#readLiteral(this.#reader.integer(first, 0x3f));
      this.#table.add(this.#name, this.#value);
    } else if (isSizeUpdate(first)) {
      throw new HpackError('table size update after a header field');
    } else this.#readLiteral(this.#reader.integer(first, 0x0f));
  }

  /** A name of index 0 is spelled out. */
  #readLiteral(index: number): void {
    this.#name = index === 0 ? this.#reader.string() : this.#nameAt(index);
    this.#value = this.#reader.string();
  }

  #nameAt(index: number): string {
    return index <= STATIC_LENGTH ? staticField(index)[0] : this.#table.name(this.#ageAt(index));
  }

  #valueAt(index: number): string {
    return index <= STATIC_LENGTH ? staticField(index)[1] : this.#table.value(this.#ageAt(index));
  }

  #ageAt(index: number): number {
    const age = index - STATIC_LENGTH - 1;
    if (age >= this.#table.length) throw new HpackError('index beyond the dynamic table');
    return age;
  }
}

function isSizeUpdate(first: number): boolean {
  return (first & 0xe0) === SIZE_UPDATE;
}

function staticField(index: number): readonly [name: string, value: string] {
  const field = STATIC_FIELDS[index - 1];
  if (field === undefined) throw new HpackError('index 0');
  return field;
}
