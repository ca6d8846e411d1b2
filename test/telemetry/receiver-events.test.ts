// Counters and lines of a receiver.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createTelemetry, type Telemetry } from '../../src/telemetry/index.js';
import { rateLimited } from '../../src/telemetry/rate-limited-log.js';
import { type ReceiverEvents, type Refusal, receiverEvents } from '../../src/telemetry/receiver-events.js';
import { Told } from '../../src/telemetry/told.js';

interface Rig {
  readonly events: ReceiverEvents;
  readonly telemetry: Telemetry;
  readonly lines: Record<string, unknown>[];
}

function rig(): Rig {
  const lines: Record<string, unknown>[] = [];
  const telemetry = createTelemetry({ log: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }) });
  return { telemetry, lines, events: receiverEvents(telemetry, { type: 'otlp', name: 'a' }, ['grpc', 'http']) };
}

const refusal: Refusal = {
  transport: 'grpc',
  signal: 'traces',
  items: 7,
  reason: 'unavailable',
  message: 'full',
  peer: '10.0.0.1',
};

test('every counter of the served transports is there from the start, at 0', async () => {
  const { telemetry } = rig();
  const text = await telemetry.registry.metrics();
  for (const name of ['accepted', 'refused', 'failed'])
    for (const items of ['metric_points', 'spans', 'log_records'])
      for (const transport of ['grpc', 'http'])
        assert.ok(text.includes(`otelcol_receiver_${name}_${items}{receiver="otlp/a",transport="${transport}"} 0\n`));
  assert.ok(text.includes('otelcol_receiver_requests{receiver="otlp/a",transport="http",outcome="refused"} 0'));
});

test('what was taken, what the pipeline refused and what failed in the receiver are counted apart', async () => {
  const { telemetry, events } = rig();
  events.accepted('http', 'logs', 5);
  events.refused(refusal);
  events.refused({ ...refusal, reason: 'rejected' });
  events.refused({ ...refusal, reason: 'internal', cause: new Error('x') });
  events.refused({ ...refusal, signal: undefined, items: 0, reason: 'unsupported' });
  const text = await telemetry.registry.metrics();
  for (const line of [
    'otelcol_receiver_accepted_log_records{receiver="otlp/a",transport="http"} 5',
    'otelcol_receiver_refused_spans{receiver="otlp/a",transport="grpc"} 14',
    'otelcol_receiver_failed_spans{receiver="otlp/a",transport="grpc"} 7',
    'otelcol_receiver_requests{receiver="otlp/a",transport="http",outcome="success"} 1',
    'otelcol_receiver_requests{receiver="otlp/a",transport="grpc",outcome="refused"} 2',
    'otelcol_receiver_requests{receiver="otlp/a",transport="grpc",outcome="failure"} 2',
    'pxanomaly_receiver_refused_requests{receiver="otlp/a",transport="grpc",reason="unavailable"} 1',
  ])
    assert.ok(text.includes(`${line}\n`), line);
});

test('a line by reason, not by request; faults of ours are errors', () => {
  const { events, lines } = rig();
  for (let i = 0; i < 100; i++) events.refused(refusal);
  events.refused({ ...refusal, reason: 'internal', message: 'oops', cause: new Error('why') });
  assert.equal(lines.length, 2);
  const [warned, failed] = lines;
  assert.equal(warned!.msg, 'Refused a request: full');
  assert.deepEqual(
    [warned!.level, warned!.component, warned!.reason, warned!.peer],
    [40, 'otlp/a', 'unavailable', '10.0.0.1'],
  );
  assert.equal(failed!.level, 50);
  assert.match(JSON.stringify(failed!.err), /why/);
});

test('seldom: one line an interval and key, then how many were held back', () => {
  const lines: object[] = [];
  let now = 0;
  const line = rateLimited(
    (fields) => lines.push(fields),
    () => now,
  );
  line('a', { n: 1 }, '');
  line('a', { n: 2 }, '');
  line('b', { n: 3 }, '');
  now = 10_000;
  line('a', { n: 4 }, '');
  now = 20_000;
  line('a', { n: 5 }, '');
  assert.deepEqual(lines, [{ n: 1 }, { n: 3 }, { n: 4, suppressed: 1 }, { n: 5 }]);
});

test('seldom: keys that a stranger makes up do not grow without bound', () => {
  let written = 0;
  const line = rateLimited(
    () => written++,
    () => 0,
  );
  for (let i = 0; i < 1000; i++) line(`key ${i}`, {}, '');
  line('key 0', {}, '');
  assert.equal(written, 1001);
});

test('told: once a name, twenty names in a minute, and the rest when they come again', () => {
  let now = 0;
  const told = new Told(() => now);
  const names = Array.from({ length: 30 }, (_, i) => `sender ${i}`);
  assert.equal(names.filter((name) => told.isNew(name)).length, 20);
  assert.equal(names.filter((name) => told.isNew(name)).length, 0);
  now = 60_000;
  assert.deepEqual(
    names.filter((name) => told.isNew(name)),
    names.slice(20),
  );
});

test('told: a flood of names does not make it grow', () => {
  let now = 0;
  const told = new Told(() => now);
  for (let i = 0; i < 5_000; i++, now += 60_000) assert.ok(told.isNew(`sender ${i}`));
  assert.ok(told.isNew('sender 0'), 'it was forgotten');
  now += 60_000;
  assert.equal(told.isNew('sender 4999'), false);
});
