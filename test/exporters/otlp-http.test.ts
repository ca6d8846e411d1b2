import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { opentelemetry } from '#proto';
import { parseRetryAfter } from '../../src/exporters/otlp-http/answer.js';
import { httpPush } from '../../src/exporters/otlp-http/exporter.js';
import factory from '../../src/exporters/otlp-http/factory.js';
import { encodeStatus } from '../../src/otlp/index.js';
import { type Batch, PermanentError, RetryableError, type Signal } from '../../src/pipeline/index.js';
import type { PartialSuccess } from '../../src/sending/send.js';
import { metricSum, metricsBatch, opaqueBatch, testSettings } from '../support/batches.js';
import { statusDetails } from '../support/grpc-server.js';
import { fixture } from '../support/paths.js';

const { ExportMetricsServiceResponse } = opentelemetry.proto.collector.metrics.v1;

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

interface HttpServer {
  readonly port: number;
  readonly seen: Seen[];
  answer: (response: http.ServerResponse, seen: Seen) => void;
  readonly server: http.Server;
}

async function serve(context: TestContext, tls?: https.ServerOptions): Promise<HttpServer> {
  const seen: Seen[] = [];
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks) };
      seen.push(one);
      running.answer(response, one);
    });
  };
  const server = tls ? https.createServer(tls, onRequest) : http.createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const answer = (response: http.ServerResponse): void => void response.writeHead(200).end();
  const running: HttpServer = { port: (server.address() as AddressInfo).port, seen, answer, server };
  return running;
}

/** Answers with a status, headers and a body. */
const reply =
  (status: number, headers: http.OutgoingHttpHeaders = {}, body: string | Uint8Array = '') =>
  (response: http.ServerResponse): void =>
    void response.writeHead(status, headers).end(body);

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

type Sender = (batch: Batch, signal?: AbortSignal) => Promise<PartialSuccess | undefined>;

/** One attempt a call, without queue and retry. */
async function sender(context: TestContext, options: object): Promise<Sender> {
  const push = httpPush(testSettings('otlp_http'), factory.schema.parse(options));
  context.after(() => push.close());
  await push.start?.();
  return (batch, signal = AbortSignal.timeout(10_000)) => push.send(batch, signal);
}

for (const [signal, path] of [
  ['metrics', '/v1/metrics'],
  ['traces', '/v1/traces'],
  ['logs', '/v1/logs'],
] as [Signal, string][]) {
  test(`${signal} go to ${path}, the bytes as they are`, async (t) => {
    const server = await serve(t);
    const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}/otlp/`, compression: 'none' });
    const batch = opaqueBatch(3, 70_000, signal, 7);
    assert.equal(await send(batch), undefined);
    const [seen] = server.seen;
    assert.equal(`${seen?.method} ${seen?.url}`, `POST /otlp${path}`);
    assert.equal(seen?.headers['content-type'], 'application/x-protobuf');
    assert.equal(seen?.headers['content-encoding'], undefined);
    assert.deepEqual(seen?.body, Buffer.from(batch.body));
  });
}

test('gzip: an incoming form goes out as it is, a missing one is made', async (t) => {
  const server = await serve(t);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  const plain = opaqueBatch(1, 100_000);
  await send(plain);
  const ready = opaqueBatch(1, 1_000);
  ready.gzip = gzipSync(ready.body, { level: 9 });
  await send(ready);
  assert.equal(server.seen[0]?.headers['content-encoding'], 'gzip');
  assert.deepEqual(gunzipSync(server.seen[0]?.body ?? ''), Buffer.from(plain.body));
  assert.deepEqual(server.seen[1]?.body, ready.gzip);
});

for (const compression of ['none', 'gzip']) {
  test(`JSON, ${compression}`, async (t) => {
    const server = await serve(t);
    const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}`, encoding: 'json', compression });
    await send(metricsBatch(2));
    const seen = server.seen[0] as Seen;
    assert.equal(seen.headers['content-type'], 'application/json');
    const text = (compression === 'gzip' ? gunzipSync(seen.body) : seen.body).toString();
    const { metrics } = JSON.parse(text).resourceMetrics[0].scopeMetrics[0];
    assert.deepEqual(metrics[1], {
      name: 'requests.1',
      gauge: { dataPoints: [{ timeUnixNano: '1700000000000000000', asDouble: 1.5 }] },
    });
  });
}

test('JSON of a body that is no protobuf is a permanent error', async (t) => {
  const send = await sender(t, { endpoint: 'http://127.0.0.1:9', encoding: 'json' });
  await assert.rejects(send(opaqueBatch(1, 3)), PermanentError);
});

test('endpoints of their own, whole and as they are, and headers', async (t) => {
  const metrics = await serve(t);
  const rest = await serve(t);
  const send = await sender(t, {
    endpoint: `http://127.0.0.1:${rest.port}`,
    metrics_endpoint: `http://127.0.0.1:${metrics.port}/write?tenant=a`,
    headers: { 'X-Token': 'abc', 'Content-Type': 'text/plain' },
  });
  for (const signal of ['metrics', 'logs'] as const) await send(opaqueBatch(1, 1, signal));
  assert.equal(metrics.seen[0]?.url, '/write?tenant=a');
  assert.equal(rest.seen[0]?.url, '/v1/logs');
  assert.equal(metrics.seen[0]?.headers['x-token'], 'abc');
  assert.equal(metrics.seen[0]?.headers['content-type'], 'application/x-protobuf');
  assert.equal(metrics.seen[0]?.headers['user-agent'], 'pxanomaly/0.0.0-test');
});

test('a signal without an endpoint is refused for good', async (t) => {
  const send = await sender(t, { metrics_endpoint: 'http://127.0.0.1:9/m' });
  await assert.rejects(send(opaqueBatch(1, 1, 'logs')), /no endpoint for logs/);
});

/** OTLP specification: these four, no other. */
for (const status of [301, 400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 501, 502, 503, 504, 505, 599]) {
  const retryable = [429, 502, 503, 504].includes(status);
  test(`HTTP ${status} is ${retryable ? 'tried again' : 'permanent'}`, async (t) => {
    const server = await serve(t);
    server.answer = reply(status, {}, 'a proxy said so');
    const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
    await assert.rejects(send(opaqueBatch(1)), (error: Error) => {
      assert.ok(error instanceof (retryable ? RetryableError : PermanentError));
      assert.equal(error.message, `HTTP ${status}: a proxy said so`);
      return true;
    });
  });
}

test('the message of a Status, protobuf or JSON, is in the error', async (t) => {
  const server = await serve(t);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  server.answer = reply(400, PROTOBUF, encodeStatus({ code: 3, message: 'bad attribute' }));
  await assert.rejects(send(opaqueBatch(1)), /HTTP 400: bad attribute$/);
  server.answer = reply(503, JSON_TYPE, '{"code":14,"message":"too busy"}');
  await assert.rejects(send(opaqueBatch(1)), /HTTP 503: too busy$/);
  server.answer = reply(500, PROTOBUF, new Uint8Array([0xff]));
  await assert.rejects(send(opaqueBatch(1)), /HTTP 500: unreadable status$/);
  server.answer = reply(308, { location: 'https://elsewhere.example/' });
  await assert.rejects(send(opaqueBatch(1)), /redirected to https:\/\/elsewhere\.example\//);
});

test('Retry-After in seconds and as a date', async (t) => {
  const server = await serve(t);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  server.answer = reply(429, { 'retry-after': '7' });
  await assert.rejects(
    send(opaqueBatch(1)),
    (error) => error instanceof RetryableError && error.retryAfterMs === 7_000,
  );
  const now = Date.UTC(2026, 0, 1);
  const cases: [string | undefined, number | undefined][] = [
    ['120', 120_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ];
  for (const [header, ms] of cases) assert.equal(parseRetryAfter(header, now), ms, header);
});

test('Retry-After does not make a permanent status retryable', async (t) => {
  const server = await serve(t);
  server.answer = reply(500, { 'retry-after': '1', ...PROTOBUF }, statusDetails(13, 'x', 1));
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  await assert.rejects(send(opaqueBatch(1)), PermanentError);
});

test('partial success, protobuf and JSON', async (t) => {
  const server = await serve(t);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  const partialSuccess = { rejectedDataPoints: 4, errorMessage: 'too old' };
  const message = ExportMetricsServiceResponse.fromObject({ partialSuccess });
  server.answer = reply(200, PROTOBUF, ExportMetricsServiceResponse.encode(message).finish());
  assert.deepEqual(await send(metricsBatch(9)), { rejected: 4, message: 'too old' });
  server.answer = reply(200, JSON_TYPE, '{"partialSuccess":{"rejectedDataPoints":"4","errorMessage":"too old"}}');
  assert.deepEqual(await send(metricsBatch(9)), { rejected: 4, message: 'too old' });
  server.answer = reply(200, JSON_TYPE, '{"partialSuccess":{}}');
  assert.equal(await send(metricsBatch(9)), undefined);
});

test('no answer to a request that was taken makes it fail', async (t) => {
  const server = await serve(t);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  server.answer = reply(200, PROTOBUF, 'not protobuf');
  assert.match((await send(metricsBatch(9)))?.message ?? '', /malformed/);
  server.answer = reply(200, PROTOBUF, new Uint8Array(4 * 1024 * 1024 + 1));
  assert.match((await send(metricsBatch(9)))?.message ?? '', /too large/);
  server.answer = reply(200, { 'content-type': 'text/html' }, '<html>sign in</html>');
  assert.match((await send(metricsBatch(9)))?.message ?? '', /is text\/html, not OTLP/);
  server.answer = reply(200, { ...PROTOBUF, 'content-encoding': 'br' }, 'whatever');
  assert.match((await send(metricsBatch(9)))?.message ?? '', /do not read \(br\)/);
  server.answer = reply(200, { ...PROTOBUF, 'content-encoding': 'gzip' }, 'no gzip at all, though it says so');
  assert.match((await send(metricsBatch(9)))?.message ?? '', /says that it is gzip/);
  server.answer = reply(200, { ...PROTOBUF, 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(5 * 1024 * 1024)));
  assert.match((await send(metricsBatch(9)))?.message ?? '', /too large/);
  for (const answer of [
    reply(200),
    reply(202),
    reply(204, { 'content-type': 'text/html' }),
    reply(200, { ...PROTOBUF, 'content-encoding': 'gzip' }),
    reply(200, { ...PROTOBUF, 'content-encoding': 'identity' }, new Uint8Array([0x0a, 0])),
    reply(200, { 'content-type': 'application/json; charset=utf-8' }, '{"else":1}'),
  ]) {
    server.answer = answer;
    assert.equal(await send(metricsBatch(9)), undefined);
  }
});

for (const [encoding, compress] of [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
] as const) {
  test(`answers in ${encoding} are read, good and bad`, async (t) => {
    const server = await serve(t);
    const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
    const head = { ...PROTOBUF, 'content-encoding': encoding };
    const partialSuccess = { rejectedDataPoints: 4, errorMessage: 'too old' };
    const message = ExportMetricsServiceResponse.encode(ExportMetricsServiceResponse.fromObject({ partialSuccess }));
    server.answer = reply(200, head, compress(message.finish()));
    for (let i = 0; i < 2; i++) assert.deepEqual(await send(metricsBatch(9)), { rejected: 4, message: 'too old' });
    server.answer = reply(200, head, compress(new Uint8Array([0x0a, 0])));
    assert.equal(await send(metricsBatch(9)), undefined);
    server.answer = reply(400, head, compress(encodeStatus({ code: 3, message: 'bad attribute' })));
    await assert.rejects(send(opaqueBatch(1)), /HTTP 400: bad attribute$/);
    server.answer = reply(502, { 'content-type': 'text/html', 'content-encoding': encoding }, compress('bad gateway'));
    await assert.rejects(send(opaqueBatch(1)), /HTTP 502: bad gateway$/);
    assert.equal(server.seen[0]?.headers['accept-encoding'], 'gzip');
  });
}

test('an answer without a content type is in the encoding of the request', async (t) => {
  const server = await serve(t);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const partialSuccess = { rejectedDataPoints: 4, errorMessage: 'too old' };
  const message = ExportMetricsServiceResponse.encode(ExportMetricsServiceResponse.fromObject({ partialSuccess }));
  for (const [encoding, body] of [
    ['proto', message.finish()],
    ['json', JSON.stringify({ partialSuccess })],
  ] as const) {
    server.answer = reply(200, {}, body);
    assert.deepEqual(await (await sender(t, { endpoint, encoding }))(metricsBatch(9)), {
      rejected: 4,
      message: 'too old',
    });
  }
});

test('informational answers in front of the answer are none', async (t) => {
  const server = await serve(t);
  server.answer = (response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.writeProcessing();
    reply(200, PROTOBUF, new Uint8Array([0x0a, 0]))(response);
  };
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  assert.equal(await send(metricsBatch(9)), undefined);
});

test('connections are kept and used again', async (t) => {
  const server = await serve(t);
  let connections = 0;
  server.server.on('connection', () => connections++);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}`, max_conns_per_host: 2 });
  for (let i = 0; i < 10; i++) await send(opaqueBatch(1));
  await Promise.all(Array.from({ length: 10 }, () => send(opaqueBatch(1))));
  assert.equal(connections, 2);
});

test('a connection that breaks, and nobody who listens, are tried again', async (t) => {
  const server = await serve(t);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  server.answer = (response) => response.destroy();
  await assert.rejects(send(opaqueBatch(1)), RetryableError);
  server.server.closeAllConnections();
  await new Promise((resolve) => server.server.close(resolve));
  await assert.rejects(send(opaqueBatch(1)), (error: Error) => {
    return error instanceof RetryableError && /cannot send to http:.*\/v1\/metrics: .*ECONNREFUSED/.test(error.message);
  });
});

test('an abort ends an attempt without an answer with its reason', async (t) => {
  const server = await serve(t);
  server.answer = () => {};
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}` });
  await assert.rejects(send(opaqueBatch(1), AbortSignal.timeout(50)), { name: 'TimeoutError' });
});

test('20 MB', async (t) => {
  const server = await serve(t);
  const send = await sender(t, { endpoint: `http://127.0.0.1:${server.port}`, compression: 'none' });
  await send(opaqueBatch(1, 20_000_000));
  assert.equal(server.seen[0]?.body.byteLength, 20_000_000);
});

test('TLS with an authority of one’s own, and a client certificate', async (t) => {
  const files = { cert: readFileSync(fixture('tls/server.pem')), key: readFileSync(fixture('tls/server.key')) };
  const server = await serve(t, {
    ...files,
    ca: readFileSync(fixture('tls/ca.pem')),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const endpoint = `https://localhost:${server.port}`;
  const ca = { ca_file: fixture('tls/ca.pem') };
  const own = { ...ca, cert_file: fixture('tls/client.pem'), key_file: fixture('tls/client.key') };
  await (await sender(t, { endpoint, tls: own }))(opaqueBatch(1));
  assert.equal(server.seen.length, 1);
  for (const tls of [ca, {}])
    await assert.rejects((await sender(t, { endpoint, tls }))(opaqueBatch(1)), RetryableError);
  await assert.rejects(sender(t, { endpoint, tls: { ca_file: '/nowhere' } }), /ca_file \/nowhere/);
});

test('the whole exporter: a busy next hop is waited for, and everything arrives once', async (t) => {
  const server = await serve(t);
  let refuse = 3;
  server.answer = (response) => reply(refuse-- > 0 ? 503 : 200)(response);
  const settings = testSettings('otlp_http');
  const config = factory.schema.parse({
    endpoint: `http://127.0.0.1:${server.port}`,
    retry_on_failure: { initial_interval: '5ms' },
  });
  const exporter = factory.create(settings, config);
  await exporter.start();
  for (let i = 0; i < 10; i++) void exporter.consume(metricsBatch(2));
  while ((await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points')) < 20)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await exporter.shutdown();
  assert.equal(server.seen.length, 13);
  assert.equal(await metricSum(settings.telemetry, 'pxanomaly_exporter_dropped_items'), 0);
});

test('an endpoint is needed, and must be a URL', () => {
  assert.match(factory.validate?.(factory.schema.parse({}))?.join() ?? '', /give endpoint/);
  assert.equal(factory.schema.safeParse({ endpoint: 'collector:4318' }).success, false);
  assert.equal(factory.schema.safeParse({ endpoint: 'http://c:4318', encoding: 'xml' }).success, false);
});
