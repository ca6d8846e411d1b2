// Texts that are not UTF-8, or that are long: each spoils itself and nothing beside it, and what is kept of it owns its
// memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { bounded, MAX_STRING, readAttributes } from '../../../src/detection/rules/attributes.js';
import type { Batch } from '../../../src/pipeline/index.js';
import { REPLAY } from '../../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { anomalyConfig, Bench, Sink } from '../../support/anomaly.js';
import { gauge, metricsRequest } from '../../support/otlp.js';
import { testSettings } from '../../support/settings.js';
import { CLIENT, PRODUCER, SERVER, type SpanOptions, traceRequest } from '../../support/spans.js';

const START = 1_767_571_200;
const MARK = 'XXXX';

/** Twenty good edges, and one whose destination has four letters that are replaced by bytes that are no UTF-8. */
function request(tick: number, bad: Uint8Array): Buffer {
  const metrics = Array.from({ length: 21 }, (_, i) => {
    const attributes = { src_service: `a${i}`, dst_service: i === 20 ? `bad${MARK}` : `b${i}` };
    return gauge('edge.requests', 5, { attributes, time: START + 10 * tick });
  });
  const body = Buffer.from(metricsRequest({ resource: { 'k8s.cluster.name': 'c' }, metrics }));
  body.set(bad, body.indexOf(MARK));
  return body;
}

test('one attribute that is not UTF-8: edges are learnt, bytes go on as they came, it is told once', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const telemetry = createTelemetry({ log });
  const processor = createAnomalyProcessor(testSettings('anomaly', { telemetry }), anomalyConfig({}), REPLAY);
  const forwarded: Batch[] = [];
  const stage = processor.stage('metrics', 'metrics', {
    refusal: () => undefined,
    consume: (batch) => {
      if (batch.origin === 'received') forwarded.push(batch);
      return undefined;
    },
  });
  await processor.start();
  for (let tick = 0; tick < 3; tick++) {
    const body = request(tick, Buffer.from([0xff, 0xfe, 0x80, tick]));
    await stage.consume({
      signal: 'metrics',
      body,
      items: 21,
      origin: 'received',
      metadata: new Map(),
      receivedUnixNano: 0n,
    });
    assert.equal(forwarded.at(-1)!.body, body);
  }
  // Two other names that look alike when they are shown are one edge: only the last byte differs, a control character.
  assert.equal(processor.status().series.mapped, 23);
  assert.ok(processor.edges().some(({ edge }) => edge.includes('bad\ufffd\ufffd\ufffd')));
  assert.equal(processor.edges().filter(({ edge }) => / b\d+$/.test(edge)).length, 20);
  const told = lines.filter(({ msg }) => String(msg).includes('not UTF-8'));
  assert.equal(told.length, 1);
  assert.match(String(told[0]!.example), /^dst_service=bad\ufffd/);
  assert.match(await telemetry.registry.metrics(), /pxanomaly_series_faults\{[^}]*reason="invalid_utf8"[^}]*\} 3/);
  assert.doesNotMatch(await telemetry.registry.metrics(), /pxanomaly_learning_failures\{[^}]*\} [1-9]/);
  await processor.shutdown();
});

/** Spans of a few names, of which some have bytes that are no UTF-8. */
const BAD_SPANS: Readonly<Record<string, readonly SpanOptions[]>> = {
  service: [{ service: `cart${MARK}`, kind: SERVER, id: 1 }],
  namespace: [{ service: 'cart', namespace: `n${MARK}`, kind: SERVER, id: 1 }],
  peer: [{ service: 'cart', kind: CLIENT, id: 1, attributes: { 'peer.service': `pay${MARK}` } }],
  queue: [{ service: 'cart', kind: PRODUCER, id: 1, attributes: { 'messaging.destination.name': `q${MARK}` } }],
};

for (const [what, spans] of Object.entries(BAD_SPANS))
  test(`spans: a ${what} that is not UTF-8 is counted, told once, and forwarded as it came`, async () => {
    const lines: Record<string, unknown>[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const telemetry = createTelemetry({ log });
    const processor = createAnomalyProcessor(testSettings('anomaly', { telemetry }), anomalyConfig({}), REPLAY);
    const sink = new Sink();
    const stage = processor.stage('traces', 'traces', sink);
    processor.stage('metrics', 'metrics', sink);
    await processor.start();
    for (let i = 0; i < 3; i++) {
      const body = Buffer.from(traceRequest(...spans, { service: 'good', kind: SERVER, id: 9, trace: 9 }));
      body.set([0xff, 0xfe, 0x80, 0xbf], body.indexOf(MARK));
      const metadata = new Map<string, string>();
      await stage.consume({ signal: 'traces', body, items: 2, origin: 'received', metadata, receivedUnixNano: 0n });
      assert.equal(sink.forwarded.at(-1)!.body, body);
    }
    const told = lines.filter(({ msg }) => String(msg).includes('not UTF-8'));
    assert.deepEqual(
      told.map(({ cluster, metric }) => [cluster, metric]),
      [['prod', 'spans']],
    );
    assert.match(String(told[0]!.example), /\ufffd/);
    assert.match(await telemetry.registry.metrics(), /pxanomaly_series_faults\{[^}]*reason="invalid_utf8"[^}]*\} 3/);
    await processor.shutdown();
  });

test('a replacement character that the sender wrote itself is UTF-8', async () => {
  const bench = new Bench();
  await bench.processor.start();
  await bench.send(request(0, Buffer.from('\ufffd.')));
  assert.equal(bench.processor.status().series.mapped, 21);
  await bench.processor.shutdown();
});

test('score_attributes: what is not UTF-8 goes on byte for byte', async () => {
  const bench = new Bench({ score_attributes: true });
  await bench.processor.start();
  const bad = Buffer.from([0xff, 0xfe, 0x80, 0xc3]);
  for (let tick = 0; tick < 4; tick++) await bench.send(request(tick, bad));
  const { body } = bench.sink.forwarded.at(-1)!;
  assert.ok(Buffer.from(body).includes(Buffer.concat([Buffer.from('bad'), bad])));
  assert.ok(Buffer.from(body).includes('anomaly.isolation_score'));
  await bench.processor.shutdown();
});

test('an array of strings is bounded like a text: as many as there is room for, in sorted order', () => {
  const values = (...strings: string[]) => ({
    arrayValue: { values: strings.map((stringValue) => ({ stringValue })) },
  });
  const text = (...strings: string[]): unknown => readAttributes([{ key: 'a', value: values(...strings) }]).get('a');
  assert.equal(text('b', 'a'), '["b","a"]');
  assert.equal(text(), '[]');
  const many = Array.from({ length: 1000 }, (_, i) => `shop/service-${999 - i}`);
  const kept = JSON.parse(text(...many) as string) as string[];
  assert.deepEqual(kept, many.toSorted().slice(0, kept.length));
  assert.ok(kept.length > 10 && Buffer.byteLength(text(...many) as string) <= MAX_STRING);
  const long = text('y'.repeat(1 << 20)) as string;
  assert.ok(Buffer.byteLength(long) <= MAX_STRING);
  assert.deepEqual(JSON.parse(long), ['y'.repeat(MAX_STRING - 4)]);
  assert.equal(bounded('ä'.repeat(300)), 'ä'.repeat(MAX_STRING / 2));
});
