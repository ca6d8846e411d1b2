// The tables of a replay.
import { countOf, formatQuantity, formatSeconds, formatTime } from '../terminal/format.js';
import { type ColumnStyle, formatTable } from '../terminal/table.js';
import type { ReplayedEpisode } from './episodes.js';
import type { Replayed } from './replay.js';

const right = (title: string): ColumnStyle => ({ title, align: 'right' });

export function edgeText({ started }: ReplayedEpisode): string {
  const { src_service, dst_service, namespace, src_namespace } = started;
  const source = src_service === '' ? '' : `${src_namespace === namespace ? '' : `${src_namespace}/`}${src_service} → `;
  return `${source}${dst_service}${namespace === '' ? '' : ` in ${namespace}`}`;
}

const lasted = ({ started, ended }: ReplayedEpisode): string =>
  ended === undefined ? 'to the end' : ended === started.time ? '' : formatSeconds(ended - started.time);

function anomalyTable(episodes: readonly ReplayedEpisode[]): string[] {
  const columns = [
    { title: 'started (UTC)' },
    right('lasted'),
    right('score'),
    { title: 'kind' },
    { title: 'edge' },
    right('observed'),
    right('expected'),
  ];
  return formatTable(
    columns,
    episodes.map((episode) => [
      formatTime(episode.started.time),
      lasted(episode),
      episode.score.toFixed(2),
      episode.started.kind.replaceAll('_', ' '),
      edgeText(episode),
      formatQuantity(episode.started.observed, episode.started.unit),
      formatQuantity(episode.started.expected, episode.started.unit),
    ]),
  );
}

function incidentTable(incidents: readonly ReplayedEpisode[]): string[] {
  const columns = [
    { title: 'opened (UTC)' },
    right('lasted'),
    right('score'),
    { title: 'likely sources' },
    right('services'),
    { title: 'kinds' },
  ];
  return formatTable(
    columns,
    incidents.map((incident) => [
      formatTime(incident.started.time),
      lasted(incident),
      incident.score.toFixed(2),
      (incident.last.ranking ?? []).slice(0, 3).join(', '),
      String(incident.last.services?.length ?? 0),
      (incident.last.kinds ?? []).map((kind) => kind.replaceAll('_', ' ')).join(', '),
    ]),
  );
}

/** Everything that was found, for people. */
export function printReplayed({ episodes, summary }: Replayed): string[] {
  const { anomalies, incidents } = episodes;
  const { edges, points, firstTime, lastTime, unmapped, example } = summary;
  const span = lastTime > firstTime ? ` over ${formatSeconds(lastTime - firstTime)}` : '';
  const lines = [
    `${countOf(points, 'data point')} of ${countOf(edges, 'edge')}${span}: ` +
      `${countOf(anomalies.length, 'anomaly', 'anomalies')}, ${countOf(incidents.length, 'incident')}.`,
  ];
  if (unmapped > 0)
    lines.push(
      `${countOf(unmapped, 'series tells', 'series tell')} of no edge, as ${example ?? 'some of unknown names'}.`,
    );
  if (anomalies.length > 0) lines.push('', ...anomalyTable(anomalies));
  if (incidents.length > 0) lines.push('', ...incidentTable(incidents));
  return lines;
}
