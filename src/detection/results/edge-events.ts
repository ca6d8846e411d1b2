// Events about edges and senders: an anomaly that started or was resolved, an edge nobody expected, a cluster that fell
// silent.

import type { ServiceName } from '../rules/names.js';
import { type ClusterState, type EdgeState, edgeKey, type GroupState } from '../topology/graph.js';
import { EVENT_ID, eventId } from './event-id.js';
import type { Finding } from './findings.js';
import { edgeLink } from './links.js';
import { type EventRecord, SEVERITY } from './result-events.js';
import type { PointAttributes } from './result-metrics.js';
import { durationText, findingSentence, unexpectedSentence } from './sentence.js';

export const EDGE_EVENT_PREFIX = 'px.anomaly.network.';
export const UNEXPECTED_EDGE = 'unexpected_edge';

/** Most contributions in an event. */
const MAX_CONTRIBUTIONS = 8;

/** The identity of an edge on everything that is said about it; '' where a part is unknown. */
export function edgeAttributes({ cluster, source, destination }: EdgeState): PointAttributes {
  const from: ServiceName = source ?? { namespace: '', name: '' };
  return {
    src_service: from.name,
    dst_service: destination.name,
    namespace: destination.namespace,
    src_namespace: from.namespace,
    'px.cluster.id': cluster.id,
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
    name: EDGE_EVENT_PREFIX + finding.kind,
    severity: SEVERITY.info,
    body: findingSentence(finding),
    timeUnixNano,
    attributes: {
      ...edgeAttributes(edge),
      [EVENT_ID]: edgeEventId(edge, kind, state, startedMs, ...(state === 'ongoing' ? [timeUnixNano] : [])),
      'anomaly.score': finding.score,
      'anomaly.state': finding.state,
      'anomaly.kind': finding.kind,
      'anomaly.detector': finding.detector,
      'anomaly.feature': band?.feature,
      'anomaly.unit': band?.unit,
      'anomaly.observed': observed,
      'anomaly.expected': band?.expected,
      'anomaly.lower': finite(band?.lower),
      'anomaly.upper': finite(band?.upper),
      'anomaly.evidence': finding.evidence,
      'anomaly.contributions': contributions
        .slice(0, MAX_CONTRIBUTIONS)
        .map(({ kind, nats }) => `${kind} ${nats.toFixed(2)}`),
      'anomaly.duration_s': finding.durationS,
      'anomaly.reason': finding.reason,
      'anomaly.confidence': finding.learning ? 'learning' : undefined,
      'incident.id': finding.incident === '' ? undefined : finding.incident,
      'anomaly.link': edgeLink(pixieHost, edge),
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
    name: EDGE_EVENT_PREFIX + UNEXPECTED_EDGE,
    severity: SEVERITY.info,
    body: unexpectedSentence(edge, watchedS),
    timeUnixNano,
    attributes: {
      ...edgeAttributes(edge),
      [EVENT_ID]: edgeEventId(edge, UNEXPECTED_EDGE, 'started', sinceMs),
      'anomaly.score': 1,
      'anomaly.state': 'started',
      'anomaly.kind': UNEXPECTED_EDGE,
      'anomaly.detector': 'new_edge',
      'anomaly.link': edgeLink(pixieHost, edge),
    },
  };
}

export const SENDER_SILENT = 'px.anomaly.sender_silent';

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
    name: SENDER_SILENT,
    severity: SEVERITY.info,
    body: silenceSentence(cluster, windowMs, state, reason),
    timeUnixNano,
    attributes: {
      'px.cluster.id': cluster.id,
      [EVENT_ID]: eventId(cluster.id, windowMs, SENDER_SILENT, reason, state, sinceMs),
      'anomaly.state': state,
      'anomaly.reason': reason,
      'anomaly.window_s': windowMs / 1000,
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
