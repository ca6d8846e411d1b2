// The gRPC server under calls that no client library makes: framing, deadlines, limits, admission.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { frameMessage, framePrefix } from '../../src/otlp/grpc-frame.js';
import { Code } from '../../src/otlp/status.js';
import { RetryableError } from '../../src/pipeline/index.js';
import { type RawAnswer, rawCall, rawSession } from '../support/grpc-raw.js';
import { END_STREAM, exportHeaders, FrameType, frame, PREFACE, reset } from '../support/http2-frames.js';
import { fixture } from '../support/paths.js';
import { endAll, eventually } from '../support/peers/processes.js';
import fc from '../support/property.js';
import { type ReceiverSetup, type RunningReceiver, startReceiver } from '../support/receiver.js';

after(endAll);

const edges = readFileSync(fixture('pixie/pixie-golden-gauge-http-edge.binpb'));
const GZIP = { 'grpc-encoding': 'gzip' };

interface Rig extends RunningReceiver {
  call(chunks: Uint8Array[], headers?: OutgoingHttpHeaders, end?: boolean): Promise<RawAnswer>;
}

async function rig(setup: ReceiverSetup = { grpc: null }): Promise<Rig> {
  const running = await startReceiver(setup);
  const session = rawSession(running.grpcPort);
  return { ...running, call: (chunks, headers = {}, end = true) => rawCall(session, { chunks, headers, end }) };
}

test('the answer is headers, an empty message, trailers with status 0', async () => {
  const { call } = await rig();
  const answer = await call([frameMessage(edges)]);
  assert.equal(answer.headers[':status'], 200);
  assert.equal(answer.headers['content-type'], 'application/grpc');
  assert.equal(answer.headers['grpc-accept-encoding'], 'identity,gzip');
  assert.deepEqual([...answer.data], [0, 0, 0, 0, 0]);
  assert.deepEqual([answer.status, answer.trailersOnly, answer.resetCode], [0, false, 0]);
});

test('a message is the same however its frame is cut into DATA frames', async () => {
  const { call, recorder } = await rig();
  const framed = frameMessage(gzipSync(edges), true);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(framed.length), { maxLength: 8 }), async (places) => {
      const sorted = [0, ...places.sort((a, b) => a - b), framed.length];
      const chunks = sorted.slice(1).map((end, i) => framed.subarray(sorted[i], end));
      assert.equal((await call(chunks, GZIP)).status, 0);
      assert.deepEqual(Buffer.from(recorder.batches.pop()!.body), edges);
    }),
    { numRuns: 40 },
  );
});

test('a batch owns its memory, compressed form included', async () => {
  const { call, recorder } = await rig();
  const gzip = gzipSync(edges);
  await call([frameMessage(edges)]);
  await call([frameMessage(gzip, true)], GZIP);
  const [plain, compressed] = recorder.batches;
  assert.equal(plain!.body.buffer.byteLength, edges.length);
  assert.equal(compressed!.gzip!.buffer.byteLength, gzip.length);
  assert.deepEqual(Buffer.from(compressed!.gzip!), gzip);
});

test('gzip is forwarded only where it is one member of exactly the body', async () => {
  const { call, recorder } = await rig();
  const halves = [edges.subarray(0, 100), edges.subarray(100)].map((part) => gzipSync(part));
  await call([frameMessage(Buffer.concat(halves), true)], GZIP);
  await call([frameMessage(edges, false)], GZIP);
  assert.deepEqual(
    recorder.batches.map(({ gzip, items }) => [gzip, items]),
    [
      [undefined, 18],
      [undefined, 18],
    ],
  );
});

const FAULTS: readonly [string, Uint8Array[], OutgoingHttpHeaders, number, RegExp][] = [
  ['no message', [], {}, Code.UNIMPLEMENTED, /brought none/],
  ['several messages', [frameMessage(edges), frameMessage(edges)], {}, Code.UNIMPLEMENTED, /brought more/],
  ['a cut prefix', [Buffer.from([0, 0])], {}, Code.INTERNAL, /ends before/],
  ['a cut message', [frameMessage(edges).subarray(0, 50)], {}, Code.INTERNAL, /ends before/],
  ['an unknown flag', [Buffer.from([7, 0, 0, 0, 0])], {}, Code.INTERNAL, /neither 0 nor 1/],
  ['compression without a name', [frameMessage(gzipSync(edges), true)], {}, Code.INTERNAL, /does not say how/],
  ['gzip that is none', [frameMessage(edges, true)], GZIP, Code.INTERNAL, /says that it is gzip, and is not/],
  [
    'O1: an unknown compression',
    [frameMessage(edges, true)],
    { 'grpc-encoding': 'snappy' },
    Code.UNIMPLEMENTED,
    /snappy is not supported; gzip is/,
  ],
  [
    'a malformed deadline',
    [frameMessage(edges)],
    { 'grpc-timeout': 'soon' },
    Code.INTERNAL,
    /grpc-timeout is malformed/,
  ],
  [
    'G1: an unknown method',
    [frameMessage(edges)],
    { ':path': '/opentelemetry.proto.collector.metrics.v1.MetricsService/Import' },
    Code.UNIMPLEMENTED,
    /unknown service or method .*Import/,
  ],
  [
    'G1: an unknown service',
    [frameMessage(edges)],
    { ':path': '/grpc.health.v1.Health/Check' },
    Code.UNIMPLEMENTED,
    /unknown service or method/,
  ],
];

for (const [what, chunks, headers, code, text] of FAULTS) {
  test(`${what} is answered with code ${code}, trailers only, and the connection lives on`, async () => {
    const { call, recorder } = await rig();
    const answer = await call(chunks, headers);
    assert.deepEqual([answer.status, answer.headers[':status'], answer.trailersOnly], [code, 200, true]);
    assert.match(answer.message, text);
    assert.equal(answer.retryAfterMs, undefined);
    assert.equal(answer.headers['grpc-accept-encoding'], 'identity,gzip');
    assert.equal((await call([frameMessage(edges)])).status, 0);
    assert.equal(recorder.batches.length, 1);
  });
}

test('what is no gRPC at all is answered by HTTP', async () => {
  const { call } = await rig();
  const json = await call([frameMessage(edges)], { 'content-type': 'application/json' });
  assert.deepEqual([json.headers[':status'], json.headers['grpc-status']], [415, undefined]);
  assert.equal((await call([], { 'content-type': 'application/grpc+json' })).headers[':status'], 415);
  assert.equal((await call([], { ':method': 'GET' })).headers[':status'], 405);
  for (const type of ['application/grpc+proto', 'application/grpc;charset=utf-8'])
    assert.equal((await call([frameMessage(edges)], { 'content-type': type })).status, 0);
});

test('G2: a declared length over the limit is refused before the message is sent', async () => {
  const { call } = await rig({ grpc: { max_recv_msg_size_mib: 1 } });
  const answer = await call([framePrefix((1 << 20) + 1)], {}, false);
  assert.deepEqual([answer.status, answer.resetCode, answer.retryAfterMs], [Code.RESOURCE_EXHAUSTED, 0, undefined]);
});

test('G2: a gzip bomb is refused within the limit', async () => {
  const { call } = await rig({ grpc: { max_recv_msg_size_mib: 1 } });
  const bomb = gzipSync(Buffer.alloc(32 << 20));
  const lying = Buffer.from(bomb);
  lying.writeUInt32LE(10, lying.length - 4);
  for (const each of [bomb, lying])
    assert.equal((await call([frameMessage(each, true)], GZIP)).status, Code.RESOURCE_EXHAUSTED);
});

test('admission: the pipeline is asked when the length is declared, and again with the inflated length', async () => {
  const { call, recorder } = await rig();
  const gzip = gzipSync(edges);
  await call([frameMessage(gzip, true)], GZIP);
  assert.deepEqual(recorder.asked, [gzip.length, edges.length]);
});

test('G6: a refusal before the body is there ends the call at once, with the delay', async () => {
  const { call, recorder, count } = await rig();
  recorder.refusals.push(new RetryableError('memory limit reached', 3000));
  const answer = await call([framePrefix(5000)], {}, false);
  assert.deepEqual(
    [answer.status, answer.message, answer.retryAfterMs],
    [Code.UNAVAILABLE, 'memory limit reached', 3000],
  );
  assert.equal(await count('pxanomaly_receiver_refused_requests', { reason: 'unavailable' }), 1);
});

test('G6: a refusal after decompression is answered likewise; without a known delay it is a second', async () => {
  const { call, recorder } = await rig();
  recorder.refusals.push(undefined, new RetryableError('queue full'));
  const answer = await call([frameMessage(edges)]);
  assert.deepEqual([answer.status, answer.message, answer.retryAfterMs], [Code.UNAVAILABLE, 'queue full', 1000]);
  assert.equal(recorder.batches.length, 0);
});

test('a deadline that passes before the message is complete: DEADLINE_EXCEEDED, nothing is taken', async () => {
  const { grpcPort, recorder, count } = await startReceiver({ grpc: null });
  const framed = frameMessage(edges);
  const session = rawSession(grpcPort);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    'content-type': 'application/grpc',
    'grpc-timeout': '20m',
  });
  let status: unknown;
  stream.on('response', (headers) => {
    status = headers['grpc-status'];
  });
  stream.resume().write(framed.subarray(0, 10));
  await eventually(() => recorder.asked.length === 1);
  await sleep(40);
  stream.end(framed.subarray(10));
  await eventually(() => status !== undefined);
  assert.equal(status, String(Code.DEADLINE_EXCEEDED));
  assert.equal(recorder.batches.length, 0);
  assert.equal(await count('pxanomaly_receiver_refused_requests', { reason: 'deadline' }), 1);
});

test('a deadline in time is no obstacle', async () => {
  const { call } = await rig();
  assert.equal((await call([frameMessage(edges)], { 'grpc-timeout': '5S' })).status, 0);
});

test('a call that its client gives up takes nothing and disturbs nobody', async () => {
  const { grpcPort, recorder, call } = await rig();
  const session = rawSession(grpcPort);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    'content-type': 'application/grpc',
  });
  stream.on('error', () => {});
  stream.write(frameMessage(edges).subarray(0, 100));
  await sleep(20);
  stream.close(8);
  session.destroy();
  assert.equal((await call([frameMessage(edges)])).status, 0);
  assert.equal(recorder.batches.length, 1);
});

test('a client that leaves while the pipeline works is no fault', async () => {
  const { grpcPort, recorder, call, lines } = await rig();
  let finish = (): void => {};
  recorder.behave = () => new Promise((resolve) => (finish = resolve));
  const session = rawSession(grpcPort);
  void rawCall(session, { chunks: [frameMessage(edges)] });
  await eventually(() => recorder.batches.length === 1);
  session.destroy();
  await sleep(20);
  finish();
  recorder.behave = () => undefined;
  assert.equal((await call([frameMessage(edges)])).status, 0);
  assert.deepEqual(
    lines.filter(({ level }) => Number(level) >= 50),
    [],
  );
});

const PING = frame(FrameType.PING, 0, 0, Buffer.alloc(8));
const PONG = frame(FrameType.PING, 1, 0, Buffer.alloc(8));

/**
 * Writes bytes on a connection of their own, and leaves when the server has read them: it answered the ping behind
 * them, or closed.
 */
async function sendRaw(port: number, bytes: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write(Buffer.concat([PREFACE, frame(FrameType.SETTINGS, 0, 0), bytes, PING]));
  let received = Buffer.alloc(0);
  await Promise.race([
    once(socket, 'close'),
    sleep(25),
    new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.includes(PONG)) resolve();
      });
    }),
  ]);
  await sleep(1);
  socket.destroy();
}

const CUT = frame(FrameType.DATA, 0, 1, frameMessage(edges).subarray(0, 100));
const WHOLE = frame(FrameType.DATA, END_STREAM, 1, frameMessage(edges));

for (const [what, bytes] of Object.entries({
  'resets with NO_ERROR in the middle of a message': Buffer.concat([exportHeaders(1), CUT, reset(1, 0)]),
  'resets with CANCEL in the middle of a message': Buffer.concat([exportHeaders(1), CUT, reset(1, 8)]),
  'resets when the message is complete': Buffer.concat([exportHeaders(1), WHOLE, reset(1, 8)]),
  'says good-bye in the middle of a message': Buffer.concat([
    exportHeaders(1),
    CUT,
    frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8)),
  ]),
  'leaves in the middle of a message': Buffer.concat([exportHeaders(1), CUT]),
})) {
  test(`a client that ${what} does not bring the server down`, async () => {
    const { grpcPort, call } = await rig();
    for (let i = 0; i < 5; i++) await sendRaw(grpcPort, bytes);
    assert.equal((await call([frameMessage(edges)])).status, 0);
  });
}

test('arbitrary sequences of frames, of streams and of bytes do not bring the server down', async () => {
  const { grpcPort, call, recorder } = await rig();
  recorder.behave = () => new Promise((resolve) => setImmediate(resolve));
  const framed = frameMessage(edges);
  const data = fc.tuple(fc.constantFrom(3, 100, framed.length), fc.boolean()).map(
    ([length, end]) =>
      (id: number) =>
        frame(FrameType.DATA, end ? END_STREAM : 0, id, framed.subarray(0, length)),
  );
  const step = fc.oneof(
    { weight: 6, arbitrary: data },
    { weight: 2, arbitrary: fc.constantFrom(0, 2, 8).map((code) => (id: number) => reset(id, code)) },
    { weight: 1, arbitrary: fc.constant(() => PING) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.nat(10), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 20 }))
        .map((parts) => () => frame(...parts)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => () => bytes) },
  );
  const streams = fc.array(fc.array(step, { maxLength: 3 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(streams, async (calls) => {
      const frames = calls.flatMap((steps, i) => [exportHeaders(2 * i + 1), ...steps.map((make) => make(2 * i + 1))]);
      await sendRaw(grpcPort, Buffer.concat(frames));
    }),
    { numRuns: 100 },
  );
  assert.ok(recorder.batches.length > 0, 'some calls came through');
  assert.equal((await call([frameMessage(edges)])).status, 0);
});

test('a status text is cut to what every client accepts', async () => {
  const { call, recorder } = await rig();
  recorder.refusals.push(new RetryableError('ö'.repeat(5000), 1000));
  const { message, retryAfterMs } = await call([frameMessage(edges)]);
  assert.deepEqual([message.length, retryAfterMs], [501, 1000]);
});

test('a refusal for a client that has left is counted, and disturbs nobody', async () => {
  const { grpcPort, recorder, call, count } = await rig();
  let fail = (_: Error): void => {};
  recorder.behave = () =>
    new Promise((_, reject) => {
      fail = reject;
    });
  const session = rawSession(grpcPort);
  void rawCall(session, { chunks: [frameMessage(edges)] });
  await eventually(() => recorder.batches.length === 1);
  session.destroy();
  await sleep(20);
  fail(new RetryableError('too late'));
  recorder.behave = () => undefined;
  assert.equal((await call([frameMessage(edges)])).status, 0);
  assert.equal(await count('pxanomaly_receiver_refused_requests', { reason: 'unavailable' }), 1);
});

test('arbitrary bytes as a message are refused or taken, and the server lives', async () => {
  const { call, recorder } = await rig();
  const codes = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, framed) => {
      const answer = await call([framed ? frameMessage(bytes) : bytes]);
      codes.add(answer.status);
      assert.ok(Number.isInteger(answer.status), JSON.stringify(answer.headers));
    }),
    { numRuns: 200 },
  );
  assert.ok(codes.size > 1);
  recorder.batches.length = 0;
  assert.equal((await call([frameMessage(edges)])).status, 0);
  assert.equal(recorder.batches.length, 1);
});

test('mutated requests are refused as malformed or taken, and the server lives', async () => {
  const { call } = await rig();
  const codes = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.nat(edges.length - 1), fc.nat(255), fc.boolean(), async (at, byte, gzip) => {
      const bytes = Buffer.from(edges);
      bytes[at] = byte;
      const answer = await call([frameMessage(gzip ? gzipSync(bytes) : bytes, gzip)], gzip ? GZIP : {});
      codes.set(answer.status, (codes.get(answer.status) ?? 0) + 1);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(new Set(codes.keys()), new Set([0, Code.INVALID_ARGUMENT]));
});
