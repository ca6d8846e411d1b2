// Tokens that are bound to clusters: what a receiver tells the pipeline of them, and how far the settings of their
// senders reach.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { ClusterStatus } from '../../src/detection/status/cluster-status.js';
import { type Batch, type Identity, ownBatch, type PermanentError } from '../../src/pipeline/index.js';
import { Access } from '../../src/receivers/otlp/access.js';
import { olderTokens } from '../../src/receivers/otlp/otlp-receiver.js';
import { mergeBatches, partitionKey } from '../../src/sending/batch.js';
import { type Running, startInProcess } from '../support/gateway.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { grpcSender, httpSender } from '../support/peers/senders.js';
import { shopRequest } from '../support/shop.js';

after(endAll);

const TOKENS = [
  { token: 'of-the-shop', name: 'shop', clusters: ['shop', 'shop-*'] },
  { token: 'of-the-bank', clusters: ['bank'] },
  { token: 'of-the-admin' },
];
const ADMIN = { 'x-pxanomaly-token': 'of-the-admin' };
const SHOP = { 'x-pxanomaly-token': 'of-the-shop' };
const BANK = { authorization: 'Bearer of-the-bank' };

const senders = (at: Running): readonly ClusterStatus[] =>
  (at.gateway.status().components.find(({ id }) => id === 'anomaly')!.state as { senders: ClusterStatus[] }).senders;

/** What is in force by cluster id, once so many requests were learnt from. */
async function inForce(at: Running, requests: number): Promise<Record<string, object>> {
  const learnt = () => senders(at).reduce((sum, one) => sum + one.requests, 0);
  await eventually(() => learnt() === requests, 20_000, 'the learning');
  return Object.fromEntries(senders(at).map(({ id, settings }) => [id, settings]));
}

const of = (cluster: string, i = 0, name = '') =>
  shopRequest(i, undefined, { 'px.cluster.id': cluster, 'k8s.cluster.name': name });

const threshold = (value: string) => ({ 'x-pxanomaly-threshold': value });

const ignored = (at: Running) => at.log.filter(({ msg }) => String(msg).startsWith('Settings of a sender are ignored'));

async function ignoredCount(at: Running): Promise<Record<string, number>> {
  const page = await (await fetch(`http://${at.telemetry}/metrics`)).text();
  const lines = page.matchAll(/^pxanomaly_settings_ignored(?:_total)?\{[^}]*token="([^"]*)"[^}]*\} (\d+)/gm);
  return Object.fromEntries([...lines].map(([, token, count]) => [token, Number(count)]));
}

describe('a token that is bound to clusters', () => {
  test('its settings reach only those; the data of others is taken all the same', async () => {
    const at = await startInProcess({ tokens: TOKENS });
    const grpc = grpcSender(at.grpcPort, { metadata: { ...SHOP, ...threshold('0.9') } });
    await grpc.send('metrics', of('shop-eu'));
    await grpc.send('metrics', of('bank'));
    grpc.close();
    await httpSender(at.httpPort, { headers: { ...BANK, ...threshold('0.99') } }).send('metrics', of('shop-us'));
    assert.deepEqual(await inForce(at, 3), { 'shop-eu': { 'x-pxanomaly-threshold': 0.9 }, bank: {}, 'shop-us': {} });
    assert.equal(at.batches.filter(({ origin }) => origin === 'received').length, 3);
    assert.deepEqual(
      ignored(at).map(({ token, cluster_id }) => [token, cluster_id]),
      [
        ['otlp: shop', 'bank'],
        ['otlp: tokens[1]', 'shop-us'],
      ],
    );
    assert.deepEqual(await ignoredCount(at), { 'otlp: shop': 1, 'otlp: tokens[1]': 1 });
    assert.doesNotMatch(JSON.stringify(at.log), /of-the-/);
  });

  test('what another sender had set stays', async () => {
    const at = await startInProcess({ tokens: TOKENS });
    const send = (headers: Record<string, string>, body: Uint8Array) =>
      httpSender(at.httpPort, { headers }).send('metrics', body);
    await send({ ...BANK, ...threshold('0.99') }, of('bank'));
    await send({ ...SHOP, ...threshold('0.8') }, of('bank', 1));
    assert.deepEqual(await inForce(at, 2), { bank: { 'x-pxanomaly-threshold': 0.99 } });
    await send({ ...ADMIN, ...threshold('0.8') }, of('bank', 2));
    assert.deepEqual(await inForce(at, 3), { bank: { 'x-pxanomaly-threshold': 0.8 } });
  });

  test('a cluster is known by its id: the name that data gives itself opens nothing', async () => {
    const at = await startInProcess({ tokens: TOKENS });
    const headers = { ...SHOP, ...threshold('0.8') };
    await httpSender(at.httpPort, { headers }).send('metrics', of('bank', 0, 'shop'));
    assert.deepEqual(await inForce(at, 1), { bank: {} });
  });

  test('the header that names a cluster reaches no other either', async () => {
    const at = await startInProcess({ tokens: TOKENS });
    const send = (cluster: string) => {
      const body = shopRequest(0, undefined, { 'px.cluster.id': '', 'k8s.cluster.name': '', 'host.name': cluster });
      return httpSender(at.httpPort, { headers: { ...SHOP, 'x-pxanomaly-cluster': cluster } }).send('metrics', body);
    };
    await send('shop-eu');
    await send('bank');
    assert.deepEqual(Object.keys(await inForce(at, 2)).toSorted(), ['default', 'shop-eu']);
    assert.deepEqual(await ignoredCount(at), { 'otlp: shop': 1 });
  });

  test('settings that are wrong are refused wherever they would reach', async () => {
    const at = await startInProcess({ tokens: TOKENS });
    const sender = httpSender(at.httpPort, { headers: { ...SHOP, ...threshold('much') } });
    await assert.rejects(sender.send('metrics', of('bank')), /400/);
    assert.deepEqual(at.batches, []);
  });

  test('many clusters that a sender makes up write one line', async () => {
    const at = await startInProcess({ tokens: TOKENS });
    for (let i = 0; i < 20; i++) {
      const headers = { ...SHOP, 'x-pxanomaly-cluster': `made-up-${i}` };
      await httpSender(at.httpPort, { headers }).send('metrics', of(''));
    }
    assert.equal(ignored(at).length, 1);
    assert.deepEqual(await ignoredCount(at), { 'otlp: shop': 20 });
  });

  test('a token that is bound to nothing, and no token at all, reach every cluster', async () => {
    for (const setup of [{ tokens: TOKENS }, {}]) {
      const at = await startInProcess(setup);
      await httpSender(at.httpPort, { headers: { ...ADMIN, ...threshold('0.9') } }).send('metrics', of('bank'));
      assert.deepEqual(await inForce(at, 1), { bank: { 'x-pxanomaly-threshold': 0.9 } });
      assert.deepEqual(await ignoredCount(at), {});
    }
  });
});

describe('the list of tokens', () => {
  const access = new Access({ authenticator: olderTokens({ token: ['plain'], tokens: TOKENS }, 'otlp/eu') });
  const identify = (headers: Record<string, string>) => access.identify(headers, undefined);
  const authOf = (headers: Record<string, string>) => (identify(headers) as Identity).auth;

  test('lets in each of them and nothing else', () => {
    for (const token of ['plain', ...TOKENS.map((each) => each.token)])
      assert.ok(!(identify({ 'x-pxanomaly-token': token }) instanceof Error), token);
    for (const token of ['', 'of-the', 'of-the-shop ', 'otlp/eu: shop'])
      assert.equal((identify({ 'x-pxanomaly-token': token }) as PermanentError).code, 'unauthenticated', token);
  });

  test('says whose token it was by name or place, of those that are bound', () => {
    assert.deepEqual(authOf(SHOP), { subject: 'otlp/eu: shop', clusters: ['shop', 'shop-*'] });
    assert.deepEqual(authOf(BANK), { subject: 'otlp/eu: tokens[1]', clusters: ['bank'] });
    assert.equal(authOf(ADMIN), undefined);
    assert.equal(authOf({ 'x-pxanomaly-token': 'plain' }), undefined);
  });
});

test('requests of two tokens join only where no header of theirs is kept', () => {
  const batch = (subject: string): Batch => ({
    ...ownBatch('metrics', Uint8Array.of(), 1),
    origin: 'received',
    metadata: new Map([['x-pxanomaly-threshold', '0.9']]),
    auth: { subject, clusters: [subject] },
  });
  const [one, other] = [batch('one'), batch('other')];
  assert.equal(partitionKey(one, []), partitionKey(other, []));
  const keys = ['x-pxanomaly-threshold'];
  assert.notEqual(partitionKey(one, keys), partitionKey(other, keys));
  assert.equal(partitionKey(one, keys), partitionKey(batch('one'), keys));
  assert.deepEqual(mergeBatches([one, batch('one')], one.metadata).auth, one.auth);
  assert.equal(mergeBatches([one, other], new Map()).auth, undefined);
});

test('a reload takes tokens in and out, and binds them anew', async () => {
  const at = await startInProcess({ tokens: [TOKENS[0]!] });
  let port = at.httpPort;
  const send = (headers: Record<string, string>, i: number) =>
    httpSender(port, { headers: { ...headers, ...threshold('0.9') } }).send('metrics', of('bank', i));
  await send(SHOP, 0);
  await assert.rejects(send(BANK, 1), /401/);
  assert.deepEqual(await inForce(at, 1), { bank: {} });
  port = await at.reload({ tokens: [TOKENS[1]!] });
  await assert.rejects(send(SHOP, 2), /401/);
  await send(BANK, 3);
  assert.deepEqual(await inForce(at, 2), { bank: { 'x-pxanomaly-threshold': 0.9 } });
});
