// Events as the processor sends them, read back from the wire.
import { opentelemetry } from '#proto';
import { formatEdge } from './notation.js';

const LogsRequest = opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;

export interface SeenEvent {
  readonly kind: string;
  readonly state: string;
  /** As a case writes it; '*' for an incident. */
  readonly edge: string;
  /** Seconds after the start of the stream. */
  readonly at: number;
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly body: string;
}

const EDGE = 'px.anomaly.network.';

/** The events of a serialised logs request. */
export function readEvents(body: Uint8Array, startUnixNano: bigint): SeenEvent[] {
  const seen: SeenEvent[] = [];
  for (const resource of LogsRequest.decode(body).resourceLogs)
    for (const scope of resource.scopeLogs ?? [])
      for (const record of scope.logRecords ?? []) {
        const attributes = new Map((record.attributes ?? []).map(({ key, value }) => [key ?? '', scalarOf(value)]));
        const name = record.eventName ?? '';
        const nanos = BigInt((record.timeUnixNano ?? 0).toString()) - startUnixNano;
        seen.push({
          kind: name.startsWith(EDGE) ? name.slice(EDGE.length) : name.replace(/^px\.anomaly\./, ''),
          state: String(attributes.get('anomaly.state') ?? ''),
          edge: name.startsWith(EDGE) ? edgeOf(attributes) : '*',
          at: Number(nanos) / 1e9,
          attributes,
          body: record.body?.stringValue ?? '',
        });
      }
  return seen;
}

export function formatEvent({ state, kind, edge, at }: SeenEvent): string {
  return `${state} ${kind} ${edge} at ${Math.round(at)}s`;
}

function edgeOf(attributes: ReadonlyMap<string, unknown>): string {
  const text = (key: string): string => String(attributes.get(key) ?? '');
  const source = text('src_service');
  return formatEdge({
    cluster: text('px.cluster.id') || 'main',
    source: source ? { namespace: text('src_namespace'), name: source } : undefined,
    destination: { namespace: text('namespace'), name: text('dst_service') },
  });
}

function scalarOf(value: opentelemetry.proto.common.v1.IAnyValue | null | undefined): unknown {
  return value?.stringValue ?? value?.doubleValue ?? value?.boolValue ?? value?.intValue?.toString();
}
