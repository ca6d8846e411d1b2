// One-shot decompression that never makes more bytes than it is allowed to, however the input lies about itself.
import type { Transform } from 'node:stream';
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

type Now = (bytes: Uint8Array, options: Options) => Output;
type InPieces = (options: zlib.ZlibOptions) => InflateStream;

/** A stream of zlib's: what is written to it is inflated in one of zlib's threads. */
export interface InflateStream extends Transform {
  /** Bytes of the input that it has used. */
  readonly bytesWritten: number;
}

/** One encoding: in this thread, and piece by piece in one of zlib's. */
interface Codec {
  readonly now: Now;
  readonly inPieces: InPieces;
}

function codec(now: unknown, inPieces: unknown): Codec {
  return { now: now as Now, inPieces: inPieces as InPieces };
}

/** Since Node 22.15; typed here because the types are those of the oldest Node that we run on. */
const { zstdDecompressSync, createZstdDecompress } = zlib as {
  zstdDecompressSync?: unknown;
  createZstdDecompress?: unknown;
};

const CODECS: ReadonlyMap<string, Codec> = new Map<string, Codec>([
  ['gzip', codec(zlib.gunzipSync, zlib.createGunzip)],
  ['deflate', codec(zlib.inflateSync, zlib.createInflate)],
  ['zlib', codec(zlib.inflateSync, zlib.createInflate)],
  ...(zstdDecompressSync ? [['zstd', codec(zstdDecompressSync, createZstdDecompress)] as [string, Codec]] : []),
]);

/** Names of `Content-Encoding` that this Node can read. */
export const ENCODINGS: readonly string[] = [...CODECS.keys()];

/** Deflate cannot do better: 258 bytes for two bits, and a trailer that says more is lying. */
const MAX_RATIO = 1032;

/** Output for which a lying trailer may make one allocation. */
const LEAST_CHUNK = 16 * 1024;

/** What comes out of a body that is inflated where it is: a few milliseconds. Bytes. */
const SMALL_BYTES = 1024 * 1024;
/** … and for each byte of it, beside the first FREE_BYTES: data that repeats itself as telemetry does has less. */
const SMALL_RATIO = 64;
const FREE_BYTES = 64 * 1024;
/** Compressed bytes from which on a body is taken for large where it does not say how long it is. */
const LARGE_BYTES = 256 * 1024;

/**
 * Gunzips all members at once. The trailer's size (of the last member, modulo 2³²) decides how much is allocated first,
 * so that the usual body is inflated into its final place in one call; `limit` bytes is what may come out.
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

/**
 * The same where little comes out; undefined: more does, or is said to. So many small bodies cost no more than as many
 * plain ones.
 */
export function decompressSmall(
  encoding: string,
  bytes: Uint8Array,
  limit: number,
): Decompressed | DecompressFault | undefined {
  const most = smallOutput(encoding, bytes);
  if (most === undefined) return undefined;
  if (limit <= most || isTooShort(encoding, bytes)) return decompress(encoding, bytes, limit);
  const result = decompress(encoding, bytes, most);
  return result === 'too_large' ? undefined : result;
}

/** Bytes that may come out of a small body; undefined: it is none. */
function smallOutput(encoding: string, bytes: Uint8Array): number | undefined {
  const most = Math.min(SMALL_BYTES, FREE_BYTES + SMALL_RATIO * bytes.length);
  if (encoding !== 'gzip') return bytes.length < LARGE_BYTES ? most : undefined;
  const said = trailerSize(bytes);
  // Nothing that was made to be smaller is larger than what comes out by more than a few bytes a block.
  const isPlausible = bytes.length <= FREE_BYTES + said * 1.01;
  return said <= most && isPlausible ? Math.max(said, 1) : undefined;
}

/** A stream that inflates in one of zlib's threads, so many bytes at a time. */
export function inflateStream(encoding: string, pieceBytes: number): InflateStream {
  return codecOf(encoding).inPieces({ chunkSize: pieceBytes });
}

/** Bytes that a body says will come out; undefined: it says nothing, or what cannot be. */
export function saidBytes(encoding: string, bytes: Uint8Array, limit: number): number | undefined {
  if (encoding !== 'gzip' || isTooShort(encoding, bytes)) return undefined;
  const said = trailerSize(bytes);
  return said > 0 && said <= Math.min(limit, bytes.length * MAX_RATIO) ? said : undefined;
}

/** Whether so many bytes that came out, of so many that were used, are one gzip member and nothing else. */
export function isExact(encoding: string, bytes: Uint8Array, out: number, used: number): boolean {
  return encoding === 'gzip' && out === trailerSize(bytes) && used === bytes.length;
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
  return { body: fit(buffer), exact: isExact(encoding, bytes, buffer.length, engine.bytesWritten) };
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
