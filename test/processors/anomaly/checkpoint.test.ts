// The state survives a restart: bit for bit with the same input, or not at all.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { decodeCheckpoint } from '../../../src/detection/state/checkpoint.js';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { Bench } from '../../support/anomaly.js';
import fc from '../../support/property.js';
import { FILE, JUMP, MemoryStorage, MIXED, mixedStream, type Send, Stored } from '../../support/stored.js';

/** Stops before each of these sends and goes on in another processor; what came out of all of them. */
async function interrupted(
  sends: readonly Send[],
  cuts: readonly number[],
  differently: readonly object[] = [],
): Promise<string[]> {
  const storage = new MemoryStorage();
  const results: string[] = [];
  let from = 0;
  for (const [i, cut] of [...cuts, sends.length].entries()) {
    const part = new Stored(storage, { ...MIXED, ...differently[i] });
    await part.processor.start();
    for (const send of sends.slice(from, cut)) await part.send(send);
    if (cut === sends.length) await part.processor.flush();
    await part.processor.shutdown();
    results.push(...part.results);
    from = cut;
  }
  return results;
}

/** Byte for byte; the first difference, not thousands of bytes, is what a failure shows. */
function assertSame(got: readonly string[], wanted: readonly string[]): void {
  const at = wanted.findIndex((bytes, i) => bytes !== got[i]);
  if (at >= 0) assert.fail(`result ${at} of ${wanted.length} differs:\n${got[at]}\n${wanted[at]}`);
  assert.equal(got.length, wanted.length);
}

describe('a restart', () => {
  const sends = mixedStream(400);
  let whole: string[] = [];
  before(async () => {
    const one = new Stored(undefined, MIXED);
    await one.processor.start();
    for (const send of sends) await one.send(send);
    await one.processor.flush();
    whole = one.results;
    const kinds = new Set(one.sink.events.map(({ name }) => name));
    for (const kind of ['latency_spike', 'error_rate_spike']) assert.ok(kinds.has(`px.anomaly.network.${kind}`), kind);
    assert.ok(kinds.has('px.anomaly.incident'));
    assert.equal(one.processor.status().points.held, 2);
    assert.equal(one.processor.status().edges, 8);
    await one.processor.shutdown();
  });

  test('changes nothing of what comes out, wherever it happens', async () => {
    const cut = fc.integer({ min: 1, max: sends.length - 1 });
    const cuts = fc.uniqueArray(cut, { minLength: 1, maxLength: 12 }).map((all) => all.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => assertSame(await interrupted(sends, at), whole)),
      { numRuns: 6, seed: 7 },
    );
  });

  test('nor do capacities that have room for everything, larger or smaller', async () => {
    const capacities = [
      {},
      { max_edges: 1000, max_series: 5000 },
      { max_edges: 64, max_series: 1000 },
      { max_groups: 40, seed: 1, max_request_size_mib: 8 },
      { max_groups: 4, max_edges: 300 },
    ];
    assertSame(await interrupted(sends, [100, 700, 1300, 1900], capacities), whole);
  });

  test('nor while a request is held back because its clock is far ahead', async () => {
    const perWindow = 4;
    const graphs = 2 * Math.ceil((JUMP + 1) / 6);
    const held = perWindow * JUMP + graphs;
    const around = Array.from({ length: 8 }, (_, i) => held - 4 + i);
    assertSame(await interrupted(sends, around), whole);
  });
});

/** A checkpoint of the first sends. */
async function written(windows = 80, config: object = MIXED): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const one = new Stored(storage, config);
  await one.processor.start();
  for (const send of mixedStream(windows)) await one.send(send);
  await one.processor.shutdown();
  return storage;
}

describe('what a checkpoint says', () => {
  test('of itself, in words', async () => {
    const { header } = await decodeCheckpoint((await written()).files.get(FILE)!);
    assert.equal(header.program, '0.0.0-test');
    assert.equal(header.edges, 7);
    assert.deepEqual(
      header.watermarks.map(({ cluster, window }) => [cluster, window]),
      [
        ['3f2b9c1e-7a44-4d0a-9d53-1c2f6a0be9aa', '10s'],
        ['far', '10s'],
        ['default', '60s'],
      ],
    );
  });

  test('nothing of a sender’s headers but its settings', async () => {
    const { modelState } = await decodeCheckpoint((await written(JUMP + 1)).files.get(FILE)!);
    assert.equal(modelState.loop.held.length, 1);
    assert.ok(!JSON.stringify(modelState, (_, value) => (typeof value === 'bigint' ? '' : value)).includes('secret'));
  });
});

test('other rules: what is learnt stays, series are bound anew', async () => {
  const storage = await written(250);
  const after = new Stored(storage, { presets: ['edge'], threshold: 0.99 });
  await after.processor.start();
  for (const send of mixedStream(270).slice(-90)) await after.send(send);
  const edges = new Map(after.processor.edges().map((edge) => [edge.edge, edge]));
  assert.equal(edges.get('shop/checkout → shop/payment')!.windows, 266);
  assert.deepEqual(Object.keys(edges.get('web → api')!.features), []);
  await after.processor.shutdown();
});

test('another window: an edge learns anew in it', async () => {
  const storage = await written(250);
  const after = new Stored(storage, { presets: [{ name: 'edge', window: '20s' }] });
  await after.processor.start();
  for (const send of mixedStream(270).slice(-90)) await after.send(send);
  const payment = after.processor.edges().find(({ edge }) => edge === 'shop/checkout → shop/payment');
  assert.ok(payment && payment.windows < 20);
  assert.equal(after.processor.status().bounds.otherWindow, 0);
  await after.processor.shutdown();
});

describe('a checkpoint that cannot be believed', () => {
  const damages: [string, (bytes: Uint8Array) => Uint8Array, RegExp][] = [
    ['a byte differs', (bytes) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)), /damaged/],
    ['it is cut short', (bytes) => bytes.subarray(0, bytes.length - 100), /damaged or cut short/],
    ['it is empty', () => new Uint8Array(), /no checkpoint/],
    ['it is something else', () => new TextEncoder().encode('x'.repeat(100)), /no checkpoint/],
    ['it is of a newer format', (bytes) => bytes.map((byte, i) => (i === 8 ? 99 : byte)), /format 99/],
  ];
  for (const [what, damage, message] of damages) {
    test(`${what}: it is put aside, and the processor starts fresh`, async () => {
      const storage = await written();
      const bad = damage(storage.files.get(FILE)!);
      await assert.rejects(decodeCheckpoint(bad), message);
      storage.files.set(FILE, bad);
      const telemetry = createTelemetry();
      const after = new Stored(storage, MIXED, { telemetry });
      await after.processor.start();
      assert.equal(after.processor.status().edges, 0);
      assert.deepEqual([...storage.files.keys()], [`${FILE}.bad`]);
      assert.deepEqual(storage.files.get(`${FILE}.bad`), Uint8Array.from(bad));
      assert.match(await telemetry.registry.metrics(), /pxanomaly_checkpoints\{[^}]*outcome="refused"[^}]*\} 1/);
      for (const send of mixedStream(10)) await after.send(send);
      await after.processor.shutdown();
      assert.ok(storage.files.has(FILE));
    });
  }

  test('a storage that fails does not stop the start', async () => {
    const storage = new MemoryStorage();
    storage.read = () => Promise.reject(new Error('I/O error'));
    const after = new Stored(storage, MIXED);
    await after.processor.start();
    assert.equal(after.processor.status().edges, 0);
    storage.writeAtomic = () => Promise.reject(new Error('disk full'));
    await after.processor.shutdown();
  });
});

test('a storage that is named must be there', async () => {
  const bench = new Bench({ storage: 'file_storage/mine' });
  await assert.rejects(bench.processor.start(), /storage: "file_storage\/mine" is no extension that stores/);
});

test('a live processor writes between requests, also when there is always one, and at shutdown', async () => {
  const storage = new MemoryStorage();
  const telemetry = createTelemetry();
  const one = new Stored(storage, { checkpoint_interval: '5ms' }, { live: true, telemetry });
  await one.processor.start();
  const sends = mixedStream(60);
  for (let i = 0; storage.files.size === 0; i = (i + 1) % sends.length) {
    void one.send(sends[i]!);
    void one.send(sends[i]!);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(one.processor.status().backlogBytes >= 0);
  }
  await one.processor.shutdown();
  const { modelState } = await decodeCheckpoint(storage.files.get(FILE)!);
  assert.ok(modelState.detector.dictionary.edges.slot.length > 0);
  assert.match(await telemetry.registry.metrics(), /pxanomaly_checkpoint_bytes\{[^}]*\} \d{4,}/);
});
