// What `pxanomaly state` prints for people.
import type { ClusterListing, EdgeListing, SenderListing } from '../../detection/state/listing.js';
import { countOf, formatSeconds } from '../../terminal/format.js';
import type { Forgotten, Listed, Wanted } from './source.js';

/** Senders that a person is shown. */
const MOST_SENDERS = 20;

export function listingText({ processor, state }: Listed, { filter }: Wanted): string {
  const bounds = Object.entries(state.bounds).map(([name, { used, most }]) => `${used} of ${most} ${name}`);
  const unscored = state.senders.filter(({ id }) => !state.clusters.some((cluster) => cluster.id === id));
  const lines = [
    `${processor}: event time ${state.eventClock ?? 'not known yet'}; used: ${bounds.join(', ')}`,
    '',
    countOf(state.clusters.length, 'cluster'),
    ...state.clusters.flatMap(clusterLines),
    ...(unscored.length === 0 ? [] : ['', `${countOf(unscored.length, 'sender')} of which no cluster is scored`]),
    ...unscored.slice(0, MOST_SENDERS).map(senderLine),
    ...(unscored.length > MOST_SENDERS ? [`  and ${unscored.length - MOST_SENDERS} more: --json lists all`] : []),
    '',
    `${state.edges.length} of ${countOf(state.edgesFound, 'edge')}${filter === undefined ? '' : ` like ${filter}`}`,
    ...state.edges.map(edgeLine),
  ];
  return `${lines.join('\n')}\n`;
}

function clusterLines({ id, name, edges, groups, anomalies, incidents }: ClusterListing): string[] {
  const called = name === id ? name : `${name} (${id})`;
  const open =
    anomalies + incidents === 0
      ? ''
      : `, ${countOf(anomalies, 'anomaly', 'anomalies')}, ${countOf(incidents, 'incident')} open`;
  return [
    `  ${called}: ${countOf(edges, 'edge')}${open}`,
    ...groups.map(
      (group) =>
        `    windows of ${group.window}: ${countOf(group.edges, 'edge')}, watermark ${group.watermark ?? 'none yet'}, watched for ${formatSeconds(group.watchedS)}, silent for ${formatSeconds(group.silentS)}; feeds ${group.feeds.join(', ')}`,
    ),
  ];
}

function senderLine({ id, name, series }: SenderListing): string {
  const counts = Object.entries(series)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} series ${outcome}`);
  return `  ${name === id ? name : `${name} (${id})`}: ${counts.join(', ')}`;
}

function edgeLine({ cluster, edge, window, windows, silentWindows, isAnomalous, incident }: EdgeListing): string {
  const silent = silentWindows === 0 ? '' : `, silent for ${silentWindows}`;
  const state = `${isAnomalous ? ', anomalous' : ''}${incident === undefined ? '' : `, incident ${incident}`}`;
  return `  ${edge} in ${cluster}: seen in ${windows} windows of ${window}${silent}${state}`;
}

export function forgottenText({ forgotten, unsent = 0 }: Forgotten, { isDryRun }: Wanted): string {
  const { cluster, edge, edges, anomalies, incidents } = forgotten;
  const what =
    edge === undefined ? `cluster ${cluster} with ${countOf(edges, 'edge')}` : `edge ${edge} of cluster ${cluster}`;
  const open = `${countOf(anomalies, 'open anomaly', 'open anomalies')} and ${countOf(incidents, 'open incident')}`;
  const ends = anomalies + incidents === 0 ? '' : isDryRun ? `; it would end ${open}` : `; it ended ${open}`;
  const lines = [
    isDryRun
      ? `Would forget ${what}${ends}. Nothing was changed.`
      : `Forgot ${what}${ends}. What comes again is learnt anew.`,
    ...(unsent === 0
      ? []
      : [`${countOf(unsent, 'event')} of their end could not be sent: close them where they were paged.`]),
  ];
  return `${lines.join('\n')}\n`;
}
