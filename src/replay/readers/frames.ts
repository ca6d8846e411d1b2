// How the messages of a protobuf file are framed, and the messages themselves.

/**
 * `prefixed`: four bytes of length, big-endian, in front of each message, as the Collector's file exporter writes
 * `format: proto`. `delimited`: a varint of length, as protobuf's own writeDelimitedTo. `single`: the file is one
 * message.
 */
export type Framing = 'prefixed' | 'delimited' | 'single';

/** Every export request starts with field 1, length-delimited, unless it is empty. */
const FIRST_TAG = 0x0a;
/** The file exporter prefixes whatever its encoding and compression make: JSON, or a zstd frame. */
const PREFIXED_STARTS: readonly number[] = [FIRST_TAG, 0x7b, 0x28];
const DELIMITED_STARTS: readonly number[] = [FIRST_TAG];
/** Below 0x0a000000, so that a message cannot be taken for the length of one. */
export const MAX_MESSAGE_BYTES: number = 160 * 1024 * 1024;

/** A message inside a buffer; `undefined`: the buffer ends before it does; 'broken': it can be none. */
type Frame = { readonly start: number; readonly end: number } | undefined | 'broken';

function prefixedFrame(bytes: Buffer, at: number): Frame {
  if (at + 4 > bytes.length) return undefined;
  return checked(bytes, at + 4, bytes.readUInt32BE(at), PREFIXED_STARTS);
}

function delimitedFrame(bytes: Buffer, at: number): Frame {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) return checked(bytes, at + i + 1, length, DELIMITED_STARTS);
  }
  return 'broken';
}

function checked(bytes: Buffer, start: number, length: number, starts: readonly number[]): Frame {
  if (length > MAX_MESSAGE_BYTES) return 'broken';
  if (length > 0 && start < bytes.length && !starts.includes(bytes[start]!)) return 'broken';
  return start + length > bytes.length ? undefined : { start, end: start + length };
}

const FRAME: Readonly<Record<Exclude<Framing, 'single'>, (bytes: Buffer, at: number) => Frame>> = {
  prefixed: prefixedFrame,
  delimited: delimitedFrame,
};

/**
 * Whether the head of a file can be a sequence of such frames, the last of which may be cut; `whole`: there is nothing
 * behind it.
 */
function fits(framing: Exclude<Framing, 'single'>, head: Buffer, whole: boolean): boolean {
  let at = 0;
  while (at < head.length) {
    const frame = FRAME[framing](head, at);
    if (frame === 'broken') return false;
    if (frame === undefined) return !whole || at > 0;
    at = frame.end;
  }
  return true;
}

/** True where the head is made of fields 1, length-delimited: a request without any frame. */
function isSingle(head: Buffer, whole: boolean): boolean {
  let at = 0;
  while (at < head.length) {
    if (head[at] !== FIRST_TAG) return false;
    const frame = delimitedLength(head, at + 1);
    if (frame === undefined) return !whole;
    at = frame;
  }
  return at === head.length || !whole;
}

/** End of the field whose length stands at `at`; undefined: not within the bytes. */
function delimitedLength(bytes: Buffer, at: number): number | undefined {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) return at + i + 1 + length;
  }
  return undefined;
}

/** The framing of a file from its first bytes; undefined: it is none of these. */
export function framingOf(head: Buffer, whole: boolean): Framing | undefined {
  if (fits('prefixed', head, whole)) return 'prefixed';
  if (isSingle(head, whole)) return 'single';
  if (fits('delimited', head, whole)) return 'delimited';
  // Damaged from somewhere on.
  return (['prefixed', 'delimited'] as const).find((framing) => typeof FRAME[framing](head, 0) === 'object');
}

/** Collects messages from chunks of any cut. */
export class RecordReader {
  private rest: Buffer = Buffer.alloc(0);
  private offset = 0;
  private readonly framing: Framing;
  #cutAt: number | undefined;

  constructor(framing: Framing) {
    this.framing = framing;
  }

  /** The messages that the chunk completes. Throws RangeError, with the offset in the file, where none can start. */
  *push(chunk: Buffer): Generator<Uint8Array> {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    if (this.framing === 'single') return;
    for (;;) {
      const frame = FRAME[this.framing](this.rest, 0);
      if (frame === 'broken') throw new RangeError(`no message can start at byte ${this.offset}`);
      if (frame === undefined) return;
      const message = Uint8Array.from(this.rest.subarray(frame.start, frame.end));
      this.offset += frame.end;
      this.rest = this.rest.subarray(frame.end);
      yield message;
    }
  }

  /** What is left at the end of the file: of a single message, what is whole of it. */
  end(): Uint8Array | undefined {
    const end = this.framing === 'single' ? wholeFields(this.rest) : 0;
    if (end < this.rest.length) this.#cutAt = this.offset + end;
    return end > 0 ? Uint8Array.from(this.rest.subarray(0, end)) : undefined;
  }

  /** After the end: where the message begins that does not end; undefined: every message does. */
  get cutAt(): number | undefined {
    return this.#cutAt;
  }
}

/** End of the last field that is all there. */
function wholeFields(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === FIRST_TAG) {
    const end = delimitedLength(bytes, at + 1);
    if (end === undefined || end > bytes.length) break;
    at = end;
  }
  return at;
}
