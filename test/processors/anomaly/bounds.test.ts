// Bounds that are reached: who is kept out, who gives way, and that nobody stays out for good.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bench, metricsRequest, pixieRow } from '../../support/anomaly.js';
import { fault, PAYMENT, SHOP, START, shopRequest, WINDOW } from '../../support/shop.js';

const names = (bench: Bench) => bench.processor.status().clusters.map(({ id }) => id);
const cluster = (id: string) => ({ 'px.cluster.id': id, 'k8s.cluster.name': id });
const once = (id: string, seconds: number) =>
  metricsRequest(pixieRow('n/a', 'n/b', START + seconds, { requests: 5 }, cluster(id)));

async function started(written: object): Promise<Bench> {
  const bench = new Bench(written);
  await bench.processor.start();
  return bench;
}

describe('clusters beyond max_groups', () => {
  test('40 names of one point do not keep out the cluster that comes later, and its fault is found', async () => {
    const bench = await started({ max_groups: 32 });
    for (let i = 0; i < 40; i++) await bench.send(once(`ci-${i}`, 0));
    assert.equal(names(bench).length, 32);
    const slow = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 6 }));
    for (let i = 1; i < 310; i++) await bench.send(shopRequest(i, slow, cluster('production')));
    assert.ok(names(bench).includes('production'));
    assert.ok(bench.sink.events.some(({ attributes: a }) => a['anomaly.kind'] === 'latency_spike'));
    assert.equal(bench.processor.status().bounds.evictedGroups, 1);
    await bench.processor.shutdown();
  });

  test('a flood of names displaces none that is alive, and keeps no new one out', async () => {
    const bench = await started({ max_groups: 8 });
    const alive = ['a', 'b', 'c', 'd'];
    for (let i = 0; i < 60; i++) {
      for (const id of alive) await bench.send(shopRequest(i, undefined, cluster(id)));
      for (let k = 0; k < 20; k++) await bench.send(once(`flood-${i}-${k}`, i * WINDOW + 1 + (k % 8)));
      if (i >= 30) await bench.send(shopRequest(i, undefined, cluster('new')));
    }
    for (const id of [...alive, 'new']) assert.ok(names(bench).includes(id), `${id} of ${names(bench).join(', ')}`);
    const edge = bench.processor.edges().find((one) => one.cluster === 'new')!;
    assert.ok(edge.windows > 20, `${edge.windows} windows of it were seen`);
    await bench.processor.shutdown();
  });

  test('as many living ones as there are slots stay; one more is let in when one has been silent for as long as it was watched', async () => {
    const bench = await started({ max_groups: 4 });
    const all = ['a', 'b', 'c', 'd'];
    for (let i = 0; i < 100; i++) {
      for (const id of all) if (id !== 'd' || i < 20) await bench.send(shopRequest(i, undefined, cluster(id)));
      if (i >= 10) await bench.send(shopRequest(i, undefined, cluster('late')));
      if (i === 30) assert.deepEqual(names(bench), all);
    }
    assert.deepEqual(names(bench), ['a', 'b', 'c', 'late']);
    await bench.processor.shutdown();
  });

  test('five that live where there is room for four: four stay, and nobody takes turns', async () => {
    const bench = await started({ max_groups: 4 });
    for (let i = 0; i < 50; i++)
      for (const id of ['a', 'b', 'c', 'd', 'e']) await bench.send(shopRequest(i, undefined, cluster(id)));
    const windows = bench.processor.edges().map((edge) => edge.windows);
    assert.equal(windows.length, 4 * SHOP.length);
    assert.ok(Math.min(...windows) > 40, `${Math.min(...windows)} windows`);
    await bench.processor.shutdown();
  });

  test('all are gone: the next one is let in although nothing tells the time but itself', async () => {
    const bench = await started({ max_groups: 4 });
    for (let i = 0; i < 20; i++)
      for (const id of ['a', 'b', 'c', 'd']) await bench.send(shopRequest(i, undefined, cluster(id)));
    for (let i = 60; i < 70; i++) await bench.send(shopRequest(i, undefined, cluster('late')));
    assert.ok(names(bench).includes('late'));
    await bench.processor.shutdown();
  });

  test('open anomalies and incidents of one that gives way are closed, with words', async () => {
    const bench = await started({ max_groups: 1 });
    const broken = fault(300, 1000, PAYMENT, (w) => ({ ...w, latency: w.latency! * 6, errors: w.requests! / 2 }));
    for (let i = 0; i < 304; i++) await bench.send(shopRequest(i, broken, cluster('old')));
    assert.equal(bench.processor.status().incidentsOpen, 1);
    for (let i = 900; i < 905; i++) await bench.send(shopRequest(i, undefined, cluster('new')));
    assert.deepEqual(names(bench), ['new']);
    assert.equal(bench.processor.status().incidentsOpen, 0);
    const ends = bench.sink.events.filter(({ attributes: a }) => a['anomaly.reason'] !== undefined);
    const states = ends.map(({ name, attributes: a }) => `${name} ${a['anomaly.state']}`);
    assert.ok(states.includes('px.anomaly.incident closed'), states.join());
    assert.ok(states.some((one) => one.startsWith('px.anomaly.network.') && one.endsWith(' resolved')));
    for (const { body } of ends) assert.match(body, /sent nothing for long and made room for new/);
    await bench.processor.shutdown();
  });
});

describe('edges beyond max_edges', () => {
  const row = (from: string, to: string, window: number, value: number, id = 'c') =>
    pixieRow(`n/${from}`, `n/${to}`, START + window * WINDOW, { requests: value, bytes: 7 * value }, cluster(id));

  test('a flood of edges displaces none that is alive, and a new real one is let in', async () => {
    const bench = await started({ max_edges: 64 });
    let value = 1;
    for (let i = 0; i < 60; i++) {
      const good = Array.from({ length: 20 }, (_, k) => row('good', `g${k}`, i, 1000 + k));
      const flood = Array.from({ length: 30 }, (_, k) => row('x', `f${i}-${k}`, i, 2000 + value++));
      const late = i >= 30 ? [row('good', 'late', i, 500)] : [];
      await bench.send(metricsRequest(...flood, ...good, ...late));
    }
    const edges = bench.processor.edges();
    const good = edges.filter(({ edge }) => /n\/g\d+$/.test(edge));
    assert.equal(good.length, 20);
    assert.ok(good.every(({ windows }) => windows >= 57));
    const late = edges.find(({ edge }) => edge.endsWith('n/late'));
    assert.ok(late && late.windows > 10, `${late?.windows} windows`);
    await bench.processor.shutdown();
  });

  test('a cluster that filled the bound and is gone does not keep the next one out', async () => {
    const bench = await started({ max_edges: 64 });
    for (let i = 0; i < 20; i++)
      await bench.send(metricsRequest(...Array.from({ length: 70 }, (_, k) => row('x', `y${k}`, i, 100 + k, 'gone'))));
    for (let i = 500; i < 520; i++) await bench.send(metricsRequest(row('a', 'b', i, 50, 'new')));
    const mine = bench.processor.edges().filter((one) => one.cluster === 'new');
    assert.equal(mine.length, 1);
    assert.ok(mine[0]!.windows > 10);
    await bench.processor.shutdown();
  });
});
