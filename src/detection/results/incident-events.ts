// The event to page on: an incident opened, changed or over.

import type { Incident, IncidentState } from '../incidents/incident.js';
import { formatService } from '../rules/names.js';
import { edgeText } from '../topology/graph.js';
import { EVENT_ID, eventId } from './event-id.js';
import { edgeLink, serviceLink } from './links.js';
import type { OwnValue } from './own-values.js';
import { type EventRecord, SEVERITY } from './result-events.js';
import { durationText, scoreText } from './sentence.js';

export const INCIDENT_EVENT = 'px.anomaly.incident';

/** Most services and edges that an event lists, and likely sources. */
const MAX_LISTED = 20;
const MAX_RANKED = 5;

export interface IncidentView {
  readonly incident: Incident;
  readonly state: IncidentState;
  readonly score: number;
  readonly nowMs: number;
  /** Why it is over, where it is not because its edges are back to normal. */
  readonly reason?: string;
}

export function incidentEvent(view: IncidentView, timeUnixNano: bigint, pixieHost: string | undefined): EventRecord {
  const { incident, state, score, nowMs, reason } = view;
  const services = [...incident.services].map(({ name }) => formatService(name));
  const at = state === 'updated' ? [String(timeUnixNano)] : [];
  return {
    name: INCIDENT_EVENT,
    severity: SEVERITY.warn,
    body: sentence(view),
    timeUnixNano,
    attributes: {
      'incident.id': incident.id,
      'px.cluster.id': incident.cluster.id,
      [EVENT_ID]: eventId(incident.cluster.id, INCIDENT_EVENT, incident.id, state, incident.openedMs, ...at),
      'anomaly.state': state,
      'anomaly.score': score,
      'anomaly.kinds': [...incident.kinds],
      'anomaly.duration_s': Math.max(0, nowMs - incident.openedMs) / 1000,
      'anomaly.reason': reason,
      'incident.started': new Date(incident.openedMs).toISOString(),
      'incident.services': services.slice(0, MAX_LISTED),
      'incident.services.count': { int: services.length },
      'incident.edges': [...incident.edges].slice(0, MAX_LISTED).map(edgeText),
      'incident.edges.count': { int: incident.edges.size },
      'incident.merged_into': incident.mergedInto?.id,
      ...sourceAttributes(incident),
      'anomaly.link': linkOf(incident, pixieHost),
    },
  };
}

/** The likely sources with the three parts of their rank. */
function sourceAttributes({ ranking }: Incident): Readonly<Record<string, OwnValue>> {
  const [top] = ranking;
  if (!top) return {};
  return {
    'incident.source': formatService(top.service.name),
    'incident.source.neighbourhood': top.neighbourhood,
    'incident.source.own': top.own,
    'incident.source.unexplained': top.unexplained,
    'incident.ranking': ranking
      .slice(0, MAX_RANKED)
      .map(
        ({ service, neighbourhood, own, unexplained }) =>
          `${formatService(service.name)} ${[neighbourhood, own, unexplained].map((part) => part.toFixed(2)).join(' ')}`,
      ),
  };
}

function linkOf({ cluster, ranking, edges }: Incident, pixieHost: string | undefined): string | undefined {
  const top = ranking[0]?.service;
  if (top) return serviceLink(pixieHost, cluster, top.name);
  const [edge] = edges;
  return edge && edgeLink(pixieHost, edge);
}

function sentence({ incident, state, score, nowMs, reason }: IncidentView): string {
  const { cluster, ranking, edges, services, kinds, mergedInto } = incident;
  const source = ranking[0] ? formatService(ranking[0].service.name) : edgeText([...edges][0]!);
  const age = durationText(Math.max(0, nowMs - incident.openedMs) / 1000);
  if (mergedInto) return `The incident around ${source} in ${cluster.name} is one with a larger one after ${age}.`;
  if (reason) return `The incident around ${source} in ${cluster.name} is closed after ${age}: ${reason}.`;
  if (state === 'closed') {
    return `The incident around ${source} in ${cluster.name} is over after ${age}; highest score ${scoreText(score)}.`;
  }
  const size = `${count(edges.size, 'edge')} of ${count(services.size, 'service')}`;
  const what = [...kinds].map((kind) => kind.replaceAll('_', ' ')).join(', ');
  const verb = state === 'opened' ? 'Incident' : `Incident, ${age} old,`;
  return `${verb} in ${cluster.name}: ${source} is the likely source, ${size} ${edges.size === 1 ? 'shows' : 'show'} ${what}; score ${scoreText(score)}.`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
