import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeRecord } from '../../src/exporters/file/exporter.js';
import factory from '../../src/exporters/file/factory.js';
import { RecordFile } from '../../src/exporters/file/record-file.js';
import { prune, putAside } from '../../src/exporters/file/rotation.js';
import { jsonToProtobuf } from '../../src/otlp/index.js';
import { PermanentError, RetryableError } from '../../src/pipeline/index.js';
import { metricSum, metricsBatch, opaqueBatch, testSettings } from '../support/batches.js';

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'pxanomaly-file-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function make(context: TestContext, options: { path: string } & Record<string, unknown>) {
  const settings = testSettings('file');
  const exporter = factory.create(settings, factory.schema.parse(options));
  context.after(() => exporter.shutdown());
  const count = (name: string): Promise<number> => metricSum(settings.telemetry, name);
  return { settings, exporter, count };
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

test('one request a line, in order, as OTLP/JSON that reads back to the same bytes', async (t) => {
  const path = join(directory(t), 'out.jsonl');
  const { exporter, count } = make(t, { path });
  await exporter.start();
  const batches = [1, 0, 3].map((points) => metricsBatch(points, `m${points}`));
  for (const batch of batches) assert.equal(exporter.consume(batch), undefined);
  await exporter.shutdown();
  const written = lines(path);
  assert.equal(written.length, 3);
  written.forEach((line, i) => {
    assert.deepEqual(Object.keys(JSON.parse(line)), ['resourceMetrics']);
    assert.deepEqual(Buffer.from(jsonToProtobuf('metrics', line)), Buffer.from(batches[i]?.body ?? []));
  });
  assert.equal(await count('otelcol_exporter_sent_metric_points'), 4);
});

test('flush_interval is how long a record may wait; 0 is at once', async (t) => {
  const path = join(directory(t), 'out.jsonl');
  for (const flush_interval of ['20ms', 0]) {
    const { exporter, count } = make(t, { path, flush_interval });
    await exporter.start();
    void exporter.consume(metricsBatch(2));
    while ((await count('otelcol_exporter_sent_metric_points')) < 2) await new Promise((r) => setTimeout(r, 5));
    assert.equal(lines(path).length, 1);
    await exporter.shutdown();
  }
});

test('proto: four bytes of length, big-endian, then the body', () => {
  const batch = metricsBatch(5);
  const record = encodeRecord(batch, 'proto');
  assert.equal(record.readUInt32BE(), batch.body.byteLength);
  assert.deepEqual(record.subarray(4), Buffer.from(batch.body));
});

test('a start empties the file, append continues it', async (t) => {
  const path = join(directory(t), 'out.jsonl');
  for (const [append, left] of [
    [false, 1],
    [true, 2],
    [false, 1],
  ] as const) {
    const { exporter } = make(t, { path, append });
    await exporter.start();
    void exporter.consume(metricsBatch(1));
    await exporter.shutdown();
    assert.equal(lines(path).length, left);
  }
});

test('a half line that a crash left stays alone', async (t) => {
  const path = join(directory(t), 'out.jsonl');
  writeFileSync(path, '{"resourceMetrics":[{"sco');
  const { exporter } = make(t, { path, append: true });
  await exporter.start();
  void exporter.consume(metricsBatch(1));
  await exporter.shutdown();
  assert.equal(lines(path).length, 2);
  assert.doesNotThrow(() => JSON.parse(lines(path)[1] ?? ''));
});

test('a directory that is not there fails the start with what to do, or is made', async (t) => {
  const path = join(directory(t), 'a/b/out.jsonl');
  await assert.rejects(make(t, { path }).exporter.start(), /directory .*a\/b does not exist; .*create_directory/);
  const { exporter } = make(t, { path, create_directory: true });
  await exporter.start();
  void exporter.consume(metricsBatch(1));
  await exporter.shutdown();
  assert.equal(lines(path).length, 1);
});

test('a path that is a directory fails the start', async (t) => {
  await assert.rejects(make(t, { path: directory(t) }).exporter.start(), /cannot write .*EISDIR/);
});

test('a body that is no protobuf is refused for good and counted', async (t) => {
  const { exporter, count } = make(t, { path: join(directory(t), 'out.jsonl') });
  await exporter.start();
  assert.throws(() => exporter.consume(opaqueBatch(3, 3)), PermanentError);
  assert.equal(await count('otelcol_exporter_send_failed_metric_points'), 3);
});

/** /dev/full opens, and fails every write with ENOSPC. */
test('a full disk: kept, tried again, refused when too much waits, counted as undelivered at the end', async (t) => {
  const { exporter, settings, count } = make(t, {
    path: '/dev/full',
    format: 'proto',
    append: true,
    flush_interval: '5ms',
  });
  await exporter.start();
  const batch = opaqueBatch(10, 4 * 1024 * 1024);
  for (let i = 0; i < 4; i++) assert.equal(exporter.consume(batch), undefined);
  while (!settings.lines.some((line) => /ENOSPC/.test(String(line.error)))) await new Promise((r) => setTimeout(r, 5));
  assert.match(exporter.refusal(1)?.message ?? '', /\/dev\/full cannot be written: .*ENOSPC/);
  assert.throws(() => exporter.consume(batch), RetryableError);
  await assert.rejects(exporter.shutdown(), /^UndeliveredError: 40 metric points not delivered$/);
  assert.equal(await count('otelcol_exporter_sent_metric_points'), 0);
  assert.equal(await count('otelcol_exporter_enqueue_failed_metric_points'), 10);
  const lost = await metricSum(settings.telemetry, 'pxanomaly_exporter_dropped_items', { reason: 'shutdown' });
  assert.equal(lost, 40);
});

test('after a failure writing goes on where it stopped', async (t) => {
  const path = join(directory(t), 'out');
  const failures: string[] = [];
  let written = 0;
  const host = {
    written: (n: number) => {
      written += n;
    },
    failed: (error: Error) => void failures.push(error.message),
  };
  const config = factory.schema.parse({ path, flush_interval: '1h' });
  const file = new RecordFile(config, host);
  await file.open();
  // The first write takes three bytes and the second fails, as on a disk that fills up.
  const handle = (file as unknown as { file: { write: (b: Buffer) => Promise<{ bytesWritten: number }> } }).file;
  const write = handle.write.bind(handle);
  const answers = [(b: Buffer) => write(b.subarray(0, 3)), () => Promise.reject(new Error('ENOSPC'))];
  handle.write = (bytes) => (answers.shift() ?? write)(bytes);
  file.add(Buffer.from('first\n'));
  await file.flush();
  assert.deepEqual([failures, written], [['ENOSPC'], 0]);
  file.add(Buffer.from('second\n'));
  await file.flush();
  assert.equal(await file.close(), 0);
  assert.deepEqual([readFileSync(path, 'utf8'), written], ['first\nsecond\n', 2]);
});

test('rotation: no record is cut, the newest files are kept', async (t) => {
  const where = directory(t);
  const path = join(where, 'out.jsonl');
  const { exporter, count } = make(t, { path, rotation: { max_megabytes: 0.002, max_backups: 3 }, flush_interval: 0 });
  await exporter.start();
  for (let i = 0; i < 20; i++) {
    void exporter.consume(metricsBatch(10, `n${i}`));
    while ((await count('otelcol_exporter_sent_metric_points')) < 10 * (i + 1)) await new Promise(setImmediate);
  }
  await exporter.shutdown();
  const files = readdirSync(where).sort((a, b) => (a < b ? -1 : 1));
  assert.equal(files.length, 4);
  for (const name of files) assert.equal(modeOf(join(where, name)), 0o640 & ~process.umask(), name);
  const all = files.flatMap((name) => lines(join(where, name)));
  const names = all.map((line) => JSON.parse(line).resourceMetrics[0].scopeMetrics[0].metrics[0].name);
  assert.deepEqual(
    names,
    Array.from({ length: names.length }, (_, i) => `n${20 - names.length + i}.0`),
  );
});

test('files put aside within one millisecond get names of their own; others are not touched', async (t) => {
  const where = directory(t);
  const path = join(where, 'a.jsonl');
  writeFileSync(join(where, 'a-notes.jsonl'), 'keep');
  for (let i = 0; i < 5; i++) {
    writeFileSync(path, String(i));
    await putAside(path, 1_700_000_000_000);
  }
  await prune(path, 2);
  const files = readdirSync(where).sort((a, b) => (a < b ? -1 : 1));
  assert.deepEqual(files, ['a-2023-11-14T22-13-20.003.jsonl', 'a-2023-11-14T22-13-20.004.jsonl', 'a-notes.jsonl']);
});

test('what is exported is not for everybody; a file that is there keeps its mode', async (t) => {
  const where = directory(t);
  const [made, found] = [join(where, 'made.jsonl'), join(where, 'found.jsonl')];
  writeFileSync(found, '');
  chmodSync(found, 0o604);
  for (const path of [made, found]) {
    const { exporter } = make(t, { path });
    await exporter.start();
    await exporter.shutdown();
  }
  assert.deepEqual([modeOf(made), modeOf(found)], [0o640 & ~process.umask(), 0o604]);
});

test('append with rotation is refused', () => {
  const config = factory.schema.parse({ path: 'x', append: true, rotation: {} });
  assert.match(factory.validate?.(config)?.join() ?? '', /exclude/);
});

test('nothing is taken before start and after shutdown; shutdown without start is nothing', async (t) => {
  const { exporter } = make(t, { path: join(directory(t), 'x') });
  await exporter.shutdown();
  await exporter.start();
  await exporter.shutdown();
  await exporter.shutdown();
  assert.ok(exporter.refusal(1));
});
