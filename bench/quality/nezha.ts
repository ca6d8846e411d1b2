// Nezha's Online Boutique recordings (MIT licence): one-minute windows, injected faults of three minutes. Scored as
// its oracle does: a fault counts only if an alert starts in its minutes 0 to 4; chance is what the minutes between
// faults give.
import { readFileSync } from 'node:fs';
import { drive, noGraph } from '../../test/synthetic/drive.js';
import { type EdgeStream, emptyStream, FEATURE_COUNT } from '../../test/synthetic/stream.js';
import { type NumpyArray, readNpz } from './npz.js';

interface Facts {
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly faults: readonly { readonly t: number; readonly pod: string; readonly type: string }[];
}

interface Day {
  readonly minutes: number;
  /** Four features a minute by entity. */
  readonly entities: Map<string, Float64Array>;
  readonly faults: readonly { readonly minute: number; readonly type: string }[];
}

const service = (pod: string): string => pod.split('-').slice(0, -2).join('-');

function readDay(folder: string, day: string): Day {
  const facts = JSON.parse(readFileSync(`${folder}/${day}.json`, 'utf8')) as Facts;
  const arrays = readNpz(`${folder}/${day}.npz`);
  const timesOf = (name: string): Float64Array => arrays.get(`${name}|t`)!.values;
  const first = Math.floor(timesOf('front')[0]! / 60);
  const minutes = Math.floor(timesOf('front').at(-1)! / 60) - first + 1;
  const entities = new Map<string, Float64Array>();
  const entity = (name: string): Float64Array => {
    const known = entities.get(name) ?? new Float64Array(minutes * FEATURE_COUNT).fill(Number.NaN);
    entities.set(name, known);
    return known;
  };
  const put = (
    name: string,
    feature: number,
    from: string,
    value: (table: NumpyArray, row: number) => number,
  ): void => {
    const target = entity(name);
    timesOf(from).forEach((time, row) => {
      const minute = Math.floor(time / 60) - first;
      const read = value(arrays.get(`${from}|x`)!, row);
      if (minute >= 0 && minute < minutes) target[FEATURE_COUNT * minute + feature] = read > 0 ? read : Number.NaN;
    });
  };
  for (const [name, columns] of Object.entries(facts.columns)) {
    const cell = (column: number) => (table: NumpyArray, row: number) => table.values[row * columns.length + column]!;
    const named = (column: string) => cell(columns.indexOf(column));
    if (name.startsWith('edge'))
      for (const [i, edge] of columns.entries()) put(`${edge}|${name.slice(-6)}`, 0, name, cell(i));
    else if (name === 'front') put('front', 0, name, cell(2));
    else {
      const [received, sent] = [named('NetworkReceiveBytes'), named('NetworkTransmitBytes')];
      put(service(name), 0, name, named('PodServerLatencyP90(s)'));
      put(service(name), 1, name, (table, row) => 60 * named('PodWorkload(Ops)')(table, row));
      put(service(name), 3, name, (table, row) => received(table, row) + sent(table, row));
      put(`${service(name)}|client`, 0, name, named('PodClientLatencyP90(s)'));
    }
  }
  return { minutes, entities, faults: faultsOf(facts, first, minutes) };
}

function faultsOf({ faults }: Facts, first: number, minutes: number): Day['faults'] {
  const seen = new Set<string>();
  return faults.flatMap(({ t, type }) => {
    const minute = Math.floor(t / 60) - first;
    const key = `${minute} ${type}`;
    if (minute < 0 || minute >= minutes || seen.has(key)) return [];
    seen.add(key);
    return [{ minute, type }];
  });
}

export interface Nezha {
  readonly stream: EdgeStream;
  /** First window that counts, and the first of each fault. */
  readonly start: number;
  readonly faults: readonly number[];
}

const FAULT_MINUTES = 8;

/** The fault-free rest of the first day, then the day to test: of the first day itself, its faulty morning. */
export function nezha(folder: string, testDay: '2022-08-22' | '2022-08-23'): Nezha {
  const warm = readDay(folder, '2022-08-22');
  const cut = warm.faults.reduce((last, { minute }) => Math.max(last, minute), 0) + FAULT_MINUTES;
  const same = testDay === '2022-08-22';
  const test = same ? warm : readDay(folder, testDay);
  const testMinutes = same ? cut - 2 : test.minutes;
  const warmMinutes = warm.minutes - cut;
  const names = [...warm.entities.keys()].filter((name) => test.entities.has(name)).sort((a, b) => (a < b ? -1 : 1));
  const parts = names.map((name) => {
    const before = warm.entities.get(name)!.subarray(cut * FEATURE_COUNT);
    const after = test.entities.get(name)!.subarray(0, testMinutes * FEATURE_COUNT);
    return Float64Array.from([...before, ...after]);
  });
  const known = parts.filter((values) => values.some((value) => !Number.isNaN(value)));
  const stream = emptyStream(known.length, warmMinutes + testMinutes, 60);
  known.forEach((values, e) => {
    for (let t = 0; t < stream.windows; t++) {
      stream.x.set(values.subarray(FEATURE_COUNT * t, FEATURE_COUNT * (t + 1)), FEATURE_COUNT * (t * stream.edges + e));
    }
  });
  return {
    stream,
    start: Math.min(360, warmMinutes >> 1),
    faults: test.faults.map(({ minute }) => warmMinutes + minute),
  };
}

export interface NezhaResult {
  readonly found: number;
  readonly of: number;
  /** How often the same happens in five minutes between faults. */
  readonly chance: number;
  readonly falsePerDay: number;
  readonly entityDays: number;
}

/** Starts of alerts: bits of windows and edges. */
type Onsets = Uint8Array;

interface Zones {
  /** Minutes between faults, after the first: what chance is taken from. */
  readonly control: Uint8Array;
  /** Minutes far from any fault, from `start` on. */
  readonly quiet: Uint8Array;
}

function zonesOf({ stream: { windows }, start, faults }: Nezha): Zones {
  const [near, inside] = [new Uint8Array(windows), new Uint8Array(windows)];
  for (const first of faults) {
    near.fill(1, Math.max(0, first - 2), first + 20);
    inside.fill(1, first, first + 6);
  }
  const firstFault = Math.min(...faults);
  return {
    control: near.map((isNear, t) => (isNear && !inside[t] && t >= firstFault ? 1 : 0)),
    quiet: near.map((isNear, t) => (!isNear && t >= start ? 1 : 0)),
  };
}

function scoreOnsets(recording: Nezha, onsets: Onsets, { control, quiet }: Zones): NezhaResult {
  const { stream, faults } = recording;
  const { edges, windows } = stream;
  const counts = Array.from({ length: windows }, (_, t) =>
    onsets.subarray(t * edges, (t + 1) * edges).reduce((n, bit) => n + bit, 0),
  );
  const sum = (zone: Uint8Array, value: (count: number) => number): number =>
    counts.reduce((total, count, t) => total + (zone[t] ? value(count) : 0), 0);
  const minutes = (zone: Uint8Array): number => zone.reduce((n, bit) => n + bit, 0);
  const entityDays = (minutes(quiet) * edges) / 1440;
  const controlShare = sum(control, (count) => (count > 0 ? 1 : 0)) / Math.max(minutes(control), 1);
  return {
    found: faults.filter((first) => counts.slice(first, first + 5).some((count) => count > 0)).length,
    of: faults.length,
    chance: 1 - (1 - controlShare) ** 5,
    falsePerDay: sum(quiet, (count) => count) / entityDays,
    entityDays,
  };
}

/** `count` windows above the threshold start an alert, two below end it. */
function onsetsAbove({ edges, windows }: EdgeStream, scores: Float32Array, threshold: number, count: number): Onsets {
  const onsets = new Uint8Array(edges * windows);
  for (let e = 0; e < edges; e++) {
    let [up, down, isOn] = [0, 9, false];
    for (let t = 0; t < windows; t++) {
      const isAbove = scores[t * edges + e]! > threshold;
      up = isAbove ? up + 1 : 0;
      down = isAbove ? 0 : down + 1;
      if (!isOn && up >= count) {
        isOn = true;
        onsets[t * edges + e] = 1;
      } else if (isOn && down >= 2) isOn = false;
    }
  }
  return onsets;
}

const THRESHOLDS = 120;

/** Thresholds from the 80 % quantile of the scored part on, closer towards its highest. */
function thresholdsOf({ stream, start }: Nezha, scores: Float32Array): number[] {
  const sorted = scores.slice(start * stream.edges).sort();
  return Array.from({ length: THRESHOLDS }, (_, i) => {
    const tail = 0.2 * (1e-5 / 0.2) ** (i / (THRESHOLDS - 1));
    return sorted[Math.min(sorted.length - 1, Math.floor((1 - tail) * sorted.length))]!;
  });
}

export interface NezhaReport {
  /** The product's own alerts at its defaults. */
  readonly defaults: NezhaResult;
  /** The best of any threshold within the budget, two windows needed: an oracle's threshold. */
  readonly atBudget: NezhaResult;
}

/** `budget`: false episodes per entity-day. */
export function runNezha(recording: Nezha, budget: number): NezhaReport {
  const { stream } = recording;
  const scores = new Float32Array(stream.edges * stream.windows);
  const alerts = drive(stream, noGraph(stream.edges), { seed: 1 }, ({ results }, t) =>
    scores.set(results.score, t * stream.edges),
  );
  const zones = zonesOf(recording);
  const own = alerts.map((bit, i) => (bit === 1 && alerts[i - stream.edges] !== 1 ? 1 : 0));
  let best: NezhaResult | undefined;
  for (const threshold of thresholdsOf(recording, scores)) {
    const result = scoreOnsets(recording, onsetsAbove(stream, scores, threshold, 2), zones);
    if (result.falsePerDay <= budget && (!best || result.found > best.found)) best = result;
  }
  const defaults = scoreOnsets(recording, own, zones);
  return { defaults, atBudget: best ?? { ...defaults, found: 0 } };
}
