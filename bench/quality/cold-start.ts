// Edge alerts of young edges: how soon which faults are found, and what it costs in false episodes by the age of the
// edge.
import type { EdgeDetector } from '../../test/reference/detect-driver.js';
import { AGES, DURATION, inject, TURNS, YOUNG_KINDS, type Young, young } from '../../test/synthetic/coldstart.js';
import { detectorFor, drive, noGraph, WITHOUT_FOREST } from '../../test/synthetic/drive.js';
import { MERGE } from '../../test/synthetic/scoring.js';
import { FEATURE_COUNT, windowOf } from '../../test/synthetic/stream.js';
import { FAST, type Share } from './synthetic.js';

/** First windows of the bands of age. */
const BANDS = [60, 180, 360, 720, 1440, 4320, Number.POSITIVE_INFINITY];
export const BAND_NAMES = ['10–30 min', '30–60 min', '1–2 h', '2–4 h', '4–12 h', 'after 12 h'] as const;
export const AGE_NAMES = ['20 min', '30 min', '1 h', '2 h', '4 h', '12 h'] as const;
const DAY = 8640;

export interface AgeBand {
  falseEpisodes: number;
  edgeDays: number;
}

/** False episodes and edge-days by age; deployments are neither. */
export function falseByAge(made: Young): AgeBand[] {
  const { stream, edges } = made;
  const alerts = drive(stream, noGraph(stream.edges), WITHOUT_FOREST);
  const bands = BAND_NAMES.map((): AgeBand => ({ falseEpisodes: 0, edgeDays: 0 }));
  edges.forEach(({ birth, deployed }, e) => {
    const isDeployed = (t: number): boolean => deployed !== undefined && t >= deployed.first && t <= deployed.last;
    for (const [first, last] of episodesOf(alerts, stream.edges, stream.windows, e)) {
      const touches = deployed !== undefined && last >= deployed.first && first <= deployed.last;
      const band = bands[bandOf(first - birth)];
      if (!touches && band) band.falseEpisodes++;
    }
    for (let t = birth + BANDS[0]!; t < stream.windows; t++) {
      if (!isDeployed(t)) bands[bandOf(t - birth)]!.edgeDays += 1 / DAY;
    }
  });
  return bands;
}

function bandOf(age: number): number {
  return BANDS.findIndex((first) => age < first) - 1;
}

function* episodesOf(alerts: Uint8Array, edges: number, windows: number, e: number): Generator<[number, number]> {
  let [first, last] = [-1, -1];
  for (let t = 0; t < windows; t++) {
    if (alerts[t * edges + e] !== 1) continue;
    if (first >= 0 && t - last > MERGE + 1) {
      yield [first, last];
      first = -1;
    }
    if (first < 0) first = t;
    last = t;
  }
  if (first >= 0) yield [first, last];
}

/** Found and all faults of edges of at least three requests a second, by kind and age. */
export type ByAge = Readonly<Record<(typeof YOUNG_KINDS)[number], Share[]>>;

/** The detector's whole state. */
function snapshot({ wasm }: EdgeDetector): () => void {
  const kept = new Uint8Array(wasm.memory.buffer).slice();
  return () => new Uint8Array(wasm.memory.buffer).set(kept);
}

/** One run without faults; at every age it is continued with them, few at a time. */
export function recallByAge(made: Young): ByAge {
  const { stream, edges } = made;
  const detector = detectorFor(stream, noGraph(stream.edges), WITHOUT_FOREST);
  const births = edges.filter(({ old }) => !old).map(({ birth }) => birth);
  const result = Object.fromEntries(
    YOUNG_KINDS.map((kind) => [kind, AGES.map(() => ({ found: 0, of: 0 }))]),
  ) as unknown as Record<string, { found: number; of: number }[]>;
  let t = 0;
  AGES.forEach((age, ageIndex) => {
    const start = births.reduce((least, birth) => Math.min(least, birth)) + age - 1;
    for (; t < start; t++) detector.step(windowOf(stream, t));
    const restore = snapshot(detector);
    for (let turn = 0; turn < TURNS; turn++) {
      for (const { kind, isFound } of continueWith(detector, made, age, turn, start)) {
        const cell = result[YOUNG_KINDS[kind]!]![ageIndex]!;
        cell.of++;
        if (isFound) cell.found++;
      }
      restore();
    }
  });
  return result as ByAge;
}

function continueWith(
  detector: EdgeDetector,
  made: Young,
  age: number,
  turn: number,
  start: number,
): { kind: number; isFound: boolean }[] {
  const { stream, edges } = made;
  const faults = inject(made, age, turn);
  const end = faults.reduce((last, { first }) => Math.max(last, first), start) + DURATION + 2;
  const on = new Uint8Array((end - start) * stream.edges);
  for (let t = start; t < end; t++) {
    const x = windowOf(stream, t).slice();
    for (const { edge, first, x: faulty } of faults) {
      if (t < first || t >= first + DURATION) continue;
      const at = FEATURE_COUNT * (t - first);
      x.set(faulty.subarray(at, at + FEATURE_COUNT), FEATURE_COUNT * edge);
    }
    detector.step(x);
    on.set(detector.results.on, (t - start) * stream.edges);
  }
  const isOn = (t: number, edge: number): boolean => on[(t - start) * stream.edges + edge] === 1;
  return faults.flatMap(({ edge, first, kind }) => {
    if (edges[edge]!.usual < FAST) return [];
    const wasOn = first > start && isOn(first - 1, edge);
    const windows = Array.from({ length: DURATION + 1 }, (_, i) => first + i);
    return [{ kind, isFound: !wasOn && windows.some((t) => isOn(t, edge)) }];
  });
}

export interface ColdStart {
  readonly bands: readonly AgeBand[];
  /** Of the edges that were watched for a day and a half, all ages. */
  readonly long: AgeBand;
  readonly recall: ByAge;
}

/** Pools what each seed gives: many edges for four hours, some for a day and a half, and faults at every age. */
export function runColdStart(seeds: readonly number[]): ColdStart {
  const bands = BAND_NAMES.map((): AgeBand => ({ falseEpisodes: 0, edgeDays: 0 }));
  const recall = Object.fromEntries(
    YOUNG_KINDS.map((kind) => [kind, AGES.map(() => ({ found: 0, of: 0 }))]),
  ) as unknown as Record<string, { found: number; of: number }[]>;
  const long: AgeBand = { falseEpisodes: 0, edgeDays: 0 };
  const add = (to: AgeBand, { falseEpisodes, edgeDays }: AgeBand): void => {
    to.falseEpisodes += falseEpisodes;
    to.edgeDays += edgeDays;
  };
  for (const seed of seeds) {
    const [short, lasting] = [falseByAge(young(seed)), falseByAge(young(seed + 500, 150, 12_960))];
    for (const part of [short, lasting]) part.forEach((band, i) => void add(bands[i]!, band));
    for (const band of lasting) add(long, band);
    for (const [kind, cells] of Object.entries(recallByAge(young(seed + 1000, 240, 4380)))) {
      cells.forEach(({ found, of }, i) => {
        recall[kind]![i]!.found += found;
        recall[kind]![i]!.of += of;
      });
    }
  }
  return { bands, long, recall: recall as ByAge };
}
