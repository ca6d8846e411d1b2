// `pxanomaly state` against a running gateway and on the checkpoint of one that is stopped.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { StateListing } from '../../src/detection/state/listing.js';
import { UsageError } from '../../src/terminal/io.js';
import { metricsRequest, pixieRow } from '../support/anomaly.js';
import { command } from '../support/commands.js';
import { type Running, startInProcess } from '../support/gateway.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { grpcSender } from '../support/peers/senders.js';
import { SHOP, START, shopRequest, WINDOW } from '../support/shop.js';

after(endAll);

const other = (window: number) =>
  metricsRequest(
    pixieRow(
      'x/a',
      'x/b',
      START + window * WINDOW,
      { requests: 5 },
      { 'px.cluster.id': 'o', 'k8s.cluster.name': 'other' },
    ),
  );

async function fill(at: Running, windows: number, from = 0): Promise<void> {
  const sender = grpcSender(at.grpcPort);
  for (let i = from; i < windows; i++) {
    await sender.send('metrics', shopRequest(i));
    await sender.send('metrics', other(i));
  }
  sender.close();
  const edges = () => stateOf(at).edges;
  await eventually(() => edges() === SHOP.length + 1, 10_000, 'the learning');
}

function stateOf(at: Running): { edges: number } {
  return at.gateway.status().components.find(({ id }) => id === 'anomaly')!.state as { edges: number };
}

async function listed(...where: string[]): Promise<StateListing> {
  const { stdout } = await command('state', 'list', '--json', ...where);
  return (JSON.parse(stdout) as [{ state: StateListing }])[0].state;
}

describe('a running gateway', () => {
  test('lists clusters, groups, senders and edges, by a glob and by age', async () => {
    const at = await startInProcess();
    await fill(at, 10);
    const state = await listed('--endpoint', at.telemetry);
    assert.deepEqual(state.clusters.map(({ name }) => name).sort(), ['other', 'prod']);
    const prod = state.clusters.find(({ name }) => name === 'prod')!;
    assert.equal(prod.edges, SHOP.length);
    assert.equal(prod.groups[0]!.window, '10s');
    assert.equal(prod.groups[0]!.watermark, new Date((START + 8 * WINDOW) * 1000).toISOString());
    assert.equal(prod.groups[0]!.watchedS, 9 * WINDOW);
    assert.equal(state.edgesFound, SHOP.length + 1);
    assert.equal(state.bounds.max_groups!.used, 2);
    assert.ok(state.senders.some(({ name, series }) => name === 'prod' && series.mapped! > 0));
    const alone = await listed('--endpoint', at.telemetry, '--cluster', 'other');
    assert.deepEqual(
      [alone.clusters, alone.senders].map((all) => all.map(({ name }) => name)),
      [['other'], ['other']],
    );
    const some = await listed('--endpoint', at.telemetry, '--filter', 'shop/checkout -> *', '--top', '1');
    assert.deepEqual([some.edgesFound, some.edges.length], [2, 1]);
    const { stdout } = await command('state', 'list', '--endpoint', at.telemetry);
    assert.match(stdout, /prod \(3f2b9c1e-[^)]*\): 4 edges\n {4}windows of 10s: 4 edges, watermark 2026-/);
    assert.match(stdout, /x\/a -> x\/b in other: seen in \d+ windows of 10s/);
  });

  test('forgets an edge and a cluster, which are learnt anew when they come again', async () => {
    const at = await startInProcess();
    await fill(at, 10);
    const forget = (...more: string[]) => command('state', 'forget', '--endpoint', at.telemetry, ...more);
    const dry = await forget('--cluster', 'other', '--dry-run');
    assert.match(dry.stdout, /^Would forget cluster other with 1 edge\. Nothing was changed\./);
    assert.equal(stateOf(at).edges, SHOP.length + 1);
    const one = await forget('--edge', 'shop/checkout -> shop/payment');
    assert.equal(one.code, 0);
    assert.match(one.stdout, /^Forgot edge shop\/checkout → shop\/payment of cluster prod\./);
    const all = await forget('--cluster', 'other', '--json');
    const { forgotten } = JSON.parse(all.stdout) as { forgotten: { cluster: string; edges: number } };
    assert.deepEqual([forgotten.cluster, forgotten.edges], ['other', 1]);
    const left = await listed('--endpoint', at.telemetry);
    assert.deepEqual(
      left.clusters.map(({ name }) => name),
      ['prod'],
    );
    assert.equal(left.bounds.max_groups!.used, 1);
    assert.equal(left.edgesFound, SHOP.length - 1);
    await fill(at, 12, 10);
    const again = await listed('--endpoint', at.telemetry, '--filter', 'shop/checkout -> shop/payment');
    assert.ok(again.edges[0]!.windows <= 2, `${again.edges[0]!.windows} windows`);
    assert.ok(at.log.some(({ msg }) => msg === 'An operator had a cluster or an edge forgotten'));
  });

  test('what is wrong is said in words', async () => {
    const at = await startInProcess();
    await fill(at, 2);
    const run = (...argv: string[]) => command('state', ...argv, '--endpoint', at.telemetry);
    await assert.rejects(run('forget', '--cluster', 'prodd'), /no cluster "prodd"; did you mean "prod"\?/);
    await assert.rejects(run('forget', '--edge', 'shop/a -> shop/b'), /no edge "shop\/a -> shop\/b"/);
    await assert.rejects(run('list', '--cluster', 'nowhere'), /no cluster "nowhere"/);
    await assert.rejects(run('list', '--processor', 'anomaly/x'), /no such processor: there is anomaly/);
    for (const argv of [['forget'], ['remove'], ['list', '--top', 'many'], ['list', '--edge', 'a -> b'], []])
      await assert.rejects(run(...argv), UsageError);
    await assert.rejects(command('state', 'list', '--endpoint', '127.0.0.1:1'), /nothing answers at 127\.0\.0\.1:1/);
  });

  test('POST /state takes nothing that a page in a browser could be made to send', async () => {
    const at = await startInProcess();
    const post = (body: string, type: string) =>
      fetch(`http://${at.telemetry}/state`, { method: 'POST', headers: { 'content-type': type }, body });
    assert.equal((await post('{"action":"list"}', 'text/plain')).status, 415);
    assert.equal((await post('{"action":"burn"}', 'application/json')).status, 400);
    assert.equal((await post('{"action":"list","top":-1}', 'application/json')).status, 400);
    assert.equal((await fetch(`http://${at.telemetry}/state`)).status, 405);
    assert.equal((await post('{"action":"list"}', 'application/json')).status, 200);
  });
});

describe('a gateway that is stopped', () => {
  test('is listed and mended in its checkpoint, with which the next one goes on', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pxanomaly-state-'));
    try {
      const setup = { extensions: { file_storage: { directory } } };
      const first = await startInProcess(setup);
      await fill(first, 10);
      await first.gateway.shutdown();
      assert.equal((await listed('--directory', directory)).edgesFound, SHOP.length + 1);
      const forget = (...more: string[]) => command('state', 'forget', '--directory', directory, ...more);
      assert.match((await forget('--cluster', 'other')).stdout, /^Forgot cluster other with 1 edge\./);
      assert.match((await forget('--edge', 'shop/checkout -> shop/cart')).stdout, /^Forgot edge/);
      await assert.rejects(forget('--cluster', 'other'), /no cluster "other"/);
      assert.deepEqual(await readdir(directory), ['processor.anomaly.checkpoint']);
      const second = await startInProcess(setup);
      const state = await listed('--endpoint', second.telemetry);
      assert.deepEqual(
        state.clusters.map(({ name }) => name),
        ['prod'],
      );
      assert.equal(state.edgesFound, SHOP.length - 1);
      assert.ok(
        state.edges.every(({ windows }) => windows >= 8),
        'the others keep what they know',
      );
      await fill(second, 14, 10);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test('a directory without a checkpoint, or with another kind of file, is said so', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pxanomaly-state-'));
    try {
      await assert.rejects(command('state', 'list', '--directory', directory), /holds no checkpoint/);
      await assert.rejects(command('state', 'list', '--directory', join(directory, 'no')), /cannot be read: ENOENT/);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
