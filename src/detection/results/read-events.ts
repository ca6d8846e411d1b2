// Our own events read back, as plain objects: for replays and the demo. The other way round: edge-events.ts,
// incident-events.ts.

import { ExportLogsServiceRequest } from '../../otlp/index.js';
import { Key } from '../vocabulary/attributes.js';
import { EVENTS } from '../vocabulary/events.js';
import { EDGE_PREFIX } from '../vocabulary/metrics.js';

/**
 * An event; as JSON a line of `replay --events`. Names are the bare names of services; `ns/name` where one name stands
 * for services of two namespaces.
 */
export interface AnomalyEvent {
  /** Unix seconds: the middle of the window, which is the time that its points carry. */
  readonly time: number;
  readonly event: 'edge' | 'incident';
  /** Edges: started, ongoing, resolved; incidents: opened, updated, closed. */
  readonly state: string;
  /** Of an incident the first of its kinds. */
  readonly kind: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly src_namespace: string;
  readonly src_service: string;
  readonly dst_service: string;
  readonly score: number;
  /** '' of an edge outside of incidents. */
  readonly incident_id: string;
  readonly observed?: number;
  readonly expected?: number;
  readonly lower?: number;
  readonly upper?: number;
  readonly unit?: string;
  /** Length so far, seconds. */
  readonly duration?: number;
  /** Of incidents: the services in it, and the likely sources, most likely first. */
  readonly services?: readonly string[];
  readonly ranking?: readonly string[];
  readonly kinds?: readonly string[];
  /** One English sentence. */
  readonly message: string;
}

type EventValue = string | number | boolean | readonly string[] | undefined;

interface EventLogRecord {
  readonly name: string;
  readonly time: number;
  readonly message: string;
  readonly values: ReadonlyMap<string, EventValue>;
}

// biome-ignore lint/suspicious/noExplicitAny: a decoded AnyValue
function plain(value: any): EventValue {
  if (!value) return undefined;
  if (typeof value.stringValue === 'string') return value.stringValue;
  if (typeof value.doubleValue === 'number') return value.doubleValue;
  if (typeof value.boolValue === 'boolean') return value.boolValue;
  if (value.arrayValue)
    return (value.arrayValue.values ?? []).map((item: { stringValue?: string }) => item.stringValue ?? '');
  return value.intValue === null || value.intValue === undefined ? undefined : Number(value.intValue);
}

function* recordsOf(body: Uint8Array): Generator<EventLogRecord> {
  for (const { scopeLogs } of ExportLogsServiceRequest.decode(body).resourceLogs) {
    for (const { logRecords } of scopeLogs ?? []) {
      for (const record of logRecords ?? []) {
        yield {
          name: record.eventName ?? '',
          time: Number(BigInt(String(record.timeUnixNano ?? 0)) / 1000n) / 1e6,
          message: record.body?.stringValue ?? '',
          values: new Map((record.attributes ?? []).map(({ key, value }) => [key ?? '', plain(value)])),
        };
      }
    }
  }
}

/** The events of an export request of log records; of other records there are none. */
export function eventsOf(body: Uint8Array): AnomalyEvent[] {
  return [...recordsOf(body)].flatMap((record) => {
    if (record.name === EVENTS.incident.name) return [incidentEvent(record)];
    return record.name.startsWith(EDGE_PREFIX) ? [edgeEvent(record)] : [];
  });
}

function reader({ values }: EventLogRecord): {
  text(key: string): string;
  number(key: string): number | undefined;
  list(key: string): readonly string[];
} {
  return {
    text: (key) => String(values.get(key) ?? ''),
    number: (key) => {
      const value = values.get(key);
      return typeof value === 'number' ? value : undefined;
    },
    list: (key) => {
      const value = values.get(key);
      return Array.isArray(value) ? value : [];
    },
  };
}

/** Without the keys that have no value. */
function present<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

function edgeEvent(record: EventLogRecord): AnomalyEvent {
  const { text, number } = reader(record);
  return {
    time: record.time,
    event: 'edge',
    state: text(Key.state),
    kind: record.name.slice(EDGE_PREFIX.length),
    cluster: text(Key.clusterId),
    namespace: text(Key.destinationNamespace),
    src_namespace: text(Key.sourceNamespace),
    src_service: text(Key.sourceService),
    dst_service: text(Key.destinationService),
    score: number(Key.score) ?? 0,
    incident_id: text(Key.incidentId),
    ...present({
      observed: number(Key.observed),
      expected: number(Key.expected),
      lower: number(Key.lower),
      upper: number(Key.upper),
      unit: text(Key.unit) || undefined,
      duration: number(Key.duration),
    }),
    message: record.message,
  } as AnomalyEvent;
}

function incidentEvent(record: EventLogRecord): AnomalyEvent {
  const { text, number, list } = reader(record);
  const kinds = list(Key.kinds);
  const services = list(Key.services);
  // The name is followed by the three parts of its rank.
  const ranking = list(Key.ranking).map((entry) => entry.replace(/( \S+){3}$/, ''));
  const short = shortNames([...services, ...ranking]);
  return {
    time: record.time,
    event: 'incident',
    state: text(Key.state),
    kind: kinds[0] ?? '',
    cluster: text(Key.clusterId),
    namespace: '',
    src_namespace: '',
    src_service: '',
    dst_service: '',
    score: number(Key.score) ?? 0,
    incident_id: text(Key.incidentId),
    ...present({ duration: number(Key.duration) }),
    services: services.map(short),
    ranking: ranking.map(short),
    kinds,
    message: record.message,
  } as AnomalyEvent;
}

/** Bare names, unless two services of the list share one. */
function shortNames(names: readonly string[]): (name: string) => string {
  const bare = (name: string): string => name.slice(name.indexOf('/') + 1);
  const owners = new Map<string, Set<string>>();
  for (const name of names) owners.set(bare(name), (owners.get(bare(name)) ?? new Set()).add(name));
  return (name) => (owners.get(bare(name))?.size === 1 ? bare(name) : name);
}
