// Inflates a large body piece by piece in one of zlib's threads. What comes out is told as it comes, so that it may
// have to wait, or is stopped.
import {
  type Decompressed,
  type DecompressFault,
  type InflateStream,
  inflateStream,
  isExact,
  saidBytes,
} from './decompress.js';
import { GrowingBytes } from './growing-bytes.js';

/** Bytes that come out at a time: a tenth of a millisecond on the way to their place. */
const PIECE_BYTES = 128 * 1024;

/** What is inflated, and what of it the caller wants to hear. */
export interface InflationOptions {
  readonly encoding: string;
  readonly bytes: Buffer;
  /** Bytes that may come out. */
  readonly limit: number;
  /** So many bytes of memory are taken by now. It may call `pause` and `cancel`. */
  readonly grown: (bytes: number) => void;
}

export class Inflation {
  private readonly stream: InflateStream;
  private readonly said: number | undefined;
  private out: GrowingBytes;
  private isOver: boolean = false;

  /** `done` is called once: with the body, with what is wrong, or, where it was cancelled, with nothing. */
  constructor(
    private readonly options: InflationOptions,
    private readonly done: (result: Decompressed | DecompressFault | undefined) => void,
  ) {
    const { encoding, bytes, limit } = options;
    this.said = saidBytes(encoding, bytes, limit);
    this.out = new GrowingBytes(this.said, undefined, limit);
    this.stream = inflateStream(encoding, PIECE_BYTES);
    this.stream.on('data', (piece: Buffer) => this.piece(piece));
    this.stream.on('end', () => this.end());
    this.stream.on('error', () => this.finish('malformed'));
    this.stream.end(bytes);
  }

  /** Nothing more comes out until `resume`. */
  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    if (!this.isOver) this.stream.resume();
  }

  cancel(): void {
    this.finish(undefined);
  }

  private piece(piece: Buffer): void {
    if (this.isOver) return;
    const length = this.out.length + piece.length;
    if (length > this.options.limit) {
      this.finish('too_large');
      return;
    }
    // There are more members than the one that has said how long it is.
    if (this.said !== undefined && this.out.length <= this.said && length > this.said) this.growFreely();
    this.out.append(piece);
    this.options.grown(this.out.capacity);
  }

  private growFreely(): void {
    const freely = new GrowingBytes(undefined, undefined, this.options.limit);
    const { length } = this.out;
    if (length > 0) freely.append(this.out.taken());
    this.out = freely;
  }

  private end(): void {
    const { encoding, bytes } = this.options;
    const body = this.out.end();
    this.finish({ body, exact: isExact(encoding, bytes, body.length, this.stream.bytesWritten) });
  }

  private finish(result: Decompressed | DecompressFault | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stream.destroy();
    this.done(result);
  }
}
