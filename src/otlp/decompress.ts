// One-shot decompression that never makes more bytes than it is allowed to, however the input lies about itself.
import * as zlib from 'node:zlib';

/** A body and whether its compressed form is good enough to be forwarded in its place. */
export interface Decompressed {
  readonly body: Buffer;
  /** One gzip member that holds exactly the body, with nothing behind it. */
  readonly exact: boolean;
}

export type DecompressFault = 'too_large' | 'malformed';

type Synchronous = (bytes: Uint8Array, options: zlib.ZlibOptions) => Buffer;

/** Since Node 22.15; typed here because the types are those of the oldest Node that we run on. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: Synchronous };

const DECODERS: ReadonlyMap<string, Synchronous> = new Map<string, Synchronous>([
  ['deflate', zlib.inflateSync],
  ['zlib', zlib.inflateSync],
  ...(zstdDecompressSync ? [['zstd', zstdDecompressSync] as [string, Synchronous]] : []),
]);

/** Names of `Content-Encoding` that this Node can read. */
export const ENCODINGS: readonly string[] = ['gzip', ...DECODERS.keys()];

/** Deflate cannot do better: 258 bytes for two bits, and a trailer that says more is lying. */
const MAX_RATIO = 1032;

/** Output for which a lying trailer may make one allocation. */
const LEAST_CHUNK = 16 * 1024;

/**
 * Gunzips all members at once. The trailer's size (of the last member, modulo 2³²) decides how much is allocated first, so that the
 * usual body is inflated into its final place in one call; `limit` bytes is what may come out.
 */
export function gunzip(bytes: Uint8Array, limit: number): Decompressed | DecompressFault {
  if (bytes.length < 18) return 'malformed';
  const size = trailerSize(bytes);
  const most = Math.min(limit, bytes.length * MAX_RATIO);
  const chunkSize = Math.max(Math.min(size, most) + 1, Math.min(LEAST_CHUNK, limit + 1), 64);
  try {
    const { buffer, engine } = zlib.gunzipSync(bytes, {
      chunkSize,
      maxOutputLength: Math.max(limit, 1),
      info: true,
    }) as unknown as {
      buffer: Buffer;
      engine: zlib.Gunzip;
    };
    if (buffer.length > limit) return 'too_large';
    const exact = buffer.length === size && engine.bytesWritten === bytes.length;
    return { body: fit(buffer), exact };
  } catch (error) {
    return faultOf(error);
  }
}

/** The body in any encoding of ENCODINGS. */
export function decompress(encoding: string, bytes: Uint8Array, limit: number): Decompressed | DecompressFault {
  if (encoding === 'gzip') return gunzip(bytes, limit);
  const decoder = DECODERS.get(encoding);
  if (!decoder) throw new Error(`no decoder for ${encoding}`);
  try {
    const body = decoder(bytes, { maxOutputLength: Math.max(limit, 1) });
    return body.length > limit ? 'too_large' : { body, exact: false };
  } catch (error) {
    return faultOf(error);
  }
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
