// The rules of folding one by one, each with the numbers that a reader would write down by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Role, type SeriesBinding, SeriesType } from '../../src/kernel/api.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { smallKernel } from '../support/kernels.js';
import { KernelDriver, point, type StreamPoint } from '../synthetic/point-streams.js';

const SECOND = 1_000_000_000n;
const WINDOW = 10n * SECOND;
const START = 1_700_000_000_000_000_000n;
/** Middle of tick n. */
const at = (tick: number): bigint => START + (WINDOW * BigInt(Math.round(tick * 1000))) / 1000n;

type Shape = Partial<SeriesBinding> & { readonly type: number; readonly roles: number };

interface Story {
  readonly kernel: Kernel;
  /** One request. */
  send(...points: StreamPoint[]): void;
  /** Windows of edge 0 by tick, after everything seen was closed. */
  windows(): Record<number, readonly number[]>;
  readonly driver: KernelDriver;
}

/** A kernel with one group, two feeds and two edges; series are numbered in the order of the shapes. */
function story(...shapes: Shape[]): Story {
  const kernel = smallKernel();
  kernel.addGroup(WINDOW, WINDOW / 2n);
  kernel.addFeed(0, false);
  kernel.addFeed(0, false);
  kernel.addEdge(0, -1, -1, 0);
  kernel.addEdge(0, -1, -1, 0);
  const driver = new KernelDriver(
    kernel,
    shapes.map((shape) => ({ edge: 0, feed: 0, rank: 0, scale: 1, ...shape })),
  );
  return {
    kernel,
    driver,
    send: (...points) => driver.send({ points, receivedUnixNano: 0n }),
    windows: () => {
      driver.flush(1);
      return Object.fromEntries(driver.closed.map(({ tick, windows }) => [tick, windows.get(0) ?? []]));
    },
  };
}

const requests: Shape = { type: SeriesType.AMOUNT, roles: Role.REQUESTS };
const NONE = [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
const only = (feature: number, value: number): number[] => NONE.map((none, i) => (i === feature ? value : none));

test('amounts of a tick are added up; a tick without points is missing', () => {
  const s = story(requests);
  s.send(point(0, at(0), { value: 3 }), point(0, at(0.3), { value: 4 }));
  s.send(point(0, at(2), { value: 5 }));
  assert.deepEqual(s.windows(), { 0: only(1, 7), 1: NONE, 2: only(1, 5) });
});

test('the first point is the middle of a tick; a tick closes half a window past its end', () => {
  const s = story(requests);
  s.send(point(0, at(0)), point(0, at(-0.5)), point(0, at(0.49)));
  s.send(point(0, at(0.99)));
  assert.equal(s.driver.closed.length, 0);
  s.send(point(0, at(1)));
  assert.equal(s.driver.closed.length, 1);
  assert.equal(s.driver.closed[0]!.timeUnixNano, START);
  assert.deepEqual(s.windows(), { 0: only(1, 3), 1: only(1, 2) });
});

test('a point of a closed tick is late', () => {
  const s = story(requests);
  s.send(point(0, at(0)));
  s.send(point(0, at(1)));
  s.send(point(0, at(0.2)));
  assert.equal(s.kernel.counts().late, 1);
  assert.deepEqual(s.windows(), { 0: only(1, 1), 1: only(1, 1) });
});

test('latency is sum by count over everything of the edge', () => {
  const roles = Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT;
  const s = story({ type: SeriesType.AMOUNT, roles, scale: 0.001 }, { type: SeriesType.AMOUNT, roles, scale: 1 });
  s.send(point(0, at(0), { value: 500, count: 2 }), point(1, at(0), { value: 1.5, count: 6 }));
  assert.deepEqual(s.windows(), { 0: [0.25, 8, Number.NaN, Number.NaN] });
});

test('a sum of latencies without a count is divided by the requests', () => {
  const s = story({ type: SeriesType.AMOUNT, roles: Role.LATENCY_SUM }, requests);
  s.send(point(0, at(0), { value: 3 }), point(1, at(0), { value: 6 }));
  assert.deepEqual(s.windows(), { 0: [0.5, 6, Number.NaN, Number.NaN] });
});

test('a histogram without a sum counts, but has no latency', () => {
  const roles = Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT;
  const s = story({ type: SeriesType.AMOUNT, roles });
  s.send(point(0, at(0), { value: undefined, count: 4 }));
  assert.deepEqual(s.windows(), { 0: only(1, 4) });
});

test('errors are known to be none where only successes are told', () => {
  const roles = Role.REQUESTS | Role.ERRORS_NONE;
  const s = story({ type: SeriesType.AMOUNT, roles }, { type: SeriesType.AMOUNT, roles: Role.REQUESTS | Role.ERRORS });
  s.send(point(0, at(0), { value: 5 }));
  s.send(point(0, at(1), { value: 5 }), point(1, at(1), { value: 2 }));
  assert.deepEqual(s.windows(), { 0: [Number.NaN, 5, 0, Number.NaN], 1: [Number.NaN, 7, 2, Number.NaN] });
});

test('an error ratio becomes errors by the requests', () => {
  const s = story({ type: SeriesType.LEVEL, roles: Role.ERROR_RATIO }, requests);
  s.send(point(0, at(0), { value: 0.1 }), point(0, at(0.1), { value: 0.3 }), point(1, at(0), { value: 50 }));
  assert.deepEqual(s.windows(), { 0: [Number.NaN, 50, 10, Number.NaN] });
});

test('no requests: the edge was silent, whatever else was reported', () => {
  const s = story(
    requests,
    { type: SeriesType.AMOUNT, roles: Role.BYTES },
    { type: SeriesType.AMOUNT, roles: Role.ERRORS },
  );
  s.send(point(0, at(0), { value: 0 }), point(1, at(0), { value: 0 }), point(2, at(0), { value: 0 }));
  s.send(point(0, at(1), { value: 2 }), point(1, at(1), { value: 0 }), point(2, at(1), { value: 0 }));
  assert.deepEqual(s.windows(), { 0: NONE, 1: [Number.NaN, 2, 0, 0] });
});

test('a rate is the mean over its tick times the window, added up over series', () => {
  const rate = { type: SeriesType.RATE, roles: Role.REQUESTS };
  const s = story(rate, rate);
  s.send(point(0, at(0), { value: 2 }), point(0, at(0.2), { value: 4 }), point(1, at(0.1), { value: 10 }));
  assert.deepEqual(s.windows(), { 0: only(1, 130) });
});

test('a latency level is a mean; TypeScript may add one with a weight to an open tick', () => {
  const s = story({ type: SeriesType.LEVEL, roles: Role.LATENCY_LEVEL });
  s.send(point(0, at(0), { value: 1 }), point(0, at(0.1), { value: 3 }));
  s.kernel.addLevel(0, 0, 10, 2);
  s.kernel.addLevel(0, 1, 7, 1);
  assert.throws(() => s.kernel.addLevel(0, 2, 1, 1), RangeError);
  assert.throws(() => s.kernel.addLevel(0, -1, 1, 1), RangeError);
  s.send(point(0, at(1), { value: 7 }));
  assert.deepEqual(s.windows(), { 0: only(0, 6), 1: only(0, 7) });
});

test('a counter gives differences; the first sample gives none', () => {
  const s = story({ type: SeriesType.COUNTER, roles: Role.REQUESTS });
  for (const [tick, value] of [100, 103, 110, 110].entries()) s.send(point(0, at(tick), { value }));
  assert.deepEqual(s.windows(), { 0: NONE, 1: only(1, 3), 2: only(1, 7), 3: NONE });
  assert.equal(s.kernel.counts().first, 1);
});

test('a counter that falls, or whose start time moves on, began again from 0', () => {
  const s = story({ type: SeriesType.COUNTER, roles: Role.REQUESTS });
  const begun = at(-5);
  s.send(point(0, at(0), { value: 100, startTimeUnixNano: begun }));
  s.send(point(0, at(1), { value: 4, startTimeUnixNano: begun }));
  s.send(point(0, at(2), { value: 9, startTimeUnixNano: at(1.5) }));
  // An older start time is no new beginning.
  s.send(point(0, at(3), { value: 11, startTimeUnixNano: begun }));
  assert.deepEqual(s.windows(), { 0: NONE, 1: only(1, 4), 2: only(1, 9), 3: only(1, 2) });
});

test('sum and count of a cumulative histogram are both subtracted', () => {
  const s = story({ type: SeriesType.COUNTER, roles: Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT });
  s.send(point(0, at(0), { value: 10, count: 100 }));
  s.send(point(0, at(1), { value: 13, count: 106 }));
  assert.deepEqual(s.windows()[1], [0.5, 6, Number.NaN, Number.NaN]);
});

test('two processes behind one identity: the difference of their sum', () => {
  const s = story({ type: SeriesType.COUNTER, roles: Role.BYTES });
  s.send(point(0, at(0), { value: 100 }), point(0, at(0), { value: 900 }));
  s.send(point(0, at(1), { value: 107 }), point(0, at(1), { value: 930 }));
  // In the other order.
  s.send(point(0, at(2), { value: 931 }), point(0, at(2), { value: 109 }));
  assert.deepEqual(s.windows(), { 0: NONE, 1: only(3, 37), 2: only(3, 3) });
});

test('a new series of a feed that has been seen for two windows starts from 0', () => {
  const counter = { type: SeriesType.COUNTER, roles: Role.REQUESTS };
  const s = story(counter, counter, counter, counter);
  s.send(point(0, at(0), { value: 100 }));
  s.send(point(0, at(1), { value: 101 }), point(1, at(1), { value: 50 }));
  s.send(point(0, at(2), { value: 102 }), point(1, at(2), { value: 51 }), point(2, at(2), { value: 40 }));
  // Began long ago by its own word: what it counted until now is not of this window.
  s.send(point(0, at(3), { value: 102 }), point(3, at(3), { value: 7000, startTimeUnixNano: at(-90) }));
  assert.deepEqual(s.windows(), { 0: NONE, 1: only(1, 1), 2: only(1, 42), 3: NONE });
  assert.equal(s.kernel.counts().first, 3);
});

test('a feed of its own age: another feed of the group does not vouch for it', () => {
  const counter = { type: SeriesType.COUNTER, roles: Role.REQUESTS };
  const s = story(requests, { ...counter, feed: 1 });
  for (let tick = 0; tick < 5; tick++) s.send(point(0, at(tick), { value: 1 }));
  s.send(point(0, at(5), { value: 1 }), point(1, at(5), { value: 1e6 }));
  assert.deepEqual(s.windows()[5], only(1, 1));
});

test('a counter point that is not newer is stale; a late one moves what is subtracted', () => {
  const s = story({ type: SeriesType.COUNTER, roles: Role.REQUESTS }, requests);
  s.send(point(0, at(0), { value: 100 }));
  s.send(point(0, at(1), { value: 110 }));
  s.send(point(0, at(0.9), { value: 109 }));
  assert.equal(s.kernel.counts().stale, 1);
  s.send(point(1, at(3)));
  s.send(point(0, at(2), { value: 190 }));
  assert.equal(s.kernel.counts().late, 1);
  s.send(point(0, at(3), { value: 192 }));
  assert.deepEqual(s.windows(), { 0: NONE, 1: only(1, 10), 2: NONE, 3: only(1, 3) });
});

test('the same series and time again: summed within a request, a retry across requests', () => {
  const s = story(requests);
  s.send(point(0, at(0), { value: 2 }), point(0, at(0), { value: 2 }));
  s.send(point(0, at(0), { value: 2 }));
  for (const tick of [0.1, 0.2, 0.3]) s.send(point(0, at(tick), { value: 1 }));
  // The fourth time back is still known.
  s.send(point(0, at(0), { value: 2 }));
  assert.equal(s.kernel.counts().duplicate, 2);
  assert.deepEqual(s.windows(), { 0: only(1, 7) });
});

test('no recorded value, NaN, negative and infinite values count for nothing', () => {
  const s = story(requests, requests);
  s.send(
    point(1, at(0), { value: 1 }),
    point(0, at(0), { hasNoRecordedValue: true }),
    point(0, at(0.1), { value: Number.NaN }),
    point(0, at(0.2), { value: -3 }),
    point(0, at(0.3), { value: Number.POSITIVE_INFINITY }),
    point(0, at(0.4), { value: undefined }),
    point(0, (1n << 63n) + 5n, { value: 1 }),
  );
  assert.equal(s.kernel.counts().noValue, 5);
  assert.equal(s.kernel.counts().future, 1);
  assert.deepEqual(s.windows(), { 0: only(1, 1) });
});

test('more than there can be of anything counts for nothing, and spoils nothing beside it', () => {
  const bytes = { type: SeriesType.AMOUNT, roles: Role.BYTES };
  const level = { type: SeriesType.LEVEL, roles: Role.LATENCY_LEVEL, scale: 1e-3 };
  const histogram = { type: SeriesType.AMOUNT, roles: Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT };
  for (const absurd of [1.1e18, 1e30, 1e39, 1e308]) {
    const s = story(requests, bytes, level, { ...histogram, edge: 1 });
    s.send(
      ...[0, 1, 2].map((series) => point(series, at(0), { value: 8 })),
      point(3, at(0), { value: 6, count: 3 }),
      ...[0, 1, 2].flatMap((series) => [0.1, 0.2].map((t) => point(series, at(t), { value: absurd }))),
      point(3, at(0.1), { value: absurd, count: 2 }),
      point(3, at(0.2), { value: 4, count: 1.1e18 }),
    );
    assert.equal(s.kernel.counts().noValue, 7);
    assert.deepEqual(s.windows(), { 0: [Math.fround(0.008), 8, Number.NaN, 8] });
    assert.deepEqual(s.driver.closed[0]!.windows.get(1), [6 / 3, 5, Number.NaN, Number.NaN]);
  }
});

test('what there can be is taken, however much: bytes of a peta, nanoseconds of a long time', () => {
  const s = story(
    { type: SeriesType.AMOUNT, roles: Role.BYTES },
    { type: SeriesType.LEVEL, roles: Role.LATENCY_LEVEL, scale: 1e-9 },
  );
  s.send(point(0, at(0), { value: 1e15 }), point(1, at(0), { value: 1e18 }));
  assert.equal(s.kernel.counts().noValue, 0);
  assert.deepEqual(s.windows(), { 0: [1e9, Number.NaN, Number.NaN, Math.fround(1e15)] });
});

test('a point without a time happened when it was received', () => {
  const s = story(requests);
  s.driver.send({ points: [point(0, 0n, { value: 6 })], receivedUnixNano: at(0) });
  s.send(point(0, at(1)));
  assert.deepEqual(s.windows(), { 0: only(1, 6), 1: only(1, 1) });
});

test('three empty ticks are an outage: passed over, and counters start again', () => {
  const s = story({ type: SeriesType.COUNTER, roles: Role.REQUESTS });
  s.send(point(0, at(0), { value: 100 }));
  s.send(point(0, at(1), { value: 101 }));
  s.send(point(0, at(4), { value: 150 }));
  s.send(point(0, at(5), { value: 152 }));
  s.send(point(0, at(9), { value: 999 }));
  s.send(point(0, at(10), { value: 1000 }));
  assert.deepEqual(s.windows(), {
    0: NONE,
    1: only(1, 1),
    2: NONE,
    3: NONE,
    4: only(1, 49),
    5: only(1, 2),
    9: NONE,
    10: only(1, 1),
  });
  assert.deepEqual(
    s.driver.closed.map(({ tick, skipped }) => [tick, skipped]).filter(([, skipped]) => skipped !== 0),
    [[9, 3]],
  );
});

test('far ahead: held until a second request says about the same, then folded first', () => {
  const s = story(requests);
  s.send(point(0, at(0), { value: 1 }));
  s.send(point(0, at(100), { value: 2 }));
  assert.equal(s.kernel.counts().held, 1);
  assert.deepEqual(s.driver.fold?.held, [{ clock: 0, isFirst: true }]);
  s.send(point(0, at(101), { value: 3 }));
  assert.deepEqual(s.windows(), { 0: only(1, 1), 100: only(1, 2), 101: only(1, 3) });
  assert.equal(s.driver.closed[1]!.skipped, 99);
  assert.equal(s.kernel.counts().duplicate, 0);
});

test('one bad clock does not make everybody late', () => {
  const s = story(requests, requests);
  for (let tick = 0; tick < 6; tick++) {
    s.send(point(0, at(tick), { value: 1 }));
    s.send(point(1, at(1000 + tick), { value: 1 }));
  }
  assert.equal(s.kernel.counts().held, 6);
  assert.equal(s.kernel.counts().late, 0);
  assert.deepEqual(s.windows(), Object.fromEntries([0, 1, 2, 3, 4, 5].map((tick) => [tick, only(1, 1)])));
});

test('a clock that runs ahead from the start does not lay the grid', () => {
  const s = story(requests, requests);
  const received = at(0);
  s.driver.send({ points: [point(1, at(100_000))], receivedUnixNano: received });
  s.driver.send({ points: [point(0, at(0), { value: 4 })], receivedUnixNano: received });
  assert.equal(s.kernel.counts().held, 1);
  assert.deepEqual(s.windows(), { 0: only(1, 4) });
});

test('a feed whose points stay away from the middle moves its phase', () => {
  const s = story(requests, { ...requests, feed: 1 });
  const tick = (n: number, offset: number): StreamPoint[] => [point(0, at(n)), point(1, at(n + offset), { value: 10 })];
  s.send(...tick(0, 0));
  for (let n = 1; n <= 6; n++) s.send(...tick(n, 0.4));
  assert.equal(s.kernel.feed(1).phaseUnixNano, at(0.4));
  assert.equal(s.kernel.feed(0).phaseUnixNano, at(0));
  // Beyond half a window it would have fallen into the next tick: not any more.
  s.send(...tick(7, 0.4), ...tick(8, 0.7));
  assert.deepEqual(s.windows()[8], only(1, 11));
});

test('what a feed shows: period and ticks', () => {
  const s = story(requests, { ...requests, feed: 1 });
  for (let n = 0; n <= 12; n++) s.send(point(0, at(n)), ...(n % 6 === 0 ? [point(1, at(n))] : []));
  s.windows();
  assert.deepEqual(s.kernel.feed(0), { phaseUnixNano: START, periodNanos: WINDOW, ticks: 13 });
  assert.deepEqual(s.kernel.feed(1), { phaseUnixNano: START, periodNanos: 6n * WINDOW, ticks: 3 });
});

test('a feature listens to its rank; what open ticks hold of a lower trust is discarded', () => {
  const s = story(
    { ...requests, rank: 1 },
    { ...requests, rank: 0, feed: 1 },
    { type: SeriesType.AMOUNT, roles: Role.BYTES, rank: 1 },
  );
  s.kernel.setFeatureRank(0, 1, 1);
  s.send(point(0, at(0), { value: 5 }), point(2, at(0), { value: 70 }));
  s.kernel.setFeatureRank(0, 1, 0);
  s.send(point(1, at(0), { value: 8 }), point(0, at(0.1), { value: 5 }));
  assert.equal(s.kernel.counts().shadowed, 1);
  assert.deepEqual(s.windows(), { 0: [Number.NaN, 8, Number.NaN, 70] });
});

test('edges take part from the tick in which they were first seen, with the time of their first point', () => {
  const s = story(requests, { ...requests, edge: 1 });
  s.send(point(0, at(0)), point(0, at(1)));
  s.send(point(1, at(1.2)), point(1, at(0.8)));
  s.driver.flush(1);
  assert.deepEqual(
    s.driver.closed.map(({ tick, newEdges, windows }) => [tick, newEdges, windows.size]),
    [
      [0, [0], 1],
      [1, [1], 2],
    ],
  );
});

test('unmapped series cost a look-up and are counted', () => {
  const s = story({ ...requests, edge: -1 }, requests);
  s.send(point(0, at(0)), point(0, at(1)), point(1, at(0)));
  assert.equal(s.kernel.counts().unmapped, 2);
  assert.deepEqual(s.windows(), { 0: only(1, 1) });
});

test('series that asked for it are handed to TypeScript with edge and tick', () => {
  const s = story({ type: SeriesType.AMOUNT, roles: Role.SLOW | Role.REQUESTS | Role.FROM_COUNT, edge: 1 }, requests);
  s.send(point(1, at(0)), point(0, at(0.1), { count: 3 }), point(0, at(0.9), { count: 3 }));
  assert.deepEqual(s.driver.fold?.slowRows, [
    { row: 1, edge: 1, tick: 0 },
    { row: 2, edge: 1, tick: 1 },
  ]);
});

test('a removed edge is forgotten with its series; its slot serves another', () => {
  const s = story(requests, { ...requests, edge: 1 });
  s.send(point(0, at(0)), point(1, at(0)));
  s.kernel.removeEdge(0);
  assert.equal(s.kernel.seriesUsed(), 1);
  assert.equal(s.kernel.edgesUsed(), 1);
  assert.throws(() => s.kernel.removeEdge(0), RangeError);
  assert.equal(s.kernel.addEdge(0, -1, -1, 0), 0);
  s.send(point(0, at(1), { value: 9 }), point(1, at(1)));
  assert.deepEqual(s.windows(), { 0: [], 1: only(1, 9) });
});

test('nothing can be bound across groups, or to what does not exist', () => {
  const s = story(requests);
  s.send(point(0, at(0)));
  const other = s.kernel.addGroup(WINDOW, 0n);
  const feed = s.kernel.addFeed(other, false);
  const bind = (binding: Partial<SeriesBinding>) => () =>
    s.kernel.bindSeries(0, { edge: 0, feed: 0, rank: 0, scale: 1, type: 0, roles: 4, ...binding });
  assert.throws(bind({ feed }), RangeError);
  assert.throws(bind({ edge: 99 }), RangeError);
  assert.throws(bind({ feed: 9 }), RangeError);
  bind({ edge: 1 })();
});

const counter: Shape = { type: SeriesType.COUNTER, roles: Role.REQUESTS };
/** A counter of 10 a tick from 1000 on, whose reading at some ticks is another; 20 ticks. */
function readings(odd: Readonly<Record<number, Partial<StreamPoint>>>, start = 0n): Story {
  const s = story(counter);
  for (let tick = 0; tick < 20; tick++) {
    s.send(point(0, at(tick), { value: 1000 + 10 * tick, startTimeUnixNano: start, ...odd[tick] }));
  }
  return s;
}
/** Requests of the ticks from 1 on; undefined: none were told. */
const requestsOf = (windows: Record<number, readonly number[]>): (number | undefined)[] =>
  Array.from({ length: 19 }, (_, i) => (Number.isNaN(windows[i + 1]![1]!) ? undefined : windows[i + 1]![1]));
const steady = (but: Readonly<Record<number, number | undefined>> = {}): (number | undefined)[] =>
  Array.from({ length: 19 }, (_, i) => (i + 1 in but ? but[i + 1] : 10));

test('counters: one wild reading adds nothing, and what went on meanwhile is shared by time', () => {
  for (const value of [1e12, 1e39, 5000, 0, 500, 1]) {
    const s = readings({ 12: { value } });
    assert.deepEqual(requestsOf(s.windows()), steady({ 12: value === 1 ? 1 : undefined }), `reading ${value}`);
    assert.equal(s.kernel.counts().doubtful, value === 0 || value === 1 ? 0 : 1);
  }
});

test('counters: a reading of zero, then the old level; a restart stays a restart', () => {
  assert.deepEqual(requestsOf(readings({ 12: { value: 0 } }).windows()), steady({ 12: undefined }));
  const begun = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [12 + i, { value: 3 + 10 * i }]));
  assert.deepEqual(requestsOf(readings(begun).windows()), steady({ 12: 3 }));
});

test('counters: a leap that stays is another level, not traffic; a burst goes on from its second sample', () => {
  const level = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [12 + i, { value: 1e9 + 10 * i }]));
  assert.deepEqual(requestsOf(readings(level).windows()), steady({ 12: undefined }));
  const burst = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [12 + i, { value: 1120 + 5000 * (i + 1) }]));
  const later = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [12 + i, i === 0 ? undefined : 5000]));
  assert.deepEqual(requestsOf(readings(burst).windows()), steady(later));
});

test('counters: two writers of one identity with start times of their own: the first is counted', () => {
  const [first, second] = [at(-100), at(-50)];
  const s = story(counter);
  const told: string[] = [];
  for (let tick = 0; tick < 20; tick++) {
    s.send(point(0, at(tick), { value: 1000 + 10 * tick, startTimeUnixNano: first }));
    told.push(...s.driver.fold!.oddRows.map(({ reading }) => reading));
    if (tick < 5) continue;
    s.send(point(0, at(tick + 0.3), { value: 70_000 + 90 * tick, startTimeUnixNano: second }));
    told.push(...s.driver.fold!.oddRows.map(({ reading }) => reading));
  }
  assert.deepEqual(requestsOf(s.windows()), steady());
  assert.equal(s.kernel.counts().overlap, 15);
  assert.deepEqual(told, ['other writer', 'counted writer']);
});

test('counters: the other writer is counted once the first has gone, from its second sample on', () => {
  const [first, second] = [at(-100), at(-50)];
  const s = story(counter);
  for (let tick = 0; tick < 20; tick++) {
    if (tick < 10) s.send(point(0, at(tick), { value: 1000 + 10 * tick, startTimeUnixNano: first }));
    s.send(point(0, at(tick + 0.3), { value: 70_000 + 90 * tick, startTimeUnixNano: second }));
  }
  const after = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [10 + i, i < 2 ? undefined : 90]));
  assert.deepEqual(requestsOf(s.windows()), steady(after));
});

test('counters: two writers without start times: nothing beyond what they wrote', () => {
  for (const far of [20, 500_000, 1e12]) {
    const s = story(counter);
    for (let tick = 0; tick < 20; tick++) {
      s.send(point(0, at(tick), { value: 1000 + 10 * tick }));
      if (tick >= 10) s.send(point(0, at(tick + 0.3), { value: far + 10 * tick }));
    }
    for (const n of requestsOf(s.windows())) assert.ok(n === undefined || n <= 130, `${n} requests of 20`);
  }
});

test('counters: a start time that goes back, or moves with every sample, invents no window', () => {
  const back = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [12 + i, { startTimeUnixNano: at(-200) }]));
  assert.deepEqual(requestsOf(readings(back, at(-100)).windows()), steady());
  const moving = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, { startTimeUnixNano: at(i - 0.5) }]));
  const counts = requestsOf(readings(moving).windows());
  assert.deepEqual(counts.slice(7), steady().slice(7));
});

test('counters: errors may come out of nothing', () => {
  const s = story({ type: SeriesType.COUNTER, roles: Role.REQUESTS | Role.ERRORS });
  for (let tick = 0; tick < 20; tick++) s.send(point(0, at(tick), { value: tick < 12 ? 5 : 5 + 4000 * (tick - 11) }));
  assert.equal(s.windows()[12]![1], 4000);
});
