// A directory in which components keep what must survive a restart, each file replaced whole or not at all.
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { type ComponentId, type Extension, FILE_MODE, formatId } from '../../pipeline/index.js';
import { DirectoryLock, DiskBudget, type LogEvents, SegmentLog } from '../../storage/index.js';
import type { Logger } from '../../telemetry/index.js';
import { type Config, maxBytesOf } from './config.js';

/** Names become file names: nothing in them may leave the directory or collide with files in the making. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/;
const UNFINISHED = '.tmp';

/** Files of a queue; a small disk has smaller ones, since space comes back file by file. Bytes. */
const SEGMENT_BYTES = 64 << 20;
const LEAST_SEGMENT_BYTES = 1 << 20;
const SEGMENTS = 16;

/** An id in letters that every file system takes. */
function plainId(id: string): string {
  return id.replace(/[^A-Za-z0-9_.-]/g, (letter) => `-${letter.codePointAt(0)?.toString(16)}-`);
}

/** Directory of an exporter's queue. */
export function queueName(exporter: string): string {
  return `queue.${plainId(exporter)}`;
}

/** The exporter whose queue a directory is; undefined: it is none. */
export function queueOwner(name: string): string | undefined {
  if (!name.startsWith('queue.')) return undefined;
  return name.slice('queue.'.length).replaceAll('-2f-', '/');
}

/** File name for a component's own data: its kind and id in letters that every file system takes. */
export function storageName(kind: string, id: string, what: string): string {
  return `${kind}.${plainId(id)}.${what}`;
}

export class FileStorage implements Extension {
  private readonly log: Logger;
  private readonly config: Config;
  /** Writes to one name follow one another. */
  private readonly writing: Map<string, Promise<void>> = new Map();
  private readonly budget: DiskBudget;
  /** Queues that somebody has asked for. */
  private readonly queues: Set<string> = new Set();
  private lock: DirectoryLock | undefined;

  constructor(settings: Settings, config: Config) {
    this.log = settings.telemetry.log.child({ component: formatId(settings.id), kind: 'extension' });
    this.config = config;
    this.budget = new DiskBudget(maxBytesOf(config));
  }

  /** Makes sure that the directory is there, can be written, and belongs to nobody else. */
  async start(): Promise<void> {
    const { directory, create_directory: create, directory_permissions: mode } = this.config;
    try {
      if (create) await mkdir(directory, { recursive: true, mode });
      const found = await stat(directory).catch(() => undefined);
      if (!found?.isDirectory())
        throw new Error(`${directory} is no directory${create ? '' : '; create_directory would make it'}`);
      const probe = join(directory, `probe${UNFINISHED}`);
      await (await open(probe, 'w', FILE_MODE)).close();
      await rm(probe);
      this.lock = await DirectoryLock.take(directory, this.config.timeout, () => this.lost());
    } catch (error) {
      throw withRemedy(error as NodeJS.ErrnoException, directory);
    }
    this.log.info({ directory }, 'storage is ready');
  }

  private lost(): void {
    const { directory } = this.config;
    this.log.fatal({ directory }, 'Another process has taken the directory: nothing more is written to it');
  }

  /** Waits for writes under way. */
  async shutdown(): Promise<void> {
    await Promise.allSettled(this.writing.values());
    await this.lock?.release();
    this.lock = undefined;
  }

  /** Tells of queues that an earlier configuration left. */
  ready(isReady: boolean): void {
    if (isReady) void this.findOrphans().catch((error) => this.log.warn({ err: error }, 'cannot look for old queues'));
  }

  private async findOrphans(): Promise<void> {
    const { directory } = this.config;
    for (const name of await readdir(directory)) {
      const exporter = queueOwner(name);
      if (exporter === undefined || this.queues.has(name)) continue;
      const files = await readdir(join(directory, name)).catch(() => []);
      if (!files.some((file) => file.endsWith('.seg'))) continue;
      const remedy = `pxanomaly queue list ${directory}; an exporter of that id with this storage sends it, pxanomaly queue drop removes it`;
      this.log.warn(
        { exporter, remedy },
        'A queue on disk belongs to no exporter of this configuration: it is not sent',
      );
    }
  }

  /** The log of an exporter's queue; the caller opens and closes it. */
  queueLog(owner: ComponentId, events: LogEvents): SegmentLog {
    const { directory, fsync } = this.config;
    const name = queueName(formatId(owner));
    this.queues.add(name);
    const segmentBytes = Math.min(
      SEGMENT_BYTES,
      Math.max(LEAST_SEGMENT_BYTES, Math.floor(this.budget.maxBytes / SEGMENTS)),
    );
    const isLost = (): boolean => this.lock?.lost === true;
    return new SegmentLog({
      directory: join(directory, name),
      segmentBytes,
      fsync,
      budget: this.budget,
      events,
      isLost,
    });
  }

  /** What was last written under a name; undefined: nothing. */
  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.path(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * Replaces what is under a name by the parts, one after the other. After a crash at any moment there is either the
   * old content or the new.
   */
  async writeAtomic(name: string, ...parts: readonly Uint8Array[]): Promise<void> {
    const path = this.path(name);
    const before = this.writing.get(name) ?? Promise.resolve();
    const now = before.catch(() => {}).then(() => this.replace(path, parts));
    this.writing.set(name, now);
    try {
      await now;
    } finally {
      if (this.writing.get(name) === now) this.writing.delete(name);
    }
  }

  async remove(name: string): Promise<void> {
    await this.writing.get(name)?.catch(() => {});
    await rm(this.path(name), { force: true });
  }

  private path(name: string): string {
    if (!NAME.test(name) || name.endsWith(UNFINISHED))
      throw new Error(`"${name}" cannot be the name of a file in storage`);
    return join(this.config.directory, name);
  }

  private async replace(path: string, parts: readonly Uint8Array[]): Promise<void> {
    if (this.lock?.lost) throw new Error(`${this.config.directory} belongs to another process by now`);
    const unfinished = path + UNFINISHED;
    try {
      const file = await open(unfinished, 'w', FILE_MODE);
      try {
        for (const part of parts) await file.writeFile(part);
        if (this.config.fsync) await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    if (this.config.fsync) await syncDirectory(this.config.directory);
  }
}

/** The error of a directory that cannot be made or written, with what to do about it. */
export function withRemedy(cause: NodeJS.ErrnoException, directory: string): Error {
  if (cause.code === 'EROFS')
    return new Error(
      `the directory ${directory} cannot be written: the file system is read-only; mount a volume there, or set directory`,
      { cause },
    );
  if (cause.code !== 'EACCES' && cause.code !== 'EPERM') return cause;
  const [user, group] = [process.geteuid?.() ?? '?', process.getegid?.() ?? '?'];
  return new Error(
    `the directory ${directory} cannot be written by user ${user}, group ${group} (${cause.code}): chown ${user}:${group} ${directory}, ` +
      'or set directory to one that can; in Kubernetes fsGroup does this for a volume claim, and an init container for a hostPath ' +
      "(the chart's persistence.hostPath)",
    { cause },
  );
}

/** A rename is on the disk only when its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
