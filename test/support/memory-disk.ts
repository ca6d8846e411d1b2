// A disk in memory that can be full, break, and lose what was not flushed.
import type { Disk, DiskFile } from '../../src/storage/index.js';

interface Content {
  bytes: Buffer;
  /** What a crash of the machine would leave. */
  flushed: Buffer;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

export class MemoryDisk implements Disk {
  readonly files: Map<string, Content> = new Map();
  /** Bytes that fit. */
  capacity: number = Number.POSITIVE_INFINITY;
  /** Code of every flush, where it is to fail. */
  flushFails: string | undefined;
  /** Waited for by every flush. */
  flushing: Promise<void> | undefined;
  writes = 0;
  flushes = 0;

  get used(): number {
    return [...this.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** As after a loss of power. */
  crash(): void {
    for (const content of this.files.values()) content.bytes = content.flushed;
  }

  async makeDirectory(): Promise<void> {}
  async flushDirectory(): Promise<void> {}
  async removeDirectory(): Promise<void> {}

  async list(directory: string): Promise<string[]> {
    return [...this.files.keys()].flatMap((path) =>
      path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : [],
    );
  }

  async create(path: string): Promise<DiskFile> {
    if (this.files.has(path)) throw failure('EEXIST');
    this.files.set(path, { bytes: Buffer.alloc(0), flushed: Buffer.alloc(0) });
    return this.open(path);
  }

  openReadOnly(path: string): Promise<DiskFile> {
    return this.open(path);
  }

  async open(path: string): Promise<DiskFile> {
    const content = this.files.get(path);
    if (!content) throw failure('ENOENT');
    return {
      size: async () => content.bytes.length,
      read: async (into, offset, length, position) => {
        const piece = content.bytes.subarray(position, position + length);
        into.set(piece, offset);
        return piece.length;
      },
      write: async (parts, position) => {
        this.writes++;
        const added = Buffer.concat(parts);
        const grows = Math.max(0, position + added.length - content.bytes.length);
        const room = Math.min(grows, this.capacity - this.used);
        const kept = added.subarray(0, added.length - grows + room);
        const bytes = Buffer.alloc(Math.max(content.bytes.length, position + kept.length));
        content.bytes.copy(bytes);
        kept.copy(bytes, position);
        content.bytes = bytes;
        if (room < grows) throw failure('ENOSPC');
      },
      truncate: async (size) => {
        content.bytes = Buffer.from(content.bytes.subarray(0, size));
      },
      flush: async () => {
        this.flushes++;
        const { bytes } = content;
        await this.flushing;
        if (this.flushFails) throw failure(this.flushFails);
        content.flushed = bytes;
      },
      close: async () => {},
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }
}
