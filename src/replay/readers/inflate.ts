// Compressed files as they come: what a cut or damaged one gives before it ends is given, and only then is it an error.
import { createGunzip } from 'node:zlib';
import { Decompress, decompress } from 'fzstd';

export type RecordedCompression = 'gzip' | 'zstd';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

export const isZstd = (head: Uint8Array): boolean => ZSTD_MAGIC.equals(head.subarray(0, ZSTD_MAGIC.length));

/** Frames of somebody's own, which may stand in front (RFC 8878, section 3.1.2): 0x184D2A50 to 0x184D2A5F. */
const isSkippable = (head: Buffer): boolean => head.length >= 4 && head.readUInt32LE(0) >>> 4 === 0x184d2a5;

/** Packers whose files are no recordings before they are unpacked, by what these begin with. */
const PACKERS: readonly (readonly [name: string, magic: Buffer, at: number])[] = [
  ['bzip2', Buffer.from('BZh'), 0],
  ['xz', Buffer.from('fd377a585a00', 'hex'), 0],
  ['zip', Buffer.from('PK\x03\x04'), 0],
  ['lz4', Buffer.from('04224d18', 'hex'), 0],
  ['tar', Buffer.from('ustar'), 257],
  ['gzip', GZIP_MAGIC, 0],
  ['zstd', ZSTD_MAGIC, 0],
];

/** What to do first with a file of this content; undefined: it is not packed in a known way. */
export function packingOf(head: Buffer): string | undefined {
  const found = PACKERS.find(([, magic, at]) => head.subarray(at, at + magic.length).equals(magic));
  return found && `packed with ${found[0]}: unpack it first`;
}

export function compressionOf(head: Buffer): RecordedCompression | undefined {
  if (head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) return 'gzip';
  return isZstd(head) || isSkippable(head) ? 'zstd' : undefined;
}

/** The content of a stream. Throws where the bytes are damaged or end too early, after all that came before. */
export function inflated(source: AsyncIterable<Buffer>, compression: RecordedCompression): AsyncGenerator<Buffer> {
  return compression === 'gzip' ? gunzipped(source) : unzstd(source);
}

/** The content of one zstd frame. Throws where it is none. */
export const zstdFrame = (bytes: Uint8Array): Uint8Array => decompress(bytes);

/**
 * A stream that fails drops what it had ready: so its chunks are collected as they are made, one piece of input at a
 * time.
 */
async function* gunzipped(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const ready: Buffer[] = [];
  const state: { failure: Error | undefined } = { failure: undefined };
  gunzip.on('data', (chunk: Buffer) => ready.push(chunk));
  gunzip.on('error', (error) => {
    state.failure = error;
  });
  // What follows the last member (tapes and tars fill up with zeros) ends the stream, and what was written then is
  // never answered.
  const ended = new Promise<void>((resolve) => gunzip.once('end', resolve).once('error', () => resolve()));
  for await (const chunk of source) {
    await Promise.race([ended, new Promise<void>((resolve) => gunzip.write(chunk, () => resolve()))]);
    yield* ready.splice(0);
    if (state.failure) throw state.failure;
    if (gunzip.readableEnded) return;
  }
  gunzip.end();
  await ended;
  yield* ready;
  if (state.failure) throw state.failure;
}

/** Node has zstd from 22.15 on; this decoder is the same on every version. */
async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const ready: Buffer[] = [];
  const decoder = new Decompress((chunk) => {
    // The decoder goes on using its memory.
    if (chunk.length > 0) ready.push(Buffer.from(chunk));
  });
  const push = (chunk: Uint8Array, isLast: boolean): Error | undefined => {
    try {
      decoder.push(chunk, isLast);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  };
  for await (const chunk of source) {
    const failure = push(chunk, false);
    yield* ready.splice(0);
    if (failure) throw failure;
  }
  const failure = push(new Uint8Array(0), true);
  yield* ready;
  if (failure) throw failure;
}
