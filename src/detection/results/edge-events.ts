// Events about edges and senders: an anomaly that started or was resolved, an edge nobody expected, a cluster that fell
// silent.

import type { ServiceName } from '../rules/names.js';
import { type ClusterState, type EdgeState, edgeKey, type GroupState } from '../topology/graph.js';
import { Key } from '../vocabulary/attributes.js';
import { anomalyEvent, EVENTS, UNEXPECTED_EDGE } from '../vocabulary/events.js';
import { eventId } from './event-id.js';
import type { Finding } from './findings.js';
import { edgeLink } from './links.js';
import { type EventRecord, named } from './result-events.js';
import type { PointAttributes } from './result-metrics.js';
import { findingSentence, STILL_SILENT, unexpectedSentence } from './sentence.js';
import { durationText } from './values.js';

/** Most contributions in an event. */
const MAX_CONTRIBUTIONS = 8;

/** The identity of an edge on everything that is said about it; '' where a part is unknown. */
export function edgeAttributes({ cluster, source, destination }: EdgeState): PointAttributes {
  const from: ServiceName = source ?? { namespace: '', name: '' };
  return {
    [Key.sourceService]: from.name,
    [Key.destinationService]: destination.name,
    [Key.destinationNamespace]: destination.namespace,
    [Key.sourceNamespace]: from.namespace,
    [Key.clusterId]: cluster.id,
  };
}

/**
 * `sinceMs`: window in which the anomaly began. `at`: what tells events of one state apart, where there are several.
 */
function edgeEventId(edge: EdgeState, kind: string, state: string, sinceMs: number, ...at: bigint[]): string {
  const { cluster, group } = edge;
  return eventId(cluster.id, group.windowMs, edgeKey(edge), kind, state, sinceMs, ...at.map(String));
}

export function findingEvent(finding: Finding, timeUnixNano: bigint, pixieHost: string | undefined): EventRecord {
  const { edge, band, contributions, kind, state, startedMs } = finding;
  // A silent edge sent nothing: that is what was observed.
  const observed = finding.silent && band?.feature === 'requests' ? 0 : band?.observed;
  return {
    ...named(anomalyEvent(finding.kind)),
    body: findingSentence(finding),
    timeUnixNano,
    attributes: {
      ...edgeAttributes(edge),
      [Key.eventId]: edgeEventId(edge, kind, state, startedMs, ...(state === 'ongoing' ? [timeUnixNano] : [])),
      [Key.score]: finding.score,
      [Key.state]: finding.state,
      [Key.kind]: finding.kind,
      [Key.detector]: finding.detector,
      [Key.feature]: band?.feature,
      [Key.unit]: band?.unit,
      [Key.observed]: observed,
      [Key.expected]: band?.expected,
      [Key.lower]: finite(band?.lower),
      [Key.upper]: finite(band?.upper),
      [Key.span]: band && (band.windows * edge.group.windowMs) / 1000,
      [Key.evidence]: finding.evidence,
      [Key.contributions]: contributions
        .slice(0, MAX_CONTRIBUTIONS)
        .map(({ kind, nats }) => `${kind} ${nats.toFixed(2)}`),
      [Key.duration]: finding.durationS,
      [Key.reason]: finding.reason ?? (finding.stillSilent ? STILL_SILENT : undefined),
      [Key.confidence]: finding.learning ? 'learning' : undefined,
      [Key.incidentId]: finding.incident === '' ? undefined : finding.incident,
      [Key.link]: edgeLink(pixieHost, edge),
    },
  };
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** `sinceMs`: window in which the edge was told first. */
export function unexpectedEvent(
  edge: EdgeState,
  sinceMs: number,
  watchedS: number,
  timeUnixNano: bigint,
  pixieHost: string | undefined,
): EventRecord {
  return {
    ...named(anomalyEvent(UNEXPECTED_EDGE)),
    body: unexpectedSentence(edge, watchedS),
    timeUnixNano,
    attributes: {
      ...edgeAttributes(edge),
      [Key.eventId]: edgeEventId(edge, UNEXPECTED_EDGE, 'started', sinceMs),
      [Key.score]: 1,
      [Key.state]: 'started',
      [Key.kind]: UNEXPECTED_EDGE,
      [Key.detector]: 'new_edge',
      [Key.link]: edgeLink(pixieHost, edge),
    },
  };
}

/** Why nothing can be said of a whole group. */
export type SilenceReason = 'no_data' | 'most_edges_silent';

export function silenceEvent(
  group: GroupState,
  state: 'started' | 'resolved',
  reason: SilenceReason,
  timeUnixNano: bigint,
): EventRecord {
  const { cluster, windowMs, silentSinceMs, outageSinceMs } = group;
  const sinceMs = reason === 'no_data' ? silentSinceMs : outageSinceMs;
  return {
    ...named(EVENTS.senderSilent),
    body: silenceSentence(cluster, windowMs, state, reason),
    timeUnixNano,
    attributes: {
      [Key.clusterId]: cluster.id,
      [Key.eventId]: eventId(cluster.id, windowMs, EVENTS.senderSilent.name, reason, state, sinceMs),
      [Key.state]: state,
      [Key.reason]: reason,
      [Key.windowSeconds]: windowMs / 1000,
    },
  };
}

function silenceSentence(cluster: ClusterState, windowMs: number, state: string, reason: SilenceReason): string {
  const window = durationText(windowMs / 1000);
  if (state === 'resolved') return `Cluster ${cluster.name} reports its ${window} windows again.`;
  return reason === 'no_data'
    ? `Cluster ${cluster.name} has sent nothing for three windows of ${window}; nothing is scored or learnt until it is back.`
    : `Most edges of cluster ${cluster.name} fell silent at once, as in an outage of the collection; their silence is not scored or learnt.`;
}
