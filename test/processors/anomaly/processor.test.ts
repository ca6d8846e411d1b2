// The processor end to end on the kernel: payload bytes in, the same bytes on, results decoded back.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PermanentError } from '../../../src/pipeline/index.js';
import { Bench, type Event, metricsRequest, type Point, pixieRow, Sink } from '../../support/anomaly.js';
import { opaqueBatch } from '../../support/batches.js';
import { fault, PAYMENT, START, shopRequest, WINDOW } from '../../support/shop.js';

const CLUSTER = '3f2b9c1e-7a44-4d0a-9d53-1c2f6a0be9aa';
const EDGE = {
  src_service: 'checkout',
  dst_service: 'payment',
  namespace: 'shop',
  src_namespace: 'shop',
  'px.cluster.id': CLUSTER,
};
const isPayment = ({ attributes }: Point | Event) => attributes.dst_service === 'payment';

describe('a latency fault', () => {
  const bench = new Bench({ pixie_ui: 'work.withpixie.ai' });
  const sent: Uint8Array[] = [];
  let events: Event[] = [];
  let points: Point[] = [];

  before(async () => {
    await bench.processor.start();
    const change = fault(800, 812, PAYMENT, (w) => ({ ...w, latency: w.latency! * 5 }));
    for (let i = 0; i < 900; i++) {
      sent.push(shopRequest(i, change));
      await bench.send(sent.at(-1)!);
    }
    await bench.processor.flush();
    events = bench.sink.events;
    points = bench.sink.points;
  });
  after(() => bench.processor.shutdown());

  test('what came in goes on as it came', () => {
    assert.deepEqual(
      bench.sink.forwarded.map(({ body }) => body),
      sent,
    );
    bench.sink.forwarded.forEach(({ body }, i) => {
      assert.equal(body, sent[i], 'the very bytes, not a copy');
    });
  });

  test('its event names the edge, the numbers as received, and the time of the window', () => {
    const [started, resolved, ...rest] = events.filter(({ name }) => name.startsWith('px.anomaly.network.'));
    assert.ok(started && resolved);
    assert.deepEqual(rest, []);
    assert.equal(started.name, 'px.anomaly.network.latency_spike');
    assert.equal(started.severity, 9);
    for (const event of [started, resolved]) {
      for (const [key, value] of Object.entries(EDGE)) assert.equal(event.attributes[key], value, key);
    }
    const { attributes } = started;
    assert.equal(attributes['anomaly.state'], 'started');
    assert.equal(attributes['anomaly.detector'], 'zscore');
    assert.equal(attributes['anomaly.feature'], 'latency');
    assert.equal(attributes['anomaly.unit'], 'ns');
    assert.ok(Math.abs(Number(attributes['anomaly.observed']) - 1e8) < 1e7);
    assert.ok(Math.abs(Number(attributes['anomaly.expected']) - 2e7) < 1e6);
    assert.ok(Number(attributes['anomaly.upper']) < 5e7);
    assert.ok(Number(attributes['anomaly.score']) >= 0.9);
    assert.ok([800, 801].map((i) => START + i * WINDOW).includes(started.time));
    assert.equal(started.observedTime, started.time, 'in a replay, so that the same input gives the same bytes');
    assert.match(
      started.body,
      /^Latency from shop\/checkout to shop\/payment rose to [\d.]+ ms \(expected 20(\.\d)? ms/,
    );
    assert.equal(resolved.attributes['anomaly.state'], 'resolved');
    assert.equal(resolved.attributes['anomaly.duration_s'], resolved.time - started.time);
    assert.match(resolved.body, /back to normal after/);
  });

  test('its contributions add up to the evidence', () => {
    const [started] = events.filter(isPayment);
    const contributions = started!.attributes['anomaly.contributions'] as string[];
    assert.match(contributions[0]!, /^latency_spike /);
    const total = contributions.reduce((sum, text) => sum + Number(text.split(' ')[1]), 0);
    assert.ok(Math.abs(total - Number(started!.attributes['anomaly.evidence'])) < 0.02 * contributions.length);
  });

  test('a link leads to the edge in Pixie', () => {
    const [started] = events.filter(isPayment);
    const link = new URL(String(started!.attributes['anomaly.link']));
    assert.equal(link.host, 'work.withpixie.ai');
    assert.equal(link.pathname, `/clusterID/${CLUSTER}`);
    assert.equal(link.searchParams.get('script'), 'px/service_edge_stats');
    assert.equal(link.searchParams.get('requesting_svc'), 'shop/checkout');
    assert.equal(link.searchParams.get('responding_svc'), 'shop/payment');
  });

  test('its gauge lasts as long as it, then is 0 once', () => {
    const gauge = points.filter(({ name }) => name === 'px.anomaly.network.latency_spike');
    assert.ok(gauge.every(isPayment));
    assert.ok(gauge.length > 10);
    assert.equal(gauge.at(-1)!.value, 0);
    assert.deepEqual(
      gauge.slice(0, -1).filter(({ value }) => value <= 0 || value > 1),
      [],
    );
    const times = gauge.map(({ time }) => time);
    assert.deepEqual(
      times,
      times.map((_, i) => times[0]! + i * WINDOW),
      'in every window',
    );
  });

  test('the band of each feature goes out while it lasts, in the unit received', () => {
    const observed = points.filter(({ name }) => name === 'px.anomaly.observed');
    const units = new Map(observed.map(({ attributes, unit }) => [attributes['anomaly.feature'], unit]));
    assert.deepEqual(Object.fromEntries(units), { latency: 'ns', requests: '', errors: '1', bytes: 'By' });
    assert.ok(observed.every(isPayment));
    const names = new Set(points.map(({ name }) => name));
    for (const name of ['px.anomaly.expected', 'px.anomaly.lower', 'px.anomaly.upper'])
      assert.ok(names.has(name), name);
  });

  test('scores of all edges go out each export interval of event time', () => {
    const scores = points.filter(({ name }) => name === 'px.anomaly.score');
    const times = [...new Set(scores.map(({ time }) => time))];
    assert.ok(times.length >= 148 && times.length <= 151, String(times.length));
    assert.deepEqual(new Set(times.slice(1).map((time, i) => time - times[i]!)), new Set([60]));
    const last = scores.filter(({ time }) => time === times.at(-1));
    assert.equal(last.length, 4);
    assert.deepEqual(new Set(Object.keys(last[0]!.attributes)), new Set(Object.keys(EDGE)));
  });

  test('a sum counts what started', () => {
    const sums = points.filter(({ name, kind }) => name === 'px.anomaly.events' && kind === 'sum');
    assert.equal(sums.at(-1)!.value, 1);
    assert.deepEqual(sums.at(-1)!.attributes, { 'anomaly.kind': 'latency_spike' });
  });

  test('it is one incident with payment as its source', () => {
    const incidents = events.filter(({ name }) => name === 'px.anomaly.incident');
    assert.deepEqual(
      incidents.map(({ attributes }) => attributes['anomaly.state']),
      ['opened', 'closed'],
    );
    const [opened] = incidents;
    assert.equal(opened!.severity, 13);
    assert.equal(opened!.attributes['incident.source'], 'shop/payment');
    assert.deepEqual(opened!.attributes['incident.edges'], ['shop/checkout → shop/payment']);
    assert.deepEqual(opened!.attributes['incident.services'], ['shop/checkout', 'shop/payment']);
    assert.deepEqual(opened!.attributes['anomaly.kinds'], ['latency_spike']);
    assert.match(String(opened!.attributes['anomaly.link']), /script=px%2Fservice&service=shop%2Fpayment/);
    assert.match(
      opened!.body,
      /^Incident in prod: shop\/payment is the likely source, 1 edge of 2 services shows latency spike; score 0\.\d+\.$/,
    );
    const [started] = events.filter(isPayment);
    assert.equal(started!.attributes['incident.id'], opened!.attributes['incident.id']);
    const open = points.filter(({ name }) => name === 'px.anomaly.incidents.open').map(({ value }) => value);
    assert.equal(Math.max(...open), 1);
    assert.equal(open.at(-1), 0);
  });

  test('the status knows it all', () => {
    const status = bench.processor.status();
    assert.equal(status.requests, 900);
    assert.equal(status.edges, 4);
    assert.equal(status.edgesLearning, 0);
    assert.equal(status.readyInMs, 0);
    assert.equal(status.anomaliesStarted, 1);
    assert.deepEqual(status.features, { latency: 4, requests: 4, errors: 4, bytes: 4 });
    assert.equal(status.points.folded, 900 * 16);
    assert.deepEqual(
      status.feeds.map(({ name, periodMs }) => [name, periodMs]),
      [['http.edge', 10_000]],
    );
  });
});

/** The results of a replay of requests, as bytes. */
async function resultBytes(requests: readonly Uint8Array[]): Promise<string[]> {
  const bench = new Bench();
  await bench.processor.start();
  for (const body of requests) await bench.send(body);
  await bench.processor.flush();
  await bench.processor.shutdown();
  return bench.sink.results.flatMap(({ body, events }) =>
    [body, events?.body ?? new Uint8Array()].map((b) => Buffer.from(b).toString('hex')),
  );
}

test('the same results, bit for bit, however the stream is cut into requests', async () => {
  const change = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 8, errors: 200 }));
  const whole = Array.from({ length: 320 }, (_, i) => shopRequest(i, change));
  const parts = Array.from({ length: 320 }, (_, i) =>
    [3, 1, 0, 2].map((edge) => shopRequest(i, (j, e, w) => (e === edge ? change(j, e, w) : undefined))),
  ).flat();
  const [a, b] = [await resultBytes(whole), await resultBytes(parts)];
  assert.ok(a.length > 20);
  assert.deepEqual(b, a);
});

test('malformed data is refused, names the byte, and nothing is handed on', async () => {
  const bench = new Bench();
  await bench.processor.start();
  await assert.rejects(
    async () => bench.send(new Uint8Array([0x0a, 0xff])),
    (error: unknown) => {
      assert.ok(error instanceof PermanentError);
      assert.equal(error.code, 'invalid_argument');
      assert.match(error.message, /malformed protobuf at byte \d+/);
      return true;
    },
  );
  assert.deepEqual(bench.sink.batches, []);
  await bench.processor.shutdown();
});

test('an empty request passes', async () => {
  const bench = new Bench();
  await bench.processor.start();
  await bench.send(new Uint8Array());
  assert.equal(bench.sink.forwarded.length, 1);
  await bench.processor.shutdown();
});

test('logs pass through untouched, and are counted', async () => {
  const { processor } = new Bench();
  await processor.start();
  const sink = new Sink();
  const batch = opaqueBatch(1, 8, 'logs');
  await processor.stage('logs', 'logs', sink).consume(batch);
  assert.equal(sink.forwarded[0], batch);
  assert.equal(processor.status().requests, 1);
  await processor.shutdown();
});

test('a request beyond the size limit is forwarded, not scored', async () => {
  const bench = new Bench({ max_request_size_mib: 1 });
  await bench.processor.start();
  const rows = Array.from({ length: 4000 }, (_, i) => pixieRow(`x/s${i}`, 'x/d', START, { requests: 1, latency: 1 }));
  await bench.send(metricsRequest(...rows));
  assert.equal(bench.sink.forwarded.length, 1);
  assert.equal(bench.processor.status().edges, 0);
  await bench.processor.shutdown();
});
