// A state under a configuration of another shape: what fits is kept, what does not is named.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { Bench, metricsRequest, pixieRow } from '../../support/anomaly.js';
import { fault, PAYMENT, START, shopRequest, WINDOW } from '../../support/shop.js';
import { MemoryStorage, MIXED, mixedStream, type Send, Stored } from '../../support/stored.js';

/** A line of our own log. */
interface LogLine {
  readonly dropped?: readonly string[];
  readonly reason?: string;
}

/** Edges that are there for one window, and then never again. */
function passing(window: number, count: number): Send {
  const rows = Array.from({ length: count }, (_, i) =>
    pixieRow(`batch/job${i}`, `batch/store${i}`, START + window * WINDOW, { requests: 5 + i, latency: 0.1 }),
  );
  return { signal: 'metrics', body: metricsRequest(...rows) };
}

/** Passing edges before those that stay: the slots of these are not the lowest. */
const CROWD: readonly Send[] = [passing(0, 150), ...mixedStream(260)];
const REST: readonly Send[] = mixedStream(300).slice(mixedStream(260).length);

async function play(
  storage: MemoryStorage,
  config: object,
  sends: readonly Send[],
): Promise<{ one: Stored; lines: readonly LogLine[] }> {
  const lines: LogLine[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const one = new Stored(storage, { ...MIXED, ...config }, { telemetry: createTelemetry({ log }) });
  await one.processor.start();
  for (const send of sends) await one.send(send);
  return { one, lines };
}

async function learnt(config: object = {}): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const { one } = await play(storage, config, CROWD);
  await one.processor.shutdown();
  return storage;
}

function droppedIn(lines: readonly LogLine[]): readonly string[] {
  return lines.flatMap(({ dropped }) => dropped ?? []);
}

function copy(storage: MemoryStorage): MemoryStorage {
  const other = new MemoryStorage();
  for (const [name, bytes] of storage.files) other.files.set(name, bytes);
  return other;
}

describe('fewer edges than are known', () => {
  test('the longest dormant go, which is said; the others keep what they know', async () => {
    const { one, lines } = await play(await learnt(), { max_edges: 64 }, []);
    assert.deepEqual(droppedIn(lines), ['94 edges beyond max_edges, the longest dormant and the youngest']);
    const edges = one.processor.edges();
    assert.equal(edges.length, 64);
    const payment = edges.find(({ edge }) => edge === 'shop/checkout → shop/payment');
    assert.equal(payment?.windows, 259);
    assert.equal(payment?.anomaly, 'on');
    await one.processor.shutdown();
  });

  test('what is left is whole: another restart changes nothing', async () => {
    const storage = await learnt();
    const config = { max_edges: 64, max_series: 1000 };
    const { one: straight } = await play(copy(storage), config, REST);
    await straight.processor.flush();
    const cut = 77;
    const { one: first } = await play(storage, config, REST.slice(0, cut));
    await first.processor.shutdown();
    const { one: second } = await play(storage, config, REST.slice(cut));
    await second.processor.flush();
    assert.ok(straight.results.length > 20);
    assert.ok(straight.sink.events.some(({ attributes }) => attributes['anomaly.state'] === 'resolved'));
    assert.ok(first.results.concat(second.results).every((bytes, i) => bytes === straight.results[i]));
    await straight.processor.shutdown();
    await second.processor.shutdown();
  });

  test('new edges find room again', async () => {
    const { one } = await play(await learnt(), { max_edges: 64 }, [...REST, passing(299, 20)]);
    assert.equal(one.processor.status().edges, 64);
    assert.ok(one.processor.edges().some(({ edge }) => edge === 'batch/job3 → batch/store3'));
    await one.processor.shutdown();
  });
});

test('fewer series than are known: those that were silent longest are bound again', async () => {
  const storage = await learnt({ max_series: 2000 });
  const many = Array.from({ length: 400 }, (_, i) => {
    const pod = { 'k8s.pod.name': `p${i}` };
    return pixieRow('many/a', 'many/b', START + 260 * WINDOW, { requests: 1 + i, latency: 0.1, bytes: 5 }, pod);
  });
  const { one: before } = await play(storage, { max_series: 2000 }, [
    { signal: 'metrics', body: metricsRequest(...many) },
    ...REST.slice(0, 60),
  ]);
  const { used } = before.processor.status().series;
  assert.ok(used > 1000);
  await before.processor.shutdown();
  const { one, lines } = await play(storage, { max_series: 1000 }, []);
  assert.deepEqual(droppedIn(lines), [`${used - 1000} series beyond max_series, which are bound again`]);
  assert.equal(one.processor.status().series.used, 1000);
  for (const send of REST.slice(60)) await one.send(send);
  assert.ok(one.processor.edges().find(({ edge }) => edge === 'shop/frontend → shop/catalog')!.windows > 290);
  await one.processor.shutdown();
});

describe('detectors', () => {
  const cases: [string, object, object, readonly string[]][] = [
    ['another forest', {}, { isolation_forest: { trees: 50 } }, ['the isolation forests, which grow anew']],
    ['no forest', {}, { isolation_forest: { enabled: false } }, ['the isolation forests, which are off']],
    ['a forest again', { isolation_forest: { enabled: false } }, {}, ['the isolation forests, which grow anew']],
    ['an autoencoder', {}, { autoencoder: { enabled: true } }, []],
    ['no autoencoder', { autoencoder: { enabled: true } }, {}, ['the autoencoders, which are off']],
  ];
  for (const [what, before, after, dropped] of cases) {
    test(`${what}: the baselines stay`, async () => {
      const storage = await learnt({ detectors: before });
      const { one, lines } = await play(storage, { detectors: after }, REST);
      assert.deepEqual(droppedIn(lines), dropped);
      await one.processor.flush();
      const edges = one.processor.edges();
      assert.ok(edges.find(({ edge }) => edge === 'shop/checkout → shop/payment')!.windows > 295);
      assert.ok(edges.every(({ score }) => score >= 0 && score <= 1));
      await one.processor.shutdown();
    });
  }
});

test('more groups than there is room for: nothing is kept, and the file is put aside', async () => {
  const storage = await learnt();
  const { one, lines } = await play(storage, { max_groups: 2 }, []);
  assert.equal(one.processor.status().edges, 0);
  assert.ok(lines.some(({ reason }) => /it holds 3 groups .* room for 2/.test(String(reason))));
  assert.ok([...storage.files.keys()].every((name) => name.endsWith('.bad')));
  await one.processor.shutdown();
});

test('a reload with other capacities goes through a checkpoint: a fault is found all the same', async () => {
  const slow = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 6 }));
  const feed = async (bench: Bench, from: number, to: number) => {
    for (let i = from; i < to; i++) await bench.send(shopRequest(i, slow));
  };
  const whole = new Bench();
  await whole.processor.start();
  await feed(whole, 0, 320);
  const before = new Bench();
  await before.processor.start();
  await feed(before, 0, 250);
  const after = new Bench({ max_edges: 512, max_series: 1000 });
  after.processor.adopt?.(before.processor);
  await after.processor.start();
  await before.processor.shutdown();
  await feed(after, 250, 320);
  const started = (bench: Bench) =>
    bench.sink.events.filter(({ attributes }) => attributes['anomaly.state'] === 'started');
  assert.equal(started(whole).length, 1);
  assert.deepEqual(started(after), started(whole));
  await after.processor.shutdown();
  await whole.processor.shutdown();
});
