// A file of records: gathered in memory, written in order, kept when a write fails.
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FILE_MODE } from '../../pipeline/index.js';
import type { Config } from './config.js';
import { prune, putAside } from './rotation.js';

/** Written without waiting for the interval from here on; bytes. */
const WRITE_FROM_BYTES = 64 * 1024;

/** What may wait for a disk that does not take it; bytes. More is refused. */
export const MAX_PENDING_BYTES: number = 16 * 1024 * 1024;

const NEWLINE = Buffer.from('\n');

export interface RecordFileHost {
  /** Records that are in the file now, in order. */
  written(count: number): void;
  /** The records stay and are tried again. */
  failed(error: Error): void;
}

export class RecordFile {
  private file: FileHandle | undefined;
  private size = 0;
  /** Records not begun to be written. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** What a write that failed has left, in the middle of a record. */
  private rest: Buffer | undefined;
  private restRecords = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly config: Config,
    private readonly host: RecordFileHost,
  ) {}

  /** Records taken and not in the file yet; bytes. */
  get pendingBytes(): number {
    return this.waitingBytes + (this.rest?.byteLength ?? 0);
  }

  /** Throws where the file cannot be written, with the reason a person can act on. */
  async open(): Promise<void> {
    const { path, create_directory } = this.config;
    const directory = dirname(path);
    try {
      if (create_directory) await mkdir(directory, { recursive: true });
      await this.openFile(this.config.append || this.config.rotation ? 'a+' : 'w+');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const hint =
        code === 'ENOENT' ? `directory ${directory} does not exist; make it or set create_directory: true` : code;
      throw new Error(`cannot write ${path}: ${hint}`, { cause: error });
    }
  }

  add(record: Buffer): void {
    this.waiting.push(record);
    this.waitingBytes += record.byteLength;
    const atOnce = this.config.flush_interval === 0 || this.waitingBytes >= WRITE_FROM_BYTES;
    if (atOnce && !this.rest) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), this.config.flush_interval || 1_000);
  }

  /** Writes what is pending; resolves when that is done or has failed. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  /** Writes what it can and closes. Resolves with the number of records that are lost. */
  async close(): Promise<number> {
    await this.writing;
    if (this.pendingBytes > 0) await this.flush();
    clearTimeout(this.timer);
    await this.file?.close();
    this.file = undefined;
    return this.waiting.length + this.restRecords;
  }

  private async openFile(flags: string): Promise<void> {
    this.file = await open(this.config.path, flags, FILE_MODE);
    this.size = (await this.file.stat()).size;
    if (this.config.format === 'json' && this.size > 0) await this.endLine(this.file);
  }

  /** A process that died in the middle of a line has left half of it: the next record begins a line of its own. */
  private async endLine(file: FileHandle): Promise<void> {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, this.size - 1);
    if (buffer[0] !== NEWLINE[0]) this.size += (await file.write(NEWLINE)).bytesWritten;
  }

  private async write(): Promise<void> {
    try {
      while (this.rest || this.waiting.length > 0) {
        if (!this.rest) await this.begin();
        await this.writeRest();
        this.host.written(this.restRecords);
        this.restRecords = 0;
      }
    } catch (error) {
      this.host.failed(error as Error);
      this.timer ??= setTimeout(() => void this.flush(), this.config.flush_interval || 1_000);
    }
  }

  /** Takes the records of the next write: whole ones, so that none is cut by a rotation. */
  private async begin(): Promise<void> {
    const { rotation } = this.config;
    if (rotation && this.size > 0 && this.size + this.waitingBytes > rotation.max_megabytes * 1e6)
      await this.rotate(rotation.max_backups);
    if (!this.file) await this.openFile('a+');
    this.restRecords = this.waiting.length;
    this.rest = Buffer.concat(this.waiting.splice(0));
    this.waitingBytes = 0;
  }

  private async rotate(maxBackups: number): Promise<void> {
    await this.file?.close();
    this.file = undefined;
    await putAside(this.config.path, Date.now());
    await this.openFile('a+');
    if (maxBackups > 0) await prune(this.config.path, maxBackups);
  }

  private async writeRest(): Promise<void> {
    while (this.rest && this.rest.byteLength > 0) {
      const { bytesWritten } = await (this.file as FileHandle).write(this.rest);
      this.size += bytesWritten;
      this.rest = this.rest.subarray(bytesWritten);
    }
    this.rest = undefined;
  }
}
