// Reads a segment from front to back, past everything in it that is damaged.
import { crc32 } from 'node:zlib';
import type { DiskFile } from './disk.js';
import {
  decodeDone,
  decodeRecordHeader,
  decodeSegmentHeader,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  RecordKind,
  SEGMENT_HEADER_BYTES,
} from './record.js';

/** Read at once; bytes. */
const WINDOW_BYTES = 1 << 20;

/** A request as it lies in a segment. */
export interface FoundRequest {
  readonly header: RecordHeader;
  /** Where its header begins. */
  readonly at: number;
  readonly meta: Buffer;
}

export interface FoundSegment {
  /** Undefined: neither the segment's header nor its first record can be read, so nothing can. */
  readonly mark: number | undefined;
  readonly firstId: number;
  readonly requests: readonly FoundRequest[];
  readonly done: readonly number[];
  /** Where the last whole record ends: what lies behind it was cut short. */
  readonly end: number;
  readonly fileBytes: number;
  /** Places at which a record, or several behind one damaged header, had to be skipped. */
  readonly damaged: number;
}

/** A file seen through a piece of it that moves along. */
class Window {
  readonly #file: DiskFile;
  readonly size: number;
  #buffer = Buffer.alloc(WINDOW_BYTES);
  #start = 0;
  #length = 0;

  constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** The bytes there, as far as the file has them; valid until the next call. */
  async at(position: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.size - position));
    if (position < this.#start || position + wanted > this.#start + this.#length) await this.#move(position, wanted);
    const from = position - this.#start;
    return this.#buffer.subarray(from, Math.min(from + wanted, this.#length));
  }

  async #move(position: number, wanted: number): Promise<void> {
    if (wanted > this.#buffer.length) this.#buffer = Buffer.alloc(wanted);
    const most = Math.min(this.#buffer.length, this.size - position);
    this.#start = position;
    this.#length = 0;
    while (this.#length < most) {
      const read = await this.#file.read(this.#buffer, this.#length, most - this.#length, position + this.#length);
      if (read === 0) return;
      this.#length += read;
    }
  }
}

/** The segment's header; without it the mark that its first record shows, if that is whole. */
async function headOf(window: Window): Promise<{ mark: number | undefined; firstId: number; damaged: boolean }> {
  const header = decodeSegmentHeader(await window.at(0, SEGMENT_HEADER_BYTES));
  if (header) return { ...header, damaged: false };
  const first = await window.at(SEGMENT_HEADER_BYTES, RECORD_HEADER_BYTES);
  const record = decodeRecordHeader(first, undefined);
  return { mark: record && first.readUInt32LE(0), firstId: record?.id ?? 0, damaged: true };
}

/** Where the next header lies that has the mark and a right checksum; undefined: there is none. */
async function nextHeader(window: Window, from: number, mark: number): Promise<number | undefined> {
  const sought = Buffer.alloc(4);
  sought.writeUInt32LE(mark);
  for (let start = from; start + RECORD_HEADER_BYTES <= window.size; start += WINDOW_BYTES) {
    // Marks that begin in this step, and the headers behind them.
    const piece = await window.at(start, WINDOW_BYTES + RECORD_HEADER_BYTES);
    for (let at = piece.indexOf(sought); at >= 0 && at < WINDOW_BYTES; at = piece.indexOf(sought, at + 1))
      if (decodeRecordHeader(piece.subarray(at, at + RECORD_HEADER_BYTES), mark)) return start + at;
  }
  return undefined;
}

/** Everything in a segment that can be believed. Rejects only where the disk does. */
export async function readSegment(file: DiskFile): Promise<FoundSegment> {
  const window = new Window(file, await file.size());
  const { mark, firstId, damaged: headDamaged } = await headOf(window);
  const requests: FoundRequest[] = [];
  const done: number[] = [];
  let damaged = headDamaged && window.size >= SEGMENT_HEADER_BYTES ? 1 : 0;
  let at = Math.min(SEGMENT_HEADER_BYTES, window.size);
  while (mark !== undefined && at < window.size) {
    const header = decodeRecordHeader(await window.at(at, RECORD_HEADER_BYTES), mark);
    if (!header) {
      const next = await nextHeader(window, at + 1, mark);
      if (next === undefined) break;
      damaged++;
      at = next;
      continue;
    }
    const end = at + RECORD_HEADER_BYTES + header.length;
    if (end > window.size) break;
    const payload = await window.at(at + RECORD_HEADER_BYTES, header.length);
    if (payload.length < header.length) break;
    if (crc32(payload) !== header.payloadCrc) damaged++;
    else if (header.kind === RecordKind.done) done.push(...decodeDone(payload));
    else if (header.kind === RecordKind.request)
      requests.push({ header, at, meta: Buffer.from(payload.subarray(0, header.metaBytes)) });
    at = end;
  }
  return { mark, firstId, requests, done, end: at, fileBytes: window.size, damaged };
}
