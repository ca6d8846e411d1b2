// Connections of the receiver: TLS, pings, ages, garbage, draining.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Client, credentials } from '@grpc/grpc-js';
import { Agent, request as undici } from 'undici';
import { frameMessage } from '../../src/otlp/grpc-frame.js';
import { NAMES } from '../../src/otlp/messages.js';
import { rawCall, rawSession } from '../support/grpc-raw.js';
import { fixture } from '../support/paths.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { grpcSender, httpSender } from '../support/peers/senders.js';
import { startReceiver } from '../support/receiver.js';

after(endAll);

const edges = readFileSync(fixture('pixie/pixie-golden-gauge-http-edge.binpb'));
const pem = (name: string): Buffer => readFileSync(fixture(`tls/${name}`));
const SERVER_TLS = { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') };
const MUTUAL_TLS = { ...SERVER_TLS, client_ca_file: fixture('tls/ca.pem') };

const curl = spawnSync('curl', ['--version']).status === 0;

const GARBAGE = Buffer.alloc(1_000, 0xff);

/** One Export over TLS with grpc-js; the text of its error, or `ok`. */
function exportOverTls(port: number, client?: string): Promise<string> {
  const channel = credentials.createSsl(
    pem('ca.pem'),
    client ? pem(`${client}.key`) : null,
    client ? pem(`${client}.pem`) : null,
  );
  const grpc = new Client(`127.0.0.1:${port}`, channel);
  const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  return new Promise((resolve) => {
    const deadline = Date.now() + 5000;
    grpc.makeUnaryRequest(NAMES.metrics.grpcPath, asIs, asIs, edges, { deadline }, (error) => {
      grpc.close();
      resolve(error ? error.details : 'ok');
    });
  });
}

/** One POST over TLS; the status code, or the error's code. */
function postOverTls(port: number, client?: string): Promise<number | string> {
  const identity = client ? { cert: pem(`${client}.pem`), key: pem(`${client}.key`) } : {};
  const headers = { 'content-type': 'application/x-protobuf' };
  return new Promise((resolve) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: '/v1/metrics',
      method: 'POST',
      ca: pem('ca.pem'),
      headers,
      agent: false,
      ...identity,
    };
    request(options, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
      .end(edges);
  });
}

test('TLS on both protocols', async () => {
  const { recorder, grpcPort, httpPort } = await startReceiver({
    grpc: { tls: SERVER_TLS },
    http: { tls: SERVER_TLS },
  });
  assert.equal(await exportOverTls(grpcPort), 'ok');
  assert.equal(await postOverTls(httpPort), 200);
  assert.equal(recorder.batches.length, 2);
});

test('TLS: clients that offer HTTP/2 at the HTTP port agree on HTTP/1.1; one of HTTP/2 alone is refused in the handshake', async () => {
  const { recorder, httpPort } = await startReceiver({ http: { tls: SERVER_TLS } });
  const at = { host: '127.0.0.1', port: httpPort, ca: pem('ca.pem') };
  const both = connectTls({ ...at, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(both, 'secureConnect');
  assert.equal(both.alpnProtocol, 'http/1.1');
  both.destroy();
  // What undici (Node's fetch) does with `allowH2`, and node:http2 by itself.
  const agent = new Agent({ allowH2: true, connect: { ca: pem('ca.pem') } });
  const url = `https://127.0.0.1:${httpPort}/v1/metrics`;
  const headers = { 'content-type': 'application/x-protobuf' };
  const { statusCode, body } = await undici(url, { method: 'POST', headers, body: edges, dispatcher: agent });
  assert.equal(statusCode, 200);
  await body.dump();
  await agent.close();
  assert.equal(recorder.batches.length, 1);
  const alone = connectTls({ ...at, ALPNProtocols: ['h2'] });
  const [refused] = (await once(alone, 'error')) as [Error];
  assert.match(refused.message, /no application protocol|alert/i);
  const session = connectHttp2(`https://127.0.0.1:${httpPort}`, { ca: pem('ca.pem') });
  await once(session, 'error');
});

test('TLS: curl --http2 is answered over HTTP/1.1', { skip: curl ? false : 'curl is not installed' }, async () => {
  const { recorder, httpPort } = await startReceiver({ http: { tls: SERVER_TLS } });
  const args = [
    '-sS',
    '--http2',
    '--cacert',
    fixture('tls/ca.pem'),
    '-o',
    '/dev/null',
    '-w',
    '%{http_version} %{http_code}',
  ];
  const type = ['-H', 'content-type: application/x-protobuf', '--data-binary', '@-'];
  const child = spawn('curl', [...args, ...type, `https://localhost:${httpPort}/v1/metrics`]);
  child.stdin.end(edges);
  assert.equal(await readAll(child.stdout), '1.1 200');
  assert.equal(recorder.batches.length, 1);
});

test('mTLS: only clients that the authority signed come in', async () => {
  const { recorder, grpcPort, httpPort } = await startReceiver({
    grpc: { tls: MUTUAL_TLS },
    http: { tls: MUTUAL_TLS },
  });
  assert.equal(await exportOverTls(grpcPort, 'client'), 'ok');
  assert.equal(await postOverTls(httpPort, 'client'), 200);
  for (const intruder of [undefined, 'stranger']) {
    assert.notEqual(await exportOverTls(grpcPort, intruder), 'ok');
    assert.notEqual(await postOverTls(httpPort, intruder), 200);
  }
  assert.equal(recorder.batches.length, 2);
});

test('min_version holds', async () => {
  const { grpcPort, lines } = await startReceiver({ grpc: { tls: { ...SERVER_TLS, min_version: '1.3' } } });
  const socket = connectTls({
    host: '127.0.0.1',
    port: grpcPort,
    ca: pem('ca.pem'),
    maxVersion: 'TLSv1.2',
    ALPNProtocols: ['h2'],
  });
  const [error] = await once(socket, 'error');
  assert.match(String(error), /protocol version|alert/i);
  await eventually(() => lines.some(({ msg }) => /is TLS on at one end only/.test(String(msg))));
});

test('TLS: a client that does not offer HTTP/2 is turned away, and the log says so', async () => {
  const { grpcPort, lines } = await startReceiver({ grpc: { tls: SERVER_TLS } });
  const client = connectTls({ host: '127.0.0.1', port: grpcPort, ca: pem('ca.pem') });
  client.on('error', () => {}).resume();
  await once(client, 'close');
  await eventually(() => lines.some((line) => JSON.stringify(line).includes('does not offer HTTP/2 (ALPN')));
  assert.equal(await exportOverTls(grpcPort), 'ok');
});

test('changed certificate files are read again for new connections', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-tls-'));
  const tls = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem'), reload_interval: '20ms' };
  const install = (name: string): void => {
    copyFileSync(fixture(`tls/${name}.key`), tls.key_file);
    copyFileSync(fixture(`tls/${name}.pem`), tls.cert_file);
  };
  install('server');
  const { grpcPort, httpPort } = await startReceiver({ grpc: { tls }, http: { tls } });
  const subject = async (port: number): Promise<string> => {
    const socket: TLSSocket = connectTls({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    const name = String(socket.getPeerCertificate().subject.CN);
    socket.destroy();
    return name;
  };
  assert.deepEqual([await subject(grpcPort), await subject(httpPort)], ['server', 'server']);
  install('stranger');
  for (const port of [grpcPort, httpPort]) await eventually(async () => (await subject(port)) !== 'server');
});

test('HTTP/1 and garbage on the gRPC port are turned away, and others are served', async () => {
  const { grpcPort, lines } = await startReceiver({ grpc: null });
  for (const garbage of [
    'POST /v1/metrics HTTP/1.1\r\nhost: x\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01',
    Buffer.alloc(100_000, 0xff),
  ]) {
    const socket = connect(grpcPort, '127.0.0.1').on('error', () => {});
    socket.write(garbage);
    socket.resume();
    if (garbage.length > 24) await once(socket, 'close');
    socket.destroy();
  }
  await eventually(() => lines.some(({ msg }) => /is its sender meant for the HTTP port/.test(String(msg))));
  assert.equal((await rawCall(rawSession(grpcPort), { chunks: [frameMessage(edges)] })).status, 0);
});

test('gRPC and garbage on the HTTP port are turned away, the log says so, and others are served', async () => {
  const { httpPort, lines, recorder } = await startReceiver({ http: null });
  await assert.rejects(grpcSender(httpPort).send('metrics', edges));
  await eventually(() => lines.some(({ msg }) => /is its sender meant for the gRPC port/.test(String(msg))));
  assert.match(JSON.stringify(lines), /speaks HTTP\/2 without TLS, as gRPC does/);
  const garbage = connect(httpPort, '127.0.0.1')
    .on('error', () => {})
    .resume();
  garbage.write('\x16\x03\x01\x02\x00\x01');
  await once(garbage, 'close');
  await httpSender(httpPort).send('metrics', edges);
  assert.equal(recorder.batches.length, 1);
});

for (const [what, tls] of [
  ['plain', {}],
  ['with TLS', { tls: SERVER_TLS }],
] as const) {
  test(`probes that open a port ${what} and close it, with FIN or RST, leave no line in the log`, async () => {
    const { grpcPort, httpPort, lines } = await startReceiver({ grpc: tls, http: tls });
    for (const port of [grpcPort, httpPort])
      for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
        const probe = connect(port, '127.0.0.1');
        await once(probe, 'connect');
        probe[leave]();
        if (leave === 'end') probe.resume();
        if (!probe.closed) await once(probe, 'close');
      }
    // A later connection that does say something wrong is a line, behind which none of the probes' can come.
    for (const port of [grpcPort, httpPort])
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .resume()
        .write(GARBAGE);
    await eventually(() =>
      ['grpc', 'http'].every((one) => lines.some(({ transport, error }) => transport === one && error)),
    );
    for (const { error } of lines) assert.doesNotMatch(String(error), /ECONNRESET|hang up/);
  });
}

/** Resolves with the code of the GOAWAY that the server sends. */
function goaway(session: ClientHttp2Session): Promise<number> {
  return new Promise((resolve) => session.once('goaway', resolve));
}

test('keepalive: pings of clients are answered, at any rate', async () => {
  const { grpcPort } = await startReceiver({ grpc: null });
  const session = rawSession(grpcPort);
  await rawCall(session, { chunks: [frameMessage(edges)] });
  for (let i = 0; i < 20; i++)
    await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  assert.equal((await rawCall(session, { chunks: [frameMessage(edges)] })).status, 0);
});

test('keepalive: enforcement_policy sends clients away that ping too often', async () => {
  const { grpcPort } = await startReceiver({ grpc: { keepalive: { enforcement_policy: { min_time: '1h' } } } });
  const session = rawSession(grpcPort);
  const gone = goaway(session);
  await rawCall(session, { chunks: [frameMessage(edges)] });
  for (let i = 0; i < 5 && !session.destroyed; i++)
    await new Promise((resolve) => (session.ping(resolve) ? 0 : resolve(0)));
  assert.equal(await gone, 11);
});

test('keepalive: a silent client is pinged, and stays while it answers', async () => {
  const parameters = { time: '20ms', timeout: '5s' };
  const { grpcPort } = await startReceiver({ grpc: { keepalive: { server_parameters: parameters } } });
  const session = rawSession(grpcPort);
  for (let i = 0; i < 3; i++) await once(session, 'ping');
  assert.equal((await rawCall(session, { chunks: [frameMessage(edges)] })).status, 0);
});

test('keepalive: a client that answers no ping is cut off', async () => {
  const parameters = { time: '20ms', timeout: '20ms' };
  const { grpcPort } = await startReceiver({ grpc: { keepalive: { server_parameters: parameters } } });
  const socket = connect(grpcPort, '127.0.0.1').on('error', () => {});
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  socket.resume();
  await once(socket, 'close');
});

for (const key of ['max_connection_idle', 'max_connection_age']) {
  test(`keepalive: ${key} asks the client to come back anew`, async () => {
    const { grpcPort } = await startReceiver({ grpc: { keepalive: { server_parameters: { [key]: '30ms' } } } });
    const session = rawSession(grpcPort);
    const gone = goaway(session);
    await rawCall(session, { chunks: [frameMessage(edges)] });
    assert.equal(await gone, 0);
    assert.equal((await rawCall(rawSession(grpcPort), { chunks: [frameMessage(edges)] })).status, 0);
  });
}

test('keepalive: after max_connection_age_grace open calls are cut off, before it they are finished', async () => {
  const parameters = { max_connection_age: '20ms', max_connection_age_grace: '30ms' };
  const { grpcPort, recorder } = await startReceiver({ grpc: { keepalive: { server_parameters: parameters } } });
  recorder.behave = () => new Promise(() => {});
  const answer = await rawCall(rawSession(grpcPort), { chunks: [frameMessage(edges)] });
  assert.ok(Number.isNaN(answer.status));
});

test('max_concurrent_streams is told to clients', async () => {
  const { grpcPort } = await startReceiver({ grpc: { max_concurrent_streams: 7 } });
  const session = rawSession(grpcPort);
  const [settings] = await once(session, 'remoteSettings');
  assert.equal(settings.maxConcurrentStreams, 7);
  assert.equal(settings.initialWindowSize, 8 << 20);
  assert.equal(settings.maxFrameSize, 1 << 20);
});

test('shutdown: calls under way are answered, idle connections told to go, new ones not accepted', async () => {
  const { receiver, grpcPort, httpPort, recorder } = await startReceiver();
  let finish = (): void => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  recorder.behave = () => held;
  const idle = connectHttp2(`http://127.0.0.1:${grpcPort}`).on('error', () => {});
  await once(idle, 'remoteSettings');
  const told = goaway(idle);
  const [grpc, http] = [grpcSender(grpcPort), httpSender(httpPort)];
  const answers = [grpc.send('metrics', edges), http.send('metrics', edges)];
  await eventually(() => recorder.batches.length === 2);
  const down = receiver.shutdown();
  assert.equal(await told, 0);
  finish();
  assert.deepEqual(
    (await Promise.all(answers)).map(({ length }) => length),
    [0, 0],
  );
  await down;
  grpc.close();
  for (const port of [grpcPort, httpPort]) {
    const [error] = await once(connect(port, '127.0.0.1'), 'error');
    assert.equal(error.code, 'ECONNREFUSED');
  }
});
