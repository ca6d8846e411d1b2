// Our own events as an OTLP request of log records.
import { opentelemetry } from '#proto';
import type { OwnResource } from './own-resource.js';
import { keyValues, long, type OwnValue } from './own-values.js';

const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

/** Severity numbers of the logs data model. */
export const SEVERITY = { info: 9, warn: 13 } as const;

export interface EventRecord {
  /** `event_name` of the log record: low in cardinality. */
  readonly name: string;
  readonly severity: (typeof SEVERITY)[keyof typeof SEVERITY];
  /** One English sentence. */
  readonly body: string;
  readonly timeUnixNano: bigint;
  /** Undefined and NaN are left out. */
  readonly attributes: Readonly<Record<string, OwnValue | undefined>>;
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
    severityNumber: event.severity,
    severityText: event.severity === SEVERITY.warn ? 'WARN' : 'INFO',
    body: { stringValue: event.body },
    attributes: keyValues(event.attributes),
    eventName: event.name,
  };
}
