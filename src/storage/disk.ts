// The few things that a log asks of a file system, so that tests can stand in for one that is full or broken.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { FILE_MODE } from '../pipeline/index.js';

export interface DiskFile {
  size(): Promise<number>;
  /** Reads up to `length` bytes at `position`; resolves with how many there were. */
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Writes all parts, one behind the other, or rejects. Part of them may be in the file then. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** Resolves when the disk has what was written, and the length of the file with it (fdatasync). */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  makeDirectory(directory: string): Promise<void>;
  /** Names of what is in a directory; none where there is no directory. */
  list(directory: string): Promise<string[]>;
  /** Makes a file that is not there yet. */
  create(path: string): Promise<DiskFile>;
  /** For reading and writing. */
  open(path: string): Promise<DiskFile>;
  /** For reading alone. */
  openReadOnly(path: string): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeDirectory(directory: string): Promise<void>;
  /** A new name is on the disk only when its directory is. */
  flushDirectory(directory: string): Promise<void>;
}

class RealFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async read(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return (await this.#handle.read(into, offset, length, position)).bytesRead;
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const total = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let { bytesWritten } = await this.#handle.writev(parts, position);
    if (bytesWritten === total) return;
    // A short write is rare, and mostly the last thing before a full disk says so.
    const rest = Buffer.concat(parts);
    while (bytesWritten < total) {
      const more = await this.#handle.write(rest, bytesWritten, total - bytesWritten, position + bytesWritten);
      if (more.bytesWritten === 0) throw Object.assign(new Error('nothing more could be written'), { code: 'ENOSPC' });
      bytesWritten += more.bytesWritten;
    }
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes);
  }

  flush(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** The file system of the machine. */
export const DISK: Disk = {
  makeDirectory: async (directory) => void (await mkdir(directory, { recursive: true, mode: 0o750 })),
  async list(directory) {
    try {
      return await readdir(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  },
  create: async (path) => new RealFile(await open(path, 'wx+', FILE_MODE)),
  open: async (path) => new RealFile(await open(path, 'r+')),
  openReadOnly: async (path) => new RealFile(await open(path, constants.O_RDONLY)),
  rename,
  remove: (path) => rm(path, { force: true }),
  removeDirectory: rmdir,
  async flushDirectory(directory) {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
