import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DirectoryLock, LockedError } from '../../src/storage/index.js';
import { ROOT } from '../support/paths.js';

const root = mkdtempSync(join(tmpdir(), 'pxanomaly-lock-'));
after(() => rmSync(root, { recursive: true }));

const MODULE = pathToFileURL(join(ROOT, 'build/js/src/storage/index.js')).href;

/** Another process that takes the lock, says so, and keeps it. */
async function holder(directory: string) {
  const program = `
    const { DirectoryLock } = await import(${JSON.stringify(MODULE)});
    await DirectoryLock.take(${JSON.stringify(directory)}, 1000);
    console.log('taken');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  child.stderr.resume();
  await once(child.stdout, 'data');
  return child;
}

const fresh = (): string => mkdtempSync(join(root, 'd-'));

test('a second taker is told who has it, in this process and in another', async () => {
  const directory = fresh();
  const lock = await DirectoryLock.take(directory, 0);
  await assert.rejects(DirectoryLock.take(directory, 0), LockedError);
  await lock.release();
  assert.equal(existsSync(join(directory, 'lock')), false);
  const child = await holder(directory);
  try {
    await assert.rejects(DirectoryLock.take(directory, 0), (error: Error) => {
      assert.ok(error instanceof LockedError);
      assert.match(error.message, new RegExp(`in use by process ${child.pid} on `));
      return true;
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

test('an owner that was killed is replaced at once', async () => {
  const directory = fresh();
  const child = await holder(directory);
  child.kill('SIGKILL');
  await once(child, 'close');
  const begun = performance.now();
  const lock = await DirectoryLock.take(directory, 0);
  assert.ok(performance.now() - begun < 1_500);
  await lock.release();
});

test('waits for an owner that is just ending', async () => {
  const directory = fresh();
  const first = await DirectoryLock.take(directory, 0);
  const second = DirectoryLock.take(directory, 10_000);
  await first.release();
  await (await second).release();
});

test('an owner that cannot be looked up is replaced when it is silent, and not while it touches its file', async () => {
  const directory = fresh();
  const path = join(directory, 'lock');
  const lock = await DirectoryLock.take(directory, 0);
  const owner = JSON.parse(readFileSync(path, 'utf8')) as object;
  await lock.release();
  // A container beside us: the same host, numbers of processes that mean nothing here.
  writeFileSync(path, JSON.stringify({ ...owner, token: 'another', pids: 'pid:[1]' }));
  const touching = setInterval(() => utimesSync(path, new Date(), new Date()), 200);
  await assert.rejects(DirectoryLock.take(directory, 500), LockedError);
  clearInterval(touching);
  await (await DirectoryLock.take(directory, 500)).release();
});

test('several that find a dead owner at the same time: one gets the directory', async () => {
  const directory = fresh();
  const child = await holder(directory);
  child.kill('SIGKILL');
  await once(child, 'close');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => DirectoryLock.take(directory, 0)));
  const taken = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  assert.equal(taken.length, 1);
  await taken[0]!.release();
});

test('whoever lost its directory to another learns of it', async () => {
  const directory = fresh();
  const path = join(directory, 'lock');
  const lost = new Promise<void>((resolve) => {
    void DirectoryLock.take(directory, 0, resolve).then((lock) => {
      const owner = JSON.parse(readFileSync(path, 'utf8')) as object;
      writeFileSync(path, JSON.stringify({ ...owner, token: 'another' }));
      return lock;
    });
  });
  const alive = setInterval(() => {}, 1_000);
  await lost;
  clearInterval(alive);
  assert.match(readFileSync(path, 'utf8'), /another/);
});
