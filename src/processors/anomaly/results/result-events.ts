// Our own events as an OTLP request of log records. The transformer would write a whole number as an int, so that one attribute had two
// types; they are encoded with the code generated from proto/ instead.
import { opentelemetry } from '#proto';
import type { OwnResource } from './own-resource.js';

const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;
type IAnyValue = opentelemetry.proto.common.v1.IAnyValue;
type IKeyValue = opentelemetry.proto.common.v1.IKeyValue;

/** Numbers are doubles; whole numbers by nature are `{ int }`. */
export type EventValue = string | number | boolean | { readonly int: number } | readonly string[];

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
  readonly attributes: Readonly<Record<string, EventValue | undefined>>;
}

/** The serialised ExportLogsServiceRequest. `observedUnixNano` undefined: the event's own time, so that a replay gives the same bytes. */
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

function keyValues(attributes: EventRecord['attributes']): IKeyValue[] {
  const list: IKeyValue[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && !Number.isNaN(value)) list.push({ key, value: anyValue(value) });
  }
  return list;
}

function anyValue(value: EventValue): IAnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { doubleValue: value };
  if ('int' in value) return { intValue: long(BigInt(Math.round(value.int))) };
  return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } };
}

type Long = NonNullable<opentelemetry.proto.logs.v1.ILogRecord['timeUnixNano']>;

/** The two halves as protobufjs wants them. */
function long(value: bigint): Long {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return { low, high, unsigned: true } as Long;
}
