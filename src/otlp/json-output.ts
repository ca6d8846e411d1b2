// A protobuf body in the making: grows as it is written, and closes the gap where the length of a message took more or
// fewer bytes than it was given.

const FIRST_BYTES = 16 * 1024;
/** Memory that is kept for the next body; bytes. */
const MOST_KEPT = 2 * 1024 * 1024;

const NOTHING = new Uint8Array();

/** Of the last body; undefined while it is in use. */
let kept: Uint8Array | undefined;

/** The body would be longer than it may be. */
export class TooLong extends Error {}

export class ProtobufOutput {
  bytes: Uint8Array;
  pos = 0;
  #view: DataView;
  readonly #limit: number;

  /** `limit`: bytes that the body may have. */
  constructor(limit: number) {
    this.#limit = limit;
    this.bytes = kept ?? new Uint8Array(FIRST_BYTES);
    kept = undefined;
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for so many bytes more. */
  reserve(more: number): void {
    if (this.pos + more > this.bytes.length) this.#grow(this.pos + more);
  }

  #grow(least: number): void {
    // What was reserved for escapes and lengths is not all used.
    if (this.pos > this.#limit) throw new TooLong();
    const larger = new Uint8Array(Math.max(least, Math.min(2 * this.bytes.length, this.#limit + FIRST_BYTES)));
    larger.set(this.bytes.subarray(0, this.pos));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** The body, in memory of its own; nothing can be written any more. */
  take(): Buffer {
    if (this.pos > this.#limit) throw new TooLong();
    const body = Buffer.allocUnsafeSlow(this.pos);
    body.set(this.bytes.subarray(0, this.pos));
    this.release();
    return body;
  }

  /** Gives the memory to the next body. */
  release(): void {
    const { bytes } = this;
    this.bytes = NOTHING;
    if (bytes.length <= MOST_KEPT && bytes.length > (kept?.length ?? 0)) kept = bytes;
  }

  /** Unsigned, of 32 bits. Room for it must be there, as for all that follows. */
  varint(value: number): void {
    const { bytes } = this;
    let at = this.pos;
    while (value > 0x7f) {
      bytes[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    bytes[at++] = value;
    this.pos = at;
  }

  /** 64 bits in two halves. */
  varint64(low: number, high: number): void {
    low >>>= 0;
    high >>>= 0;
    while (high > 0) {
      this.bytes[this.pos++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.varint(low);
  }

  fixed32(value: number): void {
    this.#view.setUint32(this.pos, value, true);
    this.pos += 4;
  }

  fixed64(low: number, high: number): void {
    this.#view.setUint32(this.pos, low, true);
    this.#view.setUint32(this.pos + 4, high, true);
    this.pos += 8;
  }

  double(value: number): void {
    this.#view.setFloat64(this.pos, value, true);
    this.pos += 8;
  }

  /** Copies a piece of `source`. */
  copy(source: Uint8Array, start: number, stop: number): void {
    const { bytes, pos } = this;
    const length = stop - start;
    if (length > 48) bytes.set(source.subarray(start, stop), pos);
    else for (let i = 0; i < length; i++) bytes[pos + i] = source[start + i]!;
    this.pos = pos + length;
  }

  /**
   * Writes the length in front of what was written since `start`, where `given` bytes are free for it; how many it
   * took.
   */
  close(start: number, given: number): number {
    const length = this.pos - start;
    const taken = varintBytes(length);
    if (taken !== given) {
      this.reserve(taken);
      this.bytes.copyWithin(start - given + taken, start, this.pos);
    }
    this.pos = start - given;
    this.varint(length);
    this.pos += length;
    return taken;
  }
}

/** Bytes of an unsigned varint of 32 bits. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}
