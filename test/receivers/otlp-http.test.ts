// OTLP/HTTP seen by fetch and by raw sockets: the items O, H and J of the OTLP specification.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import * as zlib from 'node:zlib';
import { ENCODINGS } from '../../src/otlp/decompress.js';
import { jsonToProtobuf, protobufToJson } from '../../src/otlp/json.js';
import { decodeStatus, type Status, statusFromJson } from '../../src/otlp/status.js';
import { PermanentError, RetryableError, SIGNALS } from '../../src/pipeline/index.js';
import { fixture } from '../support/paths.js';
import { endAll } from '../support/peers/processes.js';
import { SAMPLES } from '../support/peers/sample-requests.js';
import fc from '../support/property.js';
import { type ReceiverSetup, type RunningReceiver, startReceiver } from '../support/receiver.js';

after(endAll);

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const edges = readFileSync(fixture('pixie/pixie-golden-gauge-http-edge.binpb'));
const edgesJson = readFileSync(fixture('pixie/pixie-golden-gauge-http-edge.json'));

interface Answer {
  readonly code: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The google.rpc.Status in the body, in the encoding that its content type says. */
  readonly status: Status | undefined;
}

interface Rig extends RunningReceiver {
  post(body: Uint8Array | string, headers?: Record<string, string>, path?: string, method?: string): Promise<Answer>;
}

async function rig(http: object | null = null, setup: ReceiverSetup = {}): Promise<Rig> {
  const running = await startReceiver({ http, ...setup });
  const post: Rig['post'] = async (body, headers = {}, path = '/v1/metrics', method = 'POST') => {
    const response = await fetch(`http://127.0.0.1:${running.httpPort}${path}`, {
      method,
      headers: { 'content-type': PROTOBUF, ...headers },
      ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
    });
    return answerOf(response.status, response.headers, Buffer.from(await response.arrayBuffer()));
  };
  return { ...running, post };
}

function answerOf(code: number, headers: Headers, body: Buffer): Answer {
  const binary = headers.get('content-type') === PROTOBUF;
  const status = code < 400 ? undefined : binary ? decodeStatus(body) : statusFromJson(body.toString());
  return { code, headers, body, status };
}

test('H1, H2: every signal is taken byte for byte as protobuf', async () => {
  const { post, recorder, count } = await rig();
  for (const signal of SIGNALS) {
    const { code, headers, body } = await post(SAMPLES[signal], {}, `/v1/${signal}`);
    assert.deepEqual([code, headers.get('content-type'), body.length], [200, PROTOBUF, 0]);
    assert.deepEqual(Buffer.from(recorder.batches.at(-1)!.body), Buffer.from(SAMPLES[signal]));
  }
  assert.deepEqual(
    recorder.batches.map(({ signal }) => signal),
    SIGNALS,
  );
  assert.equal(await count('otelcol_receiver_requests', { transport: 'http', outcome: 'success' }), 3);
});

test('H2, J: every signal is taken as JSON and becomes the same bytes; the answer is JSON', async () => {
  const { post, recorder } = await rig();
  for (const type of [JSON_TYPE, 'application/json; charset=utf-8', 'Application/JSON']) {
    for (const signal of SIGNALS) {
      const { code, headers, body } = await post(
        protobufToJson(signal, SAMPLES[signal]),
        { 'content-type': type },
        `/v1/${signal}`,
      );
      assert.deepEqual([code, headers.get('content-type'), body.toString()], [200, JSON_TYPE, '{}']);
      assert.deepEqual(Buffer.from(recorder.batches.at(-1)!.body), Buffer.from(SAMPLES[signal]));
    }
  }
});

test('O1, H3: gzip, and the other encodings of this Node, in both forms', async () => {
  const { post, recorder } = await rig();
  const { zstdCompressSync = zlib.gzipSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
  const encoders: Record<string, (bytes: Uint8Array) => Buffer> = {
    gzip: zlib.gzipSync,
    deflate: zlib.deflateSync,
    zlib: zlib.deflateSync,
    zstd: zstdCompressSync,
  };
  for (const encoding of [...ENCODINGS, 'x-gzip', 'identity']) {
    const encode = encoding === 'identity' ? Buffer.from : encoders[encoding.replace('x-', '')]!;
    const headers = { 'content-encoding': encoding };
    assert.equal((await post(encode(edges), headers)).code, 200, encoding);
    assert.equal((await post(encode(edgesJson), { ...headers, 'content-type': JSON_TYPE })).code, 200, encoding);
    const [fromProtobuf, fromJson] = recorder.batches.splice(0);
    assert.deepEqual(Buffer.from(fromProtobuf!.body), edges);
    assert.deepEqual(Buffer.from(fromJson!.body), edges);
    assert.equal(fromProtobuf!.gzip !== undefined, encoding.endsWith('gzip'));
    assert.equal(fromJson!.gzip, undefined);
  }
});

test('an encoding that is not supported is 415 and names those that are', async () => {
  const { post } = await rig();
  const { code, headers, status } = await post(edges, { 'content-encoding': 'snappy' });
  assert.equal(code, 415);
  assert.match(status!.message, /^content encoding snappy is not supported; gzip, /);
  assert.match(headers.get('accept-encoding')!, /gzip/);
});

test('O2: an empty request is a success in both forms, as zero bytes and as {}', async () => {
  const { post, recorder } = await rig();
  assert.equal((await post('')).code, 200);
  for (const empty of ['', '{}']) {
    const { code, body } = await post(empty, { 'content-type': JSON_TYPE });
    assert.deepEqual([code, body.toString()], [200, '{}']);
  }
  assert.equal((await post(zlib.gzipSync(''), { 'content-encoding': 'gzip' })).code, 200);
  assert.equal(recorder.batches.length, 0);
});

test('O3, H6: on success partial_success is unset', async () => {
  const { post } = await rig();
  assert.equal((await post(edges)).body.length, 0);
  assert.equal((await post(edgesJson, { 'content-type': JSON_TYPE })).body.toString(), '{}');
});

test('H4: oversize body is 413 before it is read and after decompression, and not retryable', async () => {
  const { post, recorder, count } = await rig({ max_request_body_size: 5000 });
  const big = Buffer.alloc(5001);
  for (const [body, headers] of [
    [big, {}],
    [zlib.gzipSync(big), { 'content-encoding': 'gzip' }],
    [zlib.deflateSync(big), { 'content-encoding': 'deflate' }],
  ] as const) {
    const { code, headers: answered, status } = await post(body, headers);
    assert.deepEqual([code, status!.code, answered.get('retry-after')], [413, 8, null]);
    assert.equal(status!.message, 'the request is larger than 4.9 KiB, the limit that max_request_body_size sets');
  }
  assert.equal(recorder.batches.length, 0);
  assert.equal(await count('pxanomaly_receiver_refused_requests', { reason: 'too_large' }), 3);
});

test('H4: oversize body without a declared length is 413 as soon as it is too long', async () => {
  const { httpPort } = await rig({ max_request_body_size: 5000 });
  const socket = connect(httpPort, '127.0.0.1').on('error', () => {});
  socket.write(
    `POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: ${PROTOBUF}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  socket.write(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 413 [\s\S]*connection: close/i);
  socket.destroy();
});

test('H4: a client that is still sending a far too large body gets its 413', async () => {
  const { post } = await rig({ max_request_body_size: 1000 });
  assert.equal((await post(Buffer.alloc(8 << 20))).code, 413);
});

test('H7: 404, 405, 415 and 400 carry a google.rpc.Status in the encoding of the request', async () => {
  const { post } = await rig();
  const cases: [number, RegExp, string, { 'content-type'?: string }, string][] = [
    [404, /^\/v1\/nothing is not served/, '/v1/nothing', {}, 'POST'],
    [405, /POST, not PUT/, '/v1/metrics', {}, 'PUT'],
    [400, /^malformed protobuf at byte/, '/v1/metrics', {}, 'POST'],
    [400, /^the body is not JSON/, '/v1/metrics', { 'content-type': JSON_TYPE }, 'POST'],
    [404, /^\/ is not served/, '/', { 'content-type': JSON_TYPE }, 'POST'],
    [405, /POST, not DELETE/, '/v1/logs', { 'content-type': JSON_TYPE }, 'DELETE'],
    [415, /^content type text\/plain is not supported/, '/v1/metrics', { 'content-type': 'text/plain' }, 'POST'],
    [
      415,
      /^content type application\/protobuf is not supported/,
      '/v1/metrics',
      { 'content-type': 'application/protobuf' },
      'POST',
    ],
  ];
  for (const [code, text, path, headers, method] of cases) {
    const answer = await post('\xff\xff', headers, path, method);
    assert.equal(answer.code, code, path);
    assert.match(answer.status!.message, text);
    const expected = (headers['content-type'] ?? PROTOBUF) === PROTOBUF ? PROTOBUF : JSON_TYPE;
    assert.equal(answer.headers.get('content-type'), expected);
  }
  assert.equal((await post('', {}, '/v1/metrics', 'PUT')).headers.get('allow'), 'POST');
  assert.equal((await post('', {}, '/v1/metrics', 'GET')).code, 405);
});

test('H8: undecodable data is 400, and the next request is served', async () => {
  const { post, recorder } = await rig();
  const gzip = { 'content-encoding': 'gzip' };
  const { code, status } = await post(edges, gzip);
  assert.deepEqual([code, status!.message], [400, 'the body says that it is gzip, and is not']);
  const wrong = '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"asInt":"x"}]}}]}]}]}';
  const json = await post(wrong, { 'content-type': JSON_TYPE });
  assert.equal(json.code, 400);
  assert.match(
    json.status!.message,
    /at resourceMetrics\[0\]\.scopeMetrics\[0\]\.metrics\[0\]\.gauge\.dataPoints\[0\]\.asInt: expected/,
  );
  assert.equal((await post(edges)).code, 200);
  assert.equal(recorder.batches.length, 1);
});

test('H9: a pipeline that cannot take it now is 503 with Retry-After in whole seconds', async () => {
  const { post, recorder, count } = await rig();
  recorder.behave = () => Promise.reject(new RetryableError('the queue is full', 2300));
  const later = await post(edges);
  assert.deepEqual(
    [later.code, later.headers.get('retry-after'), later.status],
    [503, '3', { code: 14, message: 'the queue is full', retryAfterMs: 2300 }],
  );
  recorder.refusals.push(new RetryableError('memory limit'));
  const early = await post(edgesJson, { 'content-type': JSON_TYPE });
  assert.deepEqual([early.code, early.headers.get('retry-after'), early.status!.message], [503, '1', 'memory limit']);
  assert.equal(await count('otelcol_receiver_requests', { outcome: 'refused' }), 2);
});

test('admission: the pipeline is asked with the declared length, and again with the inflated one', async () => {
  const { post, recorder } = await rig();
  const gzip = zlib.gzipSync(edges);
  await post(gzip, { 'content-encoding': 'gzip' });
  assert.deepEqual(recorder.asked, [gzip.length, edges.length]);
});

test('codes of permanent refusals become HTTP statuses', async () => {
  const { post, recorder } = await rig();
  const expected = {
    invalid_argument: 400,
    failed_precondition: 400,
    unauthenticated: 401,
    permission_denied: 403,
    internal: 500,
  };
  for (const [code, http] of Object.entries(expected)) {
    recorder.behave = () => {
      throw new PermanentError('größer', code as keyof typeof expected);
    };
    const answer = await post(edges);
    assert.deepEqual([answer.code, answer.status!.message], [http, 'größer']);
  }
});

test('a fault of ours is 500 without its text', async () => {
  const { post, recorder, lines } = await rig();
  recorder.behave = () => {
    throw new TypeError('secret detail');
  };
  const { code, status } = await post(edges);
  assert.equal(code, 500);
  assert.doesNotMatch(status!.message, /secret/);
  assert.match(JSON.stringify(lines), /secret detail/);
});

test('a signal without a pipeline is 404', async () => {
  const { post } = await rig(null, { signals: ['metrics'] });
  const { code, status } = await post('', {}, '/v1/traces');
  assert.deepEqual([code, status!.message], [404, 'no pipeline of this receiver takes traces']);
});

test('H1: paths are configurable', async () => {
  const { post, recorder } = await rig({ metrics_url_path: '/otlp/m' });
  assert.equal((await post(edges, {}, '/otlp/m')).code, 200);
  assert.equal((await post(edges, {}, '/otlp/m?tenant=a')).code, 200);
  assert.equal((await post(edges)).code, 404);
  assert.equal(recorder.batches.length, 2);
});

test('H11: connections are kept, unless configured otherwise; configured headers are on every answer', async () => {
  const kept = await rig({ response_headers: { 'x-served-by': 'us' } });
  const { headers } = await kept.post(edges);
  assert.deepEqual([headers.get('connection'), headers.get('x-served-by')], ['keep-alive', 'us']);
  assert.equal((await kept.post('', {}, '/nowhere')).headers.get('x-served-by'), 'us');
  const closed = await rig({ keep_alives_enabled: false });
  assert.equal((await closed.post(edges)).headers.get('connection'), 'close');
});

test('headers for the detectors stay with the batch, everything else only on demand', async () => {
  const headers = { 'X-Pxanomaly-Threshold': '0.95', authorization: 'Bearer t', 'x-tenant': 'a' };
  const [few, all] = [await rig(), await rig({ include_metadata: true })];
  await few.post(edges, headers);
  await all.post(edges, headers);
  assert.deepEqual(Object.fromEntries(few.recorder.batches[0]!.metadata), {
    'x-pxanomaly-threshold': '0.95',
    authorization: 'Bearer t',
  });
  assert.equal(all.recorder.batches[0]!.metadata.get('x-tenant'), 'a');
  assert.equal(all.recorder.batches[0]!.metadata.has('content-length'), false);
});

test('CORS: a browser may send from the configured origins only', async () => {
  const { httpPort } = await rig({
    cors: { allowed_origins: ['https://*.shop.test'], allowed_headers: ['x-tenant'], max_age: 600 },
  });
  const ask = (origin: string, method: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${httpPort}/v1/metrics`, {
      method,
      headers: { origin, 'access-control-request-method': 'POST', 'content-type': JSON_TYPE },
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
  const asked = await ask('https://web.shop.test', 'OPTIONS');
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get('access-control-allow-origin'), 'https://web.shop.test');
  assert.equal(asked.headers.get('access-control-allow-headers'), 'Content-Type, Content-Encoding, Accept, x-tenant');
  assert.equal(asked.headers.get('access-control-max-age'), '600');
  assert.equal(
    (await ask('https://web.shop.test', 'POST')).headers.get('access-control-allow-origin'),
    'https://web.shop.test',
  );
  for (const method of ['OPTIONS', 'POST'])
    assert.equal((await ask('https://shop.test.evil', method)).headers.get('access-control-allow-origin'), null);
  const without = await rig();
  assert.equal((await without.post('', { origin: 'https://web.shop.test' }, '/v1/metrics', 'OPTIONS')).code, 405);
});

test('what is no HTTP does not hurt', async () => {
  const { httpPort, post } = await rig();
  for (const garbage of ['\x00\x01\x02\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET\r\n\r\n']) {
    const socket = connect(httpPort, '127.0.0.1').on('error', () => {});
    socket.end(garbage);
    socket.resume();
    await once(socket, 'close');
  }
  assert.equal((await post(edges)).code, 200);
});

test('mutated bodies in both forms are 400 or 200, and the server lives', async () => {
  const { post } = await rig();
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.nat(edges.length - 1), fc.nat(255), fc.boolean(), async (at, byte, json) => {
      const body = Buffer.from(json ? edgesJson : edges);
      body[at] = byte;
      const { code, status } = await post(body, { 'content-type': json ? JSON_TYPE : PROTOBUF });
      seen.add(code);
      assert.ok(code === 200 || (code === 400 && status!.message !== ''), `${code}`);
    }),
    { numRuns: 200 },
  );
  assert.deepEqual(seen, new Set([200, 400]));
});

test('a request in the words of before version 0.15 is taken as one of today, in both encodings', async () => {
  const { post, recorder } = await rig();
  const legacy = protobufToJson('metrics', SAMPLES.metrics)
    .replaceAll('"scopeMetrics"', '"instrumentationLibraryMetrics"')
    .replaceAll('"scope"', '"instrumentationLibrary"');
  assert.equal((await post(legacy, { 'content-type': JSON_TYPE })).code, 200);
  assert.equal((await post(jsonToProtobuf('metrics', legacy))).code, 200);
  assert.deepEqual(
    recorder.batches.map(({ items, body }) => [items, Buffer.from(body)]),
    Array(2).fill([recorder.batches[0]!.items, Buffer.from(SAMPLES.metrics)]),
  );
});
