// Labels of known faults, and how well a replay's anomalies fit them. No point adjustment: an alert must start inside
// the fault.
import { type Episodes, edgeKey, type ReplayedEpisode } from './episodes.js';
import { fieldsOf } from './readers/csv-rows.js';
import { linesOf } from './readers/lines.js';
import { Notes } from './readers/notes.js';
import { openFile } from './readers/open.js';
import { RecordingError } from './readers/recorded.js';
import type { ScoredTime } from './scored-time.js';

/** One line of the labels' file. Empty names stand for any. */
export interface Label {
  /** Unix seconds of the first and last window of the fault. */
  readonly start: number;
  readonly end: number;
  readonly cluster: string;
  readonly namespace: string;
  readonly src_service: string;
  readonly dst_service: string;
  /** `ignore`: a real change that is no fault, neither true nor false. */
  readonly kind: string;
}

const COLUMNS = ['start', 'end', 'cluster', 'namespace', 'src_service', 'dst_service', 'kind'] as const;
export const IGNORE = 'ignore';

/** Throws `RecordingError` where a line is none. */
export async function readLabels(path: string): Promise<Label[]> {
  const notes = new Notes();
  const file = await openFile(path, notes);
  const labels: Label[] = [];
  let at: number[] | undefined;
  let number = 0;
  for await (const { texts } of linesOf(file.chunks())) {
    for (const line of texts) {
      number++;
      if (line.trim() === '') continue;
      const fields = fieldsOf(line);
      if (at)
        labels.push(
          labelOf(
            path,
            number,
            COLUMNS.map((_, i) => fields[at?.[i] ?? -1]?.trim() ?? ''),
          ),
        );
      else at = COLUMNS.map((name) => fields.map((title) => title.trim().toLowerCase()).indexOf(name));
      if (at[0]! < 0 || at[1]! < 0) throw new RecordingError(path, `no header; expected ${COLUMNS.join(',')}`);
    }
  }
  return labels;
}

function labelOf(path: string, line: number, fields: readonly string[]): Label {
  const [startText = '', endText = '', cluster = '', namespace = '', src_service = '', dst_service = '', kind = ''] =
    fields;
  const [start, end] = [Number(startText || Number.NaN), Number(endText || Number.NaN)];
  if (!(start <= end)) throw new RecordingError(path, `line ${line}: expected Unix seconds with start ≤ end`);
  return { start, end, cluster, namespace, src_service, dst_service, kind: kind === '' ? 'fault' : kind };
}

export interface KindScore {
  readonly kind: string;
  readonly faults: number;
  readonly found: number;
  /** Median, seconds; NaN: none found. */
  readonly delay: number;
}

export interface Score {
  readonly kinds: readonly KindScore[];
  readonly all: KindScore;
  readonly falseEpisodes: number;
  /** Of the episodes, merged over short gaps, the share that touch a fault; NaN: there are none. */
  readonly precision: number;
  /** Days of edges scored outside of faults and what is ignored. */
  readonly edgeDays: number;
  readonly incidents: { readonly found: number; readonly falseOpened: number; readonly days: number };
}

export interface ScoreOptions {
  readonly windowSeconds: number;
  /** What one score of ScoredTime stands for, seconds. */
  readonly scoreSeconds: number;
  /** Nothing before counts, Unix seconds. */
  readonly from: number;
}

/**
 * A fault may be found one window after its last; alerts belong to it for this many more; runs this close are one
 * episode; windows.
 */
const GRACE = 1;
const COOL = 30;
const MERGE = 6;

interface Run {
  readonly edge: ReplayedEpisode['started'];
  start: number;
  end: number;
}

const matches = (label: Label, edge: Omit<Label, 'start' | 'end' | 'kind'>): boolean =>
  (['cluster', 'namespace', 'src_service', 'dst_service'] as const).every(
    (name) => label[name] === '' || label[name] === edge[name],
  );

/** Compares what was found with what was there. */
export function scoreLabels(
  labels: readonly Label[],
  episodes: Episodes,
  scored: ScoredTime,
  options: ScoreOptions,
): Score {
  const { windowSeconds: window, from } = options;
  const faults = labels.filter(({ kind, start }) => kind !== IGNORE && start >= from);
  const anomalies = episodes.anomalies.filter(({ started }) => started.kind !== 'unexpected_edge');
  const delays = faults.map((label) => delayOf(label, anomalies, window));
  const runs = runsOf(anomalies, window).filter(({ end }) => end >= from);
  const touches = runs.map((run) => zoneOf(labels, run.edge, run.start, run.end, window));
  const [trueRuns, falseRuns] = ['fault', 'free'].map((zone) => touches.filter((one) => one === zone).length) as [
    number,
    number,
  ];
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort((a, b) => a.localeCompare(b, 'en'));
  const scoreOf = (kind: string, takes: (label: Label) => boolean): KindScore => {
    const own = delays.filter((_, i) => takes(faults[i]!));
    const found = own.filter((delay) => delay !== undefined);
    return { kind, faults: own.length, found: found.length, delay: median(found) };
  };
  return {
    kinds: kinds.map((kind) => scoreOf(kind, (label) => label.kind === kind)),
    all: scoreOf('all', () => true),
    falseEpisodes: falseRuns,
    precision: trueRuns / (trueRuns + falseRuns),
    edgeDays: edgeDays(labels, scored, options),
    incidents: incidentScore(labels, faults, episodes, scored, options),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** Seconds from the fault's first window to the first alert that starts in it. */
function delayOf(label: Label, anomalies: readonly ReplayedEpisode[], window: number): number | undefined {
  let best: number | undefined;
  for (const { started } of anomalies) {
    if (!matches(label, started) || !startsIn(label, started.time, window)) continue;
    const delay = Math.max(0, started.time - label.start);
    if (best === undefined || delay < best) best = delay;
  }
  return best;
}

/** Times of labels and windows may differ by the window's phase. */
function startsIn({ start, end }: Label, time: number, window: number): boolean {
  return time >= start - window / 2 && time <= end + (GRACE + 0.5) * window;
}

/** Alerts of one edge, of whatever kind, merged over short gaps. */
function runsOf(anomalies: readonly ReplayedEpisode[], window: number): Run[] {
  const byEdge = new Map<string, Run[]>();
  for (const { started, ended } of anomalies) {
    const end = ended === undefined ? Number.POSITIVE_INFINITY : ended;
    const key = edgeKey(started);
    const runs = byEdge.get(key) ?? [];
    byEdge.set(key, runs);
    const last = runs.at(-1);
    if (last && started.time - last.end <= MERGE * window) last.end = Math.max(last.end, end);
    else runs.push({ edge: started, start: started.time, end });
  }
  return [...byEdge.values()].flat();
}

function zoneOf(
  labels: readonly Label[],
  edge: ReplayedEpisode['started'],
  start: number,
  end: number,
  window: number,
): 'fault' | 'ignored' | 'free' {
  let zone: 'ignored' | 'free' = 'free';
  for (const label of labels) {
    if (!matches(label, edge)) continue;
    const cool = label.kind === IGNORE ? 0 : COOL * window;
    if (start > label.end + cool + window / 2 || end < label.start - window / 2) continue;
    if (label.kind !== IGNORE) return 'fault';
    zone = 'ignored';
  }
  return zone;
}

function edgeDays(
  labels: readonly Label[],
  scored: ScoredTime,
  { windowSeconds, scoreSeconds, from }: ScoreOptions,
): number {
  let count = 0;
  for (const [key, times] of scored.times) {
    const [cluster = '', , src_service = '', namespace = '', dst_service = ''] = key.split('\n');
    const own = labels.filter((label) => matches(label, { cluster, namespace, src_service, dst_service }));
    count += times.filter((time) => time >= from && !own.some((label) => isWithin(label, time, windowSeconds))).length;
  }
  return (count * scoreSeconds) / 86_400;
}

function isWithin({ start, end, kind }: Label, time: number, window: number): boolean {
  return time >= start && time <= end + (kind === IGNORE ? 0 : COOL * window);
}

function incidentScore(
  labels: readonly Label[],
  faults: readonly Label[],
  { incidents }: Episodes,
  { firstTime, lastTime }: ScoredTime,
  { windowSeconds: window, from }: ScoreOptions,
): Score['incidents'] {
  const opened = incidents.map(({ started }) => started.time);
  const found = faults.filter((label) => opened.some((time) => startsIn(label, time, window))).length;
  const falseOpened = opened.filter(
    (time) => time >= from && !labels.some((label) => isWithin(label, time, window)),
  ).length;
  const begin = Math.max(from, firstTime);
  let busy = 0;
  for (let t = begin; t <= lastTime; t += window)
    if (labels.some((label) => isWithin(label, t, window))) busy += window;
  return { found, falseOpened, days: Math.max(0, lastTime - begin - busy) / 86_400 };
}
