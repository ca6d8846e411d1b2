// Closing in slices, ticks that were passed over, and alert profiles: what must not change the answers, and what must.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertProfile, ForestOptions } from '../../src/kernel/api.js';
import { RecentWindow } from '../../src/kernel/generated/layouts.js';
import { Views } from '../../src/kernel/views.js';
import { EdgeDetector, type EdgeGraph } from '../reference/detect-driver.js';
import { plainProfile } from '../reference/detect-score.js';
import { randomGraph, randomStream, seeded } from '../synthetic/edge-windows.js';

const FOREST: ForestOptions = {
  enabled: true,
  trees: 20,
  subsample: 64,
  reservoir: 300,
  period: 200,
  first: 128,
  refresh: 40,
};

/** Everything that a tick answered, as plain numbers. */
function snapshot(d: EdgeDetector): number[] {
  return Object.values(d.results).flatMap((column) => [...(column as ArrayLike<number> & Iterable<number>)]);
}

/** Closes a tick with slices of any size. */
function stepInSlices(d: EdgeDetector, x: Float64Array, slice: () => number): void {
  d.write(x);
  for (let g = 0; g < d.groups; g++) {
    d.begin(g);
    while (!d.work(g, slice()));
  }
}

test('the size of slices changes nothing', () => {
  const random = seeded(5);
  const graph = randomGraph(random, 150, 2);
  const stream = randomStream(random, 150, 130);
  const whole = new EdgeDetector(graph, { forest: FOREST, autoencoder: true });
  const sliced = new EdgeDetector(graph, { forest: FOREST, autoencoder: true });
  for (const [t, x] of stream.entries()) {
    if (t % 30 === 29) for (const d of [whole, sliced]) d.skip(t);
    whole.step(x);
    stepInSlices(sliced, x, () => 1 + Math.floor((t % 2 ? 200 : 20) * random()));
    assert.deepEqual(snapshot(sliced), snapshot(whole));
  }
});

test('edges are counted that were seen, and those that are live', () => {
  const random = seeded(9);
  const d = new EdgeDetector(randomGraph(random, 90, 1), { forest: FOREST });
  let silent = 0;
  for (const x of randomStream(random, 90, 120)) {
    d.step(x);
    const { present, gap, age } = d.results;
    const seen = present.reduce((sum, one) => sum + one, 0);
    assert.equal(d.seen, seen);
    const live = [...present].filter((one, edge) => one === 1 || gap[edge]! > 0 || age[edge]! < 1).length;
    assert.equal(d.live, live);
    silent += live - seen;
  }
  assert.ok(silent > 0, 'some were live without being seen');
});

test('the peak of the last windows is the largest of each', () => {
  const random = seeded(10);
  const d = new EdgeDetector(randomGraph(random, 12, 1), { forest: FOREST });
  for (const x of randomStream(random, 12, 80)) {
    d.step(x);
    for (let windows = 1; windows <= 4; windows++) {
      const edge = Math.floor(12 * random());
      const each = Array.from({ length: windows }, (_, ago) => d.recent(edge, ago));
      const peak = RecentWindow.read(new Views(d.wasm.memory), d.wasm.recentPeak(edge, windows) >>> 0);
      assert.deepEqual(
        [peak.evidence, peak.up, peak.down],
        [0, 1, 2].map((part) => Math.max(0, ...each.map((parts) => parts[part]!))),
      );
    }
  }
});

test('what a tick needs to know of all edges is found in slices too', () => {
  const random = seeded(8);
  const d = new EdgeDetector(randomGraph(random, 6400, 1), { forest: { ...FOREST, enabled: false } });
  const [x] = randomStream(random, 6400, 1);
  d.skip(3);
  d.write(x!);
  d.begin(0);
  let slices = 0;
  while (d.results.present.every((present) => present === 0)) {
    assert.equal(d.work(0, 64), false);
    slices += 1;
  }
  assert.ok(slices >= 12, `${slices} slices before the first edge is judged`);
});

test('an edge first seen behind ticks passed over lost nothing in them', () => {
  const answers = [0, 5].map((ticks) => {
    const d = new EdgeDetector(ring(12), { forest: { ...FOREST, enabled: false } });
    d.wasm.orderRemove(11);
    const [first, ...rest] = steadyStream(12, 30);
    d.step(first!);
    d.skip(ticks);
    d.wasm.orderAppend(0, 11);
    return rest.map((x) => {
      d.step(x);
      return [d.results.surprise.slice(12 * 11), d.results.age[11], d.recent(11, 0), d.recent(11, 3)];
    });
  });
  assert.deepEqual(answers[1], answers[0]);
});

test('a slice grows a few trees at most', () => {
  const random = seeded(6);
  const graph = randomGraph(random, 20, 1);
  const d = new EdgeDetector(graph, { forest: FOREST });
  const slices = randomStream(random, 20, 81).map((x) => {
    let count = 0;
    stepInSlices(d, x, () => {
      count += 1;
      return 64;
    });
    return count;
  });
  assert.equal(slices[79], 1);
  assert.ok(slices[80]! >= 10, `${slices[80]} slices for 20 trees`);
});

/** Edges that always speak: silence of all of them is an outage, window after window. */
function steadyStream(edges: number, ticks: number): Float64Array[] {
  const random = seeded(7);
  return Array.from({ length: ticks }, () =>
    Float64Array.from({ length: 4 * edges }, (_, i) => [0.01, 200, 1, 5000][i % 4]! * (0.9 + 0.2 * random())),
  );
}

const ring = (edges: number): EdgeGraph => ({
  source: Array.from({ length: edges }, (_, e) => (e === 0 ? -1 : e - 1)),
  destination: Array.from({ length: edges }, (_, e) => e),
  group: new Array<number>(edges).fill(0),
  windowSeconds: 10,
});

for (const empty of [1, 2, 3, 4, 59, 90, 170, 500]) {
  test(`${empty} ticks passed over are ${empty} ticks of an outage`, () => {
    const edges = 12;
    const stream = steadyStream(edges, 520);
    const walked = new EdgeDetector(ring(edges), { forest: FOREST });
    const skipped = new EdgeDetector(ring(edges), { forest: FOREST });
    const alarm = Float64Array.from(stream[500]!, (v, i) => (i < 8 && i % 4 === 0 ? 40 * v : v));
    for (const d of [walked, skipped]) {
      d.setIncidentLevel(8);
      for (const x of stream.slice(0, 500)) d.step(x);
      for (let i = 0; i < 3; i++) d.step(alarm);
      assert.deepEqual([...d.results.on.slice(0, 2)], [1, 1]);
      assert.deepEqual([...d.results.channel.slice(0, 2)], [1, 1]);
    }
    const nothing = new Float64Array(4 * edges).fill(Number.NaN);
    const closedOnTheWay = new Set<number>();
    for (let i = 0; i < empty; i++) {
      walked.step(nothing);
      for (let e = 0; e < edges; e++) if (walked.results.change[e] === -1) closedOnTheWay.add(e);
    }
    skipped.skip(empty);
    for (const [i, x] of stream.slice(500).entries()) {
      walked.step(x);
      skipped.step(x);
      if (i === 0) {
        const reported = [...skipped.results.change.keys()].filter((e) => skipped.results.change[e] === -1);
        const expected = [...closedOnTheWay, ...walked.results.change.keys()].filter(
          (e) => closedOnTheWay.has(e) || walked.results.change[e] === -1,
        );
        assert.deepEqual(
          reported,
          [...new Set(expected)].sort((a, b) => a - b),
        );
        walked.results.change.set(skipped.results.change);
        walked.results.channelChange.set(skipped.results.channelChange);
      }
      assert.deepEqual(snapshot(skipped), snapshot(walked), `tick ${i} after the silence`);
      for (let e = 0; e < edges; e++) {
        for (let ago = 0; ago < 4; ago++) assert.deepEqual(skipped.recent(e, ago), walked.recent(e, ago));
      }
    }
  });
}

/** Alerts opened on a steady stream in which edge 0 becomes slow. */
function openings(profile: AlertProfile | undefined, change: (x: Float64Array) => void): string[] {
  const stream = steadyStream(4, 620);
  const d = new EdgeDetector(ring(4), { forest: { ...FOREST, enabled: false } });
  if (profile) d.setProfile(0, profile);
  const opened: string[] = [];
  for (const [t, x] of stream.entries()) {
    if (t >= 600) change(x);
    d.step(x);
    for (let e = 0; e < 4; e++) if (d.results.change[e] === 1) opened.push(`${e}:${d.results.kind[e]}`);
  }
  return opened;
}

const slow = (x: Float64Array): void => {
  x[0] = x[0]! * 3;
};
const L_ON = Math.log((7 * 86400) / 10) - 2;

test('a profile at the default level is no profile', () => {
  assert.deepEqual(openings(undefined, slow), ['0:1']);
  assert.deepEqual(openings(plainProfile(L_ON), slow), ['0:1']);
});

test('what a profile holds back', () => {
  const base = plainProfile(L_ON);
  const levels = (kind: number, level: number): number[] => base.levels.map((l, i) => (i === kind ? level : l));
  const off = Number.POSITIVE_INFINITY;
  const cases: [string, Partial<AlertProfile>, string[]][] = [
    ['muted', { muted: true }, []],
    ['a level of another kind', { levels: levels(7, 1e9) }, ['0:1']],
    ['enough requests', { minRequests: 100 }, ['0:1']],
    ['too few requests', { minRequests: 300 }, []],
    ['relative change reached', { minRelative: [1.5, 0, 0, 0] }, ['0:1']],
    ['relative change not reached', { minRelative: [2.5, 0, 0, 0] }, []],
    ['absolute change reached', { minAbsolute: [0.015, 0, 0, 0] }, ['0:1']],
    ['absolute change not reached', { minAbsolute: [0.05, 0, 0, 0] }, []],
    ['all detectors off', { detectorFactors: [off, off, off, off] }, []],
    ['only Fisher', { detectorFactors: [off, 1, off, off] }, ['0:9']],
  ];
  for (const [name, part, expected] of cases) assert.deepEqual(openings({ ...base, ...part }, slow), expected, name);
});

test('a silent edge opens by its usual requests', () => {
  const silent = (x: Float64Array): void => {
    x.fill(Number.NaN, 4, 8);
  };
  const base = plainProfile(L_ON);
  assert.deepEqual(openings(undefined, silent), ['1:4']);
  assert.deepEqual(openings({ ...base, minRequests: 100, minRelative: [0, 1, 0, 0] }, silent), ['1:4']);
  assert.deepEqual(openings({ ...base, minRequests: 300 }, silent), []);
  assert.deepEqual(openings({ ...base, minAbsolute: [0, 500, 0, 0] }, silent), []);
});

test('profiles that cannot be', () => {
  const d = new EdgeDetector(ring(2), { forest: { ...FOREST, enabled: false } });
  assert.throws(() => d.setProfile(4096, plainProfile(9)), RangeError);
  assert.throws(() => d.setProfile(-1, plainProfile(9)), RangeError);
  assert.throws(() => d.setProfile(0, plainProfile(0)), RangeError);
  assert.throws(() => d.setProfile(0, { ...plainProfile(9), levels: [1, 2] }), RangeError);
  assert.throws(() => new EdgeDetector(ring(2), { forest: { ...FOREST, subsample: 1 } }), RangeError);
});
