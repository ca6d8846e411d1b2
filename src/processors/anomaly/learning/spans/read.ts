// A trace request as the facts that edges are made of: who served or called whom, for how long, and whether it failed.
import { opentelemetry } from '#proto';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
type KeyValues = readonly opentelemetry.proto.common.v1.IKeyValue[];

/** One end of a call: a service and its namespace; empty strings where unknown. */
export interface End {
  readonly service: string;
  readonly namespace: string;
}

/** Attributes of the resource that say which cluster a span belongs to, passed on as they came. */
export type ClusterAttributes = Readonly<Record<string, string>>;

export type Direction = 'out' | 'in';

/** A client, server, producer or consumer span. Ids are hex; `parent` is empty for a root. Times in Unix nanoseconds. */
export interface SpanFact {
  readonly direction: Direction;
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly self: End;
  /** The other end where attributes name it; undefined: they do not. */
  readonly peer: End | undefined;
  readonly cluster: ClusterAttributes;
  readonly endUnixNano: bigint;
  readonly seconds: number;
  readonly failed: boolean;
}

const KIND = opentelemetry.proto.trace.v1.Span.SpanKind;
const ERROR = opentelemetry.proto.trace.v1.Status.StatusCode.STATUS_CODE_ERROR;
const SERVER_ERROR = 500;

const CLUSTER_KEYS = ['px.cluster.id', 'k8s.cluster.name', 'k8s.cluster.uid'];

/** What a client's span says of the service it calls, most certain first. */
const CALLEE = [
  'service.peer.name',
  'peer.service',
  'messaging.destination.name',
  'db.system.name',
  'db.system',
  'server.address',
];
/** What a server's span says of its caller; the second is Pixie's span script. */
const CALLER = ['service.peer.name', 'parent.service.name', 'peer.service'];
const CALLEE_NAMESPACE = ['service.peer.namespace'];
const CALLER_NAMESPACE = ['service.peer.namespace', 'parent.namespace.name'];

/** The spans of a request that speak of an edge, in the order they came. Internal spans speak of none. */
export function* readSpans(body: Uint8Array): Generator<SpanFact> {
  for (const resourceSpans of TraceRequest.decode(body).resourceSpans) {
    const resource = textsOf(resourceSpans.resource?.attributes ?? []);
    const cluster: Record<string, string> = {};
    for (const key of CLUSTER_KEYS) if (resource.has(key)) cluster[key] = resource.get(key) as string;
    const self = {
      service: resource.get('service.name') ?? '',
      namespace: first(resource, ['k8s.namespace.name', 'service.namespace']),
    };
    for (const scope of resourceSpans.scopeSpans ?? [])
      for (const span of scope.spans ?? []) {
        const direction = directionOf(span.kind ?? 0);
        if (direction) yield factOf(span, direction, self, cluster);
      }
  }
}

function directionOf(kind: number): Direction | undefined {
  if (kind === KIND.SPAN_KIND_CLIENT || kind === KIND.SPAN_KIND_PRODUCER) return 'out';
  if (kind === KIND.SPAN_KIND_SERVER || kind === KIND.SPAN_KIND_CONSUMER) return 'in';
  return undefined;
}

function factOf(
  span: opentelemetry.proto.trace.v1.ISpan,
  direction: Direction,
  self: End,
  cluster: ClusterAttributes,
): SpanFact {
  const attributes = textsOf(span.attributes ?? []);
  const endUnixNano = nanos(span.endTimeUnixNano);
  const startUnixNano = nanos(span.startTimeUnixNano);
  return {
    direction,
    trace: hex(span.traceId),
    span: hex(span.spanId),
    parent: hex(span.parentSpanId),
    self,
    peer: peerOf(attributes, direction),
    cluster,
    endUnixNano,
    seconds: endUnixNano > startUnixNano ? Number(endUnixNano - startUnixNano) / 1e9 : 0,
    failed: span.status?.code === ERROR || (direction === 'in' && statusOf(attributes) >= SERVER_ERROR),
  };
}

function peerOf(attributes: ReadonlyMap<string, string>, direction: Direction): End | undefined {
  const service = first(attributes, direction === 'out' ? CALLEE : CALLER);
  if (service === '') return undefined;
  return { service, namespace: first(attributes, direction === 'out' ? CALLEE_NAMESPACE : CALLER_NAMESPACE) };
}

function statusOf(attributes: ReadonlyMap<string, string>): number {
  return Number(first(attributes, ['http.response.status_code', 'http.status_code'])) || 0;
}

function first(attributes: ReadonlyMap<string, string>, keys: readonly string[]): string {
  for (const key of keys) {
    const value = attributes.get(key);
    if (value) return value;
  }
  return '';
}

function textsOf(list: KeyValues): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { key, value } of list) {
    const text = value?.stringValue ?? value?.intValue?.toString();
    if (key && text != null) texts.set(key, text);
  }
  return texts;
}

function hex(bytes: Uint8Array | string | null | undefined): string {
  return bytes && bytes.length > 0 ? Buffer.from(bytes as Uint8Array).toString('hex') : '';
}

function nanos(value: unknown): bigint {
  return BigInt((value ?? 0).toString());
}
