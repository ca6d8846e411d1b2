// Puts blocks of header fields together from HEADERS and CONTINUATION, and decodes them (RFC 9113, 4.3 and 6.2).
import { FieldCollector, type Fields, type Section } from './fields.js';
import { unpadded } from './frame-reader.js';
import { ConnectionError, ErrorCode, Flag } from './frames.js';
import { HpackDecoder, HpackError } from './hpack/decoder.js';

/**
 * Largest list of fields that we say we take (6.5.2), and the largest block that we read of one that has more. Bytes.
 */
export const MAX_HEADER_LIST_BYTES: number = 1 << 16;
const MAX_BLOCK_BYTES = 1 << 17;
/** CONTINUATION frames that carry next to nothing cost as much as any: more of them is an attack (CVE-2024-27316). */
const MAX_CONTINUATIONS = 64;

export interface Headers {
  readonly streamId: number;
  readonly endStream: boolean;
  /** The stream says that it depends on itself, which it must not (RFC 7540, 5.3.1). */
  readonly selfDependent: boolean;
  /** The bytes of the fields. */
  readonly block: Buffer;
}

/** What a block says. */
export interface Decoded {
  readonly fields: Fields;
  /** Why it is not a request or response. */
  readonly malformed: string | undefined;
  /** It has more than MAX_HEADER_LIST_BYTES; `fields` has only some. */
  readonly tooLarge: boolean;
}

export class HeaderBlocks {
  private readonly decoder: HpackDecoder = new HpackDecoder();
  private begun: Omit<Headers, 'block'> | undefined;
  private parts: Buffer[] = [];
  private partBytes = 0;

  /** The stream whose CONTINUATION must come next, and nothing else (6.10). */
  get awaited(): number | undefined {
    return this.begun?.streamId;
  }

  /** Bytes of a block that is not whole. */
  get keptBytes(): number {
    return this.partBytes;
  }

  /** HEADERS. The whole block, or undefined where CONTINUATION follows. */
  headers(flags: number, streamId: number, payload: Buffer): Headers | undefined {
    const content = flags & Flag.PADDED ? unpadded(payload) : payload;
    const hasPriority = (flags & Flag.PRIORITY) !== 0;
    if (hasPriority && content.length < 5)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS are too short for their priority');
    const selfDependent = hasPriority && dependency(content) === streamId;
    const block = hasPriority ? content.subarray(5) : content;
    const begun = { streamId, endStream: (flags & Flag.END_STREAM) !== 0, selfDependent };
    if (flags & Flag.END_HEADERS) return { ...begun, block };
    this.begun = begun;
    this.keep(block);
    return undefined;
  }

  /** CONTINUATION of the stream that is awaited. */
  continuation(flags: number, payload: Buffer): Headers | undefined {
    this.keep(payload);
    if (!(flags & Flag.END_HEADERS)) return undefined;
    const whole = { ...this.begun!, block: Buffer.concat(this.parts) };
    this.begun = undefined;
    this.parts = [];
    this.partBytes = 0;
    return whole;
  }

  private keep(part: Buffer): void {
    // A copy: the payload's memory is used again.
    this.parts.push(Buffer.from(part));
    this.partBytes += part.length;
    if (this.partBytes > MAX_BLOCK_BYTES || this.parts.length > MAX_CONTINUATIONS + 1)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a block of header fields does not end');
  }

  /**
   * Every block has to come through here in its order, wanted or not: the table of the decoder depends on all before.
   */
  decode(block: Buffer, section: Section): Decoded {
    const collector = new FieldCollector(section);
    try {
      const all = this.decoder.decode(block, MAX_HEADER_LIST_BYTES, (name, value) => collector.add(name, value));
      return { fields: collector.fields, malformed: collector.malformed, tooLarge: !all };
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, error.message);
    }
  }
}

/** The stream that a priority names (RFC 7540, 6.3). */
export function dependency(payload: Buffer): number {
  return payload.readUInt32BE(0) & 0x7fff_ffff;
}
