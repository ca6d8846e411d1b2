// Clocks that are wrong: a span far off, services ahead or behind all the time, clocks that are set, pauses. Calls stay
// what they are, at the time that most senders share.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { type Call, SpanPairs } from '../../../src/detection/learning/spans/pair.js';
import { Random } from '../../../src/simulation/random.js';
import {
  allCalls,
  CLIENT,
  CONSUMER,
  callsOf,
  callText,
  PAIR_OPTIONS,
  PRODUCER,
  SERVER,
  type SpanOptions,
  START,
  secondsOf,
  spansOf,
  tally,
  traceRequest,
} from '../../support/spans.js';

const YEAR = 365 * 86_400;
const PERIOD = 5;

interface Stream {
  readonly seconds: number;
  /** What a service's clock shows beyond the time, at a time; seconds. */
  readonly skew?: (service: string, at: number) => number;
  /** Seconds during which nothing is called. */
  readonly pause?: readonly [number, number];
  /** Requests of others, by the second they come. */
  readonly others?: ReadonlyMap<number, readonly SpanOptions[]>;
}

/**
 * web calls orders and orders calls stock once a second; every service sends its spans of five seconds, orders and
 * stock a little later.
 */
function stream({ seconds, skew = () => 0, pause = [0, 0], others = new Map() }: Stream): SpanOptions[][] {
  const random = new Random(3);
  const requests: SpanOptions[][] = [];
  for (let s = 0; s < seconds; s += PERIOD) {
    if (s >= pause[0] && s < pause[1]) continue;
    const [web, orders, stock]: [SpanOptions[], SpanOptions[], SpanOptions[]] = [[], [], []];
    for (let i = 0; i < PERIOD; i++) {
      const at = s + i + random.uniform() * 0.9;
      const trace = s + i + 1;
      const one = (service: string, kind: number, id: number, parent: number, late: number): SpanOptions => ({
        service,
        kind,
        trace,
        id,
        ...(parent > 0 ? { parent } : {}),
        at: at - late + skew(service, at),
        ms: 50 - 1000 * late,
      });
      web.push(one('web', CLIENT, 1, 0, 0));
      orders.push(one('orders', SERVER, 2, 1, 0.001), one('orders', CLIENT, 3, 2, 0.01));
      stock.push(one('stock', SERVER, 4, 3, 0.011));
    }
    requests.push(web, orders, stock, ...[...(others.get(s) ? [[...others.get(s)!]] : [])]);
  }
  return requests;
}

/** That the two edges have a call each second, at its time give or take. */
function assertEdges(calls: readonly Call[], seconds: number, within: number): void {
  for (const edge of ['web -> orders', 'orders -> stock']) {
    const times = calls.filter((call) => callText(call) === edge).map(secondsOf);
    assert.equal(times.length, seconds, edge);
    for (const [i, at] of times.toSorted((a, b) => a - b).entries())
      assert.ok(Math.abs(at - i - 0.5) < within, `${edge}: call ${i} at ${at} s`);
  }
}

const odd = (at: number, more: Partial<SpanOptions> = {}): SpanOptions => ({
  service: 'browser',
  kind: CLIENT,
  trace: 1e6,
  id: 1,
  at,
  attributes: { 'server.address': 'shop.example' },
  ...more,
});

describe('field case 01: a span whose clock is wrong', () => {
  for (const [name, ahead] of [
    ['two minutes', 120],
    ['an hour', 3600],
    ['fifty years', 50 * YEAR],
  ] as const) {
    it(`${name} ahead, of a third sender: the others' pairs go on, and its call is at their time`, () => {
      const calls = allCalls(stream({ seconds: 300, others: new Map([[100, [odd(100 + ahead)]]]) }));
      assert.deepEqual(tally(calls), { 'web -> orders': 300, 'orders -> stock': 300, 'browser -> shop.example': 1 });
      assertEdges(calls, 300, 1);
      const at = calls.filter(({ source }) => source.service === 'browser').map(secondsOf);
      assert.ok(Math.abs(at[0]! - 105) < 15, `${at[0]}`);
    });

    it(`${name} ahead, of a sender that is right otherwise, alone in its request or among others`, () => {
      for (const among of [false, true]) {
        const requests = stream({ seconds: 300 });
        const span = odd(100 + ahead, { service: 'web' });
        if (among) requests[63] = [...requests[63]!, span];
        else requests.splice(64, 0, [span]);
        const calls = allCalls(requests);
        assert.deepEqual(tally(calls), { 'web -> orders': 300, 'orders -> stock': 300, 'web -> shop.example': 1 });
        assertEdges(calls, 300, 1);
        assert.ok(
          calls.every((call) => secondsOf(call) < 310),
          'nothing is dated ahead',
        );
      }
    });

    it(`${name} ahead in every request of a third sender, and the first of all`, () => {
      const others = new Map(
        Array.from({ length: 60 }, (_, i) => [5 * i, [odd(5 * i + ahead, { trace: 1e6 + i })]] as const),
      );
      const calls = allCalls([[odd(ahead, { trace: 9e6 })], ...stream({ seconds: 300, others })]);
      assert.deepEqual(tally(calls), { 'web -> orders': 300, 'orders -> stock': 300, 'browser -> shop.example': 61 });
      assertEdges(calls, 300, 1);
      assert.ok(
        calls.every((call) => secondsOf(call) < 310),
        'nothing is dated ahead',
      );
    });
  }

  it('years behind, or without a time', () => {
    const others = new Map([
      [50, [odd(-50 * YEAR)]],
      [100, [odd(-1_767_261_600, { trace: 2e6 })]],
    ]);
    const calls = allCalls(stream({ seconds: 300, others }));
    assert.equal(tally(calls)['browser -> shop.example'], 2);
    assertEdges(calls, 300, 1);
  });

  it('a caller years ahead counts at the time of the service it called', () => {
    const others = new Map(
      Array.from({ length: 20 }, (_, i) => {
        const call = { trace: 1e6 + i, service: 'phone', kind: CLIENT, id: 1, at: 100 + 5 * i + 50 * YEAR, ms: 80 };
        return [
          100 + 5 * i,
          [call, { trace: 1e6 + i, service: 'web', kind: SERVER, id: 2, parent: 1, at: 100 + 5 * i }],
        ];
      }) as [number, SpanOptions[]][],
    );
    const calls = allCalls(stream({ seconds: 300, others })).filter(({ source }) => source.service === 'phone');
    assert.deepEqual(tally(calls), { 'phone -> web': 20 });
    for (const [i, call] of calls.entries()) {
      assert.ok(Math.abs(secondsOf(call) - 100 - 5 * i) < 10, `${secondsOf(call)}`);
      assert.equal(Math.round(call.seconds! * 1000), 80);
    }
  });

  for (const skew of [-3600, -60, -15, -8, 8, 12, 15, 30, 60, 3600])
    it(`a service whose clock is ${skew} s ahead all the time`, () => {
      for (const wrong of ['web', 'orders', 'stock']) {
        const calls = allCalls(stream({ seconds: 600, skew: (service) => (service === wrong ? skew : 0) }));
        assert.deepEqual(tally(calls), { 'web -> orders': 600, 'orders -> stock': 600 }, wrong);
        const settled = calls.filter((call) => secondsOf(call) > 60 && secondsOf(call) < 550);
        // Within the wait a clock is left as it is; else it is known to within the time that spans are on their way.
        const dates = settled.filter((call) => callText(call) === 'web -> orders').map(secondsOf);
        assert.ok(dates.length > 480 && dates.length < 500, `${wrong}: ${dates.length}`);
      }
    });

  it('a clock that is set, forward or back, while everything runs', () => {
    for (const step of [-3600, -40, 40, 3600])
      for (const wrong of ['web', 'orders', 'stock']) {
        const skew = (service: string, at: number) => (service === wrong && at >= 200 ? step : 0);
        assert.deepEqual(tally(allCalls(stream({ seconds: 400, skew }))), {
          'web -> orders': 400,
          'orders -> stock': 400,
        });
      }
  });

  it('of two senders one is set, back or forward: the other one is believed', () => {
    for (const by of [3600, -3600, 120, -120]) {
      const both = stream({ seconds: 600, skew: (service, at) => (service === 'web' && at >= 200 ? by : 0) });
      const calls = allCalls(both.filter(([span]) => span?.service !== 'stock'));
      const times = calls.filter((call) => callText(call) === 'web -> orders').map(secondsOf);
      assert.equal(times.length, 600);
      for (const [i, at] of times.toSorted((a, b) => a - b).entries())
        assert.ok(Math.abs(at - i) < 30, `set by ${by} s: call ${i} at ${at} s`);
    }
  });

  it('instances of one service whose clocks differ', () => {
    const requests = stream({ seconds: 300 }).map((spans, i) =>
      spans.map((span) => {
        const isWrong = span.service === 'web' && i % 2 === 1;
        return { ...span, instance: isWrong ? 'b' : 'a', at: span.at! + (isWrong ? 60 : 0) };
      }),
    );
    assertEdges(allCalls(requests), 300, 12);
  });

  it('a pause of everybody is no wrong clock', () => {
    for (const end of [160, 400, 4000]) {
      const calls = allCalls(stream({ seconds: end + 100, pause: [100, end] }));
      assert.deepEqual(tally(calls), { 'web -> orders': 200, 'orders -> stock': 200 });
      for (const call of calls) assert.ok(secondsOf(call) < 100 || secondsOf(call) > end - 1, `${secondsOf(call)}`);
    }
  });

  it('a lone sender of one span a minute: each is told with the next, at its own time', () => {
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const calls = Array.from({ length: 10 }, (_, i) =>
      callsOf(pairs, traceRequest({ service: 'web', kind: SERVER, trace: i + 1, id: 1, at: 60 * i })),
    );
    assert.deepEqual(
      calls.map((list) => list.map(secondsOf)),
      [[], ...Array.from({ length: 9 }, (_, i) => [60 * i])],
    );
  });

  it('a checkpoint keeps nothing that stops the clock', () => {
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const [before, after] = [stream({ seconds: 100 }), stream({ seconds: 400 }).slice(60)];
    const calls = callsOf(pairs, ...before.map((spans) => traceRequest(...spans)), traceRequest(odd(50 * YEAR)));
    const again = new SpanPairs(PAIR_OPTIONS);
    const saved = deserialize(serialize(pairs.save()));
    again.restore(saved);
    assertEdges([...calls, ...allCalls(after, again)], 400, 1);
    const poisoned = new SpanPairs(PAIR_OPTIONS);
    poisoned.restore({ ...saved, clocks: { elapsed: Number.NaN, fleet: 1e30, senders: [] } });
    const { 'web -> orders': one, 'orders -> stock': other } = tally(allCalls(after, poisoned));
    // Those that waited when it was written, and those that came after.
    assert.deepEqual([one, other], [310, 310]);
  });

  it('a clock further ahead of the time of receipt has no vote, however many agree with it', () => {
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const now = 1_767_261_600_000_000_000n;
    const calls: Call[] = [];
    for (let i = 0; i < 40; i++) {
      const spans: SpanOptions[] = ['a', 'b', 'web'].map((service, n) => ({
        service,
        kind: SERVER,
        trace: 10 * i + n + 1,
        id: 1,
        at: 5 * i + (service === 'web' ? 0 : 50 * YEAR),
      }));
      for (const span of spans)
        calls.push(...pairs.add(spansOf(traceRequest(span)), now + BigInt(5 * i) * 1_000_000_000n));
    }
    assert.ok(calls.length > 100);
    for (const call of calls.slice(10)) assert.ok(secondsOf(call) < 210, `${callText(call)} at ${secondsOf(call)}`);
  });
});

describe('field case 16: messages that wait in a queue', () => {
  for (const lag of [0, 5, 9, 11, 20, 300, 7200])
    it(`${lag} s: the same edges`, () => {
      const attributes = { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders-topic' };
      const sent = (i: number): SpanOptions => ({
        service: 'web',
        kind: PRODUCER,
        trace: i + 1,
        id: 1,
        at: i,
        attributes,
      });
      const taken = (i: number): SpanOptions => ({
        ...sent(i),
        service: 'shipping',
        kind: CONSUMER,
        id: 2,
        parent: 1,
        at: i + lag,
      });
      const requests = Array.from({ length: 100 + lag }, (_, i) => [
        ...(i < 100 ? [sent(i)] : []),
        ...(i >= lag ? [taken(i - lag)] : []),
      ]);
      const calls = allCalls(requests.filter((spans) => spans.length > 0));
      assert.deepEqual(tally(calls), { 'web -> orders-topic': 100, 'orders-topic -> shipping': 100 });
    });
});

describe('field case 20: spans that end before they begin', () => {
  it('count as calls, at the time they began, and have no duration', () => {
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const attributes = { 'peer.service': 'orders' };
    const spans = Array.from({ length: 50 }, (_, i): SpanOptions => {
      const isOdd = i % 5 === 0;
      return {
        service: 'web',
        kind: CLIENT,
        trace: i + 1,
        id: 1,
        attributes,
        at: i - (isOdd ? 20 : 0),
        ms: isOdd ? -20_000 : 50,
      };
    });
    const calls = allCalls(
      spans.map((span) => [span]),
      pairs,
    );
    assert.deepEqual(tally(calls), { 'web -> orders': 50 });
    const timed = calls.filter(({ seconds }) => seconds !== undefined);
    assert.equal(timed.length, 40);
    assert.ok(timed.every(({ seconds }) => Math.abs(seconds! - 0.05) < 1e-6));
    assert.equal(pairs.counts.untimed, 10);
    assert.deepEqual(
      calls.map(secondsOf).map(Math.round),
      spans.map((_, i) => i),
    );
  });

  it('without a start, an end or both, or in another unit than nanoseconds, they have no duration', () => {
    const at = { service: 'web', kind: CLIENT, id: 1 };
    const since1970 = Number(START) / 1e9;
    const odd: SpanOptions[] = [
      { ...at, trace: 1, at: 0, ms: 1000 * since1970 },
      { ...at, trace: 2, at: -since1970, ms: 0 },
      { ...at, trace: 3, at: -since1970 + since1970 / 1e6, ms: 5e-8 },
      { ...at, trace: 4, at: -since1970 + since1970 / 1e3, ms: 5e-5 },
    ];
    const calls = allCalls([[{ ...at, trace: 5, at: 0, ms: 50 }], odd]);
    assert.deepEqual(
      calls.map(({ seconds }) => seconds).filter((seconds) => seconds !== undefined),
      [0.05],
    );
    assert.equal(calls.length, 5);
  });

  it("a server's end stands in, and a clock set forward within a span gives no duration either", () => {
    const calls = allCalls([
      [
        { service: 'web', kind: CLIENT, id: 1, at: 100, ms: 105_000 },
        { service: 'orders', kind: SERVER, id: 2, parent: 1, at: 5, ms: 40 },
        { service: 'orders', kind: SERVER, id: 3, parent: 9, at: 6, ms: -3000 },
      ],
    ]);
    assert.equal(calls.length, 2);
    assert.equal(calls.find(({ source }) => source.service === '')?.seconds, undefined);
  });
});
