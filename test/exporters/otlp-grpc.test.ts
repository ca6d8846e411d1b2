import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { opentelemetry } from '#proto';
import { grpcPush } from '../../src/exporters/otlp-grpc/exporter.js';
import factory from '../../src/exporters/otlp-grpc/factory.js';
import {
  type Batch,
  type Exporter,
  Lease,
  PermanentError,
  RetryableError,
  type Signal,
} from '../../src/pipeline/index.js';
import type { PartialSuccess } from '../../src/sending/send.js';
import { metricSum, metricsBatch, opaqueBatch, testSettings } from '../support/batches.js';
import { type Answer, frame, type GrpcServer, grpcServer, ok, status, statusDetails } from '../support/grpc-server.js';
import { fixture } from '../support/paths.js';

const { ExportMetricsServiceResponse } = opentelemetry.proto.collector.metrics.v1;

interface Sender {
  /** One attempt, without queue and retry. */
  send(batch: Batch, signal?: AbortSignal): Promise<PartialSuccess | undefined>;
  start(): Promise<void>;
}

/** The exporter's push against a port; its connection is closed after the test. */
function sender(context: TestContext, port: number, options: object = {}, host = '127.0.0.1'): Sender {
  const config = factory.schema.parse({ endpoint: `${host}:${port}`, tls: { insecure: true }, ...options });
  const push = grpcPush(testSettings('otlp_grpc'), config);
  context.after(() => push.close());
  return {
    send: (batch, signal = AbortSignal.timeout(10_000)) => push.send(batch, signal),
    start: async () => push.start?.(),
  };
}

/** The whole exporter with queue and retry. */
function exporter(
  context: TestContext,
  port: number,
  options: object = {},
): { exporter: Exporter; sent(): Promise<number> } {
  const settings = testSettings('otlp_grpc');
  const config = factory.schema.parse({ endpoint: `127.0.0.1:${port}`, tls: { insecure: true }, ...options });
  const made = factory.create(settings, config);
  context.after(() => made.shutdown());
  return { exporter: made, sent: () => metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points') };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const last = (server: GrpcServer) => server.calls.at(-1)!;

for (const [signal, path] of [
  ['metrics', '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'],
  ['traces', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'],
  ['logs', '/opentelemetry.proto.collector.logs.v1.LogsService/Export'],
] as [Signal, string][]) {
  test(`${signal}: the bytes arrive as they are, on the right method`, async (t) => {
    const server = await grpcServer(t);
    const batch = opaqueBatch(3, 50_000, signal, 7);
    assert.equal(await sender(t, server.port, { compression: 'none' }).send(batch), undefined);
    const call = last(server);
    assert.equal(call.path, path);
    assert.equal(call.compressed, false);
    assert.equal(call.headers['grpc-encoding'], undefined);
    assert.deepEqual(call.message, Buffer.from(batch.body));
  });
}

test('the headers of gRPC, the deadline and those of the configuration', async (t) => {
  const server = await grpcServer(t);
  const options = {
    timeout: '1500ms',
    headers: { 'X-Tenant': 'a b', authorization: 'Bearer x' },
    authority: 'front.example',
  };
  await sender(t, server.port, options).send(opaqueBatch(1));
  const { headers } = last(server);
  assert.equal(headers[':method'], 'POST');
  assert.equal(headers['content-type'], 'application/grpc');
  assert.equal(headers.te, 'trailers');
  assert.equal(headers['grpc-timeout'], '1500m');
  assert.equal(headers['grpc-encoding'], 'gzip');
  assert.equal(headers['user-agent'], 'pxanomaly/0.0.0-test');
  assert.equal(headers['x-tenant'], 'a b');
  assert.equal(headers.authorization, 'Bearer x');
  assert.equal(headers[':authority'], 'front.example');
});

test('gzip: an incoming form goes out as it is; a missing one is made once for all exporters', async (t) => {
  const server = await grpcServer(t);
  const push = sender(t, server.port);
  for (const bytes of [100, 200_000]) {
    const batch = opaqueBatch(1, bytes);
    await Promise.all([push.send(batch), push.send(batch)]);
    const [first, second] = server.calls.slice(-2);
    assert.equal(first?.compressed, true);
    assert.deepEqual(gunzipSync(first?.message ?? ''), Buffer.from(batch.body));
    assert.deepEqual(first?.message, second?.message);
    assert.deepEqual(Buffer.from(batch.gzip ?? []), first?.message);
  }
  const incoming = opaqueBatch(1, 1_000);
  incoming.gzip = gzipSync(incoming.body, { level: 9 });
  await push.send(incoming);
  assert.deepEqual(last(server).message, incoming.gzip);
});

test('an empty request is sent', async (t) => {
  const server = await grpcServer(t);
  await sender(t, server.port, { compression: 'none' }).send(opaqueBatch(0, 0));
  assert.equal(last(server).message.byteLength, 0);
});

test('bodies of 30 MB, eight at a time, through a server with the smallest windows', async (t) => {
  const server = await grpcServer(t, { settings: { initialWindowSize: 65_535, maxFrameSize: 16_384 } });
  const push = sender(t, server.port, { compression: 'none' });
  const batches = Array.from({ length: 8 }, (_, i) => opaqueBatch(i, 30_000_000, 'metrics', i + 1));
  await Promise.all(batches.map((batch) => push.send(batch, AbortSignal.timeout(60_000))));
  const sums = server.calls.map(({ message }) => [message[0], message.at(-1), message.byteLength].join());
  assert.deepEqual(new Set(sums), new Set(batches.map((_, i) => `${i + 1},${i + 1},30000000`)));
});

/** OTLP specification, "Failures": every code, and whether a client may try again. */
const TABLE: readonly [number, string, boolean][] = [
  [1, 'CANCELLED', true],
  [2, 'UNKNOWN', false],
  [3, 'INVALID_ARGUMENT', false],
  [4, 'DEADLINE_EXCEEDED', true],
  [5, 'NOT_FOUND', false],
  [6, 'ALREADY_EXISTS', false],
  [7, 'PERMISSION_DENIED', false],
  [8, 'RESOURCE_EXHAUSTED', false],
  [9, 'FAILED_PRECONDITION', false],
  [10, 'ABORTED', true],
  [11, 'OUT_OF_RANGE', true],
  [12, 'UNIMPLEMENTED', false],
  [13, 'INTERNAL', false],
  [14, 'UNAVAILABLE', true],
  [15, 'DATA_LOSS', true],
  [16, 'UNAUTHENTICATED', false],
];

for (const [code, name, retryable] of TABLE) {
  test(`${name} is ${retryable ? 'tried again' : 'permanent'}, and its message is kept`, async (t) => {
    const server = await grpcServer(t);
    server.answer = status(code, 'because: ünïcode 100%');
    await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), (error: Error) => {
      assert.ok(error instanceof (retryable ? RetryableError : PermanentError));
      assert.equal(error.message, `${name}: because: ünïcode 100%`);
      return true;
    });
  });
}

test('a code beyond the table is permanent', async (t) => {
  const server = await grpcServer(t);
  server.answer = status(77, 'new');
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), (e) => e instanceof PermanentError);
});

for (const code of [8, 14]) {
  test(`RetryInfo with ${code} says when`, async (t) => {
    const server = await grpcServer(t);
    server.answer = status(code, 'slow down', 2_500);
    await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), (error) => {
      return error instanceof RetryableError && error.retryAfterMs === 2_500;
    });
  });
}

test('RetryInfo does not make a permanent code retryable', async (t) => {
  const server = await grpcServer(t);
  server.answer = status(3, 'bad', 100);
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), PermanentError);
});

test('malformed status details are no harm', async (t) => {
  const server = await grpcServer(t);
  server.answer = ({ stream }) =>
    stream.respond({ ':status': 200, 'grpc-status': '14', 'grpc-status-details-bin': '////' }, { endStream: true });
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), /UNAVAILABLE/);
});

test('a status in real trailers, after headers', async (t) => {
  const server = await grpcServer(t);
  server.answer = ({ stream }) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14', 'grpc-message': 'later' }));
    stream.end();
  };
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), /UNAVAILABLE: later/);
});

test('partial success is returned, not thrown', async (t) => {
  const server = await grpcServer(t);
  const partialSuccess = { rejectedDataPoints: 4, errorMessage: 'too old' };
  server.answer = ok(
    ExportMetricsServiceResponse.encode(ExportMetricsServiceResponse.fromObject({ partialSuccess })).finish(),
  );
  assert.deepEqual(await sender(t, server.port).send(metricsBatch(10)), { rejected: 4, message: 'too old' });
  server.answer = ok(ExportMetricsServiceResponse.encode({ partialSuccess: {} }).finish());
  assert.equal(await sender(t, server.port).send(metricsBatch(10)), undefined, 'the Collector’s empty partial_success');
});

test('an unreadable response to a request that was taken does not send it again', async (t) => {
  const server = await grpcServer(t);
  server.answer = ok(new Uint8Array([0x0a, 0xff, 0xff]));
  const answer = await sender(t, server.port).send(opaqueBatch(1));
  assert.match(answer?.message ?? '', /malformed/);
});

test('OK without a message is OK', async (t) => {
  const server = await grpcServer(t);
  server.answer = status(0);
  assert.equal(await sender(t, server.port).send(opaqueBatch(1)), undefined);
});

/** Frames, headers of the response and its trailers, whatever they are. */
const raw =
  (bytes: Uint8Array, head: object = {}, trailers: object = { 'grpc-status': '0' }): Answer =>
  ({ stream }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...head }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers as http2.OutgoingHttpHeaders));
    stream.end(bytes);
  };

const partial = (partialSuccess: object): Uint8Array =>
  ExportMetricsServiceResponse.encode(ExportMetricsServiceResponse.fromObject({ partialSuccess })).finish();
const rejected4 = partial({ rejectedDataPoints: 4, errorMessage: 'too old' });

test('says which encodings of a response it reads', async (t) => {
  const server = await grpcServer(t);
  for (const compression of ['gzip', 'none']) await sender(t, server.port, { compression }).send(opaqueBatch(1));
  for (const { headers } of server.calls) assert.equal(headers['grpc-accept-encoding'], 'identity,gzip');
});

for (const [encoding, compress] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
] as const) {
  test(`a ${encoding} response is read, the same one again and another one, too`, async (t) => {
    const server = await grpcServer(t);
    const { send } = sender(t, server.port);
    const head = { 'grpc-encoding': encoding };
    const empty = raw(frame(compress(Buffer.from([0x0a, 0])), 1), head);
    const part = raw(frame(compress(rejected4), 1), head);
    const answers: (PartialSuccess | undefined)[] = [];
    for (const answer of [empty, empty, part, part, raw(frame(rejected4), head), empty]) {
      server.answer = answer;
      answers.push(await send(metricsBatch(9)));
    }
    const taken = { rejected: 4, message: 'too old' };
    assert.deepEqual(answers, [undefined, undefined, taken, taken, taken, undefined]);
  });
}

const MIB = 1024 * 1024;
const gzipped = { 'grpc-encoding': 'gzip' };

/** OK says that the request was taken: sending it again, or counting it as lost, would be wrong. */
for (const [what, answer, why] of [
  ['more than one message', raw(Buffer.concat([frame(Buffer.alloc(2)), frame(Buffer.alloc(2))])), /more than one/],
  ['cut short', raw(frame(Buffer.alloc(9)).subarray(0, 8)), /cut short/],
  ['not gRPC', raw(Buffer.from('<html></html>')), /not gRPC/],
  ['over 4 MiB', ok(new Uint8Array(4 * MIB + 1)), /too large/],
  ['over 4 MiB when it is inflated', raw(frame(gzipSync(Buffer.alloc(5 * MIB)), 1), gzipped), /too large/],
  ['no gzip', raw(frame(Buffer.from('no gzip at all, though it says so'), 1), gzipped), /says that it is gzip/],
  ['snappy', raw(frame(Buffer.alloc(3), 1), { 'grpc-encoding': 'snappy' }), /do not read \(snappy\)/],
  ['compressed in no way that it names', raw(frame(gzipSync(''), 1)), /does not say how/],
] as const) {
  test(`OK with a response that is ${what}: taken, counted as sent, said once`, async (t) => {
    const server = await grpcServer(t);
    server.answer = answer;
    const settings = testSettings('otlp_grpc');
    const config = factory.schema.parse({ endpoint: `127.0.0.1:${server.port}`, tls: { insecure: true } });
    const made = factory.create(settings, config);
    for (let i = 0; i < 3; i++) void made.consume(metricsBatch(5));
    await made.shutdown();
    const count = (name: string) => metricSum(settings.telemetry, name);
    assert.equal(await count('otelcol_exporter_sent_metric_points'), 15);
    assert.equal(await count('otelcol_exporter_send_failed_metric_points'), 0);
    assert.equal(await count('pxanomaly_exporter_dropped_items'), 0);
    const warnings = settings.lines.filter(({ level }) => Number(level) >= 40);
    assert.equal(warnings.length, 1);
    assert.match(String(warnings[0]?.why), why);
    assert.equal(server.calls.length, 3);
  });
}

test('partial success of the whole exporter: rejected items are counted, a remark is a warning', async (t) => {
  const server = await grpcServer(t);
  const rows: [Answer, number, number, RegExp | undefined][] = [
    [ok(new Uint8Array([0x0a, 0])), 9, 0, undefined],
    [ok(rejected4), 5, 4, /in part/],
    [ok(partial({ errorMessage: 'use delta' })), 9, 0, /remarks/],
    [ok(partial({ rejectedDataPoints: 1_000 })), 0, 9, /in part/],
    [ok(partial({ rejectedDataPoints: -3, errorMessage: 'odd' })), 9, 0, /remarks/],
  ];
  for (const [answer, sent, rejected, line] of rows) {
    server.answer = answer;
    const settings = testSettings('otlp_grpc');
    const config = factory.schema.parse({ endpoint: `127.0.0.1:${server.port}`, tls: { insecure: true } });
    const made = factory.create(settings, config);
    void made.consume(metricsBatch(9));
    await made.shutdown();
    const count = (name: string) => metricSum(settings.telemetry, name);
    assert.equal(await count('otelcol_exporter_sent_metric_points'), sent);
    assert.equal(await count('otelcol_exporter_send_failed_metric_points'), 0);
    assert.equal(await count('pxanomaly_exporter_dropped_items'), rejected);
    const warnings = settings.lines.filter(({ level }) => Number(level) >= 40);
    assert.equal(warnings.length, line ? 1 : 0);
    if (line) assert.match(String(warnings[0]?.msg), line);
  }
});

test('an endless response that is no gRPC ends the call', async (t) => {
  const server = await grpcServer(t);
  server.answer = ({ stream }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const more = (): void => {
      while (stream.writable && stream.write(Buffer.alloc(MIB, 'x')));
    };
    stream.on('drain', more);
    more();
  };
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), /INTERNAL: response is not gRPC/);
});

test('a response without a status is what it looks like: another server, or one that went away', async (t) => {
  const server = await grpcServer(t);
  server.answer = raw(Buffer.from('<html></html>'), { 'content-type': 'text/html' }, {});
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), (error: Error) => {
    return error instanceof PermanentError && /UNKNOWN: the answer is text\/html, not gRPC: is the/.test(error.message);
  });
  server.answer = raw(frame(Buffer.alloc(0)), {}, {});
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), (error: Error) => {
    return error instanceof RetryableError && /UNAVAILABLE: server ended the call without a status/.test(error.message);
  });
  server.answer = raw(Buffer.from('junk'.repeat(9)), {}, {});
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), /INTERNAL: response is not gRPC/);
});

test('a status that is no number is not OK', async (t) => {
  const server = await grpcServer(t);
  for (const word of ['', 'OK', '-1', '0x0']) {
    server.answer = raw(frame(Buffer.alloc(0)), {}, { 'grpc-status': word });
    await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), /UNKNOWN/);
  }
});

test('informational headers in front of the answer are none', async (t) => {
  const server = await grpcServer(t);
  server.answer = (call) => {
    call.stream.additionalHeaders({ ':status': 103, link: '</a>' });
    call.stream.additionalHeaders({ ':status': 100, 'grpc-status': '14' });
    ok(rejected4)(call);
  };
  assert.deepEqual(await sender(t, server.port).send(metricsBatch(9)), { rejected: 4, message: 'too old' });
});

for (const [code, retryable] of [
  [401, false],
  [404, false],
  [429, true],
  [502, true],
  [503, true],
  [500, false],
] as const) {
  test(`HTTP ${code} of a proxy is ${retryable ? 'tried again' : 'permanent'}`, async (t) => {
    const server = await grpcServer(t);
    server.answer = ({ stream }) => {
      stream.respond({ ':status': code, 'content-type': 'text/html' });
      stream.end('<html>no</html>');
    };
    await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), (error: Error) => {
      return error instanceof (retryable ? RetryableError : PermanentError) && error.message.includes(`HTTP ${code}`);
    });
  });
}

for (const [reset, name, pattern] of [
  [http2.constants.NGHTTP2_NO_ERROR, 'NO_ERROR', /^UNAVAILABLE/],
  [http2.constants.NGHTTP2_INTERNAL_ERROR, 'INTERNAL_ERROR', /^INTERNAL/],
  [http2.constants.NGHTTP2_CANCEL, 'CANCEL', /^(CANCELLED|UNAVAILABLE)/],
  [http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 'ENHANCE_YOUR_CALM', /^UNAVAILABLE/],
] as const) {
  test(`RST_STREAM ${name} becomes ${pattern.source}`, async (t) => {
    const server = await grpcServer(t);
    server.answer = ({ stream }) => stream.close(reset);
    await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), (error: Error) => pattern.test(error.message));
  });
}

test('a refused stream goes out once more at once, and only once', async (t) => {
  const server = await grpcServer(t);
  let refusals = 1;
  server.answer = (call) => {
    if (refusals-- > 0) call.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    else ok()(call);
  };
  const push = sender(t, server.port);
  await push.send(opaqueBatch(1));
  assert.equal(server.calls.length, 2);
  refusals = 99;
  await assert.rejects(push.send(opaqueBatch(1)), RetryableError);
  assert.equal(server.calls.length, 4);
});

test('one connection serves all requests', async (t) => {
  const server = await grpcServer(t);
  const push = sender(t, server.port);
  await Promise.all(Array.from({ length: 20 }, () => push.send(opaqueBatch(1))));
  assert.deepEqual(new Set(server.calls.map((call) => call.connection)), new Set([1]));
});

test('GOAWAY: the request under way is answered, the next opens a new connection', async (t) => {
  const server = await grpcServer(t);
  const push = sender(t, server.port);
  server.answer = (call) => {
    call.stream.session?.goaway();
    setTimeout(() => ok()(call), 30);
  };
  await push.send(opaqueBatch(1));
  server.answer = ok();
  await push.send(opaqueBatch(1));
  assert.deepEqual(
    server.calls.map((call) => call.connection),
    [1, 2],
  );
});

test('a connection that breaks fails the request as retryable and is replaced', async (t) => {
  const server = await grpcServer(t);
  const push = sender(t, server.port);
  server.answer = (call) => call.stream.session?.destroy();
  await assert.rejects(push.send(opaqueBatch(1)), RetryableError);
  server.answer = ok();
  await push.send(opaqueBatch(1));
  assert.equal(last(server).connection, 2);
});

test('nobody listens: retryable, with address and reason; the next call does not dial at once', async (t) => {
  const server = await grpcServer(t);
  await server.close();
  const push = sender(t, server.port);
  const refused = new RegExp(`cannot connect to http://127.0.0.1:${server.port}: .*ECONNREFUSED`);
  await assert.rejects(push.send(opaqueBatch(1)), (e: Error) => e instanceof RetryableError && refused.test(e.message));
  await assert.rejects(push.send(opaqueBatch(1)), refused);
});

test('wait_for_ready: the request waits until the server is there', async (t) => {
  const first = await grpcServer(t);
  await first.close();
  const push = sender(t, first.port, { wait_for_ready: true });
  const sent = push.send(opaqueBatch(1), AbortSignal.timeout(20_000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const second = await grpcServer(t, { port: first.port });
  await sent;
  assert.equal(second.calls.length, 1);
});

test('wait_for_ready: no longer than the attempt may take', async (t) => {
  const server = await grpcServer(t);
  await server.close();
  const push = sender(t, server.port, { wait_for_ready: true });
  await assert.rejects(push.send(opaqueBatch(1), AbortSignal.timeout(50)), { name: 'TimeoutError' });
});

test('close ends a dial that nobody answers, and who waits for it hears that it is closed', async (t) => {
  const silent = net.createServer();
  const accepted = once(silent, 'connection');
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const config = factory.schema.parse({ endpoint: `127.0.0.1:${port}`, tls: { insecure: true }, wait_for_ready: true });
  const push = grpcPush(testSettings('otlp_grpc'), config);
  const sent = push.send(opaqueBatch(1), AbortSignal.timeout(20_000));
  const [socket] = (await accepted) as [net.Socket];
  const left = once(
    socket.resume().on('error', () => {}),
    'close',
  );
  await push.close();
  await assert.rejects(sent, (e: Error) => e instanceof RetryableError && /closed/.test(e.message));
  await left;
});

test('close ends the pause after a failed connection', async (t) => {
  const server = await grpcServer(t);
  await server.close();
  const config = factory.schema.parse({
    endpoint: `127.0.0.1:${server.port}`,
    tls: { insecure: true },
    wait_for_ready: true,
  });
  const push = grpcPush(testSettings('otlp_grpc'), config);
  const sent = push.send(opaqueBatch(1), AbortSignal.timeout(20_000));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await push.close();
  await assert.rejects(sent, (e: Error) => e instanceof RetryableError && /closed/.test(e.message));
});

test('an abort ends a request that the server never reads', async (t) => {
  const server = await grpcServer(t, { settings: { initialWindowSize: 1 } });
  server.answer = () => {};
  const push = sender(t, server.port, { compression: 'none' });
  await assert.rejects(push.send(opaqueBatch(1, 1_000_000), AbortSignal.timeout(100)), { name: 'TimeoutError' });
});

test('a server of HTTP/1 is named as not answering HTTP/2', async (t) => {
  const server = http.createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  await assert.rejects(sender(t, (server.address() as AddressInfo).port).send(opaqueBatch(1)), RetryableError);
});

test('keepalive finds a connection that went silent', async (t) => {
  // The pings go to a proxy that stops passing anything on, as a dropped route does.
  const server = await grpcServer(t);
  const route: { silent: boolean } = { silent: false };
  const proxy = net.createServer((front) => {
    const back = net.connect(server.port, '127.0.0.1');
    front.on('data', (data) => route.silent || back.write(data));
    back.on('data', (data) => route.silent || front.write(data));
    for (const socket of [front, back]) socket.on('error', () => {});
    front.on('close', () => back.destroy());
    back.on('close', () => front.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const port = (proxy.address() as AddressInfo).port;
  const config = factory.schema.parse({
    endpoint: `127.0.0.1:${port}`,
    tls: { insecure: true },
    keepalive: { time: '30ms', timeout: '30ms' },
  });
  const push = grpcPush(testSettings('otlp_grpc'), config);
  t.after(() => push.close());
  await push.send(opaqueBatch(1), AbortSignal.timeout(10_000));
  route.silent = true;
  await assert.rejects(push.send(opaqueBatch(1), AbortSignal.timeout(10_000)), /keepalive|closed/);
  route.silent = false;
  await push.send(opaqueBatch(1), AbortSignal.timeout(10_000));
});

const TLS = {
  cert: readFileSync(fixture('tls/server.pem')),
  key: readFileSync(fixture('tls/server.key')),
  ca: readFileSync(fixture('tls/ca.pem')),
};

test('TLS: against the given authority, by the name that the certificate has', async (t) => {
  const server = await grpcServer(t, { tls: TLS });
  const push = sender(t, server.port, { tls: { ca_file: fixture('tls/ca.pem') } }, 'localhost');
  await push.start();
  await push.send(opaqueBatch(1));
  assert.equal(server.calls.length, 1);
  const wrong = { tls: { ca_file: fixture('tls/ca.pem'), server_name_override: 'elsewhere.example' } };
  await assert.rejects(sender(t, server.port, wrong).send(opaqueBatch(1)), /cannot connect.*(altnames|certificate)/);
});

test('TLS: an unknown authority is refused, unless verification is off', async (t) => {
  const server = await grpcServer(t, { tls: TLS });
  await assert.rejects(sender(t, server.port, { tls: {} }).send(opaqueBatch(1)), /cannot connect.*certificate/);
  await sender(t, server.port, { tls: { insecure_skip_verify: true } }).send(opaqueBatch(1));
  assert.equal(server.calls.length, 1);
});

test('TLS: a client certificate where the server wants one', async (t) => {
  const server = await grpcServer(t, { tls: { ...TLS, requestCert: true, rejectUnauthorized: true } });
  const ca = { ca_file: fixture('tls/ca.pem') };
  const own = { ...ca, cert_file: fixture('tls/client.pem'), key_file: fixture('tls/client.key') };
  await sender(t, server.port, { tls: own }, 'localhost').send(opaqueBatch(1));
  await assert.rejects(sender(t, server.port, { tls: ca }, 'localhost').send(opaqueBatch(1)), RetryableError);
});

test('TLS: the scheme of the endpoint decides over `insecure`', async (t) => {
  const secure = await grpcServer(t, { tls: TLS });
  const endpoint = `https://localhost:${secure.port}`;
  await sender(t, 0, { endpoint, tls: { insecure: true, ca_file: fixture('tls/ca.pem') } }).send(opaqueBatch(1));
  const plain = await grpcServer(t);
  await sender(t, 0, { endpoint: `http://127.0.0.1:${plain.port}`, tls: {} }).send(opaqueBatch(1));
  assert.deepEqual([secure.calls.length, plain.calls.length], [1, 1]);
});

test('TLS: a server that does not offer HTTP/2 is named so', async (t) => {
  const server = tls.createServer({ cert: TLS.cert, key: TLS.key }, (socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const push = sender(t, port, { tls: { ca_file: fixture('tls/ca.pem') } }, 'localhost');
  await assert.rejects(
    push.send(opaqueBatch(1)),
    (e: Error) => e instanceof RetryableError && /ALPN "h2"/.test(e.message),
  );
});

test('a certificate file that is not there fails the start by name', async (t) => {
  const push = sender(t, 4317, { tls: { ca_file: '/nowhere/ca.pem' } });
  await assert.rejects(push.start(), /ca_file \/nowhere\/ca\.pem/);
});

test('nothing is lost over a restart of the server', async (t) => {
  const first = await grpcServer(t);
  const retries = { initial_interval: '20ms', max_interval: '100ms' };
  const { exporter: made, sent } = exporter(t, first.port, { retry_on_failure: retries });
  void made.consume(metricsBatch(5));
  await until(async () => (await sent()) === 5);
  await first.close();
  for (let i = 0; i < 10; i++) void made.consume(metricsBatch(5));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const second = await grpcServer(t, { port: first.port });
  await until(async () => (await sent()) === 55);
  assert.equal(second.calls.length, 10);
});

test('shutdown delivers what is queued', async (t) => {
  const server = await grpcServer(t);
  const { exporter: made, sent } = exporter(t, server.port, { sending_queue: { num_consumers: 1 } });
  for (let i = 0; i < 50; i++) void made.consume(metricsBatch(2));
  await made.shutdown();
  assert.equal(await sent(), 100);
  await until(() => server.sessions.size === 0);
});

test('RESOURCE_EXHAUSTED with RetryInfo is tried again by the whole exporter', async (t) => {
  const server = await grpcServer(t);
  server.answer = (call) => (server.calls.length === 1 ? status(8, 'slow', 20) : ok())(call);
  const { exporter: made, sent } = exporter(t, server.port, { retry_on_failure: { initial_interval: '1ms' } });
  void made.consume(metricsBatch(2));
  await until(async () => (await sent()) === 2);
  assert.equal(server.calls.length, 2);
});

test('a status whose message is only in its details', async (t) => {
  const server = await grpcServer(t);
  const details = Buffer.from(statusDetails(3, 'bad attribute', 0)).toString('base64');
  server.answer = ({ stream }) =>
    stream.respond({ ':status': 200, 'grpc-status': '3', 'grpc-status-details-bin': details }, { endStream: true });
  await assert.rejects(sender(t, server.port).send(opaqueBatch(1)), /INVALID_ARGUMENT: bad attribute/);
});

for (const [wrong, pattern] of [
  [{ endpoint: 'collector' }, /host:port/],
  [{ endpoint: 'a:1', header: {} }, /header/],
  [{ endpoint: 'a:1', compression: 'lz4' }, /compression/],
  [{ endpoint: 'a:1', headers: { 'grpc-timeout': '1' } }, /grpc-/],
  [{}, /endpoint/],
] as const) {
  test(`refused at validation: ${JSON.stringify(wrong)}`, () => {
    assert.match(factory.schema.safeParse(wrong).error?.message ?? '', pattern);
  });
}

test('pings more often than servers allow are refused', () => {
  const config = factory.schema.parse({ endpoint: 'a:1', keepalive: { time: '1s' } });
  assert.match(factory.validate?.(config)?.join() ?? '', /keepalive/);
});

/** A batch on borrowed memory, and how often that came back. */
function borrowed(bytes: number): { batch: Batch; returned: () => number } {
  let returned = 0;
  const lease = new Lease(() => returned++);
  return { batch: { ...opaqueBatch(1, bytes), lease }, returned: () => returned };
}

test('borrowed memory comes back after a call that was answered', async (t) => {
  const server = await grpcServer(t);
  const { send } = sender(t, server.port, { compression: 'none' });
  for (const answer of [ok(), status(14, 'busy')]) {
    server.answer = answer;
    const { batch, returned } = borrowed(200_000);
    await send(batch).catch(() => {});
    batch.lease?.release();
    assert.equal(returned(), 1);
  }
});

test('memory of a call that was cut short comes back, and is not read any more', async (t) => {
  const server = http2.createServer({ settings: { initialWindowSize: 1_000 } });
  const sessions: http2.ServerHttp2Session[] = [];
  const streams: http2.ServerHttp2Stream[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream) => streams.push(stream.on('error', () => {})));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { send } = sender(t, (server.address() as AddressInfo).port, { compression: 'none' });
  const { batch, returned } = borrowed(200_000);
  await assert.rejects(send(batch, AbortSignal.timeout(100)));
  batch.lease?.release();
  assert.equal(returned(), 1);
  batch.body.fill(0xee);
  const received: Buffer[] = [];
  for (const stream of streams) stream.on('data', (chunk: Buffer) => received.push(chunk));
  await until(() => streams.length === 1 && streams[0]!.closed);
  assert.ok(Buffer.concat(received).length <= 1_000);
  assert.ok(!Buffer.concat(received).includes(0xee));
});
