// The generators and the scoring that the floors of detection quality rest on.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DURATION, inject, TURNS, YOUNG_KINDS, young } from '../../synthetic/coldstart.js';
import { recall, tally } from '../../synthetic/scoring.js';
import { emptyStream, type Labels } from '../../synthetic/stream.js';
import { synth } from '../../synthetic/synth.js';
import { system } from '../../synthetic/topology.js';

const options = { seed: 5, edges: 40, windows: 1500, start: 400 } as const;

describe('synth', () => {
  const made = synth({ ...options, usual: [100, 1000], idleShare: 0 });

  /** Mean of a feature over windows in which it is there. */
  const mean = (x: Float64Array, edge: number, feature: number, first: number, last: number): number => {
    let [sum, count] = [0, 0];
    for (let t = first; t <= last; t++) {
      const value = x[4 * (t * options.edges + edge) + feature]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return sum / count;
  };

  it('is the same for the same seed, and an edge does not depend on how many there are', () => {
    const few = synth({ ...options, usual: [100, 1000], idleShare: 0, edges: 10 });
    for (let t = 0; t < options.windows; t += 97) {
      const [a, b] = [few.stream.x.subarray(40 * t, 40 * t + 40), made.stream.x.subarray(160 * t, 160 * t + 40)];
      assert.deepEqual(a, b);
    }
    assert.notDeepEqual(synth({ ...options, seed: 6 }).labels.faults, made.labels.faults);
  });

  it('puts each fault where its label says', () => {
    assert.ok(made.labels.faults.length >= 30);
    const factors: Record<string, [feature: number, least: number, most: number]> = {
      lat5: [0, 2.5, 9],
      rate10: [1, 0.05, 0.25],
      bytes3: [3, 1.5, 5],
    };
    let checked = 0;
    for (const { kind, edge, first, last } of made.labels.faults) {
      assert.ok(first >= options.start + 100 && last - first >= 2 && last - first <= 11, `${kind} ${first} ${last}`);
      const expected = factors[kind];
      if (!expected) continue;
      const [feature, least, most] = expected;
      const factor =
        mean(made.stream.x, edge, feature, first, last) / mean(made.stream.x, edge, feature, first - 60, first - 1);
      assert.ok(factor > least && factor < most, `${kind} on edge ${edge}: × ${factor}`);
      checked++;
    }
    assert.ok(checked >= 5, `${checked} faults checked`);
  });

  it('has no faults where none are wanted', () => {
    assert.deepEqual(synth({ ...options, kinds: [] }).labels.faults, []);
    assert.deepEqual(
      new Set(synth({ ...options, kinds: ['rate0'] }).labels.faults.map(({ kind }) => kind)),
      new Set(['rate0']),
    );
  });

  it('leaves windows without requests out', () => {
    const idle = synth({ ...options, usual: [0.5, 2] }).stream.x;
    let missing = 0;
    for (let i = 0; i < idle.length; i += 4) {
      const absent = [0, 1, 2, 3].filter((k) => Number.isNaN(idle[i + k]!)).length;
      assert.ok(absent === 0 || absent === 4);
      if (absent === 4) missing++;
      else assert.ok(idle[i + 1]! >= 1 && idle[i + 2]! <= idle[i + 1]!);
    }
    assert.ok(missing > idle.length / 4 / 10);
  });
});

describe('system', () => {
  const made = system({ seed: 9, windows: 2200, start: 600, faults: 6 });

  it('has one way in and a caller for every service', () => {
    assert.equal(made.source.filter((s) => s < 0).length, 1);
    for (let s = 0; s < made.services; s++) assert.ok(made.destination.includes(s), `service ${s}`);
    assert.ok(made.source.every((s, e) => s < made.destination[e]!));
  });

  it('labels faults apart from each other, after the start', () => {
    assert.ok(made.faults.length >= 4);
    made.faults.forEach(({ first, last, service, edge }, i) => {
      assert.ok(first >= made.start + 100 && last >= first + 2);
      assert.ok(service >= 0 && service < made.services);
      if (edge >= 0) assert.equal(made.destination[edge], service);
      if (i > 0) assert.ok(first - made.faults[i - 1]!.first >= 200);
    });
  });

  it('carries traffic on every edge', () => {
    for (let e = 0; e < made.stream.edges; e++) {
      let windows = 0;
      for (let t = 0; t < made.stream.windows; t++)
        if (made.stream.x[4 * (t * made.stream.edges + e) + 1]! > 0) windows++;
      assert.ok(windows > 0.5 * made.stream.windows, `edge ${e}: ${windows}`);
    }
  });
});

describe('young', () => {
  const made = young(404, 64, 400);

  it('has edges from the start and edges born hours later', () => {
    assert.ok(made.edges.some(({ old, birth }) => old && birth === 0));
    for (const { old, birth } of made.edges) assert.ok(old || (birth >= 1440 && birth < 1620));
    assert.ok(young(403, 20, 100).edges.every(({ old, birth }) => !old && birth < 30));
  });

  it('is silent before birth', () => {
    made.edges.forEach(({ birth }, e) => {
      for (let t = 0; t < birth; t += 7) assert.ok(Number.isNaN(made.stream.x[4 * (t * 64 + e) + 1]!));
    });
  });

  it('injects each kind once a cycle, few at a time, never on old edges', () => {
    const all = Array.from({ length: TURNS }, (_, turn) => inject(made, 180, turn)).flat();
    for (const { edge, first, kind, x } of all) {
      assert.ok(!made.edges[edge]!.old);
      assert.equal(first, made.edges[edge]!.birth + 180);
      assert.equal(x.length, 4 * DURATION);
      assert.ok(kind < YOUNG_KINDS.length);
    }
    assert.ok(inject(made, 180, 0).length <= 8);
    assert.deepEqual(inject(made, 180, 3), inject(made, 180, 3));
  });
});

describe('scoring', () => {
  const stream = emptyStream(2, 100);
  const labels: Labels = {
    start: 10,
    faults: [
      { first: 40, last: 44, edge: 0, kind: 'a' },
      { first: 70, last: 72, edge: -1, kind: 'b' },
    ],
    ignored: [{ first: 20, last: 29, edge: 1 }],
    grace: 1,
    cool: 5,
  };
  const score = (...on: (readonly [t: number, e: number])[]): ReturnType<typeof tally> => {
    const alerts = new Uint8Array(200);
    for (const [t, e] of on) alerts[2 * t + e] = 1;
    return tally(stream, labels, alerts);
  };

  it('finds a fault by an alert within it and its grace, on its edge', () => {
    assert.deepEqual(score([45, 0]).delay, [5, -1]);
    assert.deepEqual(score([46, 0]).delay, [-1, -1]);
    assert.deepEqual(score([41, 1], [71, 1]).delay, [-1, 1]);
  });

  it('counts episodes apart from each other, and those that touch a fault as true', () => {
    assert.equal(score([50, 1], [56, 1]).falseEpisodes, 1);
    assert.equal(score([50, 1], [58, 1]).falseEpisodes, 2);
    assert.deepEqual(score([38, 0], [40, 0]).falseEpisodes, 0);
    assert.equal(score([38, 0], [40, 0]).trueEpisodes, 1);
    assert.equal(score([49, 0]).falseEpisodes, 0);
    assert.equal(score([50, 0]).falseEpisodes, 1);
  });

  it('counts neither what is ignored nor what comes before the start', () => {
    const { falseEpisodes, trueEpisodes } = score([25, 1], [5, 0]);
    assert.deepEqual([falseEpisodes, trueEpisodes], [0, 0]);
    const free = 2 * 90 - 10 - 10 - 2 * 8;
    assert.ok(Math.abs(score().edgeDays - (free * 10) / 86_400) < 1e-12);
  });

  it('adds runs up', () => {
    const runs = [
      { labels, tally: score([41, 0]) },
      { labels, tally: score([70, 1]) },
    ];
    assert.deepEqual(recall(runs), { found: 2, of: 4 });
    assert.deepEqual(
      recall(runs, ({ kind }) => kind === 'b'),
      { found: 1, of: 2 },
    );
  });
});
