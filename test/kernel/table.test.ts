// The series table: against a map under churn at its bound, and idle series giving way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Role, type Scan, SeriesType } from '../../src/kernel/api.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { smallKernel } from '../support/kernels.js';
import fc from '../support/property.js';
import { encodePoints, point } from '../synthetic/point-streams.js';

const CAPACITY = 40;
const SECOND = 1_000_000_000n;
const WINDOW = 10n * SECOND;
const START = 1_700_000_000_000_000_000n;

/** The request that was looked at last. */
let last: Scan;

/** Sends one point of each series; answers their slots, and binds the new ones to the edge. */
function look(kernel: Kernel, series: readonly number[], edge: number, time = START): number[] {
  const body = encodePoints(series.map((number) => point(number, time)));
  const scan = kernel.scan('metrics', body);
  last = scan;
  for (const row of scan.unboundRows()) {
    const slot = scan.seriesOf(row);
    kernel.bindSeries(slot, { edge, feed: 0, rank: 0, type: SeriesType.AMOUNT, roles: Role.REQUESTS, scale: 1 });
  }
  return series.map((_, row) => scan.seriesOf(row));
}

function kernelWithEdges(edges: number, idleSeriesSeconds: number, maxSeries = CAPACITY): Kernel {
  const kernel = smallKernel({ maxSeries, idleSeriesSeconds });
  kernel.addGroup(WINDOW, WINDOW / 2n);
  kernel.addFeed(0, false);
  for (let edge = 0; edge < edges; edge++) kernel.addEdge(0, -1, -1, 0);
  return kernel;
}

type Action = { readonly edge: number; readonly series: readonly number[]; readonly isRemoval: boolean };

const action: fc.Arbitrary<Action> = fc.record({
  edge: fc.nat({ max: 7 }),
  series: fc.uniqueArray(fc.nat({ max: 70 }), { minLength: 1, maxLength: 12 }),
  isRemoval: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});

test('churn at the bound: every series keeps its slot, refusals only when full, removals free', () => {
  let refusals = 0;
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 120, size: 'max' }), (actions) => {
      const kernel = kernelWithEdges(8, 3600);
      const slots = new Map<number, { slot: number; edge: number }>();
      for (const { edge, series, isRemoval } of actions) {
        if (isRemoval) {
          kernel.removeEdge(edge);
          assert.equal(kernel.addEdge(0, -1, -1, 0), edge);
          for (const [number, entry] of slots) if (entry.edge === edge) slots.delete(number);
        } else {
          look(kernel, series, edge).forEach((slot, i) => {
            const number = series[i]!;
            const known = slots.get(number);
            if (known) assert.equal(slot, known.slot);
            else if (slot >= 0) slots.set(number, { slot, edge });
            else assert.equal(slots.size, CAPACITY);
            if (slot < 0) refusals++;
          });
        }
        assert.equal(kernel.seriesUsed(), slots.size);
        assert.ok(kernel.isIntact());
        assert.equal(new Set([...slots.values()].map(({ slot }) => slot)).size, slots.size);
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(refusals > 50, `only ${refusals} refusals`);
});

test('the look-up doubles with the series, and is made anew after a snapshot', () => {
  const many = 5000;
  const kernel = kernelWithEdges(2, 3600, many);
  const numbers = Array.from({ length: many }, (_, i) => i);
  const slots = numbers.flatMap((_, i) =>
    i % 500 === 0 ? look(kernel, numbers.slice(i, i + 500), i % 1000 ? 1 : 0) : [],
  );
  assert.deepEqual(
    [...slots].sort((a, b) => a - b),
    numbers,
  );
  assert.deepEqual(look(kernel, numbers, 0), slots);
  const snapshot = kernel.snapshot();
  kernel.removeEdge(0);
  assert.equal(kernel.seriesUsed(), many / 2);
  const kept = numbers.filter((i) => i % 1000 >= 500);
  assert.deepEqual(
    look(kernel, kept, 1),
    kept.map((i) => slots[i]),
  );
  kernel.restore(snapshot);
  assert.deepEqual(look(kernel, numbers, 0), slots);
  assert.ok(kernel.isIntact());
});

test('refused points are counted, and the series is taken once there is room', () => {
  const kernel = kernelWithEdges(2, 3600);
  const numbers = Array.from({ length: CAPACITY }, (_, i) => i);
  look(kernel, numbers, 0);
  assert.deepEqual(look(kernel, [1000], 1), [-1]);
  assert.deepEqual(last.fold(0, 1, 0n, -1).stop, { reason: 'done' });
  assert.equal(kernel.counts().refused, 1);
  kernel.removeEdge(0);
  assert.notDeepEqual(look(kernel, [1000], 1), [-1]);
});

test('a full table: series idle for longer than allowed give way, busy ones stay', () => {
  const kernel = kernelWithEdges(2, 60);
  const numbers = Array.from({ length: CAPACITY }, (_, i) => i);
  look(kernel, numbers, 0);
  last.fold(0, 1, 0n, -1);
  const busy = [0, 7, 39];
  for (let second = 0; second <= 70; second += 5) {
    look(kernel, busy, 0, START + BigInt(second) * SECOND);
    const { stop } = last.fold(0, 2 + second, 0n, -1);
    if (stop.reason !== 'close') continue;
    const closing = kernel.beginClose(0);
    while (!closing.work(100));
    last.fold(stop.next, 2 + second, 0n, -1);
  }
  const before = look(kernel, busy, 0);
  const fresh = Array.from({ length: CAPACITY - busy.length }, (_, i) => 100 + i);
  assert.ok(look(kernel, fresh, 1).every((slot) => slot >= 0));
  assert.deepEqual(look(kernel, busy, 0), before);
  assert.deepEqual(look(kernel, [999], 1), [-1]);
  assert.equal(kernel.seriesUsed(), CAPACITY);
});

test('a counter that was reclaimed does not bring back all that it ever counted', () => {
  const kernel = smallKernel({ maxSeries: 2, idleSeriesSeconds: 60 });
  kernel.addGroup(WINDOW, WINDOW / 2n);
  kernel.addFeed(0, false);
  kernel.addEdge(0, -1, -1, 0);
  let request = 0;
  const send = (series: number, second: number, value: number): void => {
    const body = encodePoints([point(series, START + BigInt(second) * SECOND, { value })]);
    request++;
    for (let next = 0; ; ) {
      const scan = kernel.scan('metrics', body);
      for (const row of scan.unboundRows()) {
        const counter = { edge: 0, feed: 0, rank: 0, type: SeriesType.COUNTER, roles: Role.REQUESTS, scale: 1 };
        kernel.bindSeries(scan.seriesOf(row), counter);
      }
      const { stop } = scan.fold(next, request, 0n, -1);
      if (stop.reason === 'done') return;
      next = stop.next;
      const closing = kernel.beginClose(0);
      closing.append([...closing.newEdges]);
      while (!closing.work(100));
    }
  };
  send(0, 0, 1_000_000);
  for (let second = 10; second <= 100; second += 10) send(1, second, second);
  send(2, 110, 5);
  send(1, 120, 120);
  send(1, 180, 180);
  const { first } = kernel.counts();
  send(0, 190, 1_000_100);
  assert.equal(kernel.counts().first, first + 1);
});
