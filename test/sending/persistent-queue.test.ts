import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Batch, Lease, PermanentError, RetryableError } from '../../src/pipeline/index.js';
import { onAbort } from '../../src/sending/abort.js';
import { PersistentQueue, type PersistentQueueHost } from '../../src/sending/persistent-queue.js';
import { queue } from '../../src/sending/queue.js';
import { GivenUpError, type Send } from '../../src/sending/send.js';
import type { QueueOptions } from '../../src/sending/sending-queue.js';
import { DiskBudget, SegmentLog } from '../../src/storage/index.js';
import { opaqueBatch } from '../support/batches.js';
import { testLedger } from '../support/ledger.js';
import { MemoryDisk } from '../support/memory-disk.js';

const OPTIONS: QueueOptions = {
  numConsumers: 1,
  queueSize: 100,
  maxBytes: undefined,
  sizer: 'requests',
  blockOnOverflow: false,
  waitForResult: false,
};

/** A next hop that waits to be told what to answer. */
class Hop {
  readonly seen: Batch[] = [];
  readonly waiting: ((error?: Error) => void)[] = [];
  readonly send: Send = (batch, signal) => {
    this.seen.push(batch);
    return new Promise((resolve, reject) => {
      const answer = (error?: Error): void => (error ? reject(error) : resolve(undefined));
      this.waiting.push(answer);
      onAbort(signal, () => answer(signal.reason as Error));
    });
  };
  answerAll(error?: Error): void {
    for (const answer of this.waiting.splice(0)) answer(error);
  }
}

const silent = { damaged() {}, torn() {}, writeFailed() {}, flushed() {}, size() {} };

async function setup(
  disk: MemoryDisk,
  options: Partial<QueueOptions> = {},
  more: Partial<PersistentQueueHost> = {},
  maxBytes = 2 ** 40,
) {
  const hop = new Hop();
  const counts = { recovered: 0, kept: -1, readBack: 0, unreadable: 0, size: -1, failures: [] as string[], refused: 0 };
  const log = new SegmentLog({
    ...{ directory: '/q', segmentBytes: 1 << 20, fsync: true, events: silent, disk },
    budget: new DiskBudget(maxBytes),
    // A test that a busy machine holds up for a second is the same test.
    doneAfterMs: 3_600_000,
  });
  const ledger = testLedger();
  const host: PersistentQueueHost = {
    log,
    ledger,
    events: {
      enqueueFailed: () => counts.refused++,
      failed: (_batch, reason) => counts.failures.push(reason),
      queueSize: (size) => {
        counts.size = size;
      },
      queueCapacity: () => {},
    },
    queueEvents: {
      recovered: (requests) => {
        counts.recovered += requests;
      },
      kept: (requests) => {
        counts.kept = requests;
      },
      readBack: () => counts.readBack++,
      unreadable: () => counts.unreadable++,
      damaged: () => {},
    },
    ...more,
  };
  const queue = new PersistentQueue({ ...OPTIONS, ...options }, host, hop.send);
  await queue.start();
  return { hop, counts, log, ledger, queue };
}

const turn = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const named = (text: string, items = 1, more: Partial<Batch> = {}): Batch => ({
  ...opaqueBatch(items),
  body: Buffer.from(text),
  ...more,
});

const bodies = (hop: Hop): string[] => hop.seen.map(({ body }) => Buffer.from(body).toString());

/** Waits for what must come, however slow the machine is. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 20_000 && !holds(); i++) await turn(1);
  assert.ok(holds(), String(holds));
}

/** Answers until so many requests have come and all of them are done. */
async function takeAll({ hop, counts, log }: Awaited<ReturnType<typeof setup>>, count: number): Promise<void> {
  await until(() => {
    hop.answerAll();
    return hop.seen.length >= count && log.length === 0 && counts.size <= 0;
  });
}

test('OK means flushed; after a crash everything that was not delivered comes again, in order, with what belongs to it', async () => {
  const disk = new MemoryDisk();
  const first = await setup(disk);
  for (let i = 0; i < 5; i++) await first.queue.consume(named(`r${i}`, i + 1));
  await until(() => first.hop.waiting.length === 1);
  first.hop.answerAll();
  await until(() => first.hop.seen.length === 2);
  assert.deepEqual(bodies(first.hop), ['r0', 'r1']);
  disk.crash();
  const second = await setup(disk);
  assert.equal(second.counts.recovered, 5, 'what was delivered a moment ago comes again');
  await takeAll(second, 5);
  assert.deepEqual(bodies(second.hop), ['r0', 'r1', 'r2', 'r3', 'r4']);
  assert.deepEqual(
    second.hop.seen.map(({ items }) => items),
    [1, 2, 3, 4, 5],
  );
  assert.equal(second.counts.size, 0);
});

test('shutdown leaves what waits for the next start: nothing undelivered, nothing counted as dropped', async () => {
  const disk = new MemoryDisk();
  const first = await setup(disk);
  for (let i = 0; i < 4; i++) await first.queue.consume(named(`r${i}`));
  await until(() => first.hop.waiting.length === 1);
  const drained = first.queue.drain(60_000);
  assert.throws(() => first.queue.consume(named('late')), /shutting down/);
  first.hop.answerAll();
  assert.equal((await drained).total, 0);
  assert.deepEqual(first.counts.failures, []);
  assert.equal(first.hop.seen.length, 1, 'nothing more is begun');
  assert.equal(first.counts.kept, 3);
  assert.equal(first.ledger.heldBy('queues'), 0, 'after a reload the process goes on without it');
  const second = await setup(disk);
  await takeAll(second, 3);
  assert.deepEqual(bodies(second.hop), ['r1', 'r2', 'r3']);
});

test('an attempt that hangs at shutdown is cut off and made again', async () => {
  const disk = new MemoryDisk();
  const first = await setup(disk);
  await first.queue.consume(named('r0'));
  await until(() => first.hop.waiting.length === 1);
  assert.equal((await first.queue.drain(20)).total, 0);
  const second = await setup(disk);
  await takeAll(second, 1);
  assert.deepEqual(bodies(second.hop), ['r0']);
});

test('given up for good is done with; kept is not', async () => {
  const disk = new MemoryDisk();
  const first = await setup(disk, { numConsumers: 2 });
  await first.queue.consume(named('bad'));
  await first.queue.consume(named('kept'));
  await until(() => first.hop.waiting.length === 2);
  first.hop.waiting[0]?.(new PermanentError('no'));
  first.hop.waiting[1]?.(new GivenUpError('shutdown', 'over', true));
  await until(() => first.log.length === 1);
  await first.queue.drain(60_000);
  const second = await setup(disk);
  await takeAll(second, 1);
  assert.deepEqual(bodies(second.hop), ['kept']);
});

test('memory stays bounded: beyond it bodies are read back when their turn comes', async () => {
  const disk = new MemoryDisk();
  const one = await setup(disk, {}, { keptBytes: 2_000 });
  let returned = 0;
  for (let i = 0; i < 10; i++) {
    const lease = new Lease(() => returned++);
    const batch = named(`r${i}${'x'.repeat(498)}`, 1, { lease });
    await one.queue.consume(batch);
    lease.release();
  }
  assert.ok(one.ledger.heldBy('queues') <= 2_000);
  assert.ok(returned >= 6, `${returned} of 10 are given back`);
  await takeAll(one, 10);
  assert.deepEqual(
    bodies(one.hop).map((body) => body.slice(0, 2)),
    Array.from({ length: 10 }, (_, i) => `r${i}`),
  );
  assert.ok(one.counts.readBack >= 6);
  assert.equal(returned, 10);
  assert.equal(one.ledger.heldBy('queues'), 0);
});

test('the gzip form is what is stored; a reader gets both forms, and no header that nobody named', async () => {
  const disk = new MemoryDisk();
  const batch = { minSize: 0, maxSize: 0, flushTimeoutMs: 1, sizeOf: () => 1, metadataKeys: ['x-tenant'] };
  const first = await setup(disk, { batch });
  const metadata = new Map([
    ['authorization', 'Bearer secret'],
    ['x-tenant', 'shop'],
  ]);
  const text = 'y'.repeat(5_000);
  await first.queue.consume(named(text, 7, { metadata, gzip: gzipSync(text), signal: 'traces' }));
  const written = Buffer.concat([...disk.files.values()].map(({ bytes }) => bytes));
  assert.ok(written.length < 1_000);
  assert.equal(written.includes('secret'), false);
  disk.crash();
  const second = await setup(disk, { batch });
  await takeAll(second, 1);
  const [got] = second.hop.seen;
  assert.equal(Buffer.from(got!.body).toString(), text);
  assert.deepEqual([got?.signal, got?.items, got?.metadata.get('x-tenant')], ['traces', 7, 'shop']);
  assert.ok(got?.gzip);
});

test('requests that are joined are done together', async () => {
  const disk = new MemoryDisk();
  const batch = { minSize: 3, maxSize: 0, flushTimeoutMs: 60_000, sizeOf: (b: Batch) => b.items, metadataKeys: [] };
  const one = await setup(disk, { batch }, { keptBytes: 0 });
  for (const text of ['a', 'b', 'c']) await one.queue.consume(named(text));
  await takeAll(one, 1);
  assert.deepEqual(bodies(one.hop), ['abc']);
  assert.equal(one.log.length, 0);
});

test('a full disk refuses with a delay, goes on delivering, and takes again', async () => {
  const disk = new MemoryDisk();
  const one = await setup(disk);
  await one.queue.consume(named('first'));
  disk.capacity = disk.used;
  await assert.rejects(one.queue.consume(named('second')), (error: Error) => {
    assert.ok(error instanceof RetryableError && (error.retryAfterMs ?? 0) > 0);
    assert.match(error.message, /could not be stored: ENOSPC/);
    return true;
  });
  assert.match(one.queue.refusal(1)?.message ?? '', /storage of the queue is full/);
  assert.equal(one.counts.size, 1);
  await takeAll(one, 1);
  assert.deepEqual(bodies(one.hop), ['first']);
  disk.capacity = 1e6;
  await until(() => one.queue.refusal(1) === undefined);
  await one.queue.consume(named('third'));
  assert.equal(one.counts.refused, 1);
});

test('bounds: queue_size in requests as in memory, and the bytes of the storage', async () => {
  const one = await setup(new MemoryDisk(), { queueSize: 2 });
  void one.queue.consume(named('a'));
  void one.queue.consume(named('b'));
  assert.match(one.queue.refusal(1)?.message ?? '', /queue is full/);
  assert.throws(() => one.queue.consume(named('c')), RetryableError);
  const small = await setup(new MemoryDisk(), {}, {}, 2_000);
  assert.equal(small.queue.refusal(1_000), undefined);
  await small.queue.consume(named('x'.repeat(1_500)));
  assert.match(small.queue.refusal(1_000)?.message ?? '', /storage of the queue is full/);
});

test('block_on_overflow: waits for room, in order', async () => {
  const one = await setup(new MemoryDisk(), { queueSize: 1, blockOnOverflow: true });
  const done: string[] = [];
  const all = ['a', 'b', 'c'].map((text) => one.queue.consume(named(text)).then(() => done.push(text)));
  await until(() => done.length > 0);
  assert.deepEqual(done, ['a']);
  await takeAll(one, 3);
  await Promise.all(all);
  assert.deepEqual(done, ['a', 'b', 'c']);
});

test('a body that the disk does not give back is counted and passed over', async () => {
  const disk = new MemoryDisk();
  const one = await setup(disk, {}, { keptBytes: 0 });
  await one.queue.consume(named('first'));
  await until(() => one.hop.waiting.length === 1);
  await one.queue.consume(named('second'));
  await one.queue.consume(named('third'));
  const [content] = disk.files.values();
  content!.bytes[content!.bytes.indexOf('second')]! ^= 1;
  await takeAll(one, 2);
  assert.deepEqual(bodies(one.hop), ['first', 'third']);
  assert.deepEqual([one.counts.unreadable, one.counts.failures], [1, ['permanent']]);
  assert.equal(one.log.length, 0);
});

test('what a queue in memory held is stored when storage is added by a reload', async () => {
  const disk = new MemoryDisk();
  const hop = new Hop();
  const events = { enqueueFailed() {}, failed() {}, queueSize() {}, queueCapacity() {} };
  const before = queue({ ...OPTIONS, maxBytes: 1e6 }, { events, ledger: testLedger() }, hop.send);
  for (const text of ['a', 'b', 'c']) void before.consume(named(text));
  const log = new SegmentLog({
    ...{ directory: '/q', segmentBytes: 1 << 20, fsync: true, events: silent, disk, budget: new DiskBudget(1e9) },
  });
  const queueEvents = { recovered() {}, kept() {}, readBack() {}, unreadable() {}, damaged() {} };
  const after = new PersistentQueue(OPTIONS, { events, ledger: testLedger(), log, queueEvents }, hop.send);
  before.handTo?.(after);
  await before.drain(1_000);
  await after.start();
  disk.crash();
  const restarted = await setup(disk);
  assert.equal(restarted.counts.recovered, 3);
});

test('a full disk at such a reload: what was acknowledged stays in memory, is delivered, and is told where it is not', async () => {
  for (const delivered of [true, false]) {
    const disk = new MemoryDisk();
    const one = await setup(disk);
    disk.capacity = disk.used;
    let returned = 0;
    const lease = new Lease(() => returned++);
    lease.hold();
    lease.release();
    const batch = named('kept', 2, { lease });
    one.ledger.store('queues', batch.body);
    one.ledger.release('queues', batch.body);
    one.queue.inherit([{ batch, size: 1, kept: [batch.body] }]);
    await until(() => one.counts.size === 1);
    assert.equal(returned, 0);
    if (delivered) await takeAll(one, 1);
    const { bySignal } = await one.queue.drain(20);
    assert.deepEqual([bySignal, returned], [delivered ? {} : { metrics: 2 }, 1]);
    assert.equal(one.ledger.heldBy('queues'), 0);
  }
});
