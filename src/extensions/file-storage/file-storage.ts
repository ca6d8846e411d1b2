// A directory in which components keep what must survive a restart, each file replaced whole or not at all.
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { type Extension, FILE_MODE, formatId } from '../../pipeline/index.js';
import type { Logger } from '../../telemetry/index.js';
import type { Config } from './config.js';

/** Names become file names: nothing in them may leave the directory or collide with files in the making. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/;
const UNFINISHED = '.tmp';

/** File name for a component's own data: its kind and id in letters that every file system takes. */
export function storageName(kind: string, id: string, what: string): string {
  const plain = id.replace(/[^A-Za-z0-9_.-]/g, (letter) => `-${letter.codePointAt(0)?.toString(16)}-`);
  return `${kind}.${plain}.${what}`;
}

export class FileStorage implements Extension {
  private readonly log: Logger;
  private readonly config: Config;
  /** Writes to one name follow one another. */
  private readonly writing: Map<string, Promise<void>> = new Map();

  constructor(settings: Settings, config: Config) {
    this.log = settings.telemetry.log.child({ component: formatId(settings.id), kind: 'extension' });
    this.config = config;
  }

  /** Makes sure that the directory is there and can be written. */
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
    } catch (error) {
      throw withRemedy(error as NodeJS.ErrnoException, directory);
    }
    this.log.info({ directory }, 'storage is ready');
  }

  /** Waits for writes under way. */
  async shutdown(): Promise<void> {
    await Promise.allSettled(this.writing.values());
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

  /** Replaces what is under a name by the parts, one after the other. After a crash at any moment there is either the old content or the new. */
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
