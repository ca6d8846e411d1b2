// What gRPC puts around a message on HTTP/2: the length prefix, timeouts and status text
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
import { GrowingBytes } from './growing-bytes.js';

/** Bytes in front of a message: one flag byte, four bytes of length, big-endian. */
export const PREFIX_BYTES = 5;

/** The message behind its prefix. */
export function frameMessage(message: Uint8Array, compressed = false): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  writePrefix(frame, message.length, compressed);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** The prefix alone, for senders that write the message without copying it. */
export function framePrefix(length: number, compressed = false): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  writePrefix(prefix, length, compressed);
  return prefix;
}

function writePrefix(target: Buffer, length: number, compressed: boolean): void {
  target[0] = compressed ? 1 : 0;
  target.writeUInt32BE(length, 1);
}

/** A message taken from a stream, still compressed if its flag says so. */
export interface FramedMessage {
  readonly bytes: Buffer;
  readonly compressed: boolean;
}

/** Why the bytes of a stream are not exactly one message. */
export type FrameFault = 'too_large' | 'bad_flag' | 'several' | 'none' | 'cut_short';

/** Memory that belongs to the message alone. */
function ownMemory(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes);
}

/**
 * Collects the one message of a unary call from DATA chunks of any cut. The declared length is known as soon as five
 * bytes are there, so that a message over the limit is refused before it is read. Chunks are valid only until the call
 * returns: they are copied as they come.
 */
export class UnaryMessage {
  private readonly prefix: Buffer = Buffer.alloc(PREFIX_BYTES);
  private received = 0;
  private bytes: GrowingBytes | undefined;
  /** Length that the prefix declares; undefined until the prefix is there. */
  declared: number | undefined;
  private compressed = false;

  /** `memoryFor` gives the memory of a message (of exactly so many bytes) when enough of it has come. */
  constructor(
    private readonly limit: number,
    private readonly memoryFor: (bytes: number, compressed: boolean) => Buffer = ownMemory,
  ) {}

  /** Bytes of memory that are taken. */
  get capacity(): number {
    return this.bytes?.capacity ?? 0;
  }

  /** Takes the next chunk, which is not read any more when this returns; a fault ends the call. */
  push(chunk: Buffer): FrameFault | undefined {
    const rest = this.declared === undefined ? this.readPrefix(chunk) : chunk;
    if (rest === undefined || typeof rest === 'string') return rest;
    this.received += rest.length;
    if (this.received - PREFIX_BYTES > this.declared!) return 'several';
    if (rest.length > 0) this.bytes!.append(rest);
    return undefined;
  }

  /** What follows the prefix in this chunk; undefined: the prefix is not complete. */
  private readPrefix(chunk: Buffer): Buffer | FrameFault | undefined {
    const length = chunk.copy(this.prefix, this.received, 0, PREFIX_BYTES - this.received);
    this.received += length;
    if (this.received < PREFIX_BYTES) return undefined;
    const flag = this.prefix[0]!;
    if (flag > 1) return 'bad_flag';
    this.compressed = flag === 1;
    const declared = this.prefix.readUInt32BE(1);
    this.declared = declared;
    if (declared > this.limit) return 'too_large';
    this.bytes = new GrowingBytes(declared, (bytes) => this.memoryFor(bytes, this.compressed));
    return chunk.subarray(length);
  }

  /** The message at the end of the stream. */
  end(): FramedMessage | FrameFault {
    if (this.received === 0) return 'none';
    if (!this.bytes || this.received - PREFIX_BYTES < this.declared!) return 'cut_short';
    return { bytes: this.bytes.end(), compressed: this.compressed };
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds of a `grpc-timeout` header; undefined: there is none, NaN: it is malformed. */
export function parseTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const match = /^(\d{1,8})([HMSmun])$/.exec(header);
  return match ? Number(match[1]) * UNIT_MS[match[2]!]! : Number.NaN;
}

/** `grpc-timeout` of so many milliseconds: at most eight digits are allowed. */
export function formatTimeout(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms));
  return whole < 1e8 ? `${whole}m` : `${Math.min(Math.ceil(ms / 1000), 99_999_999)}S`;
}

/** `grpc-message`: UTF-8, percent-encoded but for printable ASCII. */
export function encodeMessage(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]+/g, (part) =>
    Buffer.from(part).reduce((all, byte) => `${all}%${byte.toString(16).toUpperCase().padStart(2, '0')}`, ''),
  );
}

/** The text of a `grpc-message`; what is not valid percent-encoding stays as it came. */
export function decodeMessage(header: string): string {
  const bytes = header.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
