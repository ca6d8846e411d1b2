import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opentelemetry } from '#proto';
import { type Batch, ownBatch } from '../../src/pipeline/index.js';
import { type BatchOptions, Grouped, mergeBatches } from '../../src/sending/batch.js';
import { metricsBatch, opaqueBatch } from '../support/batches.js';
import { fakeClock } from '../support/clock.js';
import fc from '../support/property.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

const OPTIONS: BatchOptions = {
  flushTimeoutMs: 200,
  minSize: 10,
  maxSize: 0,
  sizeOf: (batch) => batch.items,
  metadataKeys: [],
};

function setup(options: Partial<BatchOptions> = {}) {
  let woken = 0;
  const backlog = new Grouped({ ...OPTIONS, ...options }, () => woken++);
  return {
    backlog,
    woken: () => woken,
    push: (batch: Batch) => backlog.push({ batch, size: 1, kept: [] }),
    take: (flush = false) => backlog.take(flush)?.map((entry) => entry.batch.items),
  };
}

test('joined requests decode to the resources of all, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), (counts) => {
      const parts = counts.map((count, i) => metricsBatch(count, `part${i}`));
      const merged = mergeBatches(parts);
      const decode = (batch: Batch): object =>
        ExportMetricsServiceRequest.toObject(ExportMetricsServiceRequest.decode(batch.body)).resourceMetrics ?? [];
      assert.deepEqual(decode(merged), parts.flatMap(decode));
      assert.equal(
        merged.items,
        counts.reduce((sum, n) => sum + n, 0),
      );
    }),
  );
});

test('one part stays the object that it is, with its gzip form', () => {
  const batch = opaqueBatch(3);
  batch.gzip = new Uint8Array(1);
  assert.equal(mergeBatches([batch]), batch);
});

test('events of the parts are joined too', () => {
  const withEvents = (items: number): Batch => ownBatch('metrics', new Uint8Array(1), 1, opaqueBatch(items, 2, 'logs'));
  const merged = mergeBatches([withEvents(2), opaqueBatch(1), withEvents(3)]);
  assert.equal(merged.events?.items, 5);
  assert.equal(merged.events?.signal, 'logs');
  assert.equal(merged.events?.body.byteLength, 4);
});

test('leaves at min_size without waiting', (t) => {
  fakeClock(t);
  const { push, take } = setup();
  push(opaqueBatch(4));
  assert.equal(take(), undefined);
  push(opaqueBatch(6));
  assert.deepEqual(take(), [4, 6]);
  assert.equal(take(), undefined);
});

test('a smaller one leaves after flush_timeout from its first part', async (t) => {
  const clock = fakeClock(t);
  const { push, take, woken } = setup();
  push(opaqueBatch(1));
  await clock.advance(150);
  push(opaqueBatch(2));
  await clock.advance(49);
  assert.equal(take(), undefined);
  await clock.advance(1);
  assert.equal(woken(), 1);
  assert.deepEqual(take(), [1, 2]);
});

test('max_size is not passed by joining; a larger part leaves alone and whole', (t) => {
  fakeClock(t);
  const { push, take } = setup({ minSize: 8, maxSize: 10 });
  push(opaqueBatch(6));
  push(opaqueBatch(5));
  assert.deepEqual(take(), [6]);
  push(opaqueBatch(50));
  assert.deepEqual(take(), [5]);
  assert.deepEqual(take(), [50]);
});

test('signals, origins and the named metadata do not mix; other metadata does', (t) => {
  fakeClock(t);
  const { push, take, backlog } = setup({ metadataKeys: ['tenant'], minSize: 100 });
  const of = (items: number, metadata: Record<string, string>, changes: Partial<Batch> = {}): void =>
    push({ ...opaqueBatch(items), metadata: new Map(Object.entries(metadata)), ...changes });
  of(1, { tenant: 'a', trace: 'x' });
  of(2, { tenant: 'b' });
  of(3, { tenant: 'a', trace: 'y' });
  of(4, {});
  of(5, { tenant: 'a' }, { signal: 'logs' });
  of(6, { tenant: 'a' }, { origin: 'anomaly' });
  assert.equal(backlog.length, 6);
  const groups = Array.from({ length: 5 }, () => take(true));
  assert.deepEqual(groups, [[1, 3], [2], [4], [5], [6]]);
  assert.equal(backlog.length, 0);
});

test('a flush leaves no timer behind', async (t) => {
  const clock = fakeClock(t);
  const { push, take, woken } = setup();
  push(opaqueBatch(1));
  assert.deepEqual(take(true), [1]);
  await clock.advance(1_000);
  assert.equal(woken(), 0);
});
