// A trace request as the facts that calls are made of: who did what, below which span, for how long, and whether it
// failed.
import { opentelemetry } from '#proto';
import { bounded } from '../../rules/attributes.js';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
type KeyValues = readonly opentelemetry.proto.common.v1.IKeyValue[];

/** One end of a call: a service and its namespace; empty strings where unknown. */
export interface SpanEnd {
  readonly service: string;
  readonly namespace: string;
}

/** Attributes of the resource that say which cluster a span belongs to, passed on as they came. */
export type ClusterAttributes = Readonly<Record<string, string>>;

/**
 * What a span does at the edge of its service. `send` and `receive`: a message whose destination or broker is named;
 * without either name a producer is a client and a consumer a server. `inner`: neither calls nor is called.
 */
export type Part = 'client' | 'server' | 'send' | 'receive' | 'inner';

/**
 * A span. Ids are bytes as Latin-1 text, empty where zero or missing. Times in Unix nanoseconds, as the sender's clock
 * had them.
 */
export interface SpanFact {
  readonly part: Part;
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly self: SpanEnd;
  /** Whose clock its times are of: the resource's service and instance. */
  readonly sender: string;
  /** The other end where attributes name it, the queue of a message; undefined: they do not. */
  readonly peer: SpanEnd | undefined;
  readonly cluster: ClusterAttributes;
  readonly startUnixNano: bigint;
  readonly endUnixNano: bigint;
  readonly failed: boolean;
}

const KIND = opentelemetry.proto.trace.v1.Span.SpanKind;
const ERROR = opentelemetry.proto.trace.v1.Status.StatusCode.STATUS_CODE_ERROR;
const SERVER_ERROR = 500;
const NOTHING: ReadonlyMap<string, string> = new Map();

const CLUSTER_KEYS = ['px.cluster.id', 'k8s.cluster.name', 'k8s.cluster.uid'];
/** What tells the instances of a service apart, best first. */
const INSTANCE = ['service.instance.id', 'k8s.pod.uid', 'k8s.pod.name', 'host.name'];

/** What a client's span says of the service it calls, most certain first. */
const CALLEE = ['service.peer.name', 'peer.service', 'db.system.name', 'db.system', 'server.address'];
/** What a server's span says of its caller; the second is Pixie's span script. */
const CALLER = ['service.peer.name', 'parent.service.name', 'peer.service'];
const CALLEE_NAMESPACE = ['service.peer.namespace'];
const CALLER_NAMESPACE = ['service.peer.namespace', 'parent.namespace.name'];

/** Names of a queue or topic, the one of few values first; the last two are of older conventions. */
const QUEUE = ['messaging.destination.template', 'messaging.destination.name', 'messaging.destination'];
const SOURCE_QUEUE = ['messaging.source.template', 'messaging.source.name'];
/** Such a queue's name is made up for one use. */
const PASSING = ['messaging.destination.temporary', 'messaging.destination.anonymous'];
const OPERATION = ['messaging.operation.type', 'messaging.operation'];

/** All spans of a request, in the order they came. */
export function* readSpans(body: Uint8Array): Generator<SpanFact> {
  for (const resourceSpans of TraceRequest.decode(body).resourceSpans) {
    const resource = textsOf(resourceSpans.resource?.attributes ?? []);
    const cluster: Record<string, string> = {};
    for (const key of CLUSTER_KEYS) if (resource.has(key)) cluster[key] = resource.get(key) as string;
    const self = {
      service: resource.get('service.name') ?? '',
      namespace: first(resource, ['k8s.namespace.name', 'service.namespace']),
    };
    const from = {
      self,
      cluster,
      sender: JSON.stringify([self.service, self.namespace, first(resource, INSTANCE), ...Object.values(cluster)]),
    };
    for (const scope of resourceSpans.scopeSpans ?? []) for (const span of scope.spans ?? []) yield factOf(span, from);
  }
}

function factOf(
  span: opentelemetry.proto.trace.v1.ISpan,
  from: Pick<SpanFact, 'self' | 'sender' | 'cluster'>,
): SpanFact {
  const kind = span.kind ?? 0;
  // What an inner span says of itself is of no use here, and most spans are inner ones.
  const attributes = kind < KIND.SPAN_KIND_SERVER ? NOTHING : textsOf(span.attributes ?? []);
  const queue = queueOf(attributes);
  const part = partOf(kind, queue, attributes);
  return {
    ...from,
    part,
    trace: idOf(span.traceId),
    span: idOf(span.spanId),
    parent: idOf(span.parentSpanId),
    peer: part === 'send' || part === 'receive' ? { service: queue, namespace: '' } : peerOf(attributes, part),
    startUnixNano: nanos(span.startTimeUnixNano),
    endUnixNano: nanos(span.endTimeUnixNano),
    failed: span.status?.code === ERROR || (part === 'server' && statusOf(attributes) >= SERVER_ERROR),
  };
}

function partOf(kind: number, queue: string, attributes: ReadonlyMap<string, string>): Part {
  if (kind === KIND.SPAN_KIND_SERVER) return 'server';
  if (kind === KIND.SPAN_KIND_PRODUCER) return queue ? 'send' : 'client';
  if (kind === KIND.SPAN_KIND_CONSUMER) return queue ? 'receive' : 'server';
  if (kind !== KIND.SPAN_KIND_CLIENT) return 'inner';
  if (!queue) return 'client';
  // By the newer conventions a client span polls; what it settles was received before.
  const operation = first(attributes, OPERATION);
  if (operation === 'settle') return 'inner';
  return operation === 'receive' || operation === 'process' ? 'receive' : 'send';
}

/**
 * The queue between the two ends of a message: its destination, or the broker where that has no lasting name; empty: no
 * message.
 */
function queueOf(attributes: ReadonlyMap<string, string>): string {
  if (attributes.size === 0) return '';
  const broker = attributes.get('messaging.system') ?? '';
  const isPassing = PASSING.some((key) => attributes.get(key) === 'true');
  const names = isPassing ? QUEUE.slice(0, 1) : QUEUE;
  return first(attributes, names) || first(attributes, SOURCE_QUEUE) || broker;
}

function peerOf(attributes: ReadonlyMap<string, string>, part: Part): SpanEnd | undefined {
  if (part === 'inner') return undefined;
  const service = first(attributes, part === 'client' ? CALLEE : CALLER);
  if (service === '') return undefined;
  return { service, namespace: first(attributes, part === 'client' ? CALLEE_NAMESPACE : CALLER_NAMESPACE) };
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
    const text = value?.stringValue ?? value?.intValue?.toString() ?? value?.boolValue?.toString();
    if (key && text != null) texts.set(key, bounded(text));
  }
  return texts;
}

/** Zeros are no id. */
function idOf(bytes: Uint8Array | string | null | undefined): string {
  if (!bytes || !(bytes as Uint8Array).some((byte) => byte !== 0)) return '';
  return Buffer.from(bytes as Uint8Array).toString('latin1');
}

function nanos(value: unknown): bigint {
  return BigInt((value ?? 0).toString());
}
