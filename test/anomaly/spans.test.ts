// Spans into calls into points: pairing by ids, what one end alone tells, bounds, and independence of how requests are cut.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { opentelemetry } from '#proto';
import { type Call, type PairOptions, SpanPairs } from '../../src/processors/anomaly/learning/spans/pair.js';
import { readSpans, type SpanFact } from '../../src/processors/anomaly/learning/spans/read.js';
import { CALLS_METRIC, callsToMetrics } from '../../src/processors/anomaly/learning/spans/to-metrics.js';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
const START = 1_767_261_600_000_000_000n;
const SERVER = 2;
const CLIENT = 3;

interface SpanOptions {
  service: string;
  kind: number;
  trace?: number;
  id: number;
  parent?: number;
  at?: number;
  ms?: number;
  attributes?: Record<string, string | number>;
  error?: boolean;
}

function id(value: number, bytes: number): Uint8Array {
  const out = Buffer.alloc(bytes);
  out.writeUInt32BE(value, bytes - 4);
  return out;
}

function request(...spans: SpanOptions[]): Uint8Array {
  const resourceSpans = spans.map((span) => {
    const end = START + BigInt(Math.round((span.at ?? 0) * 1e9));
    return {
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: span.service } },
          { key: 'k8s.namespace.name', value: { stringValue: 'shop' } },
          { key: 'k8s.cluster.name', value: { stringValue: 'prod' } },
        ],
      },
      scopeSpans: [
        {
          spans: [
            {
              traceId: id(span.trace ?? 1, 16),
              spanId: id(span.id, 8),
              parentSpanId: span.parent === undefined ? new Uint8Array() : id(span.parent, 8),
              kind: span.kind,
              startTimeUnixNano: (end - BigInt((span.ms ?? 10) * 1e6)).toString(),
              endTimeUnixNano: end.toString(),
              status: span.error ? { code: 2 } : {},
              attributes: Object.entries(span.attributes ?? {}).map(([key, value]) => ({
                key,
                value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
              })),
            },
          ],
        },
      ],
    };
  });
  return TraceRequest.encode(TraceRequest.fromObject({ resourceSpans })).finish();
}

const OPTIONS: PairOptions = { waitNanos: 10_000_000_000n, maxWaiting: 100 };

function callsOf(pairs: SpanPairs, ...requests: Uint8Array[]): Call[] {
  return requests.flatMap((body) => [
    ...[...readSpans(body)].flatMap((span) => [...pairs.add(span)]),
    ...pairs.expire(),
  ]);
}

/** `source -> destination`, with `!` where the call failed. */
function text({ source, destination, failed }: Call): string {
  return `${source.service || '?'} -> ${destination.service || '?'}${failed ? ' !' : ''}`;
}

describe('spans to calls', () => {
  it('client and server span of a call make one call, in either order and across requests', () => {
    const client = request({ service: 'checkout', kind: CLIENT, id: 7, ms: 20 });
    const server = request({ service: 'payment', kind: SERVER, id: 8, parent: 7, ms: 15 });
    for (const order of [
      [client, server],
      [server, client],
    ]) {
      const pairs = new SpanPairs(OPTIONS);
      const [call, ...rest] = callsOf(pairs, ...order);
      assert.equal(rest.length, 0);
      assert.ok(call);
      assert.equal(text(call), 'checkout -> payment');
      assert.equal(call.seconds, 0.02, "the caller's duration");
      assert.deepEqual(call.source, { service: 'checkout', namespace: 'shop' });
      assert.deepEqual(call.cluster, { 'k8s.cluster.name': 'prod' });
      assert.equal(pairs.waiting, 0);
    }
  });

  it('the same span id in another trace is another call', () => {
    const pairs = new SpanPairs(OPTIONS);
    const calls = callsOf(
      pairs,
      request(
        { service: 'a', kind: CLIENT, trace: 1, id: 7 },
        { service: 'b', kind: SERVER, trace: 2, id: 8, parent: 7 },
      ),
    );
    assert.deepEqual(calls, []);
    assert.equal(pairs.waiting, 2);
  });

  it('a failure told by either end is a failure', () => {
    for (const failing of [CLIENT, SERVER]) {
      const [call] = callsOf(
        new SpanPairs(OPTIONS),
        request(
          { service: 'a', kind: CLIENT, id: 7, error: failing === CLIENT },
          { service: 'b', kind: SERVER, id: 8, parent: 7, error: failing === SERVER },
        ),
      );
      assert.equal(call && text(call), 'a -> b !');
    }
  });

  it('a server answering 500 failed, a client seeing 404 did not', () => {
    const status = (code: number): Record<string, number> => ({ 'http.response.status_code': code });
    const [server] = callsOf(
      new SpanPairs(OPTIONS),
      request({ service: 'b', kind: SERVER, id: 1, attributes: status(503) }),
    );
    const [other] = callsOf(
      new SpanPairs(OPTIONS),
      request({ service: 'b', kind: SERVER, id: 1, attributes: status(404) }),
    );
    assert.equal(server?.failed, true);
    assert.equal(other?.failed, false);
  });

  it('a root server span was called by somebody outside', () => {
    const [call] = callsOf(new SpanPairs(OPTIONS), request({ service: 'frontend', kind: SERVER, id: 1 }));
    assert.equal(call && text(call), '? -> frontend');
  });

  it("Pixie's span script names the caller in attributes", () => {
    const [call] = callsOf(
      new SpanPairs(OPTIONS),
      request({
        service: 'payment',
        kind: SERVER,
        id: 1,
        parent: 99,
        attributes: { 'parent.service.name': 'checkout', 'parent.namespace.name': 'shop' },
      }),
    );
    assert.deepEqual(call?.source, { service: 'checkout', namespace: 'shop' });
  });

  it('a client span without partner is told by its peer attributes once its time is over', () => {
    const pairs = new SpanPairs(OPTIONS);
    const redis = request({ service: 'cart', kind: CLIENT, id: 1, at: 0, attributes: { 'db.system': 'redis' } });
    const soon = request({ service: 'x', kind: SERVER, id: 2, at: 9 });
    const late = request({ service: 'x', kind: SERVER, id: 3, at: 10 });
    assert.deepEqual(callsOf(pairs, redis, soon).map(text), ['? -> x']);
    assert.deepEqual(callsOf(pairs, late).map(text), ['? -> x', 'cart -> redis']);
    assert.deepEqual(pairs.counts, { paired: 0, named: 1, alone: 2, crowded: 0 });
  });

  it('never holds more spans than it may', () => {
    const pairs = new SpanPairs({ ...OPTIONS, maxWaiting: 5 });
    for (let i = 0; i < 50; i++) callsOf(pairs, request({ service: 'a', kind: CLIENT, id: i + 1 }));
    assert.equal(pairs.waiting, 5);
    assert.equal(pairs.counts.crowded, 45);
    assert.equal([...pairs.flush()].length, 5);
    assert.equal(pairs.waiting, 0);
  });

  it('internal spans speak of no edge', () => {
    assert.deepEqual([...readSpans(request({ service: 'a', kind: 1, id: 1 }))], []);
  });

  it('spans of one request find each other, however far apart their times', () => {
    const body = request(
      { service: 'a', kind: CLIENT, id: 1, at: 0 },
      { service: 'x', kind: SERVER, id: 2, at: 60 },
      { service: 'b', kind: SERVER, id: 3, parent: 1, at: 0 },
    );
    assert.deepEqual(callsOf(new SpanPairs(OPTIONS), body).map(text), ['? -> x', 'a -> b']);
  });

  it('every span is told exactly once, and the same however the stream is cut', () => {
    const span = fc.record({
      service: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom(CLIENT, SERVER),
      trace: fc.integer({ min: 1, max: 3 }),
      id: fc.integer({ min: 1, max: 1_000_000 }),
      parent: fc.integer({ min: 1, max: 50 }),
      at: fc.integer({ min: 0, max: 9 }),
    });
    const spans = fc.uniqueArray(span, {
      maxLength: 40,
      selector: (s) => `${s.trace}/${s.kind}/${s.kind === CLIENT ? s.id : s.parent}`,
    });
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 7 }), (list, size) => {
        const whole = new SpanPairs(OPTIONS);
        const cut = new SpanPairs(OPTIONS);
        const pieces: Uint8Array[] = [];
        for (let i = 0; i < list.length; i += size) pieces.push(request(...list.slice(i, i + size)));
        const a = [...callsOf(whole, request(...list)), ...whole.flush()];
        const b = [...callsOf(cut, ...pieces), ...cut.flush()];
        assert.deepEqual(a, b);
        const { paired, named, alone } = whole.counts;
        assert.equal(paired * 2 + named + alone, list.length);
      }),
    );
  });
});

describe('calls to points', () => {
  const end = (service: string): SpanFact['self'] => ({ service, namespace: 'shop' });
  const call = (source: string, destination: string, at: number, seconds: number, failed = false): Call => ({
    source: end(source),
    destination: end(destination),
    cluster: { 'px.cluster.id': 'c1' },
    endUnixNano: START + BigInt(Math.round(at * 1e9)),
    seconds,
    failed,
  });

  it('sums calls of an edge, outcome and second', () => {
    const body = callsToMetrics([call('a', 'b', 0.1, 0.5), call('a', 'b', 0.9, 1.5), call('a', 'b', 0.5, 2, true)], 41);
    assert.ok(body);
    const [resource] = MetricsRequest.decode(body).resourceMetrics;
    assert.equal(resource?.resource?.attributes?.[0]?.value?.stringValue, 'c1');
    const [metric] = resource?.scopeMetrics?.[0]?.metrics ?? [];
    assert.equal(metric?.name, CALLS_METRIC);
    const points = metric?.histogram?.dataPoints ?? [];
    assert.deepEqual(
      points.map((p) => [Number(p.count), p.sum, p.attributes?.at(-1)?.value?.boolValue, p.timeUnixNano?.toString()]),
      [
        [2, 2, false, (START + 41n).toString()],
        [1, 2, true, (START + 41n).toString()],
      ],
    );
  });

  it('says nothing where there was no call', () => {
    assert.equal(callsToMetrics([], 1), undefined);
  });

  it('loses no call and no second', () => {
    const some = fc.array(
      fc.record({
        source: fc.constantFrom('a', 'b'),
        destination: fc.constantFrom('c', 'd'),
        at: fc.nat(5),
        failed: fc.boolean(),
      }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(some, (list) => {
        const body = callsToMetrics(
          list.map((c) => call(c.source, c.destination, c.at, 1, c.failed)),
          0,
        );
        assert.ok(body);
        const points = MetricsRequest.decode(body).resourceMetrics.flatMap((r) =>
          (r.scopeMetrics ?? []).flatMap((s) => (s.metrics ?? []).flatMap((m) => m.histogram?.dataPoints ?? [])),
        );
        assert.equal(
          points.reduce((n, p) => n + Number(p.count), 0),
          list.length,
        );
        assert.equal(
          points.reduce((n, p) => n + (p.sum ?? 0), 0),
          list.length,
        );
      }),
    );
  });
});
