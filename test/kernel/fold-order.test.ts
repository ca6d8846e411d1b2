// What must not matter: how a stream is cut into requests, the order of points inside a tick, the size of a slice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Role, type SeriesBinding, SeriesType } from '../../src/kernel/api.js';
import { smallKernel } from '../support/kernels.js';
import fc from '../support/property.js';
import { KernelDriver, point, type StreamPoint } from '../synthetic/point-streams.js';

const SECOND = 1_000_000_000n;
const WINDOW = 10n * SECOND;
const START = 1_700_000_000_000_000_000n;

const SHAPES = [
  { type: SeriesType.AMOUNT, roles: Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT },
  { type: SeriesType.COUNTER, roles: Role.BYTES },
  { type: SeriesType.RATE, roles: Role.REQUESTS },
  { type: SeriesType.LEVEL, roles: Role.LATENCY_LEVEL },
  { type: SeriesType.AMOUNT, roles: Role.REQUESTS | Role.ERRORS },
];
const BINDINGS: readonly SeriesBinding[] = Array.from({ length: 15 }, (_, i) => ({
  ...SHAPES[i % 5]!,
  edge: Math.floor(i / 3),
  feed: i % 2,
  rank: 0,
  scale: 1,
}));

/**
 * A stream with every series and time once; times in order of ticks, at most so many tenths of a second from the middle
 * of theirs.
 */
const streamWithin = (tenths: number): fc.Arbitrary<StreamPoint[][]> =>
  fc
    .array(
      fc.array(
        fc.tuple(
          fc.nat({ max: 14 }),
          fc.integer({ min: -tenths, max: tenths }),
          fc.double({ min: 0, max: 1e9, noNaN: true }),
        ),
        { minLength: 1, maxLength: 25 },
      ),
      { minLength: 1, maxLength: 30, size: 'max' },
    )
    .map((ticks) =>
      ticks.map((points, tick) => {
        const seen = new Set<string>();
        return points.flatMap(([series, offset, value]) => {
          if (seen.has(`${series} ${offset}`)) return [];
          seen.add(`${series} ${offset}`);
          const time = START + BigInt(tick) * WINDOW + (BigInt(offset) * SECOND) / 10n;
          return [point(series, time, { value, count: series % 5 === 0 ? Math.round(value) : undefined })];
        });
      }),
    );

const stream = streamWithin(40);

function run(requests: readonly (readonly StreamPoint[])[]): KernelDriver {
  const kernel = smallKernel();
  kernel.addGroup(WINDOW, WINDOW / 2n);
  kernel.addFeed(0, false);
  kernel.addFeed(0, false);
  for (let edge = 0; edge < 5; edge++) kernel.addEdge(0, -1, -1, 0);
  const driver = new KernelDriver(kernel, BINDINGS);
  for (const points of requests) driver.send({ points, receivedUnixNano: 0n });
  driver.flush(1);
  return driver;
}

/** The points cut into requests behind the places that `cuts` names. */
function cut(points: readonly StreamPoint[], cuts: readonly boolean[]): StreamPoint[][] {
  const requests: StreamPoint[][] = [[]];
  points.forEach((each, i) => {
    requests.at(-1)!.push(each);
    if (cuts[i % cuts.length]) requests.push([]);
  });
  return requests;
}

test('any cutting into requests gives the same windows', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (ticks, cuts) => {
      const whole = run([ticks.flat()]);
      const pieces = run(cut(ticks.flat(), cuts));
      assert.deepEqual(pieces.closed, whole.closed);
      assert.deepEqual(pieces.kernel.counts(), whole.kernel.counts());
    }),
    { numRuns: 40 },
  );
});

/** Counters drop points that come behind newer ones: they keep their own order, everything else is shuffled. */
function shuffle(points: readonly StreamPoint[], seed: number): StreamPoint[] {
  let state = seed >>> 0;
  const keyed = points.map((each) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { each, key: state };
  });
  const mixed = keyed.sort((a, b) => a.key - b.key).map(({ each }) => each);
  const isCounter = ({ series }: StreamPoint): boolean => BINDINGS[series]!.type === SeriesType.COUNTER;
  const counters = points.filter(isCounter);
  return mixed.map((each) => (isCounter(each) ? counters.shift()! : each));
}

test('any order inside a tick gives the same windows', () => {
  fc.assert(
    // Within a quarter of a window a feed's phase stays, so that these ticks are the kernel's own.
    fc.property(streamWithin(25), fc.integer(), (ticks, seed) => {
      // The first point of each feed lays its grid: it stays first.
      const lead = [point(0, START), point(1, START)];
      const ordered = run([lead, ...ticks.slice(1)]);
      const mixed = run([lead, ...ticks.slice(1).map((points) => shuffle(points, seed))]);
      assert.deepEqual(mixed.closed, ordered.closed);
      assert.deepEqual(mixed.kernel.counts(), ordered.kernel.counts());
    }),
    { numRuns: 40 },
  );
});

test('the order of points inside a tick does not change the period of their feed', () => {
  const lead = [point(0, START), point(1, START)];
  const at = (seconds: number, series: number): StreamPoint =>
    point(series, START + BigInt(seconds * 10) * (SECOND / 10n));
  const early = at(20, 9);
  const late = at(20.1, 9);
  // Series 11 is a counter: whether it began at 0 depends on the period that its feed shows.
  const after = [[at(30, 0)], [at(40, 11)], [at(50, 11)]];
  const ordered = run([lead, [early, late, at(20.1, 1)], ...after]);
  const mixed = run([lead, [late, at(20.1, 1), early], ...after]);
  assert.deepEqual(mixed.closed, ordered.closed);
  assert.deepEqual(mixed.kernel.counts(), ordered.kernel.counts());
});

test('a snapshot restored into another kernel goes on bit for bit', () => {
  fc.assert(
    fc.property(stream, fc.nat({ max: 30 }), (ticks, share) => {
      const place = Math.min(share, ticks.length);
      const through = run([...ticks.slice(0, place)]);
      const bytes = through.kernel.snapshot();
      const kernel = smallKernel();
      kernel.restore(bytes);
      assert.deepEqual(kernel.snapshot(), bytes);
      const resumed = new KernelDriver(kernel, BINDINGS);
      const before = through.closed.length;
      for (const points of ticks.slice(place)) {
        through.send({ points, receivedUnixNano: 0n });
        // Request numbers go on where the other driver stands.
        resumed.send({ points, receivedUnixNano: 0n });
      }
      through.flush(1);
      resumed.flush(1);
      assert.deepEqual(resumed.closed, through.closed.slice(before));
      assert.deepEqual(kernel.counts(), through.kernel.counts());
    }),
    { numRuns: 30 },
  );
});
