// The loop-back into Pixie: what is announced, that it fits, that it never leaves the cluster and never hurts the
// pipeline.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { opentelemetry } from '#proto';
import { announcements, MAX_BODY_BYTES } from '../../src/exporters/pixie-loopback/announcement.js';
import { schema } from '../../src/exporters/pixie-loopback/config.js';
import { PATH, PixieLoopback } from '../../src/exporters/pixie-loopback/pixie-loopback.js';
import { type Batch, ownBatch } from '../../src/pipeline/index.js';
import { createTelemetry, type Telemetry } from '../../src/telemetry/index.js';
import fc from '../support/property.js';
import { testSettings } from '../support/settings.js';

const LogsRequest = opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
type Value = string | number;

function events(...records: { name: string; attributes: Record<string, Value> }[]): Uint8Array {
  const logRecords = records.map(({ name, attributes }) => ({
    eventName: name,
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? { stringValue: value } : { doubleValue: value },
    })),
  }));
  return LogsRequest.encode({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }).finish();
}

const SPIKE = {
  name: 'px.anomaly.network.latency_spike',
  attributes: {
    src_service: 'checkout',
    src_namespace: 'shop',
    dst_service: 'payment',
    namespace: 'shop',
    'anomaly.state': 'started',
    'anomaly.score': 0.98765432,
    'anomaly.observed': 0.25,
    'anomaly.expected': 0.05,
  },
};

describe('pixie_loopback', () => {
  let exporter: PixieLoopback | undefined;
  let witness: Server | undefined;
  afterEach(async () => {
    await exporter?.shutdown();
    witness?.closeAllConnections();
    witness?.close();
    exporter = witness = undefined;
  });

  function create(telemetry: Telemetry, endpoint: string, more: object = {}): PixieLoopback {
    const settings = testSettings('pixie_loopback', { telemetry });
    exporter = new PixieLoopback(settings, schema.parse({ endpoint, listen: '127.0.0.1:0', ...more }));
    return exporter;
  }

  /** A stand-in for the Service that remembers what was posted. */
  async function listen(): Promise<{ endpoint: string; posts: { url: string; body: string }[] }> {
    const posts: { url: string; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        posts.push({ url: request.url ?? '', body });
        response.writeHead(204).end();
      });
    });
    witness = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posts };
  }

  it('announces an edge event with its kind, ends and numbers', async () => {
    const { endpoint, posts } = await listen();
    const loopback = create(createTelemetry(), endpoint);
    await loopback.start();
    loopback.consume(ownBatch('logs', events(SPIKE, { name: 'px.anomaly.incident', attributes: {} }), 2));
    await loopback.shutdown();
    assert.deepEqual(
      posts.map(({ url, body }) => [url, JSON.parse(body)]),
      [
        [
          PATH,
          {
            kind: 'latency_spike',
            state: 'started',
            src: 'shop/checkout',
            dst: 'shop/payment',
            score: 0.987654,
            observed: 0.25,
            expected: 0.05,
          },
        ],
      ],
    );
  });

  it('leaves received logs alone', async () => {
    const { endpoint, posts } = await listen();
    const loopback = create(createTelemetry(), endpoint);
    await loopback.start();
    loopback.consume({ ...ownBatch('logs', events(SPIKE), 1), origin: 'received' } as Batch);
    await loopback.shutdown();
    assert.deepEqual(posts, []);
  });

  it('any event fits into what Pixie keeps of a body', () => {
    const name = fc.string({ maxLength: 300 });
    const number = fc.double();
    fc.assert(
      fc.property(name, name, name, number, number, (service, namespace, other, score, observed) => {
        const attributes = {
          src_service: service,
          src_namespace: namespace,
          dst_service: other,
          'anomaly.score': score,
          'anomaly.observed': observed,
        };
        const [text = ''] = announcements(events({ name: SPIKE.name, attributes }));
        assert.ok(JSON.parse(text));
        assert.ok(Buffer.byteLength(text) <= MAX_BODY_BYTES, `${Buffer.byteLength(text)} bytes`);
      }),
    );
  });

  it('announces no more than the rate allows, and counts the rest', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 5_000 });
    const { endpoint, posts } = await listen();
    const telemetry = createTelemetry();
    const loopback = create(telemetry, endpoint, { max_per_second: 2 });
    await loopback.start();
    loopback.consume(ownBatch('logs', events(SPIKE, SPIKE, SPIKE, SPIKE, SPIKE), 5));
    await loopback.shutdown();
    assert.equal(posts.length, 2);
    assert.match(await telemetry.registry.metrics(), /pxanomaly_pixie_loopback_dropped\{reason="rate"\} 3/);
  });

  it('a Service that is not there is counted, not thrown', async () => {
    const telemetry = createTelemetry();
    const loopback = create(telemetry, 'http://127.0.0.1:1');
    await loopback.start();
    assert.equal(loopback.consume(ownBatch('logs', events(SPIKE), 1)), undefined);
    await loopback.shutdown();
    assert.match(await telemetry.registry.metrics(), /pxanomaly_pixie_loopback_dropped\{reason="failed"\} 1/);
  });

  it('answers its own announcements', async () => {
    const loopback = create(createTelemetry(), 'http://127.0.0.1:1');
    await loopback.start();
    const post = (path: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${loopback.port}${path}`, { method: 'POST', body: '{}' });
    assert.equal((await post(PATH)).status, 204);
    assert.equal((await post('/other')).status, 404);
  });

  it('refuses an endpoint outside the cluster', () => {
    for (const endpoint of [
      'http://example.com:80',
      'https://pxanomaly.observability:9465',
      'http://10.0.0.7.example.org',
    ])
      assert.equal(schema.safeParse({ endpoint }).success, false, endpoint);
    for (const endpoint of [
      'http://pxanomaly.observability.svc:9465',
      'http://pxanomaly.observability.svc.cluster.local:9465',
    ])
      assert.equal(schema.safeParse({ endpoint }).success, true, endpoint);
  });
});
