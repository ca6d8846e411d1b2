// Folding: the kernel against the reference on random streams, and the rules one by one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Role, type SeriesBinding, SeriesType } from '../../src/kernel/face.js';
import { ReferenceWindows } from '../../src/kernel/reference-window.js';
import { smallKernel } from '../support/kernels.js';
import {
  KernelDriver,
  point,
  ReferenceDriver,
  type StreamPoint,
  type StreamRequest,
} from '../support/point-streams.js';

const WINDOW = 10_000_000_000n;
const START = 1_700_000_000_000_000_000n;
const SECOND = 1_000_000_000n;
const GROUPS = 2;
const FEEDS = [0, 0, 1];
const EDGES = [0, 0, 0, 1, 1];

/** [type, roles, is a histogram]: every combination that the feature rules make. */
const SHAPES = [
  [SeriesType.amount, Role.REQUESTS, false],
  [SeriesType.amount, Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT, true],
  [SeriesType.amount, Role.ERRORS, false],
  [SeriesType.amount, Role.BYTES, false],
  [SeriesType.amount, Role.LATENCY_SUM, false],
  [SeriesType.counter, Role.REQUESTS, false],
  [SeriesType.counter, Role.BYTES, false],
  [SeriesType.counter, Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT | Role.ERRORS_NONE, true],
  [SeriesType.counter, Role.REQUESTS | Role.ERRORS | Role.FROM_COUNT, true],
  [SeriesType.rate, Role.REQUESTS, false],
  [SeriesType.rate, Role.BYTES, false],
  [SeriesType.level, Role.LATENCY_LEVEL, false],
  [SeriesType.level, Role.ERROR_RATIO, false],
] as const;

interface World {
  readonly kernel: KernelDriver;
  readonly reference: ReferenceDriver;
}

/** A kernel and a reference with the same groups, feeds, edges and bindings. */
function world(bindings: readonly SeriesBinding[], ranks: readonly (readonly [number, number, number])[] = []): World {
  const kernel = smallKernel();
  const reference = new ReferenceWindows();
  for (let group = 0; group < GROUPS; group++) {
    kernel.addGroup(WINDOW, WINDOW / 2n);
    reference.addGroup(WINDOW, WINDOW / 2n);
  }
  for (const group of FEEDS) {
    kernel.addFeed(group, false);
    reference.addFeed(group);
  }
  for (const group of EDGES) reference.addEdge(group, kernel.addEdge(group, -1, -1, 0));
  bindings.forEach((binding, series) => {
    reference.bind(series, binding);
  });
  for (const [edge, feature, rank] of ranks) {
    kernel.setFeatureRank(edge, feature, rank);
    reference.setFeatureRank(edge, feature, rank);
  }
  return { kernel: new KernelDriver(kernel, bindings), reference: new ReferenceDriver(reference) };
}

function run({ kernel, reference }: World, requests: readonly StreamRequest[]): void {
  for (const request of requests) {
    kernel.send(request);
    reference.send(request);
  }
  kernel.flush(GROUPS);
  reference.flush(GROUPS);
}

function agree({ kernel, reference }: World): void {
  assert.deepEqual(kernel.closed, reference.closed);
  assert.deepEqual(kernel.kernel.counts(), reference.reference.counts());
  assert.ok(kernel.kernel.isIntact());
}

const binding = (feed: number, edge: number, shape: number, rank: number, scale: number): SeriesBinding => {
  const [type, roles] = SHAPES[shape]!;
  return { edge, feed, rank, type, roles, scale };
};

const arbitraryBinding = fc
  .record({
    feed: fc.nat({ max: FEEDS.length - 1 }),
    place: fc.nat({ max: 2 }),
    shape: fc.nat({ max: SHAPES.length - 1 }),
    rank: fc.nat({ max: 1 }),
    scale: fc.constantFrom(1, 0.5, 2 ** -10),
    isUsed: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  })
  .map(({ feed, place, shape, rank, scale, isUsed }) => {
    const edges = EDGES.flatMap((group, edge) => (group === FEEDS[feed] ? [edge] : []));
    const made = binding(feed, edges[place % edges.length]!, shape, rank, scale);
    return { binding: isUsed ? made : { ...made, edge: -1 }, isHistogram: SHAPES[shape]![2] };
  });

type Step = {
  readonly advance: number;
  readonly jitter: number;
  readonly series: number;
  readonly value: number;
  readonly oddity: number;
  readonly isCut: boolean;
};

const step: fc.Arbitrary<Step> = fc.record({
  // Tenths of a window; mostly a little on, at times a silence, a long one, a step back.
  advance: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 4 }) },
    { weight: 3, arbitrary: fc.integer({ min: 10, max: 25 }) },
    { weight: 1, arbitrary: fc.constantFrom(45, 90, 400, -15, -3) },
  ),
  jitter: fc.integer({ min: -4, max: 4 }),
  series: fc.nat({ max: 9 }),
  value: fc.integer({ min: 0, max: 1000 }),
  oddity: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 60 })),
  isCut: fc.boolean(),
});

function oddValue(oddity: number, value: number): number | undefined {
  if (oddity === 3) return undefined;
  if (oddity === 4) return -1;
  if (oddity === 11) return value * 1e6;
  if (oddity === 12) return 0;
  return oddity === 5 ? Number.NaN : value;
}

/** Points of a random walk through time; counters mostly grow. */
function makeRequests(steps: readonly Step[], isHistogram: readonly boolean[]): StreamRequest[] {
  const requests: StreamPoint[][] = [[]];
  const totals = isHistogram.map((_, i) => ({ value: 0, count: 0, start: i % 2 === 0 ? 0n : START - 10n * SECOND }));
  let now = START;
  for (const { advance, jitter, series: any, value, oddity, isCut } of steps) {
    now += BigInt(advance) * SECOND;
    const series = any % isHistogram.length;
    const total = totals[series]!;
    if (oddity === 1) totals[series] = { value: 0, count: 0, start: now };
    total.value += value / 8;
    total.count += value % 50;
    const made: StreamPoint = point(series, oddity === 2 ? 0n : now + BigInt(jitter) * (SECOND / 10n), {
      // Another writer, with a start time of its own.
      startTimeUnixNano: oddity === 10 ? START - 100n * SECOND : oddity % 3 === 0 || any % 2 === 1 ? total.start : 0n,
      value: isHistogram[series] ? total.value : oddValue(oddity, total.value),
      count: isHistogram[series] ? (oddity === 11 ? total.count * 1000 : oddity === 10 ? 7 : total.count) : undefined,
      hasNoRecordedValue: oddity === 6,
    });
    requests.at(-1)!.push(made);
    if (oddity === 7) requests.at(-1)!.push(made);
    if (oddity === 8) requests.push([made]);
    if (isCut) requests.push([]);
  }
  return requests.map((points) => ({ points, receivedUnixNano: now + 3n * SECOND }));
}

test('random streams give the windows and counts of the reference', () => {
  const seen = { ticks: 0, outages: 0, windows: 0 };
  fc.assert(
    fc.property(
      fc.array(arbitraryBinding, { minLength: 1, maxLength: 10 }),
      fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 3 }), fc.nat({ max: 1 })), { maxLength: 4 }),
      fc.array(step, { minLength: 1, maxLength: 220, size: '+2' }),
      (series, ranks, steps) => {
        const both = world(
          series.map((each) => each.binding),
          ranks,
        );
        run(
          both,
          makeRequests(
            steps,
            series.map((each) => each.isHistogram),
          ),
        );
        agree(both);
        for (const { skipped, windows } of both.kernel.closed) {
          seen.ticks++;
          if (skipped > 0) seen.outages++;
          for (const window of windows.values()) if (window.some((x) => !Number.isNaN(x))) seen.windows++;
        }
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(seen.ticks > 500 && seen.outages > 30 && seen.windows > 500, JSON.stringify(seen));
});
