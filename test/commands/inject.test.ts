// `pxanomaly inject` and POST /inject: a tagged event down the real pipelines, never learnt, from this host alone.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { after, describe, test } from 'node:test';
import { UsageError } from '../../src/terminal/io.js';
import { metricsRequest, pixieRow } from '../support/anomaly.js';
import { command } from '../support/commands.js';
import { type Running, startInProcess } from '../support/gateway.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { grpcSender } from '../support/peers/senders.js';
import { SHOP, shopRequest } from '../support/shop.js';

after(endAll);

const EDGE = 'shop/frontend -> shop/checkout';
const inject = (at: Running, ...more: string[]) =>
  command('inject', '--edge', EDGE, '--kind', 'latency_spike', '--endpoint', at.telemetry, ...more);

/** POST /inject with headers of our own. */
function post(address: string, body: string, headers: Record<string, string>): Promise<{ code: number; text: string }> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const call = request({ host, port, path: '/inject', method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const BODY = JSON.stringify({ edge: EDGE, kind: 'latency_spike' });

describe('inject', () => {
  test('a started and a resolved event, tagged, with the gauge that a real anomaly has', async () => {
    const at = await startInProcess();
    const { code, stdout } = await inject(at);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /latency_spike on shop\/frontend → shop\/checkout \(an edge that no data has told of\)/);
    const events = at.events();
    assert.deepEqual(
      events.map(({ name, attributes }) => [name, attributes['anomaly.state'], attributes['anomaly.test']]),
      [
        ['px.anomaly.network.latency_spike', 'started', true],
        ['px.anomaly.network.latency_spike', 'resolved', true],
      ],
    );
    assert.match(events[0]!.body, /^TEST, nothing is wrong: latency spike on shop\/frontend → shop\/checkout/);
    const { attributes } = events[0]!;
    assert.equal(attributes.src_service, 'frontend');
    assert.equal(attributes.dst_service, 'checkout');
    assert.equal(attributes.namespace, 'shop');
    const points = at.points();
    assert.deepEqual(
      points.map(({ name, value, attributes }) => [name, value, attributes['anomaly.test']]),
      [
        ['px.anomaly.network.latency_spike', 1, 'true'],
        ['px.anomaly.network.latency_spike', 0, 'true'],
      ],
    );
  });

  test('with --incident what alerting rules page on, opened and closed under one id', async () => {
    const at = await startInProcess();
    await inject(at, '--incident');
    const incidents = at.events().filter(({ name }) => name === 'px.anomaly.incident');
    assert.deepEqual(
      incidents.map(({ severity, attributes }) => [severity, attributes['anomaly.state'], attributes['anomaly.test']]),
      [
        [13, 'opened', true],
        [13, 'closed', true],
      ],
    );
    assert.match(String(incidents[0]!.attributes['incident.id']), /^test-/);
    assert.equal(new Set(at.events().map(({ attributes }) => attributes['incident.id'])).size, 1);
    const open = at.points().filter(({ name }) => name === 'px.anomaly.incidents.open');
    assert.deepEqual(
      open.map(({ value }) => value),
      [1, 0],
    );
  });

  test('--for holds the end back; a shutdown does not lose it', async () => {
    const at = await startInProcess();
    const { stdout } = await inject(at, '--for', '10m');
    assert.match(stdout, /started; it resolves in 10 min/);
    const states = () => at.events().map(({ attributes }) => attributes['anomaly.state']);
    assert.deepEqual(states(), ['started']);
    await at.gateway.shutdown();
    assert.deepEqual(states(), ['started', 'resolved']);
  });

  test('goes to the cluster that has the edge, and nothing of it is learnt or counted as an anomaly', async () => {
    const at = await startInProcess();
    const sender = grpcSender(at.grpcPort);
    await sender.send('metrics', shopRequest(0));
    await sender.send(
      'metrics',
      metricsRequest(
        pixieRow('a', 'b', 1_767_261_600, { requests: 1 }, { 'px.cluster.id': 'other', 'k8s.cluster.name': 'staging' }),
      ),
    );
    sender.close();
    const anomaly = () =>
      at.gateway.status().components.find(({ id }) => id === 'anomaly')!.state as {
        edges: number;
        anomaliesStarted: number;
        incidentsOpen: number;
      };
    await eventually(() => anomaly().edges === SHOP.length + 1, 10_000, 'the learning');
    await inject(at, '--incident');
    assert.equal(at.events()[0]!.attributes['px.cluster.id'], '3f2b9c1e-7a44-4d0a-9d53-1c2f6a0be9aa');
    assert.equal(anomaly().edges, SHOP.length + 1);
    assert.equal(anomaly().anomaliesStarted, 0);
    assert.equal(anomaly().incidentsOpen, 0);
    const count = await at.gateway.telemetry.registry.getSingleMetric('pxanomaly_injected_events')?.get();
    assert.deepEqual(
      count?.values.map(({ value, labels }) => [value, labels.kind]),
      [[1, 'latency_spike']],
    );
    await assert.rejects(
      command('inject', '--edge', 'x/y -> x/z', '--kind', 'latency_spike', '--endpoint', at.telemetry),
      /which cluster is meant\? There is prod, staging/,
    );
    await assert.rejects(inject(at, '--cluster', 'nowhere'), /no cluster "nowhere"; there is prod, staging/);
    assert.equal((await inject(at, '--cluster', 'staging')).code, 0);
  });

  test('what is wrong is said in words', async () => {
    const at = await startInProcess();
    const run = (edge: string, kind: string) =>
      command('inject', '--edge', edge, '--kind', kind, '--endpoint', at.telemetry);
    await assert.rejects(
      run('shop/a -> shop/b', 'latency'),
      /there is no kind "latency"; did you mean "latency_spike"\?/,
    );
    await assert.rejects(run('a/b/c', 'latency_spike'), /"a\/b\/c" is no edge; write it as/);
    await assert.rejects(command('inject', '--edge', 'a -> b'), UsageError);
    await assert.rejects(inject(at, '--for', 'soon'), UsageError);
    await assert.rejects(inject(at, '--processor', 'anomaly/none'), /no such processor/);
    assert.deepEqual(at.events(), []);
  });

  test('a logs pipeline that takes no events fails the command', async () => {
    const at = await startInProcess({ logs: false });
    const { code, stdout } = await inject(at);
    assert.equal(code, 1);
    assert.match(stdout, /no logs pipeline receives from the connector anomaly_events/);
  });

  test('edges may be written with slashes alone', async () => {
    const at = await startInProcess();
    for (const edge of ['shop/a/shop/b', 'a/b', 'a → b'])
      await command('inject', '--edge', edge, '--kind', 'traffic_pattern', '--endpoint', at.telemetry);
    const ends = at
      .events()
      .filter(({ attributes }) => attributes['anomaly.state'] === 'started')
      .map(({ attributes: a }) => [a.src_namespace, a.src_service, a.namespace, a.dst_service]);
    assert.deepEqual(ends, [
      ['shop', 'a', 'shop', 'b'],
      ['', 'a', '', 'b'],
      ['', 'a', '', 'b'],
    ]);
  });
});

describe('POST /inject', () => {
  test('takes nothing that a page in a browser could be made to send', async () => {
    const at = await startInProcess();
    assert.equal((await post(at.telemetry, BODY, { 'content-type': 'text/plain' })).code, 415);
    assert.equal((await post(at.telemetry, BODY, { ...JSON_TYPE, host: 'attacker.example' })).code, 403);
    assert.equal((await post(at.telemetry, 'no', JSON_TYPE)).code, 400);
    assert.equal((await post(at.telemetry, '[]', JSON_TYPE)).code, 400);
    assert.equal((await post(at.telemetry, JSON.stringify({ edge: 'x'.repeat(20_000) }), JSON_TYPE)).code, 400);
    assert.equal((await fetch(`http://${at.telemetry}/inject`)).status, 405);
    assert.deepEqual(at.events(), []);
    assert.equal((await post(at.telemetry, BODY, JSON_TYPE)).code, 200);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  test('takes nothing from another host', { skip: outside ? false : 'no other address on this host' }, async () => {
    const at = await startInProcess({ host: '0.0.0.0' });
    const port = at.telemetry.split(':')[1];
    const { code, text } = await post(`${outside}:${port}`, BODY, { ...JSON_TYPE, host: 'localhost' });
    assert.equal(code, 403);
    assert.match(text, /from this host alone/);
    assert.equal((await fetch(`http://${outside}:${port}/status`)).status, 200);
    assert.deepEqual(at.events(), []);
  });
});
