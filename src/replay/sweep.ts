// Several replays of one recording that differ in one setting: the trade-off as a table and a plot.
import { trim } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';
import type { Score } from './labels.js';
import { drawPlot } from './plot.js';
import type { Replayed } from './replay.js';

export interface SweepStep {
  readonly value: string;
  readonly replayed: Replayed;
  readonly score: Score | undefined;
}

const right = (title: string) => ({ title, align: 'right' as const });
const ratio = (a: number, b: number): number => (b > 0 ? a / b : 0);

export function printSweep(key: string, steps: readonly SweepStep[]): string[] {
  const scored = steps.some(({ score }) => score);
  const titles = [
    key,
    'anomalies',
    'incidents',
    ...(scored ? ['recall', 'precision', 'false per edge-day', 'incident recall', 'false incidents a day'] : []),
  ];
  const rows = steps.map(({ value, replayed: { episodes }, score }) => [
    value,
    String(episodes.anomalies.length),
    String(episodes.incidents.length),
    ...(score ? scoreCells(score) : []),
  ]);
  return formatTable(titles.map(right), rows);
}

function scoreCells({ all, precision, falseEpisodes, edgeDays, incidents }: Score): string[] {
  return [
    ratio(all.found, all.faults).toFixed(2),
    Number.isNaN(precision) ? '–' : precision.toFixed(2),
    trim(ratio(falseEpisodes, edgeDays)),
    ratio(incidents.found, all.faults).toFixed(2),
    trim(ratio(incidents.falseOpened, incidents.days)),
  ];
}

/** Recall over false episodes where there are labels, else anomalies over the setting. */
export function plotSweep(key: string, steps: readonly SweepStep[]): string {
  const scored = steps.filter((step): step is SweepStep & { score: Score } => step.score !== undefined);
  if (scored.length > 0) {
    return drawPlot({
      title: `Recall and false alarms by ${key}`,
      xTitle: 'false episodes per edge-day',
      yTitle: 'recall',
      yMost: 1,
      points: scored.map(({ value, score: { all, falseEpisodes, edgeDays } }) => ({
        x: ratio(falseEpisodes, edgeDays),
        y: ratio(all.found, all.faults),
        label: value,
      })),
    });
  }
  return drawPlot({
    title: `Anomalies by ${key}`,
    xTitle: key,
    yTitle: 'anomalies',
    points: steps.map(({ value, replayed }, i) => ({
      x: Number.isFinite(Number(value)) ? Number(value) : i,
      y: replayed.episodes.anomalies.length,
      label: value,
    })),
  });
}
