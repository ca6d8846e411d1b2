// The kernel against the plain reference on random streams: graphs, groups, gaps, outages, absent kinds, every
// detector, profiles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertProfile, Band, ForestOptions } from '../../src/kernel/api.js';
import { type Answer, ReferenceDetector } from '../reference/detect.js';
import { EdgeDetector, type EdgeDetectorOptions } from '../reference/detect-driver.js';
import { plainProfile } from '../reference/detect-score.js';
import { randomGraph, randomStream, seeded } from '../synthetic/edge-windows.js';

const SMALL_FOREST: ForestOptions = {
  enabled: true,
  trees: 12,
  subsample: 64,
  reservoir: 300,
  period: 150,
  first: 128,
  refresh: 50,
};
const NO_FOREST: ForestOptions = { ...SMALL_FOREST, enabled: false };

/** Nats and shares: state is f32 on both sides, so only the last bits of logarithms differ, and what they add up to. */
const TOLERANCE = 2e-4;

function near(actual: number, expected: number, what: string): void {
  if (Number.isNaN(expected)) assert.ok(Number.isNaN(actual), `${what}: ${actual}, expected NaN`);
  else if (!Number.isFinite(expected)) assert.equal(actual, expected, what);
  else
    assert.ok(
      Math.abs(actual - expected) <= TOLERANCE * (1 + Math.abs(expected)),
      `${what}: ${actual}, not ${expected}`,
    );
}

function compareEdge(d: EdgeDetector, e: number, a: Answer, what: string): void {
  const r = d.results;
  for (let i = 0; i < 12; i++) near(r.surprise[12 * e + i]!, a.tick.surprise[i]!, `${what} surprise ${i}`);
  near(r.gap[e]!, a.tick.gap, `${what} gap`);
  near(r.evidence[e]!, a.evidence, `${what} evidence`);
  near(r.score[e]!, a.score, `${what} score`);
  near(r.forest[e]!, a.forest, `${what} forest`);
  near(r.sustained[e]!, a.mix, `${what} sustained`);
  for (const [i, value] of d.recent(e, 0).entries()) near(value, a.recent[i]!, `${what} recent ${i}`);
  const bits = [r.on[e], r.change[e], r.kind[e], r.present[e], r.channel[e], r.channelChange[e], r.source[e]];
  const expected = [a.on, a.change, a.kind, a.tick.isPresent, a.channelOn, a.channelChange, a.source].map(Number);
  assert.deepEqual(bits, expected, `${what} on, change, kind, present, channel, channel change, source`);
}

function compareBand(band: Band, expected: Band, what: string): void {
  for (const field of ['observed', 'expected', 'lower', 'upper'] satisfies (keyof Band)[]) {
    near(band[field], expected[field], `${what} ${field}`);
  }
}

function compareBands(d: EdgeDetector, reference: ReferenceDetector, e: number, what: string): void {
  for (let k = 0; k < 4; k++) {
    compareBand(d.band(e, k), reference.band(e, k), `${what} of ${k}`);
    for (let j = 0; j < 3; j++) compareBand(d.spanBand(e, k, j), reference.spanBand(e, k, j), `${what} of ${k}, ${j}`);
  }
}

interface Case {
  readonly seed: number;
  readonly edges: number;
  readonly groups: number;
  readonly ticks: number;
  readonly options: EdgeDetectorOptions & { readonly forest: ForestOptions };
  readonly profile?: AlertProfile;
  readonly incidentLevel?: number;
  readonly windowSeconds?: number;
}

/** Plays a stream through both; returns how often things happened, so that a test can say that they did. */
function compare(c: Case): {
  opened: number;
  channels: number;
  outages: number;
  kinds: Set<number>;
  sources: Set<number>;
} {
  const random = seeded(c.seed);
  const graph = { ...randomGraph(random, c.edges, c.groups), windowSeconds: c.windowSeconds ?? 10 };
  const stream = randomStream(random, c.edges, c.ticks);
  const d = new EdgeDetector(graph, c.options);
  const level = c.incidentLevel ?? 6;
  const reference = new ReferenceDetector(graph, {
    ...c.options,
    incidentLevel: level,
    ...(c.profile ? { profile: c.profile } : {}),
  });
  d.setIncidentLevel(level);
  if (c.profile) d.setProfile(0, c.profile);
  const seen = { opened: 0, channels: 0, outages: 0, kinds: new Set<number>(), sources: new Set<number>() };
  for (const [t, x] of stream.entries()) {
    d.step(x);
    reference.step(x);
    for (let g = 0; g < c.groups; g++) {
      assert.equal(d.wasOutage(g), reference.outage[g], `outage of group ${g} in tick ${t}`);
      seen.outages += Number(d.wasOutage(g));
    }
    for (let e = 0; e < c.edges; e++) {
      const a = reference.answers[e]!;
      compareEdge(d, e, a, `tick ${t} edge ${e}`);
      if (a.change !== 0 || t % 50 === 0) compareBands(d, reference, e, `tick ${t} edge ${e}`);
      seen.opened += Number(a.change === 1);
      seen.channels += Number(a.channelChange === 1);
      if (a.change === 1) seen.kinds.add(a.kind);
      seen.sources.add(a.source);
    }
  }
  assert.equal(d.wasm.brokenGuard(), -1, 'a guard behind a region was written');
  return seen;
}

test('baselines, gaps and alerts, one group', () => {
  const seen = compare({ seed: 1, edges: 40, groups: 1, ticks: 700, options: { forest: NO_FOREST } });
  assert.ok(
    seen.opened > 4 && seen.channels > 5 && seen.outages > 20,
    `${seen.opened} opened, ${seen.channels} channels`,
  );
});

test('small counts by z-scores alone, and bytes that count like everything else', () => {
  compare({
    seed: 1,
    edges: 40,
    groups: 1,
    ticks: 700,
    options: { forest: NO_FOREST, counts: false, bytesDiscount: 0 },
  });
});

test('the probability of counts raises errors, falling rates and silences, and lowers nothing of these', () => {
  const random = seeded(6);
  const graph = randomGraph(random, 60, 1);
  const [plain, counting] = [false, true].map((counts) => new EdgeDetector(graph, { forest: NO_FOREST, counts }));
  const raised = { errors: 0, rate: 0, silence: 0 };
  for (const x of randomStream(random, 60, 1500)) {
    plain!.step(x);
    counting!.step(x);
    for (let e = 0; e < 60; e++) {
      const [before, after] = [plain!.results, counting!.results];
      // Errors have a heavier tail as well, so only what stands out of it is told apart.
      raised.errors += Number(after.surprise[12 * e + 8]! > before.surprise[12 * e + 8]! + 1);
      raised.rate += Number(after.surprise[12 * e + 5]! < before.surprise[12 * e + 5]! - 1);
      raised.silence += Number(after.gap[e]! > before.gap[e]! + 1);
      assert.ok(after.surprise[12 * e + 5]! <= before.surprise[12 * e + 5]!);
      assert.ok(after.gap[e]! >= before.gap[e]! && after.gap[e]! <= before.gap[e]! + 3 + 1e-5);
    }
  }
  assert.ok(raised.errors > 20 && raised.rate > 20 && raised.silence > 20, JSON.stringify(raised));
});

test('levels and age factors of other windows', () => {
  const opened = [5, 30, 60, 300, 3600].map((windowSeconds) => {
    const options = { forest: NO_FOREST };
    return compare({ seed: 1, edges: 40, groups: 1, ticks: 400, options, windowSeconds }).opened;
  });
  assert.ok(opened[4]! > opened[0]!, `${opened} opened`);
});

test('one low level for everything', () => {
  const profile = plainProfile(3);
  const seen = compare({ seed: 1, edges: 40, groups: 1, ticks: 700, options: { forest: NO_FOREST }, profile });
  assert.ok(seen.opened > 50, `${seen.opened} opened`);
  assert.ok(seen.kinds.size >= 6, `kinds ${[...seen.kinds]}`);
});

test('two groups, forest and autoencoder', () => {
  const options = { forest: SMALL_FOREST, autoencoder: true, seed: 77 };
  const seen = compare({ seed: 2, edges: 30, groups: 2, ticks: 500, options });
  assert.ok(seen.sources.has(15) && seen.sources.has(16) && seen.sources.has(17), `sources ${[...seen.sources]}`);
});

test('a source told nothing, and rates that are never relative', () => {
  compare({ seed: 3, edges: 12, groups: 1, ticks: 400, options: { forest: NO_FOREST } });
  compare({ seed: 3, edges: 12, groups: 1, ticks: 400, options: { forest: NO_FOREST, sourceRelative: false } });
});

test('more edges than a block, and fewer than four', () => {
  for (const edges of [1, 2, 3, 63, 64, 65, 129]) {
    compare({ seed: 10 + edges, edges, groups: 1, ticks: 130, options: { forest: SMALL_FOREST } });
  }
});

test('levels by kind and detector, and gates on openings', () => {
  const profile: AlertProfile = {
    levels: [0, 3, 4, 2.5, 2, 4, 9, 2.5, 5, 2],
    detectorFactors: [1, 0.8, Number.POSITIVE_INFINITY, 0.5],
    minRequests: 5,
    minRelative: [0.2, 0.1, 0, 0.5],
    minAbsolute: [0.001, 0, 0.01, 100],
    muted: false,
  };
  const options = { forest: SMALL_FOREST, autoencoder: true };
  const seen = compare({ seed: 4, edges: 30, groups: 1, ticks: 500, options, profile });
  assert.ok(seen.opened > 20, `${seen.opened} opened`);
});
