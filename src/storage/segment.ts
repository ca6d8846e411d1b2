// One file of a log, and what of it is still wanted.
import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from './disk.js';
import {
  encodeSegmentHeader,
  newMark,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SEGMENT_HEADER_BYTES,
} from './record.js';

/** A request that is safe in a log and not done. */
export interface StoredRequest {
  readonly id: number;
  /** What the writer gave with it. */
  readonly flags: number;
  readonly bodyBytes: number;
}

/** The same with its place. */
export interface Placed extends StoredRequest {
  segment: Segment;
  /** Where its header begins. */
  at: number;
  readonly metaBytes: number;
  readonly payloadCrc: number;
}

/** What was read is not what was written. */
export class DamagedError extends Error {}

/** The name of the nth file of a log. */
export function segmentName(number: number): string {
  return `${String(number).padStart(16, '0')}.seg`;
}

/** The number in a file name; undefined: it is not the name of a segment. */
export function segmentNumber(name: string): number | undefined {
  return /^\d{16}\.seg$/.test(name) ? Number(name.slice(0, 16)) : undefined;
}

export class Segment {
  /** Bytes that are written, or are being written. */
  size: number;
  /** Requests in it that are not done, and their bytes. */
  live = 0;
  liveBytes = 0;
  /** A request of it could not be read to be written again: it stays until it is done. */
  stuck: boolean = false;

  constructor(
    readonly number: number,
    readonly path: string,
    readonly file: DiskFile,
    readonly mark: number,
    size: number,
  ) {
    this.size = size;
  }

  /** A new file with nothing but its header. Leaves nothing behind where it rejects. */
  static async create(disk: Disk, path: string, number: number, firstId: number): Promise<Segment> {
    const mark = newMark();
    const file = await disk.create(path);
    try {
      await file.write([encodeSegmentHeader({ firstId, mark })], 0);
    } catch (error) {
      await file.close();
      await disk.remove(path);
      throw error;
    }
    return new Segment(number, path, file, mark, SEGMENT_HEADER_BYTES);
  }

  hold({ bodyBytes, metaBytes }: Pick<Placed, 'bodyBytes' | 'metaBytes'>): void {
    this.live++;
    this.liveBytes += RECORD_HEADER_BYTES + metaBytes + bodyBytes;
  }

  release({ bodyBytes, metaBytes }: Pick<Placed, 'bodyBytes' | 'metaBytes'>): void {
    this.live--;
    this.liveBytes -= RECORD_HEADER_BYTES + metaBytes + bodyBytes;
  }

  /** Metadata and body of a request, checked. Throws a `DamagedError` where the disk gives back something else. */
  async read({ at, metaBytes, bodyBytes, payloadCrc }: Placed): Promise<Buffer> {
    const payload = Buffer.allocUnsafeSlow(metaBytes + bodyBytes);
    for (let read = 0; read < payload.length; ) {
      const more = await this.file.read(payload, read, payload.length - read, at + RECORD_HEADER_BYTES + read);
      if (more === 0) throw new DamagedError(`${this.path} ends before its record at ${at} does`);
      read += more;
    }
    if (crc32(payload) !== payloadCrc) throw new DamagedError(`the record at ${at} of ${this.path} is damaged`);
    return payload;
  }
}

/** What a header says of a request, with its place. */
export function placed(segment: Segment, at: number, header: RecordHeader): Placed {
  const { id, flags, metaBytes, payloadCrc, length } = header;
  return { id, flags, metaBytes, payloadCrc, bodyBytes: length - metaBytes, segment, at };
}
