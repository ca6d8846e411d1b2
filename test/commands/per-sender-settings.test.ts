// Settings that travel with the data, over real gRPC metadata and HTTP headers, to one gateway with two clusters.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { ClusterStatus } from '../../src/detection/status/cluster-status.js';
import { decodeStatus } from '../../src/otlp/status.js';
import { type Running, startInProcess } from '../support/gateway.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { grpcSender, httpSender } from '../support/peers/senders.js';
import { fault, PAYMENT, START, shopRequest, WINDOW } from '../support/shop.js';

const WINDOWS = 340;
const MILD = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 2.9 }));

const senders = (at: Running): readonly ClusterStatus[] =>
  (at.gateway.status().components.find(({ id }) => id === 'anomaly')!.state as { senders: ClusterStatus[] }).senders;

/** Both clusters send the same traffic, `strict` with settings over gRPC, `plain` over HTTP with others or none. */
async function twoClusters(strict: Record<string, string>, plain: Record<string, string> = {}): Promise<Running> {
  const at = await startInProcess();
  const first = grpcSender(at.grpcPort, { metadata: strict });
  const second = httpSender(at.httpPort, { headers: plain });
  for (let i = 0; i < WINDOWS; i++) {
    await first.send('metrics', shopRequest(i, MILD, { 'px.cluster.id': 'strict', 'k8s.cluster.name': '' }));
    await second.send('metrics', shopRequest(i, MILD, { 'px.cluster.id': 'plain', 'k8s.cluster.name': '' }));
  }
  first.close();
  const done = () => senders(at).every(({ lastWindowMs }) => lastWindowMs >= (START + (WINDOWS - 2) * WINDOW) * 1000);
  await eventually(() => senders(at).length === 2 && done(), 20_000, 'the learning');
  return at;
}

/** Clusters of which an event of this name began. */
function clustersWith(at: Running, name: string): string[] {
  const began = at
    .events()
    .filter(
      (event) => event.name === name && ['started', 'opened'].includes(String(event.attributes['anomaly.state'])),
    );
  return [...new Set(began.map(({ attributes }) => String(attributes['px.cluster.id'])))].toSorted((a, b) =>
    a.localeCompare(b),
  );
}

after(endAll);

describe('two clusters on one gateway do not disturb each other', () => {
  test('thresholds', async () => {
    const at = await twoClusters({ 'x-pxanomaly-threshold': '0.999' });
    assert.deepEqual(clustersWith(at, 'px.anomaly.network.latency_spike'), ['plain']);
  });

  test('detectors', async () => {
    const at = await twoClusters({ 'x-pxanomaly-detectors': 'new_edge' }, { 'x-pxanomaly-detectors': 'zscore' });
    assert.deepEqual(clustersWith(at, 'px.anomaly.network.latency_spike'), ['plain']);
  });

  describe('export intervals and incident budgets', () => {
    let at: Running;
    before(async () => {
      at = await twoClusters(
        { 'x-pxanomaly-export-interval': '20s', 'x-pxanomaly-incidents-per-day': '0.000001' },
        { 'x-pxanomaly-export-interval': '50s', 'x-pxanomaly-incidents-per-day': '100' },
      );
    });

    test('each cluster hears its scores at its own interval', () => {
      const times = (cluster: string) => {
        const all = at
          .points()
          .filter(({ name, attributes }) => name === 'px.anomaly.score' && attributes['px.cluster.id'] === cluster)
          .map(({ time }) => time)
          .filter((time) => time < START + WINDOWS * WINDOW);
        return [...new Set(all)];
      };
      for (const [cluster, interval] of [
        ['strict', 20],
        ['plain', 50],
      ] as const) {
        // The first interval may have begun before the settings were known.
        const seen = times(cluster).slice(1);
        assert.ok(seen.length > 30, `${cluster}: ${seen.length}`);
        assert.deepEqual(new Set(seen.slice(1).map((time, i) => time - seen[i]!)), new Set([interval]), cluster);
      }
    });

    test('the same fault is an incident for the one with the larger budget', () => {
      assert.deepEqual(clustersWith(at, 'px.anomaly.network.latency_spike'), ['plain', 'strict']);
      assert.deepEqual(clustersWith(at, 'px.anomaly.incident'), ['plain']);
    });

    test('doctor shows what is in force where', () => {
      const settings = Object.fromEntries(senders(at).map((one) => [one.id, one.settings]));
      assert.deepEqual(settings, {
        strict: { 'x-pxanomaly-export-interval': '20s', 'x-pxanomaly-incidents-per-day': 0.000001 },
        plain: { 'x-pxanomaly-export-interval': '50s', 'x-pxanomaly-incidents-per-day': 100 },
      });
    });
  });
});

describe('a bad value is one sentence that names header, value and what is allowed', () => {
  const CASES = [
    [
      'x-pxanomaly-threshold',
      'very high',
      '"very high" is not allowed; give a number from 0.8 to 0.999, such as 0.95.',
    ],
    ['x-pxanomaly-export-interval', '2d', '"2d" is not allowed; give a duration from 1s to 24h, such as 60s.'],
    ['x-pxanomaly-incidents-per-day', '0', '"0" is not allowed; give a number above 0 and up to 100, such as 1.'],
    [
      'x-pxanomaly-detectors',
      'zscore,magic',
      '"zscore,magic" is not allowed; give a list of zscore, isolation_forest, autoencoder, new_edge, separated by commas.',
    ],
  ] as const;
  let at: Running;
  before(async () => {
    at = await startInProcess({ token: 'opensesame' });
  });

  for (const [header, value, sentence] of CASES) {
    test(`${header}: INVALID_ARGUMENT over gRPC, 400 over HTTP, and nothing is forwarded`, async () => {
      const headers = { [header]: value, 'x-pxanomaly-token': 'opensesame' };
      for (const signal of ['metrics', 'traces'] as const) {
        const body = signal === 'metrics' ? shopRequest(0) : ONE_SPAN;
        const sender = grpcSender(at.grpcPort, { metadata: headers });
        await assert.rejects(sender.send(signal, body), (error: ServiceError) => {
          assert.equal(error.code, status.INVALID_ARGUMENT);
          assert.equal(error.details, `${header}: ${sentence}`);
          return true;
        });
        sender.close();
        const response = await fetch(`http://127.0.0.1:${at.httpPort}/v1/${signal}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf', ...headers },
          body: Buffer.from(body),
        });
        assert.equal(response.status, 400);
        assert.equal(response.headers.get('retry-after'), null);
        const answer = decodeStatus(new Uint8Array(await response.arrayBuffer()));
        assert.equal(answer.message, `${header}: ${sentence}`);
        assert.equal(answer.retryAfterMs, undefined);
      }
      assert.deepEqual(at.batches, []);
    });
  }

  /** What Pixie sends when a script found no rows, in every form that an empty request has. */
  const EMPTY = {
    'no byte': new Uint8Array(),
    'a resource without data': Uint8Array.of(0x0a, 0x00),
    'a scope without data': Uint8Array.of(0x0a, 0x02, 0x12, 0x00),
  };
  for (const [header, value, sentence] of CASES)
    test(`${header}: an empty request is refused as a full one is`, async () => {
      const headers = { [header]: value, 'x-pxanomaly-token': 'opensesame' };
      const before = at.batches.length;
      for (const signal of ['metrics', 'traces'] as const)
        for (const [form, body] of Object.entries(EMPTY)) {
          const sender = grpcSender(at.grpcPort, { metadata: headers });
          await assert.rejects(sender.send(signal, body), (error: ServiceError) => {
            assert.equal(error.code, status.INVALID_ARGUMENT, form);
            assert.equal(error.details, `${header}: ${sentence}`);
            return true;
          });
          sender.close();
          await assert.rejects(httpSender(at.httpPort, { headers }).send(signal, body), /HTTP 400/, form);
        }
      const json = await fetch(`http://127.0.0.1:${at.httpPort}/v1/metrics`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      });
      assert.equal(json.status, 400);
      assert.equal(at.batches.length, before);
    });

  test('an empty request with good settings is taken, and goes no further', async () => {
    const headers = { 'x-pxanomaly-threshold': '0.95', 'x-pxanomaly-token': 'opensesame' };
    const before = at.batches.length;
    for (const signal of ['metrics', 'traces'] as const)
      for (const body of Object.values(EMPTY)) await httpSender(at.httpPort, { headers }).send(signal, body);
    assert.equal(at.batches.length, before);
  });

  test('a bad token is one, too', async () => {
    const sender = grpcSender(at.grpcPort, { metadata: { 'x-pxanomaly-token': 'sesame' } });
    await assert.rejects(sender.send('metrics', shopRequest(0)), (error: ServiceError) => {
      assert.equal(error.code, status.UNAUTHENTICATED);
      assert.equal(error.details, 'the token in x-pxanomaly-token is not the one that this receiver was given');
      return true;
    });
    sender.close();
  });

  test('with good values and the token as a bearer, the same request is taken', async () => {
    const headers = { authorization: 'Bearer opensesame', 'x-pxanomaly-threshold': '0.95' };
    await httpSender(at.httpPort, { headers }).send('metrics', shopRequest(0));
    assert.equal(at.batches.length, 1);
  });
});

/** A request of one span: resource_spans { scope_spans { spans { name: "a" } } }. */
const ONE_SPAN = Uint8Array.of(0x0a, 0x07, 0x12, 0x05, 0x12, 0x03, 0x2a, 0x01, 0x61);
