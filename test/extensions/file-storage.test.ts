import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { advise, type Config, maxBytesOf, schema } from '../../src/extensions/file-storage/config.js';
import { FileStorage, storageName, withRemedy } from '../../src/extensions/file-storage/file-storage.js';
import { testSettings } from '../support/settings.js';

const root = mkdtempSync(join(tmpdir(), 'pxanomaly-storage-'));
after(() => rmSync(root, { recursive: true }));

function storage(directory: string, more: object = {}): FileStorage {
  return new FileStorage(testSettings('file_storage'), schema.parse({ directory, ...more }) as Config);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

test('what was written is read, by another instance too', async () => {
  const directory = join(root, 'a/b');
  const first = storage(directory);
  await first.start();
  assert.equal(statSync(directory).mode & 0o777, 0o750);
  assert.equal(await first.read('state'), undefined);
  await first.writeAtomic('state', bytes('one'));
  await first.writeAtomic('state', bytes('two'));
  assert.equal(statSync(join(directory, 'state')).mode & 0o777, 0o640 & ~process.umask());
  await first.shutdown();
  const second = storage(directory);
  assert.deepEqual(readdirSync(directory), ['state'], 'nothing unfinished stays');
  await second.start();
  assert.equal(text(await second.read('state')), 'two');
  await assert.rejects(
    storage(directory, { timeout: 0 }).start(),
    /in use by process \d+ on .*: one process to a directory/,
  );
  await second.remove('state');
  await second.remove('state');
  assert.equal(await second.read('state'), undefined);
});

test('a directory that belongs to somebody else is named with the remedy', async () => {
  const directory = join(root, 'foreign');
  mkdirSync(directory, { mode: 0o500 });
  // Root may write everywhere: as the user of the image it sees what a pod sees.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(10_001);
  try {
    await assert.rejects(storage(join(directory, 'state')).start(), (error: Error) => {
      const { message } = error;
      assert.match(message, /cannot be written by user \d+, group \d+ \(EACCES\): chown \d+:\d+ /);
      assert.match(message, /in Kubernetes fsGroup does this for a volume claim, and an init container for a hostPath/);
      assert.ok(message.includes(join(directory, 'state')));
      if (isRoot) assert.match(message, /user 10001/);
      return true;
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('so is one on a file system that is read-only', () => {
  const cause = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
  assert.match(withRemedy(cause, '/var/lib/pxanomaly').message, /is read-only; mount a volume there, or set directory/);
  const other = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  assert.equal(withRemedy(other, '/d'), other);
});

test('writes to one name follow one another, the last wins, and shutdown waits for them', async () => {
  const directory = join(root, 'order');
  const one = storage(directory);
  await one.start();
  const writes = Array.from({ length: 20 }, (_, i) => one.writeAtomic('state', bytes(`${i}`)));
  await one.shutdown();
  assert.equal(text(await one.read('state')), '19');
  await Promise.all(writes);
});

test('an old file stays whole when a new one cannot be written', async () => {
  const directory = join(root, 'broken');
  const one = storage(directory);
  await one.start();
  await one.writeAtomic('state', bytes('old'));
  mkdirSync(join(directory, 'state.tmp'));
  await assert.rejects(one.writeAtomic('state', bytes('new')));
  assert.equal(text(await one.read('state')), 'old');
});

test('names cannot leave the directory', async () => {
  const one = storage(join(root, 'names'));
  await one.start();
  for (const name of ['../x', 'a/b', '', '.x', 'x.tmp', 'a\0b'])
    await assert.rejects(one.writeAtomic(name, bytes('')), /cannot be the name/);
  const name = storageName('processor', 'anomaly/shop ü', 'checkpoint');
  assert.equal(name, 'processor.anomaly-2f-shop-20--fc-.checkpoint');
  await one.writeAtomic(name, bytes('x'));
});

test('a directory that is none, or not there, stops the start', async () => {
  writeFileSync(join(root, 'file'), '');
  await assert.rejects(storage(join(root, 'file')).start(), /EEXIST|is no directory/);
  await assert.rejects(
    storage(join(root, 'none'), { create_directory: false }).start(),
    /none is no directory; create_directory would make it/,
  );
});

test('permissions are octal', () => {
  assert.equal((schema.parse({ directory_permissions: '0700' }) as Config).directory_permissions, 0o700);
  assert.equal(schema.safeParse({ directory_permissions: '999' }).success, false);
});

test('the bound of all queues: bytes as in a Collector, 0 for none, and the older key in MiB', () => {
  const parse = (more: object): Config => schema.parse({ directory: '/q', ...more });
  assert.equal(maxBytesOf(parse({})), 4 * 2 ** 30);
  assert.equal(maxBytesOf(parse({ max_size: 268_435_456 })), 268_435_456);
  assert.equal(maxBytesOf(parse({ max_size: 0 })), Number.POSITIVE_INFINITY);
  assert.throws(() => parse({ max_size: 1_000 }), /expected 8388608 bytes or more, or 0/);
  const older = parse({ max_size_mib: 16 });
  assert.equal(maxBytesOf(older), 16_777_216);
  assert.match(advise(older)[0] ?? '', /write max_size: 16777216/);
  // Everything that a stock Collector takes.
  const collectors = { max_size: 268_435_456, recreate: true, timeout: '10s', compaction: { on_start: true } };
  assert.deepEqual(advise(parse(collectors)), [
    'compaction is not used: queues on disk give space back as they are delivered',
  ]);
});
