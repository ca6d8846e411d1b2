// The gRPC exporter against the server of @grpc/grpc-js: another implementation's reading of the protocol.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import factory from '../../src/exporters/otlp-grpc/factory.js';
import { RetryableError } from '../../src/pipeline/index.js';
import { metricSum, metricsBatch, opaqueBatch, testSettings } from '../support/batches.js';
import { statusDetails } from '../support/grpc-server.js';

const raw = (bytes: Buffer): Buffer => bytes;

const EXPORT = {
  path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  requestStream: false,
  responseStream: false,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
};

type Handler = grpc.handleUnaryCall<Buffer, Buffer>;

async function serve(context: TestContext, handler: Handler): Promise<number> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 64 * 1024 * 1024 });
  server.addService({ Export: EXPORT }, { Export: handler });
  context.after(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function exporterTo(port: number, options: object) {
  const settings = testSettings('otlp_grpc');
  const config = factory.schema.parse({ endpoint: `127.0.0.1:${port}`, tls: { insecure: true }, ...options });
  return { settings, exporter: factory.create(settings, config) };
}

for (const compression of ['none', 'gzip']) {
  test(`requests from empty to 20 MB, ${compression}`, async (t) => {
    const seen: Buffer[] = [];
    const port = await serve(t, (call, answer) => {
      seen.push(call.request);
      answer(null, Buffer.alloc(0));
    });
    const batches = [0, 1, 1_000, 16_384, 65_536, 20_000_000].map((bytes) => opaqueBatch(1, bytes, 'metrics', 5));
    const { exporter } = exporterTo(port, { compression, sending_queue: { num_consumers: 1 } });
    for (const batch of batches) void exporter.consume(batch);
    await exporter.shutdown();
    assert.deepEqual(
      seen.map((body) => body.byteLength),
      batches.map((batch) => batch.body.byteLength),
    );
    assert.ok(seen.every((body) => body.every((byte) => byte === 5)));
  });
}

test('status details of grpc-js: RetryInfo is understood', async (t) => {
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(statusDetails(14, 'later', 1_200)));
  const port = await serve(t, (_call, answer) => answer({ code: 14, details: 'later, please', metadata }));
  const alone = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };
  const { exporter } = exporterTo(port, alone);
  t.after(() => exporter.shutdown());
  await assert.rejects(exporter.consume(metricsBatch(1)) as Promise<void>, (error) => {
    return error instanceof RetryableError && error.retryAfterMs === 1_200 && /later, please/.test(error.message);
  });
});

test('the server sees the deadline and the metadata', async (t) => {
  let left = 0;
  let tenant: unknown;
  const port = await serve(t, (call, answer) => {
    left = Number(call.getDeadline()) - Date.now();
    tenant = call.metadata.get('x-tenant')[0];
    answer(null, Buffer.alloc(0));
  });
  const { exporter } = exporterTo(port, { timeout: '40s', headers: { 'x-tenant': 'blue' } });
  void exporter.consume(metricsBatch(1));
  await exporter.shutdown();
  assert.ok(left > 30_000 && left <= 40_000, `${left} ms left`);
  assert.equal(tenant, 'blue');
});

test('a server that never answers: the attempt ends at the timeout and is tried again', async (t) => {
  let calls = 0;
  const port = await serve(t, (_call, answer) => {
    if (++calls > 1) answer(null, Buffer.alloc(0));
  });
  const retries = { initial_interval: '1ms' };
  const { exporter, settings } = exporterTo(port, { timeout: '50ms', retry_on_failure: retries });
  t.after(() => exporter.shutdown());
  void exporter.consume(metricsBatch(3));
  while ((await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points')) < 3)
    await new Promise((resolve) => setTimeout(resolve, 5));
  // On a busy machine the next attempt may time out as well.
  assert.ok(calls >= 2, `${calls} calls`);
});

test('more requests at once than the server allows streams', async (t) => {
  let most = 0;
  let open = 0;
  const server = new grpc.Server({ 'grpc.max_concurrent_streams': 3 });
  const handler: Handler = (_call, answer) => {
    most = Math.max(most, ++open);
    setImmediate(() => {
      open--;
      answer(null, Buffer.alloc(0));
    });
  };
  server.addService({ Export: EXPORT }, { Export: handler });
  t.after(() => server.forceShutdown());
  const port = await new Promise<number>((resolve) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (_error, bound) => resolve(bound)),
  );
  const { exporter, settings } = exporterTo(port, { sending_queue: { num_consumers: 40 } });
  for (let i = 0; i < 200; i++) void exporter.consume(metricsBatch(1));
  await exporter.shutdown();
  assert.equal(await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points'), 200);
  assert.ok(most <= 3);
});
