// Folding: the kernel against the reference on random streams, and the rules one by one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BelievedTimes, Role, type SeriesBinding, SeriesType } from '../../src/kernel/api.js';
import { ReferenceWindows } from '../reference/window.js';
import { smallKernel } from '../support/kernels.js';
import fc from '../support/property.js';
import {
  KernelDriver,
  point,
  ReferenceDriver,
  type StreamPoint,
  type StreamRequest,
} from '../synthetic/point-streams.js';

const WINDOW = 10_000_000_000n;
const START = 1_700_000_000_000_000_000n;
const SECOND = 1_000_000_000n;
const GROUPS = 2;
const FEEDS = [0, 0, 1];
const EDGES = [0, 0, 0, 1, 1];
/** Groups of the clocks that senders have besides each group's own. */
const CLOCKS = [0, 0, 1];

/** [type, roles, is a histogram]: every combination that the feature rules make. */
const SHAPES = [
  [SeriesType.AMOUNT, Role.REQUESTS, false],
  [SeriesType.AMOUNT, Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT, true],
  [SeriesType.AMOUNT, Role.ERRORS, false],
  [SeriesType.AMOUNT, Role.BYTES, false],
  [SeriesType.AMOUNT, Role.LATENCY_SUM, false],
  [SeriesType.COUNTER, Role.REQUESTS, false],
  [SeriesType.COUNTER, Role.BYTES, false],
  [SeriesType.COUNTER, Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT | Role.ERRORS_NONE, true],
  [SeriesType.COUNTER, Role.REQUESTS | Role.ERRORS | Role.FROM_COUNT, true],
  [SeriesType.RATE, Role.REQUESTS, false],
  [SeriesType.RATE, Role.BYTES, false],
  [SeriesType.LEVEL, Role.LATENCY_LEVEL, false],
  [SeriesType.LEVEL, Role.ERROR_RATIO, false],
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
  for (const group of CLOCKS) {
    kernel.addClock(group);
    reference.addClock(group);
  }
  for (const group of EDGES) reference.addEdge(group, kernel.addEdge(group, -1, -1, 0));
  bindings.forEach((binding, series) => {
    reference.bind(series, binding);
  });
  for (const [edge, feature, rank] of ranks) {
    kernel.setFeatureRank(edge, feature, rank);
    reference.setFeatureRank(edge, feature, rank);
  }
  return { kernel: new KernelDriver(kernel, bindings, believed), reference: new ReferenceDriver(reference, believed) };
}

const believed = (received: bigint): BelievedTimes =>
  received > 0n ? { earliestUnixNano: received - 100n * SECOND, latestUnixNano: received + 300n * SECOND } : {};

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
  const shifts = reference.reference.shifts();
  assert.deepEqual(
    shifts.map((_, clock) => kernel.kernel.clock(clock).shiftNanos),
    shifts,
  );
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

/** An edge of which nothing came but late samples of a counter is none of those that a tick waits for. */
const LATE_EDGE: [{ binding: SeriesBinding; isHistogram: boolean }[], Step[], number] = [
  [
    {
      binding: { edge: 1, feed: 0, rank: 0, type: SeriesType.COUNTER, roles: Role.ERRORS, scale: 1 },
      isHistogram: false,
    },
    {
      binding: { edge: 0, feed: 0, rank: 0, type: SeriesType.AMOUNT, roles: Role.ERRORS, scale: 1 },
      isHistogram: false,
    },
  ],
  [
    { advance: 10, jitter: 0, series: 3, value: 0, oddity: 0, isCut: false },
    { advance: -15, jitter: 0, series: 0, value: 0, oddity: 0, isCut: false },
  ],
  1,
];

test('a recording that ends within a tick forgets it, and the next one goes on, as the reference does', () => {
  const seen = { forgotten: 0, whole: 0 };
  fc.assert(
    fc.property(
      fc.array(arbitraryBinding, { minLength: 1, maxLength: 10 }),
      fc.array(step, { minLength: 2, maxLength: 120, size: '+2' }),
      fc.nat(),
      (series, steps, place) => {
        const both = world(series.map((each) => each.binding));
        const requests = makeRequests(
          steps,
          series.map((each) => each.isHistogram),
        );
        const at = place % (requests.length + 1);
        for (const request of requests.slice(0, at)) {
          both.kernel.send(request);
          both.reference.send(request);
        }
        const before = both.kernel.closed.length;
        both.kernel.cut(GROUPS);
        both.reference.cut(GROUPS);
        if (both.kernel.closed.length > before) seen.whole++;
        else if (at > 0) seen.forgotten++;
        run(both, requests.slice(at));
        agree(both);
      },
    ),
    { numRuns: 150, examples: [LATE_EDGE] },
  );
  assert.ok(seen.forgotten > 10 && seen.whole > 10, JSON.stringify(seen));
});

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

/**
 * Senders of one group, each with edges of its own: what they send at their own pace, by clocks that are off and step.
 */
interface Sender {
  /** Tenths of a window. */
  readonly period: number;
  readonly phase: number;
  /** Steps of its clock: at which of its requests, by how many tenths of a window. */
  readonly steps: readonly (readonly [at: number, by: number])[];
  /** Its requests from this one on, this many, are never sent. */
  readonly silent: readonly [from: number, count: number];
}

const sender: fc.Arbitrary<Sender> = fc.record({
  period: fc.constantFrom(10, 10, 10, 20),
  phase: fc.nat({ max: 9 }),
  steps: fc.array(
    fc.tuple(
      fc.nat({ max: 35 }),
      fc.oneof(fc.integer({ min: -400, max: 400 }), fc.constantFrom(-9000, 9000, -18, 18, 60, -60, 900_000)),
    ),
    { maxLength: 2 },
  ),
  silent: fc.tuple(fc.nat({ max: 40 }), fc.constantFrom(0, 0, 0, 1, 6, 30)),
});

/** What they send until the end, in the order in which it comes. */
function requestsOf(senders: readonly Sender[], periods: number, shapes: readonly boolean[]): StreamRequest[] {
  const requests: { readonly at: number; readonly request: StreamRequest }[] = [];
  for (const [who, { period, phase, steps, silent }] of senders.entries()) {
    for (let i = 0; i * period < periods * 10; i++) {
      if (i >= silent[0] && i < silent[0] + silent[1]) continue;
      const at = phase + i * period;
      const off = steps.reduce((sum, [from, by]) => (i >= from ? sum + by : sum), 0);
      const received = START + BigInt(at) * SECOND;
      const time = received + BigInt(off) * SECOND;
      const points = shapes.flatMap((isHistogram, series) => {
        if (series % senders.length !== who) return [];
        return [point(series, time, { value: 100 * i + series, count: isHistogram ? 10 * i : undefined })];
      });
      requests.push({ at, request: { points, receivedUnixNano: 0n } });
    }
  }
  return requests.sort((a, b) => a.at - b.at).map(({ request }) => request);
}

test('senders whose clocks disagree, step and fall silent: windows, counts and offsets of the reference', () => {
  const seen = { aligned: 0, held: 0, windows: 0 };
  fc.assert(
    fc.property(
      fc.array(sender, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat({ max: SHAPES.length - 1 }), { minLength: 3, maxLength: 9 }),
      (senders, shapes) => {
        // Clock 0 is the group's own, 2 and 3 were added to it.
        const clocks = [0, 2, 3];
        const bindings = shapes.map((shape, series) => ({
          ...binding(0, series % senders.length, shape, 0, 1),
          clock: clocks[series % senders.length]!,
        }));
        const both = world(bindings);
        run(
          both,
          requestsOf(
            senders,
            40,
            shapes.map((shape) => SHAPES[shape]![2]),
          ),
        );
        agree(both);
        seen.held += both.kernel.kernel.counts().held;
        seen.windows += both.kernel.closed.length;
        if (clocks.some((clock) => both.kernel.kernel.clock(clock).shiftNanos !== 0n)) seen.aligned++;
      },
    ),
    { numRuns: 200 },
  );
  assert.ok(seen.aligned > 40 && seen.held > 300 && seen.windows > 3000, JSON.stringify(seen));
});
