// An event that somebody injects to prove the way to the pager: tagged, sent down the same pipelines, never learnt or
// counted as an anomaly.
import { randomUUID } from 'node:crypto';
import { nearest } from '../../config/nearest.js';
import { KINDS } from '../../kernel/api.js';
import { type Batch, ownBatch, PermanentError } from '../../pipeline/index.js';
import { formatService, parseService, type ServiceName } from '../rules/names.js';
import { edgeText } from '../topology/graph.js';
import { EDGE_EVENT_PREFIX, UNEXPECTED_EDGE } from './edge-events.js';
import { EVENT_ID, eventId } from './event-id.js';
import { INCIDENT_EVENT } from './incident-events.js';
import type { OwnResource } from './own-resource.js';
import { type EventRecord, SEVERITY, serializeEvents } from './result-events.js';
import { ResultMetrics } from './result-metrics.js';
import { durationText } from './sentence.js';

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

/** The attribute that tells a test from the real thing, on events (true) and on points ("true"). */
export const TEST_ATTRIBUTE = 'anomaly.test';

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
  const points = { ...identity(made), [TEST_ATTRIBUTE]: 'true' };
  metrics.gauge(EDGE_EVENT_PREFIX + made.kind, '{score}', 'A test that somebody injected', value, points, time);
  if (made.incident !== '') {
    const cluster = { 'px.cluster.id': made.clusterId, [TEST_ATTRIBUTE]: 'true' };
    metrics.gauge('px.anomaly.incidents.open', '{incident}', 'Incidents open now', value, cluster, time);
  }
  const events = [edgeEvent(made, state, time, nowMs), ...incidentEvents(made, state, time, nowMs)];
  const logs = ownBatch('logs', serializeEvents(events, own, time), events.length);
  return ownBatch('metrics', metrics.serialize(own), metrics.items, logs);
}

function identity({ clusterId, source, destination }: MadeUp): Record<string, string> {
  return {
    src_service: source?.name ?? '',
    dst_service: destination.name,
    namespace: destination.namespace,
    src_namespace: source?.namespace ?? '',
    'px.cluster.id': clusterId,
  };
}

function idOf(made: MadeUp, what: string, state: string): string {
  return eventId(made.clusterId, TEST_ATTRIBUTE, edgeText(made), what, made.incident, state, made.startedMs);
}

function edgeEvent(made: MadeUp, state: string, timeUnixNano: bigint, nowMs: number): EventRecord {
  const words = made.kind.replaceAll('_', ' ');
  const age = (nowMs - made.startedMs) / 1000;
  const when = state === 'started' ? 'injected by hand' : `over after ${durationText(age)}`;
  return {
    name: EDGE_EVENT_PREFIX + made.kind,
    severity: SEVERITY.info,
    body: `TEST, nothing is wrong: ${words} on ${edgeText(made)}, ${when}.`,
    timeUnixNano,
    attributes: {
      ...identity(made),
      [EVENT_ID]: idOf(made, made.kind, state),
      [TEST_ATTRIBUTE]: true,
      'anomaly.score': 1,
      'anomaly.state': state,
      'anomaly.kind': made.kind,
      'anomaly.detector': 'inject',
      'anomaly.duration_s': age,
      'incident.id': made.incident === '' ? undefined : made.incident,
    },
  };
}

function incidentEvents(made: MadeUp, state: string, timeUnixNano: bigint, nowMs: number): EventRecord[] {
  if (made.incident === '') return [];
  const ends = [made.source, made.destination].filter((end) => end !== undefined).map(formatService);
  const what = state === 'started' ? 'an incident' : 'the end of an incident';
  return [
    {
      name: INCIDENT_EVENT,
      severity: SEVERITY.warn,
      body: `TEST, nothing is wrong: ${what} around ${formatService(made.destination)}, injected by hand.`,
      timeUnixNano,
      attributes: {
        [TEST_ATTRIBUTE]: true,
        [EVENT_ID]: idOf(made, INCIDENT_EVENT, state),
        'incident.id': made.incident,
        'px.cluster.id': made.clusterId,
        'anomaly.state': state === 'started' ? 'opened' : 'closed',
        'anomaly.score': 1,
        'anomaly.kinds': [made.kind],
        'anomaly.duration_s': (nowMs - made.startedMs) / 1000,
        'incident.started': new Date(made.startedMs).toISOString(),
        'incident.services': ends,
        'incident.services.count': { int: ends.length },
        'incident.edges': [edgeText(made)],
        'incident.edges.count': { int: 1 },
        'incident.source': formatService(made.destination),
      },
    },
  ];
}
