// The state survives a restart: bit for bit with the same input, or not at all.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Extension } from '../../src/pipeline/index.js';
import { decodeCheckpoint } from '../../src/processors/anomaly/checkpoint.js';
import { REPLAY } from '../../src/processors/anomaly/options.js';
import { type AnomalyOptions, createAnomalyProcessor } from '../../src/processors/anomaly/processor.js';
import { anomalyConfig, Bench, metricsRequest, pixieRow, Sink } from '../support/anomaly.js';
import { testSettings } from '../support/settings.js';
import { type Change, START, shopRequest, WINDOW } from '../support/shop.js';

/** A file_storage in memory. */
class MemoryStorage implements Extension {
  readonly files = new Map<string, Uint8Array>();
  async start(): Promise<void> {}
  async shutdown(): Promise<void> {}
  async read(name: string): Promise<Uint8Array | undefined> {
    return this.files.get(name);
  }
  async writeAtomic(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, Uint8Array.from(bytes));
  }
}

/** A bench whose processor has the storage. */
class Stored extends Bench {
  constructor(storage: MemoryStorage, written: object = {}, options: Partial<AnomalyOptions> = {}) {
    super(written, options);
    const settings = testSettings('anomaly', { extension: (id) => (id === 'file_storage' ? storage : undefined) });
    const processor = createAnomalyProcessor(settings, anomalyConfig(written), { ...REPLAY, ...options });
    Object.assign(this, { processor, stage: processor.stage('metrics', 'metrics', this.sink) });
  }
}

const TROUBLE: Change = (i, edge, w) => {
  if (edge === 2 && i >= 240 && i < 262) return { ...w, latency: w.latency! * 6 };
  if (edge === 1 && i >= 300 && i < 306) return { ...w, errors: Math.round(w.requests! * 0.4) };
  if (edge === 3 && i % 9 === 4) return undefined;
  return w;
};

/** Windows [from, to), with an edge that comes late and a request whose clock is far ahead. */
async function feed(bench: Bench, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    await bench.send(shopRequest(i, TROUBLE));
    if (i >= 230)
      await bench.send(
        metricsRequest(pixieRow('shop/catalog', 'shop/stock', START + i * WINDOW, { requests: 40 + (i % 5) })),
      );
  }
}

/** Every result from a window on, as bytes. */
function results(sink: Sink, from: number): string[] {
  const since = START + from * WINDOW;
  return sink.results
    .filter((batch) => timeOf(batch.body) >= since)
    .flatMap(({ body, events }) =>
      [body, events?.body ?? new Uint8Array()].map((bytes) => Buffer.from(bytes).toString('hex')),
    );
}

function timeOf(body: Uint8Array): number {
  const sink = new Sink();
  sink.batches.push({
    signal: 'metrics',
    body,
    items: 0,
    origin: 'anomaly',
    metadata: new Map(),
    receivedUnixNano: 0n,
  });
  return Math.max(...sink.points.map(({ time }) => time));
}

/** Stops after window `stop` and goes on in another processor. */
async function interrupted(
  stop: number,
  end: number,
  second: object = {},
): Promise<{ sink: Sink; bench: Bench; storage: MemoryStorage }> {
  const storage = new MemoryStorage();
  const before = new Stored(storage);
  await before.processor.start();
  await feed(before, 0, stop);
  await before.processor.shutdown();
  const after = new Stored(storage, second);
  await after.processor.start();
  await feed(after, stop, end);
  await after.processor.flush();
  return { sink: after.sink, bench: after, storage };
}

describe('a restart', () => {
  for (const stop of [100, 233, 250, 303]) {
    test(`after window ${stop} changes nothing of what follows`, async () => {
      const whole = new Bench();
      await whole.processor.start();
      await feed(whole, 0, 340);
      await whole.processor.flush();
      const { sink } = await interrupted(stop, 340);
      const wanted = results(whole.sink, stop + 1);
      assert.ok(wanted.length > 5);
      assert.deepEqual(results(sink, stop + 1), wanted);
      await whole.processor.shutdown();
    });
  }

  test('other rules: what is learnt stays, series are bound anew', async () => {
    const { bench } = await interrupted(250, 270, { presets: ['edge'], threshold: 0.99 });
    assert.equal(bench.processor.status().edges, 5);
    assert.ok(bench.processor.edges().some(({ windows }) => windows > 250));
    assert.ok(bench.processor.status().series.mapped > 0);
    await bench.processor.shutdown();
  });

  test('other capacities: it learns anew', async () => {
    const { bench } = await interrupted(100, 110, { max_edges: 512 });
    assert.ok(bench.processor.edges().every(({ windows }) => windows <= 10));
    await bench.processor.shutdown();
  });
});

describe('a checkpoint that cannot be believed', () => {
  async function written(): Promise<{ storage: MemoryStorage; name: string; bytes: Uint8Array }> {
    const storage = new MemoryStorage();
    const bench = new Stored(storage);
    await bench.processor.start();
    await feed(bench, 0, 80);
    await bench.processor.shutdown();
    const [[name, bytes]] = [...storage.files] as [[string, Uint8Array]];
    return { storage, name, bytes };
  }

  const damages: [string, (bytes: Uint8Array) => Uint8Array, RegExp][] = [
    ['a byte differs', (bytes) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)), /damaged/],
    ['it is cut short', (bytes) => bytes.subarray(0, bytes.length - 100), /damaged/],
    ['it is empty', () => new Uint8Array(), /no checkpoint/],
    ['it is something else', () => new TextEncoder().encode('x'.repeat(100)), /no checkpoint/],
    ['it is of another version', (bytes) => bytes.map((byte, i) => (i === 4 ? 99 : byte)), /version 99/],
  ];
  for (const [what, damage, message] of damages) {
    test(`${what}: the processor starts fresh`, async () => {
      const { storage, name, bytes } = await written();
      assert.throws(() => decodeCheckpoint(damage(bytes)), message);
      storage.files.set(name, damage(bytes));
      const bench = new Stored(storage);
      await bench.processor.start();
      assert.equal(bench.processor.status().edges, 0);
      await feed(bench, 80, 90);
      assert.equal(bench.processor.status().edges, 4);
      await bench.processor.shutdown();
    });
  }
});

test('a storage that is named must be there', async () => {
  const bench = new Bench({ storage: 'file_storage/mine' });
  await assert.rejects(bench.processor.start(), /storage: "file_storage\/mine" is no extension that stores/);
});

test('a live processor writes between requests and at shutdown', async () => {
  const storage = new MemoryStorage();
  const bench = new Stored(storage, { checkpoint_interval: '20ms' }, { live: true });
  await bench.processor.start();
  await feed(bench, 0, 30);
  while (storage.files.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const [name] = storage.files.keys();
  assert.equal(name, 'processor.anomaly.checkpoint');
  await bench.processor.shutdown();
  assert.equal(decodeCheckpoint(storage.files.get(name!)!).head.dictionary.edges.length, 4);
});
