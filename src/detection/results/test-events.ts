// An event that somebody injects to prove the way to the pager: tagged, sent down the same pipelines, never learnt or
// counted as an anomaly.

import { randomUUID } from 'node:crypto';
import { nearest } from '../../config/nearest.js';
import { KINDS } from '../../kernel/api.js';
import { type Batch, ownBatch, PermanentError } from '../../pipeline/index.js';
import { formatService, parseService, type ServiceName } from '../rules/names.js';
import { edgeText } from '../topology/graph.js';
import { Key } from '../vocabulary/attributes.js';
import { anomalyEvent, EVENTS, UNEXPECTED_EDGE } from '../vocabulary/events.js';
import { anomalyMetric, METRICS } from '../vocabulary/metrics.js';
import { eventId } from './event-id.js';
import type { OwnResource } from './own-resource.js';
import { type EventRecord, named, serializeEvents } from './result-events.js';
import { ResultMetrics } from './result-metrics.js';
import { durationText } from './values.js';

/** An event that somebody makes up to prove the way to the pager. */
export interface TestEvent {
  /** `ns/a -> ns/b`. */
  readonly edge: string;
  readonly kind: string;
  /** Id or name; undefined: the only one, or the only one that has the edge. */
  readonly cluster?: string | undefined;
  /** Sends an incident, too. */
  readonly incident: boolean;
  /** From its start to its end, ms. */
  readonly holdMs: number;
}

/** What became of it. */
export interface TestOutcome {
  readonly cluster: string;
  readonly edge: string;
  readonly kind: string;
  /** Whether the edge has been seen in real data. */
  readonly known: boolean;
  /** Id of the incident; '' without one. */
  readonly incident: string;
  /** Pipelines that it went down. */
  readonly pipelines: number;
}

/** Kinds that an event can have. */
export const TEST_KINDS: readonly string[] = [...KINDS.filter((kind) => kind !== ''), UNEXPECTED_EDGE];

/** What is made up. */
export interface MadeUp {
  readonly clusterId: string;
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName;
  readonly kind: string;
  /** Id of the incident; '' where only the edge's event goes out. */
  readonly incident: string;
  readonly startedMs: number;
}

/**
 * Reads `ns/a -> ns/b`, `a/b`, `ns/a/ns/b` or `ns/a` alone with an arrow missing on purpose: a service as a whole is
 * `-> ns/a`.
 */
export function parseEdge(text: string): Pick<MadeUp, 'source' | 'destination'> {
  const arrow = /^(.*?)\s*(?:->|→)\s*(.*)$/s.exec(text.trim());
  const parts = text.trim().split('/');
  const [from, to] = arrow
    ? [arrow[1] ?? '', arrow[2] ?? '']
    : parts.length === 2 || parts.length === 4
      ? [parts.slice(0, parts.length / 2).join('/'), parts.slice(parts.length / 2).join('/')]
      : ['', ''];
  const destination = service(to);
  if (!destination)
    throw new PermanentError(`"${text.slice(0, 128)}" is no edge; write it as "shop/frontend -> shop/checkout"`);
  return { source: service(from), destination };
}

function service(text: string): ServiceName | undefined {
  return text.trim() === '' || text.length > 256 ? undefined : parseService(text.trim(), '');
}

/** The kind as given. Throws a `PermanentError` that lists what there is. */
export function parseKind(text: string): string {
  if (TEST_KINDS.includes(text)) return text;
  const near = nearest(text, TEST_KINDS);
  const hint = near ? `did you mean "${near}"?` : `there are ${TEST_KINDS.join(', ')}`;
  throw new PermanentError(`there is no kind "${text.slice(0, 64)}"; ${hint}`);
}

export function newIncidentId(): string {
  return `test-${randomUUID().slice(0, 8)}`;
}

/** The batch of its beginning or end: gauges as a real anomaly has them, with the events riding on them. */
export function testBatch(made: MadeUp, state: 'started' | 'resolved', own: OwnResource, nowMs: number): Batch {
  const time = BigInt(nowMs) * 1_000_000n;
  const metrics = new ResultMetrics();
  const value = state === 'started' ? 1 : 0;
  const points = { ...identity(made), [Key.test]: 'true' };
  metrics.gauge(anomalyMetric(made.kind, 'A test that somebody injected'), value, points, time);
  if (made.incident !== '') {
    const cluster = { [Key.clusterId]: made.clusterId, [Key.test]: 'true' };
    metrics.gauge(METRICS.incidentsOpen, value, cluster, time);
  }
  const events = [edgeEvent(made, state, time, nowMs), ...incidentEvents(made, state, time, nowMs)];
  const logs = ownBatch('logs', serializeEvents(events, own, time), events.length);
  return ownBatch('metrics', metrics.serialize(own), metrics.items, logs);
}

function identity({ clusterId, source, destination }: MadeUp): Record<string, string> {
  return {
    [Key.sourceService]: source?.name ?? '',
    [Key.destinationService]: destination.name,
    [Key.destinationNamespace]: destination.namespace,
    [Key.sourceNamespace]: source?.namespace ?? '',
    [Key.clusterId]: clusterId,
  };
}

function idOf(made: MadeUp, what: string, state: string): string {
  return eventId(made.clusterId, Key.test, edgeText(made), what, made.incident, state, made.startedMs);
}

function edgeEvent(made: MadeUp, state: string, timeUnixNano: bigint, nowMs: number): EventRecord {
  const words = made.kind.replaceAll('_', ' ');
  const age = (nowMs - made.startedMs) / 1000;
  const when = state === 'started' ? 'injected by hand' : `over after ${durationText(age)}`;
  return {
    ...named(anomalyEvent(made.kind)),
    body: `TEST, nothing is wrong: ${words} on ${edgeText(made)}, ${when}.`,
    timeUnixNano,
    attributes: {
      ...identity(made),
      [Key.eventId]: idOf(made, made.kind, state),
      [Key.test]: true,
      [Key.score]: 1,
      [Key.state]: state,
      [Key.kind]: made.kind,
      [Key.detector]: 'inject',
      [Key.duration]: age,
      [Key.incidentId]: made.incident === '' ? undefined : made.incident,
    },
  };
}

function incidentEvents(made: MadeUp, state: string, timeUnixNano: bigint, nowMs: number): EventRecord[] {
  if (made.incident === '') return [];
  const ends = [made.source, made.destination].filter((end) => end !== undefined).map(formatService);
  const what = state === 'started' ? 'an incident' : 'the end of an incident';
  return [
    {
      ...named(EVENTS.incident),
      body: `TEST, nothing is wrong: ${what} around ${formatService(made.destination)}, injected by hand.`,
      timeUnixNano,
      attributes: {
        [Key.test]: true,
        [Key.eventId]: idOf(made, EVENTS.incident.name, state),
        [Key.incidentId]: made.incident,
        [Key.clusterId]: made.clusterId,
        [Key.state]: state === 'started' ? 'opened' : 'closed',
        [Key.score]: 1,
        [Key.kinds]: [made.kind],
        [Key.duration]: (nowMs - made.startedMs) / 1000,
        [Key.incidentStarted]: new Date(made.startedMs).toISOString(),
        [Key.services]: ends,
        [Key.serviceCount]: { int: ends.length },
        [Key.edges]: [edgeText(made)],
        [Key.edgeCount]: { int: 1 },
        [Key.source]: formatService(made.destination),
      },
    },
  ];
}
