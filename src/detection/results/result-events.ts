// Our own events as an OTLP request of log records.
import { opentelemetry } from '#proto';
import type { EventDefinition } from '../vocabulary/events.js';
import type { OwnResource } from './own-resource.js';
import { keyValues, long, type OwnValue } from './own-values.js';

const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

/** Severity numbers of the logs data model. */
const SEVERITY = { INFO: 9, WARN: 13 } as const;

export interface EventRecord {
  /** `event_name` of the log record: low in cardinality. */
  readonly name: string;
  readonly severity: keyof typeof SEVERITY;
  /** One English sentence. */
  readonly body: string;
  readonly timeUnixNano: bigint;
  /** Undefined and NaN are left out. */
  readonly attributes: Readonly<Record<string, OwnValue | undefined>>;
}

/** What a record has of its definition. */
export function named({ name, severity }: EventDefinition): Pick<EventRecord, 'name' | 'severity'> {
  return { name, severity };
}

/**
 * The serialised ExportLogsServiceRequest. `observedUnixNano` undefined: the event's own time, so that a replay gives
 * the same bytes.
 */
export function serializeEvents(
  events: readonly EventRecord[],
  { resource, scope }: OwnResource,
  observedUnixNano: bigint | undefined,
): Uint8Array {
  return ExportLogsServiceRequest.encode({
    resourceLogs: [
      {
        resource: { attributes: keyValues(resource.attributes) },
        scopeLogs: [{ scope, logRecords: events.map((event) => logRecord(event, observedUnixNano)) }],
      },
    ],
  }).finish();
}

function logRecord(event: EventRecord, observedUnixNano: bigint | undefined) {
  return {
    timeUnixNano: long(event.timeUnixNano),
    observedTimeUnixNano: long(observedUnixNano ?? event.timeUnixNano),
    severityNumber: SEVERITY[event.severity],
    severityText: event.severity,
    body: { stringValue: event.body },
    attributes: keyValues(event.attributes),
    eventName: event.name,
  };
}
