import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Batch, Lease, PermanentError, RetryableError } from '../../src/pipeline/index.js';
import { onAbort } from '../../src/sending/abort.js';
import { queue } from '../../src/sending/queue.js';
import { GivenUpError, type Send } from '../../src/sending/send.js';
import type { QueueOptions } from '../../src/sending/sending-queue.js';
import type { DropReason } from '../../src/telemetry/exporter-events.js';
import { opaqueBatch } from '../support/batches.js';
import { fakeClock } from '../support/clock.js';
import { testLedger } from '../support/ledger.js';

const OPTIONS: QueueOptions = {
  numConsumers: 2,
  queueSize: 4,
  maxBytes: 2 ** 30,
  sizer: 'requests',
  blockOnOverflow: false,
  waitForResult: false,
};

/** A next hop whose answers the test gives one by one. */
class Hop {
  readonly waiting: { batch: Batch; answer: (error?: Error) => void }[] = [];
  readonly seen: Batch[] = [];

  readonly send: Send = (batch, signal) => {
    this.seen.push(batch);
    return new Promise((resolve, reject) => {
      const answer = (error?: Error): void => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        if (error) reject(error);
        else resolve(undefined);
      };
      const entry = { batch, answer };
      this.waiting.push(entry);
      onAbort(signal, () => answer(signal.reason as Error));
    });
  };

  /** Takes everything that is under way. */
  answerAll(error?: Error): void {
    for (const { answer } of [...this.waiting]) answer(error);
  }
}

class Events {
  size = -1;
  capacity = -1;
  readonly failures: [number, DropReason][] = [];
  readonly refused: number[] = [];
  readonly failed = (batch: Batch, reason: DropReason): void => void this.failures.push([batch.items, reason]);
  readonly enqueueFailed = (batch: Batch): void => void this.refused.push(batch.items);
  readonly queueSize = (size: number): void => {
    this.size = size;
  };
  readonly queueCapacity = (capacity: number): void => {
    this.capacity = capacity;
  };
}

function setup(options: Partial<QueueOptions> = {}) {
  const hop = new Hop();
  const events = new Events();
  const ledger = testLedger();
  return { hop, events, ledger, queue: queue({ ...OPTIONS, ...options }, { events, ledger }, hop.send) };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 1));

test('takes at once, sends in order of arrival, at most num_consumers at a time', async () => {
  const { hop, events, queue } = setup();
  for (const items of [1, 2, 3]) assert.equal(queue.consume(opaqueBatch(items)), undefined);
  assert.equal(hop.seen.length, 0, 'nothing is sent in the turn of the receiver');
  await turn();
  assert.deepEqual(
    hop.seen.map((batch) => batch.items),
    [1, 2],
  );
  assert.equal(events.size, 3);
  hop.waiting[0]?.answer();
  await turn();
  assert.equal(hop.seen.length, 3);
  hop.answerAll();
  await turn();
  assert.equal(events.size, 0);
});

test('a full queue refuses before and at consume, with a delay, and takes again when there is room', async () => {
  const { hop, events, queue } = setup();
  for (let i = 0; i < 4; i++) {
    assert.equal(queue.refusal(10), undefined);
    void queue.consume(opaqueBatch(1));
  }
  assert.ok(queue.refusal(10) instanceof RetryableError);
  assert.ok((queue.refusal(10)?.retryAfterMs ?? 0) > 0);
  assert.throws(() => queue.consume(opaqueBatch(7)), RetryableError);
  assert.deepEqual(events.refused, [7]);
  await turn();
  hop.waiting[0]?.answer();
  await turn();
  assert.equal(queue.refusal(10), undefined);
});

test('bytes: what a body holds decides, and one that can never fit is a permanent refusal', () => {
  const { queue } = setup({ sizer: 'bytes', queueSize: 100 });
  assert.equal(queue.refusal(60), undefined);
  void queue.consume(opaqueBatch(1, 60));
  assert.equal(queue.refusal(40), undefined);
  assert.ok(queue.refusal(41) instanceof RetryableError);
  assert.throws(() => queue.consume(opaqueBatch(1, 41)), RetryableError);
  assert.throws(() => queue.consume(opaqueBatch(1, 101)), PermanentError);
});

test('max_bytes holds whatever the sizer counts; a larger one finds room where nothing else is', async () => {
  const { queue, hop, ledger } = setup({ maxBytes: 100, queueSize: 50 });
  void queue.consume(opaqueBatch(1, 300));
  assert.equal(ledger.heldBy('queues'), 300);
  assert.match(queue.refusal(1)!.message, /full/);
  assert.throws(() => queue.consume(opaqueBatch(1, 1)), RetryableError);
  await turn();
  hop.answerAll();
  await turn();
  assert.equal(ledger.heldBy('queues'), 0);
  void queue.consume(opaqueBatch(1, 60));
  assert.equal(queue.refusal(40), undefined);
  assert.ok(queue.refusal(41));
});

test('without max_bytes the ledger says what may be held', () => {
  const { queue, ledger } = setup({ maxBytes: undefined, queueSize: 50 });
  void queue.consume(opaqueBatch(1, 1_000));
  assert.equal(queue.refusal(ledger.queueBytes - 1_000), undefined);
  const back = ledger.restrict(4_000);
  assert.ok(queue.refusal(1));
  back();
  assert.equal(queue.refusal(1), undefined);
});

test('items: what refusal allows, consume takes; the queue may be exceeded by one request', () => {
  const { queue, events } = setup({ sizer: 'items', queueSize: 100 });
  void queue.consume(opaqueBatch(99));
  assert.equal(queue.refusal(1), undefined);
  void queue.consume(opaqueBatch(5_000));
  assert.equal(events.size, 5_099);
  assert.ok(queue.refusal(1) instanceof RetryableError);
});

test('block_on_overflow: consume waits for room, in order', async () => {
  const { hop, queue } = setup({ queueSize: 1, numConsumers: 1, blockOnOverflow: true });
  void queue.consume(opaqueBatch(1));
  const order: number[] = [];
  for (const items of [2, 3]) {
    const waiting = queue.consume(opaqueBatch(items));
    assert.ok(waiting instanceof Promise);
    assert.equal(queue.refusal(1), undefined);
    void waiting.then(() => order.push(items));
  }
  await turn();
  assert.deepEqual(order, []);
  hop.answerAll();
  await turn();
  assert.deepEqual(order, [2]);
  hop.answerAll();
  await turn();
  assert.deepEqual(order, [2, 3]);
});

test('block_on_overflow: who still waits at shutdown is told', async () => {
  const { hop, events, queue } = setup({ queueSize: 1, numConsumers: 1, blockOnOverflow: true });
  void queue.consume(opaqueBatch(1));
  const waiting = assert.rejects(queue.consume(opaqueBatch(2)) as Promise<void>, RetryableError);
  await turn();
  const drained = queue.drain(1_000);
  await waiting;
  assert.deepEqual(events.refused, [2]);
  hop.answerAll();
  assert.equal((await drained).total, 0);
});

test('wait_for_result: the answer of the next hop is the answer to the sender', async () => {
  const { hop, queue } = setup({ waitForResult: true });
  const good = queue.consume(opaqueBatch(1));
  const bad = queue.consume(opaqueBatch(2));
  await turn();
  hop.waiting[1]?.answer(new PermanentError('bad data'));
  hop.waiting[0]?.answer();
  await good;
  await assert.rejects(bad as Promise<void>, PermanentError);
});

test('drain delivers what is held and takes nothing more', async () => {
  const { hop, events, queue } = setup({ numConsumers: 1 });
  for (const items of [1, 2, 3]) void queue.consume(opaqueBatch(items));
  const drained = queue.drain(60_000);
  assert.throws(() => queue.consume(opaqueBatch(9)), /shutting down/);
  assert.match(queue.refusal(1)?.message ?? '', /shutting down/);
  for (let i = 0; i < 3; i++) {
    await turn();
    hop.answerAll();
  }
  assert.equal((await drained).total, 0);
  assert.equal(events.size, 0);
  assert.deepEqual(events.failures, []);
  assert.equal((await queue.drain(1)).total, 0, 'a second drain is the same');
});

test('what drain cannot deliver in time is aborted and counted', async (t) => {
  const clock = fakeClock(t);
  const { events, queue } = setup({ numConsumers: 1 });
  for (const items of [1, 2, 3]) void queue.consume(opaqueBatch(items));
  await clock.settle();
  const drained = queue.drain(500);
  await clock.advance(500);
  // The first was under way: its own layers count it; here the queue only adds it up.
  assert.deepEqual((await drained).bySignal, { metrics: 6 });
  assert.deepEqual(events.failures, [
    [2, 'shutdown'],
    [3, 'shutdown'],
  ]);
  assert.equal(events.size, 0);
});

test('drain of an idle queue is over at once', async () => {
  const { queue } = setup();
  assert.equal((await queue.drain(60_000)).total, 0);
});

test('thousands of entries keep their order', async () => {
  const { hop, queue } = setup({ numConsumers: 1, queueSize: 5_000 });
  for (let i = 0; i < 3_000; i++) void queue.consume(opaqueBatch(i));
  const drained = queue.drain(60_000);
  while (hop.seen.length < 3_000 || hop.waiting.length > 0) {
    hop.answerAll();
    await new Promise(setImmediate);
  }
  await drained;
  assert.deepEqual(
    hop.seen.map((batch) => batch.items),
    Array.from({ length: 3_000 }, (_, i) => i),
  );
});

test('borrowed memory is held until the delivery, or until the queue gives the batch up', async () => {
  for (const end of ['delivered', 'failed', 'given up'] as const) {
    const { hop, queue } = setup({ numConsumers: 1 });
    let returned = 0;
    const batches = [1, 2].map((items): Batch => ({ ...opaqueBatch(items), lease: new Lease(() => returned++) }));
    for (const batch of batches) {
      void queue.consume(batch);
      batch.lease?.release();
    }
    await turn();
    assert.equal(returned, 0);
    if (end === 'given up') await queue.drain(1);
    for (let i = 0; i < 2 && end !== 'given up'; i++) {
      hop.answerAll(end === 'failed' ? new PermanentError('no') : undefined);
      await turn();
    }
    assert.equal(returned, 2, end);
  }
});

test('borrowed memory of merged batches is released with their one request', async () => {
  const batch = { flushTimeoutMs: 1, minSize: 2, maxSize: 0, sizeOf: () => 1, metadataKeys: [] };
  const { hop, queue } = setup({ batch });
  let returned = 0;
  for (const items of [1, 2]) {
    const lease = new Lease(() => returned++);
    void queue.consume({ ...opaqueBatch(items), lease });
    lease.release();
  }
  await turn();
  assert.equal(hop.seen.length, 1);
  assert.equal(returned, 0);
  hop.answerAll();
  await turn();
  assert.equal(returned, 2);
});

test('what fails at shutdown in whatever way is told as undelivered, by signal; who waits for the result is told by it', async () => {
  const { hop, queue } = setup();
  void queue.consume(opaqueBatch(3));
  void queue.consume(opaqueBatch(4, 8, 'logs'));
  const drained = queue.drain(60_000);
  await turn();
  hop.waiting[1]?.answer();
  hop.answerAll(new PermanentError('no'));
  assert.deepEqual((await drained).bySignal, { metrics: 3 });
  const waiting = setup({ waitForResult: true });
  const told = assert.rejects(waiting.queue.consume(opaqueBatch(3)) as Promise<void>, RetryableError);
  const over = waiting.queue.drain(1);
  await told;
  assert.equal((await over).total, 0);
});

test('a queue is handed over in order: what waits at once, what is under way after its attempt', async () => {
  const first = setup({ numConsumers: 1 });
  const second = setup({ numConsumers: 1 });
  let returned = 0;
  for (const items of [1, 2, 3]) {
    const batch = { ...opaqueBatch(items), lease: new Lease(() => returned++) };
    void first.queue.consume(batch);
    batch.lease.release();
  }
  await turn();
  first.queue.handTo?.(second.queue);
  assert.throws(() => first.queue.consume(opaqueBatch(9)), /shutting down/);
  const drained = first.queue.drain(60_000);
  first.hop.answerAll(new GivenUpError('shutdown', 'no more attempts', true));
  assert.equal((await drained).total, 0);
  assert.equal(first.ledger.heldBy('queues'), 0);
  assert.equal(returned, 0, 'memory that is lent is still held');
  assert.deepEqual(first.events.failures, []);
  await second.queue.start?.();
  for (let i = 0; i < 3; i++) {
    await turn();
    second.hop.answerAll();
  }
  await turn();
  assert.deepEqual(
    second.hop.seen.map(({ items }) => items),
    [1, 2, 3],
  );
  assert.equal(returned, 3);
});
