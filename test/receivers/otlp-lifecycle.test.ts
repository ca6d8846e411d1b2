// Configuration, start and shutdown of the `otlp` receiver, and the token that it may ask for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { decodeStatus } from '../../src/otlp/status.js';
import { validate } from '../../src/receivers/otlp/config.js';
import { otlp } from '../../src/receivers/otlp/factory.js';
import { fixture } from '../support/paths.js';
import { endAll } from '../support/peers/processes.js';
import { grpcSender } from '../support/peers/senders.js';
import { makeReceiver, startReceiver } from '../support/receiver.js';

after(endAll);

const edges = readFileSync(fixture('pixie/pixie-golden-gauge-http-edge.binpb'));

test('a protocol with nothing behind it has the defaults; one that is not listed is off', () => {
  const { protocols } = otlp.schema.parse({ protocols: { grpc: null } });
  assert.deepEqual(protocols.grpc?.endpoint, { host: 'localhost', port: 4317 });
  assert.equal(protocols.grpc?.max_recv_msg_size_mib, 64);
  assert.equal(protocols.http, undefined);
  const { protocols: both } = otlp.schema.parse({ protocols: { grpc: {}, http: undefined } });
  assert.ok(both.grpc && !both.http);
  const { http } = otlp.schema.parse({ protocols: { http: null } }).protocols;
  assert.deepEqual([http?.endpoint, http?.max_request_body_size], [{ host: 'localhost', port: 4318 }, 64 << 20]);
});

test("the Collector's keys are understood, durations included", () => {
  const { protocols } = otlp.schema.parse({
    protocols: {
      grpc: {
        endpoint: '0.0.0.0:4317',
        max_recv_msg_size_mib: 16,
        max_concurrent_streams: 16,
        include_metadata: true,
        keepalive: {
          server_parameters: {
            max_connection_idle: '11s',
            max_connection_age: '12s',
            max_connection_age_grace: '13s',
            time: '30s',
            timeout: '5s',
          },
          enforcement_policy: { min_time: '10s', permit_without_stream: true },
        },
        tls: { cert_file: 'c', key_file: 'k', client_ca_file: 'a', min_version: '1.3', reload_interval: '1h' },
      },
      http: {
        endpoint: '[::1]:4318',
        traces_url_path: '/t',
        max_request_body_size: 1,
        read_header_timeout: '1m30s',
        cors: { allowed_origins: ['*'], max_age: 7200 },
      },
    },
  });
  assert.equal(protocols.grpc?.keepalive.server_parameters.max_connection_age, 12_000);
  assert.equal(protocols.grpc?.keepalive.enforcement_policy.min_time, 10_000);
  assert.equal(protocols.grpc?.tls?.reload_interval, 3_600_000);
  assert.deepEqual(protocols.http?.endpoint, { host: '::1', port: 4318 });
  assert.equal(protocols.http?.read_header_timeout, 90_000);
});

for (const [what, config, path] of [
  ['an unknown key', { protocols: { grpc: { enpoint: 'x' } } }, 'protocols.grpc'],
  ['an unknown protocol', { protocols: { thrift: {} } }, 'protocols'],
  ['no protocols at all', {}, 'protocols'],
  ['an address without port', { protocols: { grpc: { endpoint: 'localhost' } } }, 'protocols.grpc.endpoint'],
  ['a limit of nothing', { protocols: { grpc: { max_recv_msg_size_mib: 0 } } }, 'protocols.grpc.max_recv_msg_size_mib'],
  ['a path without slash', { protocols: { http: { logs_url_path: 'v1/logs' } } }, 'protocols.http.logs_url_path'],
  ['a key without certificate', { protocols: { grpc: { tls: { key_file: 'k' } } } }, 'protocols.grpc.tls'],
  ['an empty token', { protocols: { grpc: {} }, token: '' }, 'token'],
  ['an empty token in a list', { protocols: { grpc: {} }, token: ['a', ''] }, 'token'],
  ['an empty bound token', { protocols: { grpc: {} }, tokens: [{ token: '' }] }, 'tokens.0.token'],
  [
    'a token bound to no cluster',
    { protocols: { grpc: {} }, tokens: [{ token: 'a', clusters: [] }] },
    'tokens.0.clusters',
  ],
] as const) {
  test(`${what} is refused by its path`, () => {
    const { error } = otlp.schema.safeParse(config);
    assert.ok(
      error?.issues.some((issue) => issue.path.join('.').startsWith(path)),
      JSON.stringify(error?.issues),
    );
  });
}

test('problems across keys', () => {
  const problems = (protocols: object): string[] => validate(otlp.schema.parse({ protocols }));
  assert.deepEqual(problems({}), ['protocols: list at least one of grpc and http']);
  assert.equal(problems({ grpc: { endpoint: 'a:1' }, http: { endpoint: 'a:1' } }).length, 1);
  assert.deepEqual(problems({ grpc: { endpoint: 'a:0' }, http: { endpoint: 'a:0' } }), []);
});

test('shutdown without start, and twice', async () => {
  const never = makeReceiver();
  await never.receiver.shutdown();
  const { receiver } = await startReceiver();
  await receiver.shutdown();
  await receiver.shutdown();
  assert.deepEqual(receiver.addresses(), {});
});

test('addresses says where it listens, a port of 0 resolved', async () => {
  const { receiver } = await startReceiver();
  const addresses = receiver.addresses();
  assert.deepEqual(Object.keys(addresses), ['grpc', 'http']);
  for (const address of Object.values(addresses)) assert.match(address, /^127\.0\.0\.1:[1-9]\d+$/);
  const grpcOnly = await startReceiver({ grpc: null });
  assert.deepEqual(Object.keys(grpcOnly.receiver.addresses()), ['grpc']);
});

test('localhost is 127.0.0.1, an empty host every interface', async () => {
  const { receiver } = await startReceiver({ grpc: { endpoint: 'localhost:0' }, http: { endpoint: ':0' } });
  assert.match(receiver.addresses().grpc!, /^127\.0\.0\.1:/);
  assert.match(receiver.addresses().http!, /^(\[::\]|0\.0\.0\.0):/);
});

for (const protocol of ['grpc', 'http'] as const) {
  test(`a port in use is an error that names component and address: ${protocol}`, async () => {
    const first = await startReceiver({ [protocol]: null });
    const endpoint = first.receiver.addresses()[protocol]!;
    const second = makeReceiver({ id: 'otlp/second', [protocol]: { endpoint } });
    await assert.rejects(second.receiver.start(), {
      message: `receiver otlp/second cannot listen on ${endpoint}: another process uses that port`,
    });
    assert.deepEqual(second.receiver.addresses(), {});
  });
}

test('a protocol that cannot start takes the other down with it', async () => {
  const first = await startReceiver({ http: null });
  const second = makeReceiver({ grpc: null, http: { endpoint: first.receiver.addresses().http! } });
  await assert.rejects(second.receiver.start(), /another process uses that port/);
  assert.deepEqual(second.receiver.addresses(), {});
});

test('certificates that cannot be read are an error at start', async () => {
  const tls = { cert_file: '/nowhere/cert.pem', key_file: '/nowhere/key.pem' };
  for (const protocol of ['grpc', 'http'])
    await assert.rejects(
      makeReceiver({ [protocol]: { tls } }).receiver.start(),
      /cert_file \/nowhere\/cert\.pem cannot be read/,
    );
});

test('tokens that stand for two, and names that do, are refused', () => {
  const problems = (given: object) => validate(otlp.schema.parse({ protocols: { grpc: {} }, ...given }));
  assert.deepEqual(problems({ token: ['a'], tokens: [{ token: 'b', name: 'x' }, { token: 'c' }] }), []);
  assert.deepEqual(
    problems({ token: 'a', tokens: [{ token: 'b', name: 'x' }, { token: 'a' }, { token: 'b', name: 'x' }] }),
    [
      'tokens[1]: is the same token as token',
      'tokens[2]: is the same token as tokens[0]',
      'tokens[2]: has the same name as tokens[0]',
    ],
  );
});

test('token: any of the list comes in, in either header; nothing else does', async () => {
  const { recorder, grpcPort, httpPort, count } = await startReceiver({ token: ['first', 'second'] });
  const grpc = async (metadata: Record<string, string>): Promise<number> => {
    const sender = grpcSender(grpcPort, { metadata });
    const code = await sender.send('metrics', edges).then(
      () => 0,
      (error) => error.code,
    );
    sender.close();
    return code;
  };
  const http = async (headers: Record<string, string>): Promise<number> =>
    (
      await fetch(`http://127.0.0.1:${httpPort}/v1/metrics`, {
        method: 'POST',
        body: edges,
        headers: { 'content-type': 'application/x-protobuf', ...headers },
      })
    ).status;
  for (const right of [
    { 'x-pxanomaly-token': 'first' },
    { 'x-pxanomaly-token': 'second' },
    { authorization: 'Bearer second' },
    { authorization: 'bearer first' },
  ])
    assert.deepEqual([await grpc(right), await http(right)], [0, 200]);
  const taken = recorder.batches.length;
  for (const wrong of [
    {},
    { 'x-pxanomaly-token': 'third' },
    { 'x-pxanomaly-token': '' },
    { authorization: 'Basic first' },
    { authorization: 'Bearer' },
    { 'x-pxanomaly-token': 'firs' },
  ])
    assert.deepEqual([await grpc(wrong), await http(wrong)], [status.UNAUTHENTICATED, 401]);
  assert.equal(recorder.batches.length, taken);
  assert.equal(await count('pxanomaly_receiver_refused_requests', { reason: 'unauthenticated' }), 12);
});

test('token: the refusal is one sentence that says what to do, and no log line holds a token', async () => {
  const { httpPort, lines } = await startReceiver({ token: 'the-right-one' });
  const ask = async (headers: Record<string, string>): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/v1/metrics`, {
      method: 'POST',
      body: edges,
      headers: { 'content-type': 'application/x-protobuf', ...headers },
    });
    assert.equal(response.headers.get('www-authenticate'), 'Bearer');
    return decodeStatus(Buffer.from(await response.arrayBuffer())).message;
  };
  assert.equal(await ask({}), 'this receiver asks for a token: set the header x-pxanomaly-token');
  assert.equal(
    await ask({ 'x-pxanomaly-token': 'the-wrong-one' }),
    'the token in x-pxanomaly-token is not the one that this receiver was given',
  );
  assert.doesNotMatch(JSON.stringify(lines), /the-(right|wrong)-one/);
});
