// A file as chunks of bytes, gunzipped where it is compressed, with a count of the bytes read from disk.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gunzipSync } from 'node:zlib';
import { RecordingError } from './recorded.js';

const CHUNK_BYTES = 1024 * 1024;
const GZIP_MAGIC = 0x1f8b;

export interface OpenFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  /** The first bytes of the content, decompressed: what a format is recognised by. */
  readonly head: Buffer;
  /** `head` is all of it. */
  readonly whole: boolean;
  /** Bytes read from disk so far. */
  read(): number;
  chunks(): AsyncIterable<Buffer>;
}

/** Throws `RecordingError` where the file cannot be read. */
export async function openFile(path: string): Promise<OpenFile> {
  try {
    const { size } = await stat(path);
    const first = await firstBytes(path, Math.min(size, CHUNK_BYTES));
    const gzip = first.length > 2 && first.readUInt16BE(0) === GZIP_MAGIC;
    const head = gzip ? gunzipHead(first) : first;
    let done = 0;
    return {
      path,
      bytes: size,
      head,
      whole: first.length === size && !gzip,
      read: () => done,
      chunks: () => readChunks(path, gzip, (bytes) => (done += bytes)),
    };
  } catch (error) {
    throw new RecordingError(path, (error as Error).message, { cause: error });
  }
}

async function firstBytes(path: string, length: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What of the content the first compressed bytes give. */
function gunzipHead(bytes: Buffer): Buffer {
  const SYNC_FLUSH = 2;
  return gunzipSync(bytes, { finishFlush: SYNC_FLUSH }).subarray(0, CHUNK_BYTES);
}

async function* readChunks(path: string, gzip: boolean, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count(chunk.length);
      done(null, chunk);
    },
  });
  const source = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const last = gzip ? createGunzip({ chunkSize: CHUNK_BYTES }) : counter;
  const running = gzip ? pipeline(source, counter, last) : pipeline(source, counter);
  // A failure also ends the iteration below; the rejection itself is awaited after it.
  running.catch(() => {});
  try {
    for await (const chunk of last) yield chunk as Buffer;
    await running;
  } catch (error) {
    throw new RecordingError(path, (error as Error).message, { cause: error });
  }
}
