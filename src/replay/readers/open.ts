// A file as chunks of bytes: inflated where it is compressed, UTF-8 without a mark, with a count of the bytes read from
// disk.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { utf8 } from './characters.js';
import { compressionOf, inflated, type RecordedCompression } from './inflate.js';
import type { Notes } from './notes.js';
import { RecordingError } from './recorded.js';

/** Of the content, for its format. */
const HEAD_BYTES = 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** What a megabyte of zeros compresses to would come out as a gigabyte at once. */
const COMPRESSED_CHUNK_BYTES = 64 * 1024;
const MAGIC_BYTES = 4;

export interface OpenFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  /** The first bytes of the content, inflated: what a format is recognised by. */
  readonly head: Buffer;
  /** `head` is all of it. */
  readonly whole: boolean;
  readonly notes: Notes;
  /** Bytes read from disk so far. */
  read(): number;
  /** Ends early, and says so in the notes, where the file is cut or damaged. */
  chunks(): AsyncIterable<Buffer>;
}

/** Throws `RecordingError` where the file cannot be read. */
export async function openFile(path: string, notes: Notes): Promise<OpenFile> {
  try {
    const { size } = await stat(path);
    const compression = compressionOf(await firstBytes(path, Math.min(size, MAGIC_BYTES)));
    let done = 0;
    const count = (bytes: number): void => {
      done += bytes;
    };
    return {
      path,
      bytes: size,
      ...(await headOf(content(path, compression, () => {}))),
      notes,
      read: () => done,
      chunks: () => readable(path, content(path, compression, count), notes),
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

function content(
  path: string,
  compression: RecordedCompression | undefined,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const highWaterMark = compression ? COMPRESSED_CHUNK_BYTES : CHUNK_BYTES;
  const raw = counted(createReadStream(path, { highWaterMark }), count);
  return utf8(compression ? inflated(raw, compression) : raw);
}

async function* counted(source: AsyncIterable<Buffer>, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    count(chunk.length);
    yield chunk;
  }
}

/** A failure ends the head as the end of the file does: it is told when the file is read. */
async function headOf(chunks: AsyncGenerator<Buffer>): Promise<{ head: Buffer; whole: boolean }> {
  const parts: Buffer[] = [];
  let length = 0;
  let whole = true;
  try {
    for await (const chunk of chunks) {
      parts.push(chunk);
      length += chunk.length;
      whole = length <= HEAD_BYTES;
      if (!whole) break;
    }
  } catch (error) {
    if (length === 0) throw error;
    whole = false;
  }
  return { head: Buffer.concat(parts).subarray(0, HEAD_BYTES), whole };
}

async function* readable(path: string, chunks: AsyncIterable<Buffer>, notes: Notes): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    notes.cut(path, `the file is cut or damaged (${(error as Error).message}): what stands before that was read`);
  }
}
