// Kernel and plain reference against the numeric oracle's answers: score, alerts, kinds, gaps, outages, openings with
// bands, channels.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Band, KINDS } from '../../src/kernel/api.js';
import { ReferenceDetector } from '../reference/detect.js';
import { DEFAULT_FOREST, EdgeDetector, type EdgeGraph } from '../reference/detect-driver.js';
import { FIXTURES, Golden, type Opening, sharedData, WITHOUT_DATA } from '../support/goldens.js';

const WITHOUT_FOREST = { ...DEFAULT_FOREST, enabled: false };
/** What the oracle does not have. */
const AS_THE_ORACLE = { forest: WITHOUT_FOREST, counts: false, bytesDiscount: 2 };
/** Of the windows, so many may differ in score or alert. */
const MAY_DIFFER = 1e-4;

/** One implementation, asked the same questions. */
interface Player {
  step(x: Float64Array): void;
  score(e: number): number;
  on(e: number): boolean;
  kind(e: number): number;
  change(e: number): number;
  gap(e: number): number;
  surprise(e: number, i: number): number;
  incident(e: number): number;
  channelChange(e: number): number;
  outage(g: number): boolean;
  band(e: number, k: number): Band;
}

function kernelPlayer(graph: EdgeGraph, incidentLevel: number): Player {
  const d = new EdgeDetector(graph, AS_THE_ORACLE);
  d.setIncidentLevel(incidentLevel);
  const r = d.results;
  return {
    step: (x) => d.step(x),
    score: (e) => r.score[e]!,
    on: (e) => r.on[e] === 1,
    kind: (e) => r.kind[e]!,
    change: (e) => r.change[e]!,
    gap: (e) => r.gap[e]!,
    surprise: (e, i) => r.surprise[12 * e + i]!,
    incident: (e) => d.recent(e, 0)[0],
    channelChange: (e) => r.channelChange[e]!,
    outage: (g) => d.wasOutage(g),
    band: (e, k) => d.band(e, k),
  };
}

function referencePlayer(graph: EdgeGraph, incidentLevel: number): Player {
  const d = new ReferenceDetector(graph, { ...AS_THE_ORACLE, incidentLevel });
  return {
    step: (x) => d.step(x),
    score: (e) => d.answers[e]!.score,
    on: (e) => d.answers[e]!.on,
    kind: (e) => d.answers[e]!.kind,
    change: (e) => d.answers[e]!.change,
    gap: (e) => d.answers[e]!.tick.gap,
    surprise: (e, i) => d.answers[e]!.tick.surprise[i]!,
    incident: (e) => d.answers[e]!.recent[0],
    channelChange: (e) => d.answers[e]!.channelChange,
    outage: (g) => d.outage[g]!,
    band: (e, k) => d.band(e, k),
  };
}

/** Largest distances over a run, windows that differ, and what opened. */
class Tally {
  windows = 0;
  scores = 0;
  alerts = 0;
  kinds = 0;
  outages = 0;
  gap = 0;
  surprise = 0;
  incident = 0;
  readonly openings: (Band & { readonly window: number; readonly edge: number; readonly kind: number })[] = [];
  /** Channels turned on, by window. */
  readonly channels = new Map<number, number>();
}

function play(golden: Golden, player: Player): Tally {
  const [windows, edges] = golden.facts.shapes[`${golden.name}-input.f32`] as [number, number];
  const groups = golden.facts.shapes[`${golden.name}-outage.u8`]![1]!;
  const input = Float64Array.from(golden.f32('input.f32'));
  const score = golden.f32('score.f32');
  const alert = golden.u8('alert.u8');
  const kind = golden.u8('kind.u8');
  const gap = golden.f32('gap.f32');
  const surprise = golden.f32('surprise.f32');
  const outage = golden.u8('outage.u8');
  const incident = golden.has('incident-evidence.f32') ? golden.f32('incident-evidence.f32') : undefined;
  const tally = new Tally();
  for (let t = 0; t < windows; t++) {
    player.step(input.subarray(4 * t * edges, 4 * (t + 1) * edges));
    for (let g = 0; g < groups; g++) tally.outages += Number(player.outage(g) !== (outage[t * groups + g] === 1));
    for (let e = 0; e < edges; e++) {
      const i = t * edges + e;
      tally.windows += 1;
      tally.scores += Number(!(Math.abs(player.score(e) - score[i]!) <= 1e-3));
      tally.alerts += Number(player.on(e) !== (alert[i] === 1));
      tally.kinds += Number(player.kind(e) !== kind[i]);
      tally.gap = Math.max(tally.gap, Math.abs(player.gap(e) - gap[i]!));
      if (incident) tally.incident = Math.max(tally.incident, Math.abs(player.incident(e) - incident[i]!));
      for (let c = 0; c < 12 && 12 * i + c < surprise.length; c++) {
        tally.surprise = Math.max(tally.surprise, Math.abs(player.surprise(e, c) - surprise[12 * i + c]!));
      }
      if (player.channelChange(e) === 1) tally.channels.set(t, (tally.channels.get(t) ?? 0) + 1);
      if (player.change(e) !== 1) continue;
      const k = (player.kind(e) - 1) >> 1;
      const none = { observed: Number.NaN, expected: Number.NaN, lower: Number.NaN, upper: Number.NaN };
      tally.openings.push({ ...(k < 4 ? player.band(e, k) : none), window: t, edge: e, kind: player.kind(e) });
    }
  }
  return tally;
}

function near(actual: number, expected: number | null, what: string): void {
  if (expected === null) assert.ok(Number.isNaN(actual), `${what}: ${actual}, expected none`);
  else
    assert.ok(Math.abs(actual - expected) <= 1e-3 * Math.abs(expected) + 1e-9, `${what}: ${actual}, not ${expected}`);
}

function compareOpenings(actual: Tally['openings'], expected: readonly Opening[]): void {
  const brief = (o: { window: number; edge: number }, kind: string): string => `${o.window} ${o.edge} ${kind}`;
  assert.deepEqual(
    actual.map((o) => brief(o, KINDS[o.kind]!)),
    expected.map((o) => brief(o, o.kind)),
  );
  for (const [i, o] of expected.entries()) {
    for (const field of ['observed', 'expected', 'lower', 'upper'] as const) {
      near(actual[i]![field], o[field], `${field} of ${brief(o, o.kind)}`);
    }
  }
}

/** Every channel that turns on opens or updates an incident: so many of those events the oracle has in each window. */
function compareChannels(tally: Tally, golden: Golden): void {
  const expected = new Map<number, number>();
  for (const { window, state } of golden.facts.incident_events ?? []) {
    if (state === 'opened' || state === 'updated') expected.set(window, (expected.get(window) ?? 0) + 1);
  }
  assert.deepEqual([...tally.channels], [...expected]);
}

function check(golden: Golden, make: (graph: EdgeGraph, incidentLevel: number) => Player): void {
  const { source, destination, cluster, window_s, incident_level_nats } = golden.facts;
  const graph: EdgeGraph = { source, destination, group: cluster, windowSeconds: window_s };
  const tally = play(golden, make(graph, incident_level_nats ?? Number.POSITIVE_INFINITY));
  const allowed = tally.windows * MAY_DIFFER;
  assert.ok(tally.scores <= allowed, `${tally.scores} of ${tally.windows} scores are off by more than 1e-3`);
  assert.ok(tally.alerts <= allowed, `${tally.alerts} of ${tally.windows} alert bits differ`);
  assert.ok(tally.kinds <= allowed, `${tally.kinds} of ${tally.windows} kinds differ`);
  assert.equal(tally.outages, 0);
  assert.ok(tally.gap < 1e-3, `gap evidence is off by ${tally.gap}`);
  assert.ok(tally.surprise < 1e-3, `a surprise is off by ${tally.surprise}`);
  assert.ok(tally.incident < 1e-3, `incident evidence is off by ${tally.incident}`);
  compareOpenings(tally.openings, golden.facts.openings);
  compareChannels(tally, golden);
}

const full = sharedData('synth');
for (const name of ['edges', 'graph']) {
  test(`kernel: golden ${name}`, () => check(new Golden(FIXTURES, name), kernelPlayer));
  test(`reference: golden ${name}`, () => check(new Golden(FIXTURES, name), referencePlayer));
  const skip = full === undefined ? WITHOUT_DATA : false;
  test(`kernel: full golden ${name}`, { skip }, () => check(new Golden(full!, name), kernelPlayer));
  test(`reference: full golden ${name}`, { skip }, () => check(new Golden(full!, name), referencePlayer));
}
