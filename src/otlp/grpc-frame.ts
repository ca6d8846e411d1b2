// What gRPC puts around a message on HTTP/2: the length prefix, timeouts and status text
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).

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

/** Messages up to this length get their memory at once; a longer one when an eighth of it has come, so that a prefix alone reserves little. */
const EAGER_BYTES = 1 << 20;
const EAGER_SHARE = 1 / 8;

const NOTHING = Buffer.alloc(0);

/** Memory that belongs to the message alone. */
function ownMemory(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes);
}

/**
 * Collects the one message of a unary call from DATA chunks of any cut. The declared length is known as soon as five bytes are there,
 * so that a message over the limit is refused before it is read. Chunks are copied as they come, while they are in the cache, into
 * memory of the message's own: they are only lent.
 */
export class UnaryMessage {
  /** What came before there was memory for it. */
  private readonly chunks: Buffer[] = [];
  private received = 0;
  private bytes: Buffer | undefined;
  private copied = 0;
  /** Length that the prefix declares; undefined until the prefix is there. */
  declared: number | undefined;
  private compressed = false;

  /** `memoryFor` gives the memory of a message (of at least so many bytes, used from its begin). */
  constructor(
    private readonly limit: number,
    private readonly memoryFor: (bytes: number, compressed: boolean) => Buffer = ownMemory,
  ) {}

  /** Takes the next chunk, which is not read any more when this returns; a fault ends the call. */
  push(chunk: Buffer): FrameFault | undefined {
    this.received += chunk.length;
    const rest = this.declared === undefined ? this.readPrefix(chunk) : chunk;
    if (rest === undefined || typeof rest === 'string') return rest;
    const { received } = this;
    const declared = this.declared!;
    if (received - PREFIX_BYTES > declared) return 'several';
    if (declared <= EAGER_BYTES || received >= declared * EAGER_SHARE) this.copy(rest);
    else this.chunks.push(Buffer.from(rest));
    return undefined;
  }

  /** What follows the prefix in this chunk; undefined: the prefix is not complete. */
  private readPrefix(chunk: Buffer): Buffer | FrameFault | undefined {
    if (this.received < PREFIX_BYTES) {
      this.chunks.push(Buffer.from(chunk));
      return undefined;
    }
    const head = this.chunks.length === 0 ? chunk : Buffer.concat([...this.chunks, chunk]);
    this.chunks.length = 0;
    const flag = head[0]!;
    if (flag > 1) return 'bad_flag';
    this.compressed = flag === 1;
    this.declared = head.readUInt32BE(1);
    return this.declared > this.limit ? 'too_large' : head.subarray(PREFIX_BYTES);
  }

  private copy(last: Buffer): Buffer {
    const bytes = this.bytes ?? this.memoryFor(this.declared!, this.compressed);
    this.bytes = bytes;
    for (const chunk of this.chunks) this.append(bytes, chunk);
    this.chunks.length = 0;
    this.append(bytes, last);
    return bytes;
  }

  private append(bytes: Buffer, chunk: Buffer): void {
    bytes.set(chunk, this.copied);
    this.copied += chunk.length;
  }

  /** The message at the end of the stream. */
  end(): FramedMessage | FrameFault {
    if (this.received === 0) return 'none';
    if (this.declared === undefined || this.received - PREFIX_BYTES < this.declared) return 'cut_short';
    return { bytes: this.copy(NOTHING), compressed: this.compressed };
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
