// Who may send: tokens, users and certificates in front of a receiver, over both protocols, and what each is bound to.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { COMPONENTS } from '../../src/components.js';
import { loadConfig } from '../../src/config/load.js';
import type { ClusterStatus } from '../../src/detection/status/cluster-status.js';
import { type Running, startInProcess } from '../support/gateway.js';
import { fixture } from '../support/paths.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { grpcSender, httpSender } from '../support/peers/senders.js';
import { shopRequest } from '../support/shop.js';

after(endAll);

const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-auth-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const of = (cluster: string, i = 0) => shopRequest(i, undefined, { 'px.cluster.id': cluster });
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Sends a request over both protocols; whether each was taken, or the code or status that it was refused with. */
async function offered(at: Running, headers: Record<string, string>): Promise<[grpc: unknown, http: unknown]> {
  const grpc = grpcSender(at.grpcPort, { metadata: headers });
  const over = await grpc.send('metrics', of('shop')).then(
    () => 'taken',
    (error: { code: number }) => error.code,
  );
  grpc.close();
  const answer = await fetch(`http://127.0.0.1:${at.httpPort}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', ...headers },
    body: of('shop'),
  });
  await answer.arrayBuffer();
  return [over, answer.ok ? 'taken' : answer.status];
}

const TAKEN = ['taken', 'taken'];
const UNKNOWN = [16, 401];

async function settingsOf(at: Running, cluster: string): Promise<object> {
  const senders = (): readonly ClusterStatus[] =>
    (at.gateway.status().components.find(({ id }) => id === 'anomaly')!.state as { senders: ClusterStatus[] }).senders;
  await eventually(() => senders().some(({ id, requests }) => id === cluster && requests > 0), 20_000, cluster);
  return senders().find(({ id }) => id === cluster)!.settings;
}

describe('bearertokenauth', () => {
  test('lets in who shows one of the tokens, in either header, and nobody else', async () => {
    const at = await startInProcess({
      extensions: { bearertokenauth: { token: 'one', tokens: ['two', { token: 'three', name: 'third' }] } },
      auth: 'bearertokenauth',
    });
    for (const token of ['one', 'two', 'three']) {
      assert.deepEqual(await offered(at, bearer(token)), TAKEN, token);
      assert.deepEqual(await offered(at, { 'x-pxanomaly-token': token }), TAKEN, token);
    }
    for (const headers of [{}, bearer('four'), { authorization: 'one' }, basic('one:')])
      assert.deepEqual(await offered(at, headers as Record<string, string>), UNKNOWN, JSON.stringify(headers));
    assert.doesNotMatch(JSON.stringify([at.log, at.gateway.status()]), /three/);
  });

  test('a header and a scheme of one’s own', async () => {
    const at = await startInProcess({
      extensions: { 'bearertokenauth/own': { header: 'X-Api-Key', scheme: '', token: 'key' } },
      auth: 'bearertokenauth/own',
    });
    assert.deepEqual(await offered(at, { 'x-api-key': 'key' }), TAKEN);
    assert.deepEqual(await offered(at, bearer('key')), UNKNOWN);
  });

  test('each token with its clusters and its settings; a header of the request goes before them', async () => {
    const tokens = [
      {
        token: 'of-the-shop',
        name: 'shop',
        clusters: ['shop-*'],
        settings: { threshold: 0.95, detectors: ['zscore'] },
      },
      { token: 'of-the-bank', settings: { incidents_per_day: 2 } },
    ];
    const at = await startInProcess({ extensions: { bearertokenauth: { tokens } }, auth: 'bearertokenauth' });
    const send = (headers: Record<string, string>, cluster: string) =>
      httpSender(at.httpPort, { headers }).send('metrics', of(cluster));
    await send(bearer('of-the-shop'), 'shop-eu');
    await send({ ...bearer('of-the-shop'), 'x-pxanomaly-threshold': '0.9' }, 'shop-us');
    await send({ ...bearer('of-the-shop'), 'x-pxanomaly-threshold': ' ' }, 'shop-as');
    await send(bearer('of-the-shop'), 'bank-eu');
    await send(bearer('of-the-bank'), 'shop-af');
    const detectors = { 'x-pxanomaly-detectors': 'zscore' };
    assert.deepEqual(await settingsOf(at, 'shop-eu'), { 'x-pxanomaly-threshold': 0.95, ...detectors });
    assert.deepEqual(await settingsOf(at, 'shop-us'), { 'x-pxanomaly-threshold': 0.9, ...detectors });
    assert.deepEqual(await settingsOf(at, 'shop-as'), { 'x-pxanomaly-threshold': 0.95, ...detectors });
    assert.deepEqual(await settingsOf(at, 'bank-eu'), {}, 'not one of its clusters');
    assert.deepEqual(await settingsOf(at, 'shop-af'), { 'x-pxanomaly-incidents-per-day': 2 });
  });

  test('a file that changes counts without a reload; one that goes leaves what it said', async () => {
    const path = file('tokens', 'first\nsecond\n');
    const at = await startInProcess({
      extensions: { bearertokenauth: { tokens: [{ filename: path, name: 'rotated' }] } },
      auth: 'bearertokenauth',
    });
    assert.deepEqual(await offered(at, bearer('first')), TAKEN);
    assert.deepEqual(await offered(at, bearer('second')), TAKEN);
    writeFileSync(path, 'second\nthird\n');
    await eventually(async () => (await offered(at, bearer('third')))[0] === 'taken', 20_000, 'the new token');
    assert.deepEqual(await offered(at, bearer('first')), UNKNOWN);
    writeFileSync(path, '\n');
    await eventually(() => at.log.some(({ msg }) => /cannot be read again/.test(String(msg))), 20_000, 'an error');
    assert.deepEqual(await offered(at, bearer('third')), TAKEN);
    assert.doesNotMatch(JSON.stringify(at.log), /first|second|third/);
  });

  test('a file that is not there is a refusal to start, with its name', async () => {
    const extensions = { bearertokenauth: { filename: join(folder, 'none') } };
    await assert.rejects(startInProcess({ extensions, auth: 'bearertokenauth' }), /none cannot be used: ENOENT/);
  });
});

describe('basicauth', () => {
  // Each is "secret".
  const USERS = [
    'bcrypt:$2y$05$XssNDOxXPgMF3jsk9o3oN.wDenNU8XOMf.7wgmDAlTOh9SbSf1mGq',
    'apr1:$apr1$Qz2J8nXs$/6s206DOnvda603HFE2qx.',
    'sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
    'plain:secret',
  ];
  const names = ['bcrypt', 'apr1', 'sha', 'plain'];

  test('lets in the users of an htpasswd file, whatever their hashes', async () => {
    const at = await startInProcess({
      extensions: { basicauth: { htpasswd: { file: file('htpasswd', USERS.join('\n')), inline: 'other:{SHA}AAAA' } } },
      auth: 'basicauth',
    });
    for (const user of names) {
      assert.deepEqual(await offered(at, basic(`${user}:secret`)), TAKEN, user);
      assert.deepEqual(await offered(at, basic(`${user}:wrong`)), UNKNOWN, user);
      assert.deepEqual(await offered(at, basic(`${user}:`)), UNKNOWN, user);
    }
    for (const headers of [{}, basic('nobody:secret'), basic('secret'), bearer('secret'), { authorization: 'Basic' }])
      assert.deepEqual(await offered(at, headers as Record<string, string>), UNKNOWN, JSON.stringify(headers));
    const answer = await fetch(`http://127.0.0.1:${at.httpPort}/v1/metrics`, { method: 'POST' });
    assert.equal(answer.headers.get('www-authenticate'), 'Basic realm="pxanomaly"');
    await answer.arrayBuffer();
  });

  test('many at once with one bcrypt password cost one check; guesses are bounded', async () => {
    const at = await startInProcess({
      extensions: { basicauth: { htpasswd: { inline: USERS[0] } } },
      auth: 'basicauth',
    });
    const sender = grpcSender(at.grpcPort, { metadata: basic('bcrypt:secret') });
    await Promise.all(Array.from({ length: 50 }, (_, i) => sender.send('metrics', of('shop', i))));
    sender.close();
    const guesses = await Promise.all(
      Array.from({ length: 80 }, async (_, i) => (await offered(at, basic(`bcrypt:guess ${i}`))).join(' ')),
    );
    for (const guess of guesses) assert.match(guess, /^(16|14) (401|503)$/);
    assert.deepEqual(await offered(at, basic('bcrypt:secret')), TAKEN, 'who is known is not kept out by who guesses');
  });

  test('users are bound to clusters as tokens are', async () => {
    const users = [{ username: 'plain', clusters: ['shop-*'], settings: { threshold: 0.99 } }];
    const at = await startInProcess({
      extensions: { basicauth: { htpasswd: { inline: USERS[3] }, users } },
      auth: 'basicauth',
    });
    const send = (cluster: string) =>
      httpSender(at.httpPort, { headers: basic('plain:secret') }).send('metrics', of(cluster));
    await send('shop-1');
    await send('bank-1');
    assert.deepEqual(await settingsOf(at, 'shop-1'), { 'x-pxanomaly-threshold': 0.99 });
    assert.deepEqual(await settingsOf(at, 'bank-1'), {});
  });
});

describe('client certificates', () => {
  const server = {
    cert_file: fixture('tls/server.pem'),
    key_file: fixture('tls/server.key'),
    client_ca_file: fixture('tls/ca.pem'),
  };
  const send = (at: Running, cluster: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = https.request(
        {
          port: at.httpPort,
          host: '127.0.0.1',
          path: '/v1/metrics',
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf' },
          ca: readFileSync(fixture('tls/ca.pem')),
          cert: readFileSync(fixture('tls/client.pem')),
          key: readFileSync(fixture('tls/client.key')),
          agent: false,
        },
        (response) => void response.resume().once('end', () => resolve(response.statusCode!)),
      );
      request.once('error', reject);
      request.end(of(cluster));
    });

  test('those that are listed may send, and are bound to their clusters', async () => {
    const clients = [{ name: 'nobody' }, { name: '*.test', clusters: ['shop'], settings: { threshold: 0.9 } }];
    const at = await startInProcess({ tls: server, clients });
    assert.equal(await send(at, 'shop'), 200);
    assert.equal(await send(at, 'bank'), 200);
    assert.deepEqual(await settingsOf(at, 'shop'), { 'x-pxanomaly-threshold': 0.9 });
    assert.deepEqual(await settingsOf(at, 'bank'), {});
  });

  test('others are refused with the names that they showed', async () => {
    const at = await startInProcess({ tls: server, clients: [{ name: 'somebody' }] });
    assert.equal(await send(at, 'shop'), 403);
    assert.match(JSON.stringify(at.log), /the certificate shows .*client/);
  });
});

describe('a configuration', () => {
  const problemsOf = (receiver: string, extensions = '', running = '') =>
    loadConfig(COMPONENTS, {
      uris: [
        `yaml:{ receivers: { otlp: { ${receiver} } }, exporters: { debug: {} }, extensions: { ${extensions} },
           service: { extensions: [${running}], pipelines: { metrics: { receivers: [otlp], exporters: [debug] } } } }`,
      ],
      sets: [],
      env: {},
    }).problems.map(({ severity, message }) => `${severity}: ${message}`);
  const auth = 'protocols: { grpc: { auth: { authenticator: bearertokenauth } } }';

  test('names an extension that does not run', () => {
    assert.match(
      problemsOf(auth, 'bearertokenauth: { token: x }').join('\n'),
      /error: "bearertokenauth" is not in service::extensions/,
    );
    assert.deepEqual(problemsOf(auth, 'bearertokenauth: { token: x }', 'bearertokenauth'), []);
  });

  test('warns of the older token settings, and says what to write', () => {
    const said = problemsOf('protocols: { grpc: }, token: a, tokens: [{ token: b }]');
    assert.equal(said.length, 2);
    for (const line of said)
      assert.match(line, /^warning: tokens? is an older setting: move it to extensions::bearertokenauth/);
  });

  test('refuses both, names without certificates, settings that are none, and tokens that stand for two', () => {
    const both = problemsOf(`${auth}, token: a`, 'bearertokenauth: { token: x }', 'bearertokenauth');
    assert.ok(both.includes('error: protocols.grpc: give either auth or the older token and tokens'));
    assert.match(
      problemsOf('protocols: { grpc: }, clients: [{ name: a }]').join('\n'),
      /error: clients: .* give tls.client_ca_file/,
    );
    const extension = (text: string) => problemsOf(auth, `bearertokenauth: { ${text} }`, 'bearertokenauth').join('\n');
    assert.match(
      extension('tokens: [{ token: a, settings: { threshold: 7 } }]'),
      /x-pxanomaly-threshold: "7" is not allowed/,
    );
    assert.match(extension('token: a, tokens: [a]'), /tokens\[0\]: is the same token as token/);
    assert.match(extension('tokens: [{ name: a }]'), /give either token or filename/);
    assert.match(extension(''), /without one nobody could come in/);
  });
});
