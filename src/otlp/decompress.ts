// One-shot decompression that never makes more bytes than it is allowed to, however the input lies about itself.
import * as zlib from 'node:zlib';

/** A body and whether its compressed form is good enough to be forwarded in its place. */
export interface Decompressed {
  readonly body: Buffer;
  /** One gzip member that holds exactly the body, with nothing behind it. */
  readonly exact: boolean;
}

export type DecompressFault = 'too_large' | 'malformed';

interface Options extends zlib.ZlibOptions {
  readonly info: true;
}

/** What zlib gives when it is asked for `info`. */
interface Output {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** One encoding: in this thread, and in one of zlib's. */
interface Codec {
  readonly now: (bytes: Uint8Array, options: Options) => Output;
  readonly inThread: (bytes: Uint8Array, options: Options, done: (error: Error | null, output: Output) => void) => void;
}

function codec(now: unknown, inThread: unknown): Codec {
  return { now, inThread } as Codec;
}

/** Since Node 22.15; typed here because the types are those of the oldest Node that we run on. */
const { zstdDecompressSync, zstdDecompress } = zlib as { zstdDecompressSync?: unknown; zstdDecompress?: unknown };

const CODECS: ReadonlyMap<string, Codec> = new Map<string, Codec>([
  ['gzip', codec(zlib.gunzipSync, zlib.gunzip)],
  ['deflate', codec(zlib.inflateSync, zlib.inflate)],
  ['zlib', codec(zlib.inflateSync, zlib.inflate)],
  ...(zstdDecompressSync ? [['zstd', codec(zstdDecompressSync, zstdDecompress)] as [string, Codec]] : []),
]);

/** Names of `Content-Encoding` that this Node can read. */
export const ENCODINGS: readonly string[] = [...CODECS.keys()];

/** Deflate cannot do better: 258 bytes for two bits, and a trailer that says more is lying. */
const MAX_RATIO = 1032;

/** Output for which a lying trailer may make one allocation. */
const LEAST_CHUNK = 16 * 1024;

/** What comes out of a small body, which is inflated where it is: a few milliseconds. Bytes. */
const SMALL_BYTES = 1024 * 1024;
/** Compressed bytes from which on a body is taken for large where it does not say how long it is. */
const LARGE_BYTES = 256 * 1024;

/**
 * Gunzips all members at once. The trailer's size (of the last member, modulo 2³²) decides how much is allocated first, so that the
 * usual body is inflated into its final place in one call; `limit` bytes is what may come out.
 */
export function gunzip(bytes: Uint8Array, limit: number): Decompressed | DecompressFault {
  return decompress('gzip', bytes, limit);
}

/** The body in any encoding of ENCODINGS. */
export function decompress(encoding: string, bytes: Uint8Array, limit: number): Decompressed | DecompressFault {
  if (isTooShort(encoding, bytes)) return 'malformed';
  try {
    return outcome(encoding, bytes, limit, codecOf(encoding).now(bytes, optionsFor(encoding, bytes, limit)));
  } catch (error) {
    return faultOf(error);
  }
}

/** The same where no more than SMALL_BYTES come out; undefined: more do, or more are said to. */
export function decompressSmall(
  encoding: string,
  bytes: Uint8Array,
  limit: number,
): Decompressed | DecompressFault | undefined {
  if (limit <= SMALL_BYTES || isTooShort(encoding, bytes)) return decompress(encoding, bytes, limit);
  if (encoding === 'gzip' ? trailerSize(bytes) > SMALL_BYTES : bytes.length >= LARGE_BYTES) return undefined;
  const result = decompress(encoding, bytes, SMALL_BYTES);
  return result === 'too_large' ? undefined : result;
}

/** The same in one of zlib's threads. */
export function decompressInThread(
  encoding: string,
  bytes: Uint8Array,
  limit: number,
): Promise<Decompressed | DecompressFault> {
  return new Promise((resolve) => {
    codecOf(encoding).inThread(bytes, optionsFor(encoding, bytes, limit), (error, output) =>
      resolve(error ? faultOf(error) : outcome(encoding, bytes, limit, output)),
    );
  });
}

function codecOf(encoding: string): Codec {
  const known = CODECS.get(encoding);
  if (!known) throw new Error(`no decoder for ${encoding}`);
  return known;
}

const isTooShort = (encoding: string, { length }: Uint8Array): boolean => encoding === 'gzip' && length < 18;

function optionsFor(encoding: string, bytes: Uint8Array, limit: number): Options {
  const maxOutputLength = Math.max(limit, 1);
  if (encoding !== 'gzip') return { maxOutputLength, info: true };
  const most = Math.min(limit, bytes.length * MAX_RATIO);
  const chunkSize = Math.max(Math.min(trailerSize(bytes), most) + 1, Math.min(LEAST_CHUNK, limit + 1), 64);
  return { chunkSize, maxOutputLength, info: true };
}

function outcome(
  encoding: string,
  bytes: Uint8Array,
  limit: number,
  { buffer, engine }: Output,
): Decompressed | DecompressFault {
  if (buffer.length > limit) return 'too_large';
  const exact = encoding === 'gzip' && buffer.length === trailerSize(bytes) && engine.bytesWritten === bytes.length;
  return { body: fit(buffer), exact };
}

function trailerSize(bytes: Uint8Array): number {
  const end = bytes.length;
  return (bytes[end - 4]! | (bytes[end - 3]! << 8) | (bytes[end - 2]! << 16) | (bytes[end - 1]! << 24)) >>> 0;
}

/** A small body in a large block would keep the block for as long as the batch is queued. */
function fit(buffer: Buffer): Buffer {
  return buffer.length * 2 < buffer.buffer.byteLength ? Buffer.from(buffer) : buffer;
}

function faultOf(error: unknown): DecompressFault {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'malformed';
}
