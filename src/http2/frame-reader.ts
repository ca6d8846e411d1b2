// Cuts what a socket brings into frames: DATA piece by piece as it comes, whatever else whole.
import { CONNECTION, ConnectionError, ErrorCode, Flag, FRAME_HEADER_BYTES, FrameType } from './frames.js';

export interface FrameSink {
  /** No more is wanted of this connection. */
  readonly isClosed: boolean;
  /** Others have their turn: what comes behind the frame just read has to wait. */
  readonly turnOver: boolean;
  /** A frame has begun. */
  begun(type: number, length: number): void;
  /**
   * A part of a DATA frame. `chunk` is content, valid until this returns; `flowBytes` what it counts against windows;
   * `end`: it was the last of its stream.
   */
  data(streamId: number, chunk: Buffer, flowBytes: number, end: boolean): void;
  /** Any other frame of a known type. `payload` is valid until this returns. */
  frame(type: number, flags: number, streamId: number, payload: Buffer): void;
}

/** Payloads whose length is fixed (RFC 9113, 6). */
const FIXED_BYTES: ReadonlyMap<number, number> = new Map<number, number>([
  [FrameType.PRIORITY, 5],
  [FrameType.RST_STREAM, 4],
  [FrameType.PING, 8],
  [FrameType.WINDOW_UPDATE, 4],
]);

/**
 * Frames that are kept until they are whole may have so many bytes. A block of headers is bounded by its own limit,
 * too.
 */
const MOST_KEPT_BYTES = 1 << 17;

const NOTHING: Buffer = Buffer.alloc(0);

export class FrameReader {
  /** The nine bytes of a header that came in pieces. */
  private readonly header: Buffer = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  private headerBytes = 0;
  private inPayload: boolean = false;
  private type = 0;
  private flags = 0;
  private streamId = 0;
  /** Bytes of the payload that are still to come. */
  private left = 0;
  /** What has come of a payload that is kept until it is whole. */
  private kept: Buffer = NOTHING;
  private keptBytes = 0;

  constructor(
    private readonly sink: FrameSink,
    private readonly maxFrameBytes: number,
  ) {}

  /**
   * Takes what came next, from any cut, and returns how many bytes of it: what is left when the turn is over comes
   * again. Throws `ConnectionError`; after that it must not be called again.
   */
  push(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && !this.sink.isClosed && !this.sink.turnOver) {
      if (!this.inPayload) {
        at = this.readHeader(chunk, at);
        if (!this.inPayload) break;
        if (this.left === 0) this.payload(NOTHING);
      } else {
        const end = Math.min(at + this.left, chunk.length);
        this.payload(chunk.subarray(at, end));
        at = end;
      }
    }
    return at;
  }

  private readHeader(chunk: Buffer, at: number): number {
    if (this.headerBytes === 0 && chunk.length - at >= FRAME_HEADER_BYTES) {
      this.begin(chunk, at);
      return at + FRAME_HEADER_BYTES;
    }
    const end = Math.min(at + FRAME_HEADER_BYTES - this.headerBytes, chunk.length);
    this.headerBytes += chunk.copy(this.header, this.headerBytes, at, end);
    if (this.headerBytes === FRAME_HEADER_BYTES) {
      this.headerBytes = 0;
      this.begin(this.header, 0);
    }
    return end;
  }

  private begin(bytes: Buffer, at: number): void {
    this.left = bytes.readUIntBE(at, 3);
    this.type = bytes[at + 3]!;
    this.flags = bytes[at + 4]!;
    this.streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    this.inPayload = true;
    this.checkLength();
    if (this.type === FrameType.DATA && this.streamId === CONNECTION)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'DATA of no stream');
    this.sink.begun(this.type, this.left);
  }

  private checkLength(): void {
    const fixed = FIXED_BYTES.get(this.type);
    const fits = this.left <= this.maxFrameBytes && (fixed === undefined || this.left === fixed);
    if (!fits)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a frame of type ${this.type} has ${this.left} bytes`);
    if (this.isKept() && this.left > MOST_KEPT_BYTES)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `a frame of type ${this.type} has ${this.left} bytes`);
  }

  /** Padding is at the end of a frame and its length at the beginning: such DATA is kept whole, too. */
  private isKept(): boolean {
    if (this.type === FrameType.DATA) return (this.flags & Flag.PADDED) !== 0;
    return this.type <= FrameType.CONTINUATION;
  }

  private payload(part: Buffer): void {
    this.left -= part.length;
    if (this.left === 0) this.inPayload = false;
    if (this.isKept()) this.keep(part);
    else if (this.type === FrameType.DATA)
      this.sink.data(this.streamId, part, part.length, this.left === 0 && this.ends());
  }

  private ends(): boolean {
    return (this.flags & Flag.END_STREAM) !== 0;
  }

  /** Memory that is taken for a frame that is not whole. */
  get keptCapacity(): number {
    return this.kept.length;
  }

  private keep(part: Buffer): void {
    if (this.left === 0 && this.keptBytes === 0) {
      this.whole(part);
      return;
    }
    this.makeRoom(part.length);
    this.keptBytes += part.copy(this.kept, this.keptBytes);
    if (this.left > 0) return;
    const payload = this.kept.subarray(0, this.keptBytes);
    this.keptBytes = 0;
    this.kept = NOTHING;
    this.whole(payload);
  }

  /** Memory grows with what has come, not with what the header of the frame says. */
  private makeRoom(more: number): void {
    const bytes = this.keptBytes + more;
    if (bytes <= this.kept.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(2 * bytes, bytes + this.left));
    this.kept.copy(grown, 0, 0, this.keptBytes);
    this.kept = grown;
  }

  private whole(payload: Buffer): void {
    if (this.type === FrameType.DATA) this.sink.data(this.streamId, unpadded(payload), payload.length, this.ends());
    else this.sink.frame(this.type, this.flags, this.streamId, payload);
  }
}

/** What a payload with the flag PADDED has between the length of its padding and the padding (6.1). */
export function unpadded(payload: Buffer): Buffer {
  const padding = payload[0] ?? 0;
  if (padding >= payload.length)
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame has more padding than bytes');
  return payload.subarray(1, payload.length - padding);
}
