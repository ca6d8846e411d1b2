// `pxanomaly queue` on the directory of a file_storage, beside a process that uses it and without one.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { schema } from '../../src/extensions/file-storage/config.js';
import { FileStorage } from '../../src/extensions/file-storage/file-storage.js';
import { storedForm } from '../../src/sending/stored-batch.js';
import { UsageError } from '../../src/terminal/io.js';
import { opaqueBatch } from '../support/batches.js';
import { command } from '../support/commands.js';
import { testSettings } from '../support/settings.js';

const directory = mkdtempSync(join(tmpdir(), 'pxanomaly-queue-'));
after(() => rmSync(directory, { recursive: true }));

const silent = { damaged() {}, torn() {}, writeFailed() {}, flushed() {}, size() {} };

test('lists what waits, drops a queue when nobody uses the directory, and says what is wrong', async () => {
  const storage = new FileStorage(testSettings('file_storage'), schema.parse({ directory }));
  await storage.start();
  const log = storage.queueLog({ type: 'otlp_grpc', name: 'a' }, silent);
  await log.open();
  const batches = [opaqueBatch(3), opaqueBatch(4), opaqueBatch(5, 8, 'logs')];
  const stored = await Promise.all(
    batches.map((batch) => {
      const { meta, body, flags } = storedForm(batch, []);
      return log.append(meta, body, flags);
    }),
  );
  log.complete(stored[0]!);
  const beside = await command('queue', 'list', directory);
  assert.match(beside.stdout, /^otlp_grpc\/a: 3 requests; items: metrics 7, logs 5; oldest of .* UTC; .* on disk\n$/);
  await assert.rejects(command('queue', 'drop', directory, '--exporter', 'otlp_grpc/a'), /in use by process/);
  await log.close();
  await storage.shutdown();
  const { stdout } = await command('queue', 'list', directory, '--json');
  const [listed] = JSON.parse(stdout) as [{ exporter: string; requests: number; items: object; damaged: number }];
  assert.deepEqual(
    [listed.exporter, listed.requests, listed.items, listed.damaged],
    ['otlp_grpc/a', 2, { metrics: 4, logs: 5 }, 0],
  );
  await assert.rejects(
    command('queue', 'drop', directory, '--exporter', 'otlp'),
    /no queue of otlp; there is otlp_grpc\/a/,
  );
  assert.equal(
    (await command('queue', 'drop', directory, '--exporter', 'otlp_grpc/a')).stdout,
    '2 requests of otlp_grpc/a dropped\n',
  );
  assert.deepEqual(readdirSync(directory), []);
  assert.match((await command('queue', 'list', directory)).stdout, /holds no queue/);
});

test('a wrong command line, and no directory', async () => {
  for (const wrong of [
    [],
    ['list'],
    ['drop', directory],
    ['list', directory, '--exporter', 'a'],
    ['list', directory, '--no'],
  ])
    await assert.rejects(command('queue', ...wrong), UsageError);
  await assert.rejects(command('queue', 'list', join(directory, 'none')), /cannot be read: ENOENT/);
});
