// Scores alerts against labels without point adjustment: an alert must start or stand inside the fault, and false
// episodes are counted by the edge-day.
import type { EdgeStream, Labels } from './stream.js';

/** Runs of alert windows closer than this are one episode. */
export const MERGE = 6;

/** Alert bits of every window and edge: 1 at t edges + e. */
export type Alerts = Uint8Array;

export interface Tally {
  /** Windows from the fault's first to the first alert; -1: not found. By fault, in the order of the labels. */
  readonly delay: readonly number[];
  /** Episodes that overlap no fault and nothing ignored, and those that overlap a fault. */
  readonly falseEpisodes: number;
  readonly trueEpisodes: number;
  /** Days of edges outside of faults and what is ignored. */
  readonly edgeDays: number;
}

const [FREE, IGNORED, FAULTY] = [0, 1, 2];

function zonesOf(stream: EdgeStream, labels: Labels): Uint8Array {
  const { edges, windows } = stream;
  const zones = new Uint8Array(edges * windows);
  const mark = (first: number, last: number, edge: number, zone: number): void => {
    for (let t = Math.max(0, first); t <= Math.min(windows - 1, last); t++) {
      for (const e of edge < 0 ? Array(edges).keys() : [edge]) {
        if (zones[t * edges + e]! < zone) zones[t * edges + e] = zone;
      }
    }
  };
  for (const { first, last, edge } of labels.faults) mark(first, last + labels.cool, edge, FAULTY!);
  for (const { first, last, edge } of labels.ignored) mark(first, last, edge, IGNORED!);
  return zones;
}

interface Episodes {
  falseEpisodes: number;
  trueEpisodes: number;
}

/** `alertAt(t)` and `zoneAt(t)` of one edge. */
function countEpisodes(
  windows: number,
  start: number,
  alertAt: (t: number) => boolean,
  zoneAt: (t: number) => number,
  counts: Episodes,
): void {
  let hit = -1;
  let last = 0;
  const close = (): void => {
    if (hit === FAULTY) counts.trueEpisodes++;
    else if (hit === FREE) counts.falseEpisodes++;
    hit = -1;
  };
  for (let t = start; t < windows; t++) {
    if (alertAt(t)) {
      hit = Math.max(hit, zoneAt(t));
      last = t;
    } else if (hit >= 0 && t - last > MERGE) close();
  }
  if (hit >= 0) close();
}

function delayOf({ edges, windows }: EdgeStream, alerts: Alerts, first: number, last: number, edge: number): number {
  for (let t = first; t <= Math.min(windows - 1, last); t++) {
    const row = alerts.subarray(t * edges, (t + 1) * edges);
    if (edge < 0 ? row.includes(1) : row[edge] === 1) return t - first;
  }
  return -1;
}

export function tally(stream: EdgeStream, labels: Labels, alerts: Alerts): Tally {
  const { edges, windows, windowSeconds } = stream;
  const zones = zonesOf(stream, labels);
  const counts: Episodes = { falseEpisodes: 0, trueEpisodes: 0 };
  for (let e = 0; e < edges; e++) {
    const alertAt = (t: number): boolean => alerts[t * edges + e] === 1;
    countEpisodes(windows, labels.start, alertAt, (t) => zones[t * edges + e]!, counts);
  }
  let free = 0;
  for (let i = labels.start * edges; i < zones.length; i++) if (zones[i] === FREE) free++;
  return {
    delay: labels.faults.map(({ first, last, edge }) => delayOf(stream, alerts, first, last + labels.grace, edge)),
    ...counts,
    edgeDays: (free * windowSeconds) / 86_400,
  };
}

export interface Rate {
  readonly found: number;
  readonly of: number;
}

/** Found and all faults of those the filter takes, over several tallies. */
export function recall(
  runs: readonly { readonly labels: Labels; readonly tally: Tally }[],
  takes: (fault: Labels['faults'][number], run: number) => boolean = () => true,
): Rate {
  let [found, of] = [0, 0];
  runs.forEach(({ labels, tally: { delay } }, run) => {
    labels.faults.forEach((fault, i) => {
      if (!takes(fault, run)) return;
      of++;
      if (delay[i]! >= 0) found++;
    });
  });
  return { found, of };
}
