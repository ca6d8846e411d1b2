// The event to page on: an incident opened, changed or over.

import type { Incident, IncidentState } from '../incidents/incident.js';
import { formatService } from '../rules/names.js';
import { edgeText } from '../topology/graph.js';
import { Key } from '../vocabulary/attributes.js';
import { EVENTS } from '../vocabulary/events.js';
import { eventId } from './event-id.js';
import { edgeLink, serviceLink } from './links.js';
import type { OwnValue } from './own-values.js';
import { type EventRecord, named } from './result-events.js';
import { STILL_SILENT } from './sentence.js';
import { durationText, scoreText } from './values.js';

/** Most services and edges that an event lists, and likely sources. */
const MAX_LISTED = 20;
const MAX_RANKED = 5;

export interface IncidentView {
  readonly incident: Incident;
  readonly state: IncidentState;
  readonly score: number;
  readonly nowMs: number;
  /** Its edges that are as silent as before, where it is closed. */
  readonly silentEdges: number;
  /** Why it is over, where it is not because its edges are back to normal. */
  readonly reason?: string;
}

export function incidentEvent(view: IncidentView, timeUnixNano: bigint, pixieHost: string | undefined): EventRecord {
  const { incident, state, score, nowMs, silentEdges } = view;
  const reason = view.reason ?? (silentEdges > 0 && !incident.mergedInto ? STILL_SILENT : undefined);
  const services = [...incident.services].map(({ name }) => formatService(name));
  const at = state === 'updated' ? [String(timeUnixNano)] : [];
  return {
    ...named(EVENTS.incident),
    body: sentence(view),
    timeUnixNano,
    attributes: {
      [Key.incidentId]: incident.id,
      [Key.clusterId]: incident.cluster.id,
      [Key.eventId]: eventId(incident.cluster.id, EVENTS.incident.name, incident.id, state, incident.openedMs, ...at),
      [Key.state]: state,
      [Key.score]: score,
      [Key.kinds]: [...incident.kinds],
      [Key.duration]: Math.max(0, nowMs - incident.openedMs) / 1000,
      [Key.reason]: reason,
      [Key.incidentStarted]: new Date(incident.openedMs).toISOString(),
      [Key.services]: services.slice(0, MAX_LISTED),
      [Key.serviceCount]: { int: services.length },
      [Key.edges]: [...incident.edges].slice(0, MAX_LISTED).map(edgeText),
      [Key.edgeCount]: { int: incident.edges.size },
      [Key.mergedInto]: incident.mergedInto?.id,
      ...sourceAttributes(incident),
      [Key.link]: linkOf(incident, pixieHost),
    },
  };
}

/** The likely sources with the three parts of their rank. */
function sourceAttributes({ ranking }: Incident): Readonly<Record<string, OwnValue>> {
  const [top] = ranking;
  if (!top) return {};
  return {
    [Key.source]: formatService(top.service.name),
    [Key.sourceNeighbourhood]: top.neighbourhood,
    [Key.sourceOwn]: top.own,
    [Key.sourceUnexplained]: top.unexplained,
    [Key.ranking]: ranking
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

function sentence({ incident, state, score, nowMs, silentEdges, reason }: IncidentView): string {
  const { cluster, ranking, edges, services, kinds, mergedInto } = incident;
  const source = ranking[0] ? formatService(ranking[0].service.name) : edgeText([...edges][0]!);
  const age = durationText(Math.max(0, nowMs - incident.openedMs) / 1000);
  if (mergedInto) return `The incident around ${source} in ${cluster.name} is one with a larger one after ${age}.`;
  if (reason) return `The incident around ${source} in ${cluster.name} is closed after ${age}: ${reason}.`;
  if (state === 'closed' && silentEdges > 0) {
    const silent = `${count(silentEdges, 'edge')} still silent`;
    return `The incident around ${source} in ${cluster.name} is closed after ${age}, with ${silent}; highest score ${scoreText(score)}.`;
  }
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
