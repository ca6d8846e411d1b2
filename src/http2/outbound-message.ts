// One message on its way out: fields, a body under flow control, perhaps trailers.
import { Flag, FRAME_HEADER_BYTES, FrameType, writeFrameHeader } from './frames.js';

export interface Message {
  /** Header block of the fields in front. */
  readonly head: Buffer;
  /** The body, piece behind piece; read until the message has left, and copied then. */
  readonly body: readonly Uint8Array[];
  /** Header block of the fields behind, by which the stream then ends. Without: it ends with the body. */
  readonly trailers?: Buffer | undefined;
}

export class OutboundMessage {
  /** Bytes of the body that have not been written. */
  left: number;
  private piece = 0;
  private offset = 0;

  constructor(
    readonly streamId: number,
    private readonly body: readonly Uint8Array[],
    /** Frames that follow the body. */
    readonly behind: Buffer | undefined,
    /** There are no trailers. */
    private readonly endsWithBody: boolean,
    /** What the stream's window still allows; may be negative (RFC 9113, 6.9.2). */
    public window: number,
  ) {
    this.left = body.reduce((bytes, { length }) => bytes + length, 0);
  }

  /**
   * Writes DATA frames of so many bytes of the body into `target`; the last of a message without trailers ends the
   * stream.
   */
  writeFrames(target: Buffer, at: number, bytes: number, maxFrameBytes: number): number {
    let end = at;
    for (let left = bytes; left > 0; ) {
      const length = Math.min(left, maxFrameBytes);
      left -= length;
      this.left -= length;
      const flags = this.left === 0 && this.endsWithBody ? Flag.END_STREAM : 0;
      writeFrameHeader(target, end, length, FrameType.DATA, flags, this.streamId);
      end = this.copy(target, end + FRAME_HEADER_BYTES, length);
    }
    this.window -= bytes;
    return end;
  }

  private copy(target: Buffer, at: number, length: number): number {
    let end = at;
    for (let left = length; left > 0; ) {
      const piece = this.body[this.piece]!;
      const part = Math.min(left, piece.length - this.offset);
      target.set(part === piece.length ? piece : piece.subarray(this.offset, this.offset + part), end);
      end += part;
      left -= part;
      this.offset += part;
      if (this.offset < piece.length) continue;
      this.piece++;
      this.offset = 0;
    }
    return end;
  }
}

/** Bytes of `length` bytes of body in frames. */
export function framedBytes(length: number, maxFrameBytes: number): number {
  return length + Math.ceil(length / maxFrameBytes) * FRAME_HEADER_BYTES;
}
