// Slots of groups, feeds and edges that are freed serve others as if they were new, and what gave way is known when it
// comes again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Role, type Scan, type SeriesBinding, SeriesType } from '../../src/kernel/api.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { smallKernel } from '../support/kernels.js';
import { seeded } from '../synthetic/edge-windows.js';
import { encodePoints, KernelDriver, point, type StreamPoint } from '../synthetic/point-streams.js';

const SECOND = 1_000_000_000n;
const WINDOW = 10n * SECOND;
const START = 1_767_261_600n * SECOND;
const FOREST = { enabled: true, trees: 10, subsample: 64, reservoir: 256, period: 256, first: 64, refresh: 10 };

const amount = (edge: number, feed: number): SeriesBinding => ({
  edge,
  feed,
  rank: 0,
  type: SeriesType.AMOUNT,
  roles: Role.REQUESTS,
  scale: 1,
});

/** A group with a feed and edges, a series each; `from`: number of the first series. */
function shop(kernel: Kernel, from: number, edges: number) {
  const group = kernel.addGroup(WINDOW, WINDOW / 2n);
  const feed = kernel.addFeed(group, false);
  const slots = Array.from({ length: edges }, () => {
    const [source, destination] = [kernel.addService(group), kernel.addService(group)];
    return kernel.addEdge(group, source, destination, 0);
  });
  return { group, feed, slots, series: slots.map((_, i) => from + i) };
}

function points(series: readonly number[], window: number, random: () => number): StreamPoint[] {
  const time = START + BigInt(window) * WINDOW;
  return series.map((one) => point(one, time, { value: 100 + Math.round(20 * random()) }));
}

/** What the kernel says of edges in their order, window by window. */
function watch(
  kernel: Kernel,
  series: readonly number[],
  bindings: readonly SeriesBinding[],
  group: number,
): unknown[] {
  const driver = new KernelDriver(kernel, bindings);
  const random = seeded(5);
  const said: unknown[] = [];
  for (let i = 0; i < 120; i++) {
    driver.send({ points: points(series, i, random), receivedUnixNano: 0n });
    const { score, evidence, forest, age } = kernel.results;
    const columns = [...kernel.order(group)].map((slot) => [score[slot], evidence[slot], forest[slot], age[slot]]);
    said.push(columns);
  }
  const windows = driver.closed.map(({ tick, timeUnixNano, windows: all }) => [tick, timeUnixNano, [...all.values()]]);
  return [said, windows];
}

/** A kernel in which `times` groups came and went before. */
function usedKernel(times: number): Kernel {
  const kernel = smallKernel({ forest: FOREST, maxGroups: 2, maxFeeds: 2 });
  for (let i = 0; i < times; i++) {
    const { group, feed, slots, series } = shop(kernel, 100 + 10 * i, 6);
    const bindings: SeriesBinding[] = [];
    for (const [at, one] of series.entries()) bindings[one] = amount(slots[at]!, feed);
    const driver = new KernelDriver(kernel, bindings);
    const random = seeded(i + 1);
    for (let window = 0; window < 80; window++)
      driver.send({ points: points(series, 1000 * i - 5000 + window, random), receivedUnixNano: 0n });
    const services = slots.flatMap((_, at) => [2 * at, 2 * at + 1]);
    // The slot freed last is given out first: so the order of slots is that of a new kernel.
    for (const slot of slots.toReversed()) kernel.removeEdge(slot, i % 2 === 1);
    for (const service of services.toReversed()) kernel.removeService(service);
    kernel.removeGroup(group);
  }
  return kernel;
}

describe('groups', () => {
  test('a slot that others had says what a new one says, bit for bit', () => {
    const results = [0, 1, 5].map((times) => {
      const kernel = usedKernel(times);
      const { group, feed, slots, series } = shop(kernel, 0, 6);
      const bindings = slots.map((slot) => amount(slot, feed));
      return watch(kernel, series, bindings, group);
    });
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
  });

  test('as many as there is room for, however many come and go; one with edges is not removed', () => {
    const kernel = smallKernel({ maxGroups: 2, maxFeeds: 3 });
    const groups = [kernel.addGroup(WINDOW, 0n), kernel.addGroup(WINDOW, 0n)];
    assert.equal(kernel.addGroup(WINDOW, 0n), -1);
    const feeds = [
      kernel.addFeed(groups[0]!, false),
      kernel.addFeed(groups[0]!, true),
      kernel.addFeed(groups[1]!, false),
    ];
    assert.equal(kernel.addFeed(groups[1]!, false), -1);
    const edge = kernel.addEdge(groups[0]!, -1, -1, 0);
    assert.throws(() => kernel.removeGroup(groups[0]!), RangeError);
    kernel.removeEdge(edge);
    kernel.removeGroup(groups[0]!);
    assert.throws(() => kernel.removeGroup(groups[0]!), RangeError);
    assert.equal(kernel.addFeed(groups[0]!, false), -1, 'a group that is gone has no feeds');
    const again = kernel.addGroup(WINDOW, 0n);
    assert.equal(again, groups[0]);
    const both = [kernel.addFeed(again, false), kernel.addFeed(again, false)].sort();
    assert.deepEqual(both, [feeds[0], feeds[1]].sort());
    assert.equal(kernel.addFeed(again, false), -1);
  });

  test('free slots are part of a snapshot, and go into a kernel of other capacities', () => {
    const kernel = usedKernel(3);
    const { group, feed, slots, series } = shop(kernel, 0, 6);
    const copy = smallKernel({ forest: FOREST, maxGroups: 2, maxFeeds: 2 });
    copy.restore(kernel.snapshot());
    const larger = smallKernel({ forest: FOREST, maxGroups: 4, maxFeeds: 8, maxEdges: 512 });
    larger.takeOver(kernel);
    const bindings = slots.map((slot) => amount(slot, feed));
    const wanted = watch(kernel, series, bindings, group);
    assert.deepEqual(watch(copy, series, bindings, group), wanted);
    assert.deepEqual(watch(larger, series, bindings, group), wanted);
    assert.notEqual(copy.addGroup(WINDOW, 0n), -1);
    assert.equal(copy.addGroup(WINDOW, 0n), -1);
    for (const one of [kernel, copy, larger]) assert.ok(one.isIntact());
  });
});

/** The series of a scanned request that are to be bound, by name. */
function unbound(kernel: Kernel, all: readonly StreamPoint[]): { scan: Scan; names: number[] } {
  const body = encodePoints(all);
  const scan = kernel.scan('metrics', body);
  const names = scan
    .unboundRows()
    .map((row) => Number(new TextDecoder().decode(body.subarray(...scan.ranges(row).name))));
  return { scan, names };
}

describe('series', () => {
  test('what is refused is asked about again after longer and longer event time', () => {
    const kernel = smallKernel();
    const asked: number[] = [];
    for (let second = 0; second < 3000; second += 5) {
      const { scan, names } = unbound(kernel, [point(1, START + BigInt(second) * SECOND)]);
      if (names.length === 0) continue;
      asked.push(second);
      assert.equal(kernel.wasRefused(scan.seriesOf(0)), asked.length > 1);
      scan.refuse(0, 5n * SECOND);
    }
    assert.deepEqual(asked, [0, 5, 15, 35, 75, 155, 315, 635, 1235, 1835, 2435]);
  });

  test('those of a feed that is removed are bound again; those of another stay', () => {
    const kernel = smallKernel();
    const { group, feed, slots } = shop(kernel, 0, 2);
    const other = kernel.addFeed(group, false);
    const driver = new KernelDriver(kernel, [amount(slots[0]!, feed), amount(slots[1]!, other)]);
    driver.send({ points: points([0, 1], 0, () => 0), receivedUnixNano: 0n });
    kernel.removeFeed(feed);
    assert.deepEqual(
      unbound(
        kernel,
        points([0, 1], 1, () => 0),
      ).names,
      [0],
    );
    assert.equal(kernel.addFeed(group, true), feed);
  });

  test('a full table: what came once gives way after two minutes, what came again after an hour', () => {
    const kernel = smallKernel({ maxSeries: 64 });
    const { feed, slots } = shop(kernel, 0, 1);
    const bindings = Array.from({ length: 1000 }, () => amount(slots[0]!, feed));
    const driver = new KernelDriver(kernel, bindings);
    const at = (series: readonly number[], second: number) =>
      driver.send({
        points: series.map((one) => point(one, START + BigInt(second) * SECOND)),
        receivedUnixNano: 0n,
      });
    const old = Array.from({ length: 20 }, (_, i) => i);
    const once = Array.from({ length: 44 }, (_, i) => 100 + i);
    at(old, 0);
    at([...old, ...once], 10);
    at([200], 60);
    assert.equal(kernel.counts().refused, 1, 'nothing is idle yet');
    at([0], 200);
    at([201, 202], 210);
    assert.equal(kernel.counts().refused, 1);
    at(old, 220);
    assert.deepEqual(
      unbound(
        kernel,
        old.map((one) => point(one, START + 230n * SECOND)),
      ).names,
      [],
      'the old ones are there',
    );
  });
});

describe('edges that may give way', () => {
  test('newcomers before dormant ones, which only give way to what comes again; nobody who is alive', () => {
    const kernel = smallKernel();
    const { group, feed, slots, series } = shop(kernel, 0, 4);
    const driver = new KernelDriver(
      kernel,
      slots.map((slot) => amount(slot, feed)),
    );
    const random = seeded(2);
    // 0 is alive; 1 is seen for 30 windows, 2 for 3, 3 once.
    for (let i = 0; i < 100; i++) {
      const seen = [true, i < 30, i < 3, i === 50];
      driver.send({
        points: points(
          series.filter((one) => seen[one]),
          i,
          random,
        ),
        receivedUnixNano: 0n,
      });
    }
    const [, one, two, three] = slots;
    assert.deepEqual(kernel.yielding(false, 0), [three]);
    assert.deepEqual(kernel.yielding(true, 0), [three, two, one]);
    assert.equal(kernel.mayYield(one!, false, 0), false);
    assert.equal(kernel.mayYield(one!, true, 0), true);
    // A whole cluster that fell silent: nothing says so but the time of whoever asks.
    const later = Number(START / SECOND) + 1000 + 2 * 3600;
    assert.deepEqual(new Set(kernel.yielding(true, later)), new Set(slots));
    assert.equal(kernel.group(group).watchedS, 990);
  });

  test('series of an edge that gave way are known when they come again', () => {
    const kernel = smallKernel();
    const { feed, slots } = shop(kernel, 0, 2);
    const driver = new KernelDriver(
      kernel,
      slots.map((slot) => amount(slot, feed)),
    );
    driver.send({ points: points([0, 1], 0, () => 0), receivedUnixNano: 0n });
    kernel.removeEdge(slots[0]!, true);
    kernel.removeEdge(slots[1]!, false);
    const { scan, names } = unbound(
      kernel,
      points([0, 1], 1, () => 0),
    );
    assert.deepEqual(names, [0, 1]);
    assert.deepEqual(
      [0, 1].map((row) => kernel.wasRefused(scan.seriesOf(row))),
      [true, false],
    );
  });
});
