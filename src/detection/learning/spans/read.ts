// A trace request as the facts that calls are made of: who did what, below which span, for how long, and whether it
// failed.
import protobuf from 'protobufjs/minimal.js';
import { opentelemetry } from '#proto';
import { bounded } from '../../rules/attributes.js';
import { readAttributed, WireAttributes } from '../../rules/wire-attributes.js';

/** What is read of a span. */
interface WireSpan extends Omit<opentelemetry.proto.trace.v1.ISpan, 'startTimeUnixNano' | 'endTimeUnixNano'> {
  startTimeUnixNano?: { toString(): string };
  endTimeUnixNano?: { toString(): string };
}
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
const NO_BYTES = new Uint8Array(0);
const RESOURCE = { attributes: 0x0a, name: 0, start: 0 } as const;

/** Whole tags of what is read: field number << 3 | wire type. */
const Tag = {
  RESOURCE_SPANS: 0x0a,
  RESOURCE: 0x0a,
  SCOPE_SPANS: 0x12,
  SPAN: 0x12,
  TRACE_ID: 0x0a,
  SPAN_ID: 0x12,
  PARENT_SPAN_ID: 0x22,
  KIND: 0x30,
  START: 0x39,
  END: 0x41,
  ATTRIBUTES: 0x4a,
  STATUS: 0x7a,
  CODE: 0x18,
} as const;

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

/**
 * All spans of a well-formed request, in the order they came; one at a time, so that however many there are, none is in
 * memory that was not asked for. Undefined: a message without spans was passed over.
 */
export function* readSpans(body: Uint8Array): Generator<SpanFact | undefined> {
  const reader = protobuf.Reader.create(body);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === Tag.RESOURCE_SPANS) yield* spansOfResource(body, reader);
    else reader.skipType(tag & 7);
  }
}

type Origin = Pick<SpanFact, 'self' | 'sender' | 'cluster'>;

/** The resource may stand behind its spans. */
function* spansOfResource(body: Uint8Array, reader: protobuf.Reader): Generator<SpanFact | undefined> {
  const end = reader.uint32() + reader.pos;
  const start = reader.pos;
  let resource: Uint8Array = NO_BYTES;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === Tag.RESOURCE) resource = body.subarray(...rangeOf(reader));
    else reader.skipType(tag & 7);
  }
  const origin = originOf(resource);
  reader.pos = start;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === Tag.SCOPE_SPANS) yield* spansOfScope(reader, origin);
    else reader.skipType(tag & 7);
  }
  yield undefined;
}

function* spansOfScope(reader: protobuf.Reader, origin: Origin): Generator<SpanFact | undefined> {
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === Tag.SPAN) yield factOf(readSpan(reader), origin);
    else reader.skipType(tag & 7);
  }
  yield undefined;
}

/** Start and end of a message, which the reader goes behind. */
function rangeOf(reader: protobuf.Reader): [start: number, end: number] {
  const bytes = reader.uint32();
  reader.pos += bytes;
  return [reader.pos - bytes, reader.pos];
}

function readSpan(reader: protobuf.Reader): WireSpan {
  const [start, end] = rangeOf(reader);
  const span: WireSpan = {};
  reader.pos = start;
  while (reader.pos < end) readField(reader, span);
  // What an inner span says of itself is of no use here, and most spans are inner ones.
  if ((span.kind ?? 0) < KIND.SPAN_KIND_SERVER) return span;
  const attributes = new WireAttributes();
  reader.pos = start;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === Tag.ATTRIBUTES) attributes.read(reader);
    else reader.skipType(tag & 7);
  }
  return { ...span, attributes: attributes.list };
}

function readField(reader: protobuf.Reader, span: WireSpan): void {
  const tag = reader.uint32();
  if (tag === Tag.TRACE_ID) span.traceId = reader.bytes();
  else if (tag === Tag.SPAN_ID) span.spanId = reader.bytes();
  else if (tag === Tag.PARENT_SPAN_ID) span.parentSpanId = reader.bytes();
  else if (tag === Tag.KIND) span.kind = reader.int32();
  else if (tag === Tag.START) span.startTimeUnixNano = reader.fixed64();
  else if (tag === Tag.END) span.endTimeUnixNano = reader.fixed64();
  else if (tag === Tag.STATUS) span.status = { code: codeOf(reader) };
  else reader.skipType(tag & 7);
}

function codeOf(reader: protobuf.Reader): number {
  const end = reader.uint32() + reader.pos;
  let code = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === Tag.CODE) code = reader.int32();
    else reader.skipType(tag & 7);
  }
  return code;
}

function originOf(bytes: Uint8Array): Origin {
  const resource = textsOf(readAttributed(bytes, RESOURCE).attributes);
  const cluster: Record<string, string> = {};
  for (const key of CLUSTER_KEYS) if (resource.has(key)) cluster[key] = resource.get(key) as string;
  const self = {
    service: resource.get('service.name') ?? '',
    namespace: first(resource, ['k8s.namespace.name', 'service.namespace']),
  };
  const sender = JSON.stringify([self.service, self.namespace, first(resource, INSTANCE), ...Object.values(cluster)]);
  return { self, cluster, sender };
}

function factOf(span: WireSpan, from: Origin): SpanFact {
  const kind = span.kind ?? 0;
  const attributes = span.attributes ? textsOf(span.attributes) : NOTHING;
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
