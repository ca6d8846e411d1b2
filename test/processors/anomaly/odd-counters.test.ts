// Counters of a service graph that show what no counter should: the series and its writers are named, no window is
// invented.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { REPLAY } from '../../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { anomalyConfig, metricsRequest, type Point, Sink } from '../../support/anomaly.js';
import { sum } from '../../support/otlp.js';
import { testSettings } from '../../support/settings.js';

const START = 1_700_000_000;
const MINUTE = 60;

type Line = Readonly<Record<string, unknown>>;
/** [seconds from the start, requests counted, start time in seconds from the start]. */
type Reading = readonly [at: number, value: number, start?: number | undefined];

const SENDER = { 'host.name': 'node-a', 'service.name': 'otelcol' };

function request([at, value, start]: Reading): Uint8Array {
  const attributes = { client: 'web', server: 'orders' };
  const options = { time: START + at, attributes, ...(start === undefined ? {} : { start: START + start }) };
  return metricsRequest({ resource: SENDER, metrics: [sum('traces_service_graph_request_total', value, options)] });
}

/** What the gateway says after an hour and a half of 60 requests a minute, the first 70 minutes of them undisturbed. */
async function heard(odd: (minute: number) => readonly Reading[] | undefined, start?: number, from = 70) {
  const lines: Line[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  const settings = testSettings('anomaly', { telemetry: createTelemetry({ log }) });
  const processor = createAnomalyProcessor(settings, anomalyConfig({ export_bands: 'all' }), REPLAY);
  const sink = new Sink();
  const stage = processor.stage('metrics', 'metrics', sink);
  for (let minute = 0; minute < 90; minute++) {
    const usual: Reading = [minute * MINUTE, 1000 + 60 * minute, start];
    for (const reading of (minute >= from ? odd(minute) : undefined) ?? [usual]) {
      await stage.consume({
        signal: 'metrics',
        body: request(reading),
        items: 1,
        origin: 'received',
        metadata: new Map(),
        receivedUnixNano: 0n,
      });
    }
  }
  const { points } = processor.status();
  await processor.shutdown();
  const requests = sink.points.filter(
    ({ name, attributes }: Point) => name === 'px.anomaly.observed' && attributes['anomaly.feature'] === 'requests',
  );
  return { lines, points, events: sink.events, requests: requests.map(({ value }) => value) };
}

test('counters: two writers of one identity are named, and the first goes on being counted', async () => {
  const { lines, points, events, requests } = await heard(
    (minute) => [
      [minute * MINUTE, 1000 + 60 * minute, -3600],
      [minute * MINUTE + 20, 900_000 + 600 * minute, 1800],
    ],
    -3600,
  );
  assert.deepEqual([...new Set(requests)], [60]);
  assert.equal(events.filter(({ name }) => name !== 'px.anomaly.score').length, 0);
  assert.equal(points.overlap, 20);
  const warning = lines.find(({ msg }) => String(msg).includes('write one counter'));
  assert.deepEqual(
    [warning?.sender, warning?.edge, warning?.metric, warning?.counted_since, warning?.other_since],
    [
      'host.name=node-a',
      'web → orders',
      'traces_service_graph_request_total',
      new Date((START - 3600) * 1000).toISOString(),
      new Date((START + 1800) * 1000).toISOString(),
    ],
  );
});

test('counters: a wild reading, or one of zero, is no spike and no drop, and is said once', async () => {
  for (const value of [1e15, 0]) {
    const { lines, events, requests } = await heard((minute) =>
      minute === 75 ? [[minute * MINUTE, value]] : undefined,
    );
    assert.deepEqual([...new Set(requests)], [60], `reading ${value}`);
    assert.deepEqual(events, []);
    const said = lines.filter(({ msg }) => String(msg).includes('wrong reading and came back'));
    assert.deepEqual(
      said.map(({ sender, edge }) => [sender, edge]),
      [['host.name=node-a', 'web → orders']],
    );
  }
});

test('counters: the level of zero for two readings, then the old one: what happened since, no spike', async () => {
  for (const start of [undefined, -3600]) {
    const { lines, requests } = await heard(
      (minute) => (minute === 75 || minute === 76 ? [[minute * MINUTE, 0, start]] : undefined),
      start,
    );
    assert.ok(Math.max(...requests) <= 60, `${requests}`);
    assert.equal(lines.filter(({ msg }) => String(msg).includes('wrong reading and came back')).length, 1);
  }
});

test('counters: one that began anew passes its old level by steps, and every step counts', async () => {
  const { requests } = await heard((minute) => [[minute * MINUTE, (minute - 75) * 600]], undefined, 75);
  assert.deepEqual([...new Set(requests.slice(-10))], [600]);
});

test('counters: a start time that is its own sample says nothing, and one that moves from the first sample on is no other writer', async () => {
  const starts = [(minute: number) => minute * MINUTE, (minute: number) => -3600 + (((minute * 5) % 7) - 3) * 20];
  for (const startAt of starts) {
    const { requests, points } = await heard(
      (minute) => [[minute * MINUTE, 1000 + 60 * minute, startAt(minute)]],
      undefined,
      0,
    );
    assert.deepEqual([...new Set(requests)], [60]);
    assert.equal(points.overlap, 0);
  }
});

test("counters: what Prometheus' receiver meets late begins with what it shows, not at zero", async () => {
  const sink = new Sink();
  const processor = createAnomalyProcessor(testSettings('anomaly'), anomalyConfig({ export_bands: 'all' }), REPLAY);
  const stage = processor.stage('metrics', 'metrics', sink);
  for (let minute = 0; minute < 40; minute++) {
    const time = START + MINUTE * minute;
    const point = (server: string, value: number, start: number) =>
      sum('traces_service_graph_request_total', value, { time, start, attributes: { client: 'web', server } });
    const metrics = [point('orders', 1000 + 60 * minute, START - 3600)];
    if (minute >= 20) metrics.push(point('stock', 1_000_000 + 60 * minute, START + 20 * MINUTE));
    await stage.consume({
      signal: 'metrics',
      body: metricsRequest({ resource: SENDER, metrics }),
      items: 1,
      origin: 'received',
      metadata: new Map(),
      receivedUnixNano: 0n,
    });
  }
  await processor.shutdown();
  const of = sink.points.filter(
    ({ name, attributes: a }) =>
      name === 'px.anomaly.observed' && a['anomaly.feature'] === 'requests' && a.dst_service === 'stock',
  );
  assert.deepEqual([...new Set(of.map(({ value }) => value))], [60]);
});
