// One anomaly event as the small JSON body that Pixie's tracer keeps whole.

import { opentelemetry } from '#proto';
import { Key } from '../../detection/vocabulary/attributes.js';
import { EDGE_PREFIX } from '../../detection/vocabulary/metrics.js';

/** Pixie keeps this many bytes of a traced body by default (PL_STIRLING_MAX_BODY_BYTES). */
export const MAX_BODY_BYTES = 512;

const LogsRequest = opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
type AnnouncedAttributes = Map<string, string | number>;

const NAME_CHARACTERS = 80;

/**
 * The announcements in an `ExportLogsServiceRequest`: one JSON text for each `px.anomaly.network.*` event, others
 * skipped.
 */
export function announcements(body: Uint8Array): string[] {
  const texts: string[] = [];
  for (const resource of LogsRequest.decode(body).resourceLogs)
    for (const scope of resource.scopeLogs ?? [])
      for (const record of scope.logRecords ?? []) {
        const name = record.eventName ?? '';
        if (name.startsWith(EDGE_PREFIX))
          texts.push(announcement(name.slice(EDGE_PREFIX.length), attributesOf(record.attributes ?? [])));
      }
  return texts;
}

/** Names are cut, numbers rounded, so that the text always fits into `MAX_BODY_BYTES`. */
function announcement(kind: string, attributes: AnnouncedAttributes): string {
  const side = (namespace: string, service: string): string =>
    [attributes.get(namespace), attributes.get(service)].filter(Boolean).join('/').slice(0, NAME_CHARACTERS);
  return JSON.stringify({
    kind,
    state: attributes.get(Key.state) ?? 'started',
    src: side(Key.sourceNamespace, Key.sourceService),
    dst: side(Key.destinationNamespace, Key.destinationService),
    score: rounded(attributes.get(Key.score)),
    observed: rounded(attributes.get(Key.observed)),
    expected: rounded(attributes.get(Key.expected)),
  });
}

function rounded(value: string | number | undefined): number | undefined {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : undefined;
}

function attributesOf(list: opentelemetry.proto.common.v1.IKeyValue[]): AnnouncedAttributes {
  const attributes: AnnouncedAttributes = new Map();
  for (const { key, value } of list) {
    const scalar =
      value?.stringValue ?? value?.doubleValue ?? (value?.intValue == null ? undefined : Number(value.intValue));
    if (key && scalar != null) attributes.set(key, scalar);
  }
  return attributes;
}
