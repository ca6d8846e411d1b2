// The header fields a connection's peer has told us to remember (RFC 7541, 2.3.2 and 4), newest first.

/** What an entry counts on top of its name and value, octets (RFC 7541, 4.1). */
export const ENTRY_OVERHEAD = 32;

/**
 * A ring of as many places as the smallest entries can fill:
 *
 *     names   │  │ oldest │ … │ newest │  │        values likewise
 *                                 ▲ head, which moves right
 */
export class DynamicTable {
  readonly #names: string[];
  readonly #values: string[];
  readonly #mask: number;
  #head = 0;
  #length = 0;
  /** Size in the sense of RFC 7541, 4.1. */
  #bytes = 0;
  #limitBytes: number;

  /** `mostBytes`: no later limit is above it. */
  constructor(mostBytes: number) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(1, mostBytes / ENTRY_OVERHEAD)));
    this.#names = new Array<string>(places).fill('');
    this.#values = new Array<string>(places).fill('');
    this.#mask = places - 1;
    this.#limitBytes = mostBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Name of the entry that came `age` entries before the newest; `age` is below `length`. */
  name(age: number): string {
    return this.#names[(this.#head - age) & this.#mask]!;
  }

  value(age: number): string {
    return this.#values[(this.#head - age) & this.#mask]!;
  }

  /** An entry above the limit leaves the table empty, which is no error (RFC 7541, 4.4). */
  add(name: string, value: string): void {
    const bytes = name.length + value.length + ENTRY_OVERHEAD;
    this.#evictTo(this.#limitBytes - bytes);
    if (bytes > this.#limitBytes) return;
    this.#head = (this.#head + 1) & this.#mask;
    this.#names[this.#head] = name;
    this.#values[this.#head] = value;
    this.#length += 1;
    this.#bytes += bytes;
  }

  limitTo(bytes: number): void {
    this.#limitBytes = bytes;
    this.#evictTo(bytes);
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes && this.#length > 0) {
      const oldest = (this.#head - this.#length + 1) & this.#mask;
      this.#bytes -= this.#names[oldest]!.length + this.#values[oldest]!.length + ENTRY_OVERHEAD;
      this.#names[oldest] = '';
      this.#values[oldest] = '';
      this.#length -= 1;
    }
  }
}
