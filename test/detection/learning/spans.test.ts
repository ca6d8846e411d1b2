// Spans into calls into points: pairing by ids, what one end alone tells, bounds, and independence of how requests are
// cut.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { opentelemetry } from '#proto';
import { type Call, SpanPairs } from '../../../src/detection/learning/spans/pair.js';
import type { SpanFact } from '../../../src/detection/learning/spans/read.js';
import { callsToMetrics } from '../../../src/detection/learning/spans/to-metrics.js';
import { CALLS_METRIC } from '../../../src/detection/rules/presets/spans.js';
import fc from '../../support/property.js';
import {
  allCalls,
  CLIENT,
  callsOf,
  callText,
  PAIR_OPTIONS,
  SERVER,
  type SpanOptions,
  START,
  tally,
  traceRequest,
} from '../../support/spans.js';

const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;

describe('spans to calls', () => {
  it('client and server span of a call make one call, in either order and across requests', () => {
    const client: SpanOptions = { service: 'checkout', kind: CLIENT, id: 7, ms: 20 };
    const server: SpanOptions = { service: 'payment', kind: SERVER, id: 8, parent: 7, ms: 15 };
    for (const requests of [[[client], [server]], [[server], [client]], [[server, client]]]) {
      const [call, ...rest] = allCalls(requests);
      assert.equal(rest.length, 0);
      assert.ok(call);
      assert.equal(callText(call), 'checkout -> payment');
      assert.equal(call.seconds, 0.02, "the caller's duration");
      assert.deepEqual(call.source, { service: 'checkout', namespace: 'shop' });
      assert.deepEqual(call.cluster, { 'k8s.cluster.name': 'prod' });
    }
  });

  it('the same span id in another trace is another call', () => {
    const calls = allCalls([
      [
        { service: 'a', kind: CLIENT, trace: 1, id: 7 },
        { service: 'b', kind: SERVER, trace: 2, id: 8, parent: 7 },
      ],
    ]);
    assert.deepEqual(calls.map(callText), ['a -> ?', '? -> b']);
  });

  it('ids of zeros are no ids: such spans find no partner and are not taken for one another', () => {
    const calls = allCalls([
      [
        { service: 'a', kind: CLIENT, id: 0 },
        { service: 'a', kind: CLIENT, id: 0 },
        { service: 'b', kind: SERVER, id: 0, parent: 0 },
        { service: 'c', kind: SERVER, trace: 0, id: 5, parent: 4 },
        { service: 'd', kind: CLIENT, trace: 0, id: 4 },
      ],
    ]);
    assert.deepEqual(tally(calls), { 'a -> ?': 2, '? -> b': 1, '? -> c': 1, 'd -> ?': 1 });
  });

  it('a failure told by either end is a failure', () => {
    for (const failing of [CLIENT, SERVER]) {
      const [call] = allCalls([
        [
          { service: 'a', kind: CLIENT, id: 7, error: failing === CLIENT },
          { service: 'b', kind: SERVER, id: 8, parent: 7, error: failing === SERVER },
        ],
      ]);
      assert.equal(call && callText(call), 'a -> b !');
    }
  });

  it('a server answering 500 failed, a client seeing 404 did not', () => {
    const served = (code: number) =>
      allCalls([[{ service: 'b', kind: SERVER, id: 1, attributes: { 'http.response.status_code': code } }]]);
    assert.deepEqual(served(503).map(callText), ['? -> b !']);
    assert.deepEqual(served(404).map(callText), ['? -> b']);
  });

  it("Pixie's span script names the caller in attributes", () => {
    const attributes = { 'parent.service.name': 'checkout', 'parent.namespace.name': 'shop' };
    const [call] = allCalls([[{ service: 'payment', kind: SERVER, id: 1, parent: 99, attributes }]]);
    assert.deepEqual(call?.source, { service: 'checkout', namespace: 'shop' });
    assert.equal(call?.byCallee, true);
  });

  it('a span is told once its time is over, in the order of arrival', () => {
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const at = (seconds: number, ...spans: SpanOptions[]) =>
      callsOf(pairs, traceRequest(...spans.map((span) => ({ ...span, at: seconds })))).map(callText);
    const redis: SpanOptions = { service: 'cart', kind: CLIENT, id: 1, attributes: { 'db.system': 'redis' } };
    assert.deepEqual(at(0, redis), []);
    assert.deepEqual(at(9, { service: 'x', kind: SERVER, id: 2 }), []);
    assert.deepEqual(at(10, { service: 'x', kind: SERVER, id: 3 }), ['cart -> redis']);
    assert.deepEqual([...pairs.flush()].map(callText), ['? -> x', '? -> x']);
    const { named, alone, paired } = pairs.counts;
    assert.deepEqual({ named, alone, paired }, { named: 1, alone: 2, paired: 0 });
  });

  it('never holds more spans than it may, and those that go early still find who is there', () => {
    const pairs = new SpanPairs({ ...PAIR_OPTIONS, maxWaiting: 5 });
    const calls: Call[] = [];
    for (let i = 1; i <= 50; i++)
      calls.push(
        ...callsOf(
          pairs,
          traceRequest({ service: 'a', kind: CLIENT, id: i }, { service: 'b', kind: SERVER, id: 100 + i, parent: i }),
        ),
      );
    assert.equal(pairs.waiting, 5);
    assert.equal(pairs.counts.crowded, 95);
    calls.push(...pairs.flush());
    assert.equal(pairs.waiting, 0);
    assert.deepEqual(tally(calls), { 'a -> b': 50 });
  });

  it('spans of one request find each other, however far apart their times', () => {
    const calls = allCalls([
      [
        { service: 'a', kind: CLIENT, id: 1, at: 0 },
        { service: 'x', kind: SERVER, id: 2, at: 60 },
        { service: 'b', kind: SERVER, id: 3, parent: 1, at: 0 },
      ],
    ]);
    assert.deepEqual(tally(calls), { '? -> x': 1, 'a -> b': 1 });
  });

  it('a request that is sent twice counts once', () => {
    const request: SpanOptions[] = [
      { service: 'a', kind: CLIENT, id: 1 },
      { service: 'b', kind: SERVER, id: 2, parent: 1 },
      { service: 'a', kind: CLIENT, id: 3, attributes: { 'db.system': 'redis' } },
    ];
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const later = request.map((span) => ({ ...span, id: span.id + 10, trace: 2, at: 30 }));
    const calls = allCalls([request, request, [{ ...later[0]!, at: 10 }], request], pairs);
    assert.deepEqual(tally(calls), { 'a -> b': 1, 'a -> redis': 1, 'a -> ?': 1 });
    assert.equal(pairs.counts.duplicate, 6);
  });

  it('a partner that comes after its time makes no second call', () => {
    const server: SpanOptions = { service: 'b', kind: SERVER, id: 2, parent: 1 };
    const client: SpanOptions = { service: 'a', kind: CLIENT, id: 1 };
    const ticks = Array.from({ length: 6 }, (_, i): SpanOptions[] => [
      { service: 'x', kind: SERVER, trace: 9, id: 10 + i, at: 5 * (i + 1) },
    ]);
    for (const [first, second, told] of [
      [server, client, '? -> b'],
      [client, server, 'a -> ?'],
    ] as const) {
      const pairs = new SpanPairs(PAIR_OPTIONS);
      assert.deepEqual(tally(allCalls([[first], ...ticks, [second]], pairs)), { [told]: 1, '? -> x': 6 });
      assert.equal(pairs.counts.late, 1);
    }
  });

  it('the same however the stream is cut, and over a checkpoint', () => {
    const span = fc.record({
      service: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom(1, CLIENT, SERVER),
      trace: fc.integer({ min: 1, max: 3 }),
      id: fc.integer({ min: 1, max: 50 }),
      parent: fc.integer({ min: 1, max: 50 }),
      at: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(span, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), fc.nat(5), (list, size, save) => {
        const pieces: SpanOptions[][] = [];
        for (let i = 0; i < list.length; i += size) pieces.push(list.slice(i, i + size));
        const whole = allCalls([list]);
        let cut = new SpanPairs(PAIR_OPTIONS);
        const calls: Call[] = [];
        for (const [i, piece] of pieces.entries()) {
          calls.push(...callsOf(cut, traceRequest(...piece)));
          if (i !== save) continue;
          const saved = deserialize(serialize(cut.save()));
          cut = new SpanPairs(PAIR_OPTIONS);
          cut.restore(saved);
        }
        assert.deepEqual([...calls, ...cut.flush()], whole);
      }),
    );
  });

  it('takes up what an older version kept, without its clock', () => {
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const old = { counts: { paired: 3, named: 0, alone: 0, crowded: 0 }, waiting: [['x', {}]], watermark: 2n ** 62n };
    pairs.restore(old as never);
    assert.equal(pairs.counts.paired, 3);
    assert.equal(pairs.counts.late, 0);
    const calls = callsOf(
      pairs,
      traceRequest({ service: 'a', kind: CLIENT, id: 1, at: 0 }),
      traceRequest({ service: 'b', kind: SERVER, id: 2, parent: 1, at: 1 }),
      traceRequest({ service: 'b', kind: SERVER, id: 3, at: 10 }),
    );
    assert.deepEqual(calls.map(callText), ['a -> b']);
  });
});

describe('calls to points', () => {
  const end = (service: string): SpanFact['self'] => ({ service, namespace: 'shop' });
  const call = (
    source: string,
    destination: string,
    at: number,
    seconds: number | undefined,
    failed = false,
  ): Call => ({
    source: end(source),
    destination: end(destination),
    cluster: { 'px.cluster.id': 'c1' },
    endUnixNano: START + BigInt(Math.round(at * 1e9)),
    seconds,
    failed,
    byCallee: false,
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

  it('a call without a duration is a point without a sum', () => {
    const body = callsToMetrics([call('a', 'b', 0, 0.5), call('a', 'b', 0, undefined)], 0);
    assert.ok(body);
    const points = MetricsRequest.decode(body).resourceMetrics[0]?.scopeMetrics?.[0]?.metrics?.[0]?.histogram;
    assert.deepEqual(
      points?.dataPoints?.map(({ count, sum }) => [Number(count), sum ?? undefined]),
      [
        [1, 0.5],
        [1, undefined],
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
