// A reload keeps what the detectors know.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from '../../support/anomaly.js';
import { fault, PAYMENT, shopRequest } from '../../support/shop.js';

/** Feeds windows [from, to). */
async function feed(bench: Bench, from: number, to: number, change = fault(0, 0, 0, (w) => w)): Promise<void> {
  for (let i = from; i < to; i++) await bench.send(shopRequest(i, change));
}

async function reload(previous: Bench, written: object): Promise<Bench> {
  const next = new Bench(written);
  next.processor.adopt?.(previous.processor);
  await next.processor.start();
  await previous.processor.shutdown();
  return next;
}

const SLOW = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 6 }));
const started = (bench: Bench) =>
  bench.sink.events
    .filter(({ attributes }) => attributes['anomaly.state'] === 'started')
    .map(({ name, time, attributes }) => [name, time, attributes['anomaly.score']]);

test('scores go on as if there had been none', async () => {
  const whole = new Bench();
  await whole.processor.start();
  await feed(whole, 0, 320, SLOW);
  const before = new Bench();
  await before.processor.start();
  await feed(before, 0, 250, SLOW);
  const after = await reload(before, { export_interval: '30s' });
  await feed(after, 250, 320, SLOW);
  assert.equal(started(whole).length, 1);
  assert.deepEqual(started(after), started(whole));
  await after.processor.shutdown();
  await whole.processor.shutdown();
});

test('a new threshold holds for edges that are known', async () => {
  const before = new Bench();
  await before.processor.start();
  await feed(before, 0, 250);
  const after = await reload(before, { rules: [{ match: { destination: 'payment' }, mute: true }] });
  await feed(after, 250, 320, SLOW);
  assert.deepEqual(started(after), []);
  await after.processor.shutdown();
});

test('new feature rules hold for series that are known, and the edge keeps its age', async () => {
  const before = new Bench();
  await before.processor.start();
  await feed(before, 0, 100);
  assert.deepEqual(before.processor.status().features, { latency: 4, requests: 4, errors: 4, bytes: 4 });
  const edge = { source: ['source.service.name'], destination: ['resource:service.name'] };
  const only = { presets: [], features: [{ metric: 'http.edge.requests', feature: 'requests', window: '10s', edge }] };
  const after = await reload(before, only);
  await feed(after, 100, 110);
  const status = after.processor.status();
  assert.deepEqual(status.features, { latency: 0, requests: 4, errors: 0, bytes: 0 });
  assert.equal(status.edges, 4);
  assert.ok(after.processor.edges().every(({ windows }) => windows > 100));
  await after.processor.shutdown();
});
