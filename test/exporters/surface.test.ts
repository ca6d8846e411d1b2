// What the Collector's clients can do between us and the next hop: several addresses, proxies, renewed certificates,
// zstd.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as zlib from 'node:zlib';
import { type BalancedTransport, Balancer } from '../../src/exporters/otlp-grpc/balancer.js';
import { ConnectError } from '../../src/exporters/otlp-grpc/channel.js';
import { grpcPush } from '../../src/exporters/otlp-grpc/exporter.js';
import grpcFactory from '../../src/exporters/otlp-grpc/factory.js';
import { httpPush } from '../../src/exporters/otlp-http/exporter.js';
import httpFactory from '../../src/exporters/otlp-http/factory.js';
import { proxyFor } from '../../src/exporters/otlp-http/proxy.js';
import { RetryableError } from '../../src/pipeline/index.js';
import { opaqueBatch, testSettings } from '../support/batches.js';
import { grpcServer } from '../support/grpc-server.js';
import { fixture } from '../support/paths.js';

const NEVER = new AbortController().signal;

/** A balancer over addresses that the test changes; each request is answered with the address that took it. */
function balanced(addresses: string[]) {
  const state = {
    addresses,
    down: new Set<string>(),
    closed: [] as string[],
    resolved: 0,
    now: 0,
    changes: 0,
    fails: false,
  };
  const open = (address: string): BalancedTransport => ({
    get failing() {
      return state.down.has(address);
    },
    async use(_signal, request) {
      if (state.down.has(address)) throw new ConnectError(`${address} is down`);
      return request(address as never);
    },
    close: async () => void state.closed.push(address),
  });
  const balancer = new Balancer({
    host: 'backend',
    resolve: async () => {
      state.resolved++;
      if (state.fails) throw new Error('no such name');
      return state.addresses;
    },
    open,
    onChanged: () => state.changes++,
    now: () => state.now,
  });
  const ask = (): Promise<string> => balancer.use(NEVER, async (session) => session as unknown as string);
  return { state, balancer, ask };
}

test('round_robin: requests go to every address in turn, past those that cannot be reached', async () => {
  const { state, ask } = balanced(['10.0.0.2', '10.0.0.1', '10.0.0.3']);
  const asked = [await ask(), await ask(), await ask(), await ask()];
  assert.deepEqual(asked, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1']);
  state.down.add('10.0.0.2');
  const past = new Set([await ask(), await ask(), await ask(), await ask()]);
  assert.deepEqual([...past].toSorted(), ['10.0.0.1', '10.0.0.3']);
  for (const address of state.addresses) state.down.add(address);
  await assert.rejects(ask(), /is down/);
});

test('round_robin: a failure of the request itself is not tried elsewhere', async () => {
  const { balancer } = balanced(['a', 'b']);
  let calls = 0;
  const failing = balancer.use(NEVER, async () => {
    calls++;
    throw new RetryableError('busy');
  });
  await assert.rejects(failing, /busy/);
  assert.equal(calls, 1);
});

test('round_robin: the addresses are followed as they change, and kept when the name cannot be resolved', async () => {
  const { state, balancer, ask } = balanced(['a', 'b']);
  await ask();
  state.addresses = ['b', 'c'];
  state.now += 29_000;
  await ask();
  assert.equal(state.resolved, 1, 'not asked at every request');
  state.now += 2_000;
  await ask();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(new Set([await ask(), await ask(), await ask()]), new Set(['b', 'c']));
  assert.equal(state.changes, 2);
  state.fails = true;
  state.now += 31_000;
  await ask();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(new Set([await ask(), await ask()]), new Set(['b', 'c']));
  await balancer.close();
  assert.deepEqual(state.closed.toSorted(), ['a', 'b', 'c']);
});

test('round_robin: a failed connection has the name asked again; one without an answer is retryable', async () => {
  const { state, ask } = balanced(['a']);
  await ask();
  state.down.add('a');
  state.addresses = ['b'];
  state.now += 1_500;
  await assert.rejects(ask(), ConnectError);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await ask(), 'b');
  const none = balanced([]);
  none.state.fails = true;
  await assert.rejects(none.ask(), /^RetryableError: cannot resolve backend: no such name$/);
});

test('round_robin over a real name', async (t) => {
  const server = await grpcServer(t);
  const written = { endpoint: `localhost:${server.port}`, tls: { insecure: true }, balancer_name: 'round_robin' };
  const push = grpcPush(testSettings('otlp_grpc'), grpcFactory.schema.parse(written));
  t.after(() => push.close());
  for (let i = 0; i < 4; i++) await push.send(opaqueBatch(1), AbortSignal.timeout(10_000));
  assert.equal(server.calls.length, 4);
  assert.equal(server.calls[0]?.headers[':authority'], `localhost:${server.port}`, 'the name, not the address');
});

test('a proxy is what the configuration says, else what the environment says', () => {
  const at = (url: string, env: object, configured?: string) =>
    proxyFor(new URL(url), configured, env as Record<string, string>);
  const env = {
    HTTPS_PROXY: 'http://secure:1',
    http_proxy: 'plain:2',
    NO_PROXY: 'internal, .corp.example,other.example:9000',
  };
  assert.equal(at('https://otlp.example', env), 'http://secure:1');
  assert.equal(at('http://otlp.example', env), 'http://plain:2');
  for (const direct of ['internal', 'a.internal', 'b.corp.example', 'other.example:9000', 'localhost', '127.0.0.1'])
    assert.equal(at(`https://${direct}`, env), undefined, direct);
  for (const proxied of ['notinternal', 'corp.example', 'other.example'])
    assert.equal(at(`https://${proxied}`, env), 'http://secure:1', proxied);
  assert.equal(at('https://a', { ...env, NO_PROXY: '*' }), undefined);
  assert.equal(at('https://a', {}), undefined);
  assert.equal(at('https://internal', env, 'http://mine:3'), 'http://mine:3');
});

async function listen(t: TestContext, server: http.Server | https.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('proxy_url: requests go through its tunnel', async (t) => {
  const bodies: number[] = [];
  const hop = http.createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(chunk.length)).on('end', () => response.end());
  });
  const port = await listen(t, hop);
  const asked: string[] = [];
  const proxy = http.createServer().on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    asked.push(request.url ?? '');
    const out = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      out.pipe(socket).pipe(out);
    });
    t.after(() => {
      out.destroy();
      socket.destroy();
    });
  });
  const proxyPort = await listen(t, proxy);
  const written = { endpoint: 'http://backend.example:4318', proxy_url: `http://127.0.0.1:${proxyPort}` };
  const push = httpPush(testSettings('otlp_http'), httpFactory.schema.parse(written));
  await push.start?.();
  t.after(() => push.close());
  await push.send(opaqueBatch(1), AbortSignal.timeout(10_000));
  assert.deepEqual(asked, ['backend.example:4318']);
  assert.ok(bodies.length > 0);
});

test('otlp_http: a client certificate that was renewed counts from the next connection on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-renewed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'client.pem'), join(folder, 'client.key')];
  const renew = (who: string): void => {
    copyFileSync(fixture(`tls/${who}.pem`), cert);
    copyFileSync(fixture(`tls/${who}.key`), key);
  };
  renew('stranger');
  const options = {
    cert: readFileSync(fixture('tls/server.pem')),
    key: readFileSync(fixture('tls/server.key')),
    ca: readFileSync(fixture('tls/ca.pem')),
    requestCert: true,
    rejectUnauthorized: true,
  };
  const port = await listen(
    t,
    https.createServer(options, (_request, response) => response.end()),
  );
  const tls = { ca_file: fixture('tls/ca.pem'), cert_file: cert, key_file: key, reload_interval: '1h' };
  const written = { endpoint: `https://localhost:${port}`, tls };
  const push = httpPush(testSettings('otlp_http'), httpFactory.schema.parse(written));
  await push.start?.();
  t.after(() => push.close());
  await assert.rejects(push.send(opaqueBatch(1), AbortSignal.timeout(10_000)), RetryableError);
  renew('client');
  await push.send(opaqueBatch(1), AbortSignal.timeout(10_000));
});

test('zstd where the runtime has it, and a sentence where it has not', async (t) => {
  const decompress = (zlib as unknown as { zstdDecompressSync?: (bytes: Buffer) => Buffer }).zstdDecompressSync;
  const server = await grpcServer(t);
  const written = { endpoint: `127.0.0.1:${server.port}`, tls: { insecure: true }, compression: 'zstd' };
  const config = grpcFactory.schema.parse(written);
  if (!decompress) {
    assert.match(
      grpcFactory.validate?.(config).join() ?? '',
      /^compression: zstd needs Node 22\.15 or later; this is v/,
    );
    return;
  }
  assert.deepEqual(grpcFactory.validate?.(config), []);
  const push = grpcPush(testSettings('otlp_grpc'), config);
  t.after(() => push.close());
  const batch = opaqueBatch(1, 5_000);
  await push.send(batch, AbortSignal.timeout(10_000));
  const [call] = server.calls;
  assert.deepEqual([call?.headers['grpc-encoding'], call?.compressed], ['zstd', true]);
  assert.deepEqual(decompress(call!.message), Buffer.from(batch.body));
});
