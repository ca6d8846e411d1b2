// OTLP/gRPC seen by the official client: the items O and G of the OTLP specification.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type ServiceError, status } from '@grpc/grpc-js';
import { decodeStatus } from '../../src/otlp/status.js';
import { PermanentError, RetryableError, SIGNALS } from '../../src/pipeline/index.js';
import { fixture } from '../support/paths.js';
import { endAll } from '../support/peers/processes.js';
import { SAMPLES } from '../support/peers/sample-requests.js';
import { grpcSender, type Sender } from '../support/peers/senders.js';
import { startReceiver } from '../support/receiver.js';

after(endAll);

const edges = readFileSync(fixture('pixie/pixie-golden-gauge-http-edge.binpb'));
const DETAILS = 'grpc-status-details-bin';

/** The error that a call ends with. */
async function refusal(call: Promise<unknown>): Promise<ServiceError> {
  const answer = await call.then(
    () => assert.fail('was taken'),
    (error: ServiceError) => error,
  );
  assert.ok('code' in answer, String(answer));
  return answer;
}

/** Runs `use` with a client and closes it. */
async function withSender<T>(
  port: number,
  options: Parameters<typeof grpcSender>[1],
  use: (sender: Sender) => Promise<T>,
): Promise<T> {
  const sender = grpcSender(port, options);
  try {
    return await use(sender);
  } finally {
    sender.close();
  }
}

for (const gzip of [false, true]) {
  test(`O1, G1: every signal is taken byte for byte${gzip ? ', gzip' : ''}`, async () => {
    const { recorder, grpcPort, count } = await startReceiver({ grpc: null });
    await withSender(grpcPort, { gzip }, async (sender) => {
      for (const signal of SIGNALS) await sender.send(signal, SAMPLES[signal]);
    });
    assert.deepEqual(
      recorder.batches.map(({ signal }) => signal),
      SIGNALS,
    );
    for (const batch of recorder.batches) {
      assert.deepEqual(Buffer.from(batch.body), Buffer.from(SAMPLES[batch.signal]));
      assert.equal(batch.origin, 'received');
      assert.ok(batch.receivedUnixNano > 1_700_000_000_000_000_000n);
      assert.equal(batch.gzip !== undefined, gzip);
      if (batch.gzip) assert.deepEqual(gunzipSync(batch.gzip), Buffer.from(batch.body));
    }
    assert.equal(await count('otelcol_receiver_requests', { transport: 'grpc', outcome: 'success' }), 3);
    assert.equal(
      await count('otelcol_receiver_accepted_metric_points', { receiver: 'otlp' }),
      recorder.batches[0]?.items,
    );
  });
}

test('items are counted: 18 data points in the recorded edge request', async () => {
  const { recorder, grpcPort, count } = await startReceiver({ grpc: null });
  await withSender(grpcPort, { gzip: true }, (sender) => sender.send('metrics', edges));
  assert.equal(recorder.batches[0]?.items, 18);
  assert.equal(await count('otelcol_receiver_accepted_metric_points', { transport: 'grpc' }), 18);
});

test('O2: an empty request is a success, and goes no further', async () => {
  const { recorder, grpcPort } = await startReceiver({ grpc: null });
  for (const gzip of [false, true])
    await withSender(grpcPort, { gzip }, (sender) => sender.send('metrics', Buffer.alloc(0)));
  assert.equal(recorder.batches.length, 0);
});

test('O3: on success partial_success is unset: the response is an empty message', async () => {
  const { grpcPort } = await startReceiver({ grpc: null });
  const response = await withSender(grpcPort, {}, (sender) => sender.send('metrics', edges));
  assert.equal(response.length, 0);
});

test('G2: a message over the limit is RESOURCE_EXHAUSTED for good, before and after inflation', async () => {
  const { recorder, grpcPort, count } = await startReceiver({ grpc: { max_recv_msg_size_mib: 1 } });
  for (const gzip of [false, true]) {
    const error = await withSender(grpcPort, { gzip }, (sender) =>
      refusal(sender.send('metrics', Buffer.alloc(3 << 20))),
    );
    assert.equal(error.code, status.RESOURCE_EXHAUSTED);
    assert.equal(error.details, 'the request is larger than 1 MiB, the limit that max_recv_msg_size_mib sets');
    assert.deepEqual(error.metadata.get(DETAILS), []);
  }
  assert.equal(recorder.batches.length, 0);
  assert.equal(await count('pxanomaly_receiver_refused_requests', { reason: 'too_large' }), 2);
});

test('G2: the default limit takes the largest requests that Pixie makes', async () => {
  const { recorder, grpcPort } = await startReceiver({ grpc: null });
  const rows = Buffer.concat(Array.from({ length: 2100 }, () => edges));
  await withSender(grpcPort, { gzip: true }, (sender) => sender.send('metrics', rows));
  await withSender(grpcPort, { gzip: false }, (sender) => sender.send('metrics', rows));
  assert.deepEqual(
    recorder.batches.map(({ items }) => items),
    [37_800, 37_800],
  );
});

test('G4: malformed protobuf is INVALID_ARGUMENT, and the next request is served', async () => {
  const { recorder, grpcPort, count } = await startReceiver({ grpc: null });
  await withSender(grpcPort, {}, async (sender) => {
    const error = await refusal(sender.send('metrics', edges.subarray(0, edges.length - 1)));
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.match(error.details, /^malformed protobuf at byte \d+: /);
    await sender.send('metrics', edges);
  });
  assert.equal(recorder.batches.length, 1);
  assert.equal(await count('pxanomaly_receiver_refused_requests', { reason: 'malformed' }), 1);
  assert.equal(await count('otelcol_receiver_requests', { outcome: 'failure' }), 1);
});

test('G4, G6: a pipeline that cannot take it now is UNAVAILABLE with RetryInfo', async () => {
  const { recorder, grpcPort, count } = await startReceiver({ grpc: null });
  recorder.behave = () => {
    throw new RetryableError('the sending queue of otlp_grpc is full', 2500);
  };
  const error = await withSender(grpcPort, {}, (sender) => refusal(sender.send('metrics', edges)));
  assert.equal(error.code, status.UNAVAILABLE);
  assert.equal(error.details, 'the sending queue of otlp_grpc is full');
  const [details] = error.metadata.get(DETAILS);
  assert.deepEqual(decodeStatus(details as Buffer), { code: 14, message: error.details, retryAfterMs: 2500 });
  assert.equal(await count('otelcol_receiver_refused_metric_points', { transport: 'grpc' }), 18);
  assert.equal(await count('otelcol_receiver_requests', { outcome: 'refused' }), 1);
});

test('G4: codes of permanent refusals', async () => {
  const { recorder, grpcPort } = await startReceiver({ grpc: null });
  const codes = {
    invalid_argument: status.INVALID_ARGUMENT,
    unauthenticated: status.UNAUTHENTICATED,
    permission_denied: status.PERMISSION_DENIED,
    failed_precondition: status.FAILED_PRECONDITION,
    internal: status.INTERNAL,
  } as const;
  await withSender(grpcPort, {}, async (sender) => {
    for (const [code, expected] of Object.entries(codes)) {
      recorder.behave = () => Promise.reject(new PermanentError(`größer: ${code} 100 %`, code as keyof typeof codes));
      const error = await refusal(sender.send('metrics', edges));
      assert.deepEqual([error.code, error.details], [expected, `größer: ${code} 100 %`]);
    }
  });
});

test('a fault of ours is INTERNAL without its text, and is logged with it', async () => {
  const { recorder, grpcPort, lines, count } = await startReceiver({ grpc: null });
  recorder.behave = () => Promise.reject(new TypeError('secret detail'));
  const error = await withSender(grpcPort, {}, (sender) => refusal(sender.send('metrics', edges)));
  assert.equal(error.code, status.INTERNAL);
  assert.doesNotMatch(error.details, /secret/);
  assert.match(JSON.stringify(lines.filter(({ level }) => level === 50)), /secret detail/);
  assert.equal(await count('otelcol_receiver_failed_metric_points'), 18);
});

test('G7: concurrent calls on one connection are all answered', async () => {
  const { recorder, grpcPort } = await startReceiver({ grpc: { max_concurrent_streams: 4 } });
  recorder.behave = () => new Promise((resolve) => setImmediate(resolve));
  await withSender(grpcPort, { gzip: true }, (sender) =>
    Promise.all(Array.from({ length: 50 }, () => sender.send('metrics', edges))),
  );
  assert.equal(recorder.batches.length, 50);
});

test('a signal without a pipeline is UNIMPLEMENTED', async () => {
  const { grpcPort } = await startReceiver({ grpc: null, signals: ['metrics'] });
  const error = await withSender(grpcPort, {}, (sender) => refusal(sender.send('logs', Buffer.alloc(0))));
  assert.deepEqual([error.code, error.details], [status.UNIMPLEMENTED, 'no pipeline of this receiver takes logs']);
});

test('per-sender settings and credentials stay with the batch, everything else only on demand', async () => {
  const metadata = { 'x-pxanomaly-threshold': '0.95', authorization: 'Bearer t', 'x-tenant': 'a' };
  const kept = async (grpc: object): Promise<Record<string, string>> => {
    const { recorder, grpcPort } = await startReceiver({ grpc });
    await withSender(grpcPort, { metadata }, (sender) => sender.send('metrics', edges));
    return Object.fromEntries(recorder.batches[0]!.metadata);
  };
  assert.deepEqual(await kept({}), { 'x-pxanomaly-threshold': '0.95', authorization: 'Bearer t' });
  const { 'user-agent': agent, ...rest } = await kept({ include_metadata: true });
  assert.deepEqual(rest, metadata);
  assert.match(agent!, /^grpc-node/);
});
