// One process to a directory. Node has no flock, so a file says who owns it, and is touched for as long as the owner
// lives.
import { randomUUID } from 'node:crypto';
import { open, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FILE_MODE } from '../pipeline/index.js';

export const LOCK_NAME = 'lock';

/** How often the owner touches its file; ms. */
const TOUCH_MS = 1_000;
/** An owner of this host that nobody can look up is gone when its file has not been touched for this long; ms. */
const SILENT_HERE_MS = 3_500;
/** … and one of another host, whose disk may be slow to show what it does; ms. */
const SILENT_ELSEWHERE_MS = 20_000;
const POLL_MS = 100;

/** Who owns a directory. */
export interface LockOwner {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  /** Of the running kernel; '' where there is none to be read. */
  readonly boot: string;
  /** The namespace that `pid` is a number of; '' likewise. */
  readonly pids: string;
  /** When the process began, in the kernel's words: a number that is used again begins at another time. */
  readonly began: string;
}

/** The directory belongs to another process that lives. */
export class LockedError extends Error {}

const held = new Set<string>();

async function textOf(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}

/** Field 22 of /proc/PID/stat; '' for a process that is not there. */
async function beganAt(pid: number): Promise<string> {
  const text = await textOf(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function ourselves(): Promise<LockOwner> {
  const { pid } = process;
  return {
    token: randomUUID(),
    host: hostname(),
    pid,
    boot: await textOf('/proc/sys/kernel/random/boot_id'),
    pids: await readlink('/proc/self/ns/pid').catch(() => ''),
    began: await beganAt(pid),
  };
}

async function ownerOf(path: string): Promise<LockOwner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as LockOwner;
    return typeof owner.token === 'string' ? owner : undefined;
  } catch {
    return undefined;
  }
}

async function touchedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether the owner lives; undefined: from here nobody can tell. */
async function lives(owner: LockOwner, us: LockOwner): Promise<boolean | undefined> {
  if (held.has(owner.token)) return true;
  if (owner.host !== us.host || us.boot === '') return undefined;
  if (owner.boot !== us.boot) return false;
  // Numbers of another namespace say nothing here: a container that was started again, or one beside us.
  if (owner.pids !== us.pids || us.began === '') return undefined;
  return (await beganAt(owner.pid)) === owner.began;
}

/** The lock of a directory that is ours. */
export class DirectoryLock {
  readonly #path: string;
  readonly #owner: LockOwner;
  #timer: NodeJS.Timeout | undefined;
  #lost: boolean = false;

  private constructor(path: string, owner: LockOwner) {
    this.#path = path;
    this.#owner = owner;
    held.add(owner.token);
  }

  /**
   * Takes the directory, waiting up to `timeoutMs` for an owner that lives. An owner that has ended without a word is
   * replaced: at once where that can be known, else when it has been silent for some seconds. `onLost`: somebody else
   * has taken it since.
   */
  static async take(directory: string, timeoutMs: number, onLost: () => void = () => {}): Promise<DirectoryLock> {
    const path = join(directory, LOCK_NAME);
    const us = await ourselves();
    const begun = performance.now();
    let seen: { token: string | undefined; touched: number; since: number } | undefined;
    for (;;) {
      if (await create(path, us)) break;
      const owner = await ownerOf(path);
      const touched = await touchedAt(path);
      const alive = owner && (await lives(owner, us));
      const now = performance.now();
      if (!seen || seen.token !== owner?.token || seen.touched !== touched) {
        const changed = seen !== undefined && seen.token === owner?.token && seen.touched !== touched;
        // A file that is touched under our eyes has an owner.
        if (changed && now - begun > timeoutMs) throw inUse(directory, owner);
        seen = { token: owner?.token, touched, since: now };
      }
      if (alive === true && now - begun >= timeoutMs) throw inUse(directory, owner);
      const patience = owner === undefined || owner.host === us.host ? SILENT_HERE_MS : SILENT_ELSEWHERE_MS;
      if (alive === false || (alive === undefined && now - seen.since > patience)) await evict(path, owner?.token);
      else await pause(POLL_MS);
    }
    const lock = new DirectoryLock(path, us);
    lock.#timer = setInterval(() => void lock.#touch(onLost), TOUCH_MS).unref();
    return lock;
  }

  /** Nobody else has this one. */
  get token(): string {
    return this.#owner.token;
  }

  /** Somebody else believes that it owns the directory: nothing may be written any more. */
  get lost(): boolean {
    return this.#lost;
  }

  async #touch(onLost: () => void): Promise<void> {
    const now = new Date();
    const owner = await ownerOf(this.#path);
    if (this.#timer === undefined) return;
    if (owner !== undefined && owner.token !== this.#owner.token) {
      clearInterval(this.#timer);
      this.#lost = true;
      held.delete(this.#owner.token);
      return onLost();
    }
    // One that somebody has removed, or that a full disk has left empty, is written anew, so that the next process sees
    // whose it is.
    if (owner === undefined && !(await create(this.#path, this.#owner).catch(() => true)))
      await writeFile(this.#path, JSON.stringify(this.#owner)).catch(() => {});
    await utimes(this.#path, now, now).catch(() => {});
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    held.delete(this.#owner.token);
    if (!this.#lost && (await ownerOf(this.#path))?.token === this.#owner.token) await rm(this.#path, { force: true });
  }
}

/** False: there is one already. */
async function create(path: string, owner: LockOwner): Promise<boolean> {
  try {
    const file = await open(path, 'wx', FILE_MODE);
    try {
      // On a full disk the file stays empty, and is an owner's for as long as it is touched.
      await file.writeFile(JSON.stringify(owner)).catch(() => {});
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the lock of an owner that is gone, unless somebody else has done so meanwhile: one at a time looks and
 * removes.
 */
async function evict(path: string, token: string | undefined): Promise<void> {
  const guard = `${path}.evict`;
  try {
    await (await open(guard, 'wx', FILE_MODE)).close();
  } catch {
    // Whoever evicts is done in a moment, or has died at it.
    if (Date.now() - (await touchedAt(guard)) > SILENT_ELSEWHERE_MS) await rm(guard, { force: true });
    return pause(POLL_MS);
  }
  try {
    if ((await ownerOf(path))?.token === token) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

function inUse(directory: string, owner: LockOwner | undefined): LockedError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  return new LockedError(
    `the directory ${directory} is in use by ${who}: one process to a directory; stop it, or give this one a directory of its own`,
  );
}
