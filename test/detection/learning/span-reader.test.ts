// Spans off the wire: those that protobufjs reads, one at a time, and however many there are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opentelemetry } from '#proto';
import { readSpans } from '../../../src/detection/learning/spans/read.js';
import { SpanCalls } from '../../../src/detection/learning/spans/span-calls.js';
import { CLIENT, PAIR_OPTIONS, SERVER, spansOf, traceRequest } from '../../support/spans.js';

const Request = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

test('a resource behind its spans, two lists of spans in one resource, a kind behind the attributes', () => {
  const whole = Request.decode(
    traceRequest({ service: 'cart', kind: CLIENT, id: 1, attributes: { 'peer.service': 'pay' } }),
  );
  const { resource, scopeSpans } = whole.resourceSpans[0]!;
  const Part = opentelemetry.proto.trace.v1.ResourceSpans;
  const spans = Part.encode(Part.create({ scopeSpans: [...scopeSpans!, ...scopeSpans!] })).finish();
  const behind = Part.encode(Part.create({ resource: resource! })).finish();
  const content = Buffer.concat([spans, behind]);
  const length = Buffer.from([(content.length & 127) | 128, content.length >>> 7]);
  assert.ok(content.length > 127 && content.length < 16_384);
  const facts = spansOf(Buffer.concat([Buffer.from([0x0a]), length, content]));
  const [alone] = spansOf(Request.encode(whole).finish());
  assert.equal(alone!.self.service, 'cart');
  assert.deepEqual(alone!.peer, { service: 'pay', namespace: '' });
  assert.deepEqual(facts, [alone, alone]);
});

test('resources without spans are passed over, one a step', () => {
  const body = Buffer.alloc(200_000);
  for (let i = 0; i < body.length; i += 2) body[i] = 0x0a;
  let steps = 0;
  for (const span of readSpans(body)) {
    assert.equal(span, undefined);
    steps++;
  }
  assert.ok(steps >= 100_000);
});

test('a request of very many spans is learnt in parts, and no call of it is lost', () => {
  const calls: number[] = [];
  const spans = new SpanCalls({ ...PAIR_OPTIONS, maxWaiting: 100_000 });
  const pairs = Array.from({ length: 6_000 }, (_, i) => [
    { service: 'a', kind: CLIENT, id: 1, trace: i + 1, at: i / 100 },
    { service: 'b', kind: SERVER, id: 2, parent: 1, trace: i + 1, at: i / 100 },
  ]).flat();
  const body = traceRequest(...pairs);
  const batch = { signal: 'traces', body, items: pairs.length, origin: 'received', receivedUnixNano: 0n } as never;
  const pending = { batch, sender: { cluster: 'c' }, route: undefined } as never;
  let yields = 0;
  const learn = function* (request: { batch: { body: Uint8Array } }): Generator<void> {
    calls.push(request.batch.body.length);
    yield;
  };
  for (const _ of spans.from(pending, learn as never)) yields++;
  assert.ok(calls.length > 0);
  assert.ok(yields > 40, String(yields));
  spans.rest();
  assert.equal(spans.counts.paired, 6_000);
});
