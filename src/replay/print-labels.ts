// The table of a replay's scores against labels.
import { countOf, formatSeconds, trim } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';
import type { KindScore, Score } from './labels.js';

const share = (found: number, of: number): string => (of === 0 ? '–' : (found / of).toFixed(2));

function row({ kind, faults, found, delay }: KindScore): string[] {
  return [kind, String(faults), String(found), share(found, faults), formatSeconds(delay)];
}

export function printScore(score: Score): string[] {
  const columns = ['faults', 'found', 'recall', 'median delay'].map((title) => ({ title, align: 'right' as const }));
  const rows = score.kinds.length === 1 ? [score.all] : [...score.kinds, score.all];
  const { falseEpisodes, edgeDays, precision, incidents, all } = score;
  return [
    ...formatTable([{ title: 'kind' }, ...columns], rows.map(row)),
    '',
    `Precision ${Number.isNaN(precision) ? '–' : precision.toFixed(2)}; ${countOf(falseEpisodes, 'false episode')} in ${trim(edgeDays)} edge-days` +
      ` (${perDay(falseEpisodes, edgeDays)} per edge-day).`,
    `Incidents: ${incidents.found} of ${countOf(all.faults, 'fault')} (${share(incidents.found, all.faults)});` +
      ` ${incidents.falseOpened} false in ${trim(incidents.days)} days (${perDay(incidents.falseOpened, incidents.days)} a day).`,
  ];
}

function perDay(count: number, days: number): string {
  return days > 0 ? trim(count / days) : '–';
}
