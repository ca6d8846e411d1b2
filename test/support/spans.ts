// Trace requests in short notation, and what `SpanPairs` makes of them.
import { opentelemetry } from '#proto';
import { type Call, type PairOptions, SpanPairs } from '../../src/detection/learning/spans/pair.js';
import { readSpans, type SpanFact } from '../../src/detection/learning/spans/read.js';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

/** Event time 0 of `at`, Unix nanoseconds. */
export const START = 1_767_261_600_000_000_000n;
export const INNER = 1;
export const SERVER = 2;
export const CLIENT = 3;
export const PRODUCER = 4;
export const CONSUMER = 5;

export interface SpanOptions {
  readonly service: string;
  readonly namespace?: string;
  readonly instance?: string;
  readonly kind: number;
  readonly trace?: number;
  /** 0: none. */
  readonly id: number;
  readonly parent?: number;
  /** Seconds after `START` of its end. */
  readonly at?: number;
  readonly ms?: number;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly error?: boolean;
}

function idBytes(value: number, bytes: number): Uint8Array {
  const out = Buffer.alloc(bytes);
  out.writeUInt32BE(value, bytes - 4);
  return out;
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { boolValue: value };
  return typeof value === 'number' ? { intValue: value } : { stringValue: value };
}

function attributesOf(values: Readonly<Record<string, string | number | boolean>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function spanOf(span: SpanOptions): object {
  const end = START + BigInt(Math.round((span.at ?? 0) * 1e9));
  const start = end - BigInt(Math.round((span.ms ?? 10) * 1e6));
  return {
    traceId: idBytes(span.trace ?? 1, 16),
    spanId: idBytes(span.id, 8),
    parentSpanId: span.parent === undefined ? new Uint8Array() : idBytes(span.parent, 8),
    kind: span.kind,
    startTimeUnixNano: start.toString(),
    endTimeUnixNano: end.toString(),
    status: span.error ? { code: 2 } : {},
    attributes: attributesOf(span.attributes ?? {}),
  };
}

/** A serialised request, a resource a span. */
export function traceRequest(...spans: readonly SpanOptions[]): Uint8Array {
  const resourceSpans = spans.map((span) => ({
    resource: {
      attributes: attributesOf({
        'service.name': span.service,
        'k8s.namespace.name': span.namespace ?? 'shop',
        'k8s.cluster.name': 'prod',
        ...(span.instance ? { 'service.instance.id': span.instance } : {}),
      }),
    },
    scopeSpans: [{ spans: [spanOf(span)] }],
  }));
  return TraceRequest.encode(TraceRequest.fromObject({ resourceSpans })).finish();
}

export const PAIR_OPTIONS: PairOptions = { waitNanos: 10_000_000_000n, maxWaiting: 1000 };

/** All spans of a request. */
export const spansOf = (body: Uint8Array): SpanFact[] => [...readSpans(body)].flatMap((span) => span ?? []);

/** The calls that requests make, in order, without what still waits. */
export function callsOf(pairs: SpanPairs, ...requests: readonly Uint8Array[]): Call[] {
  return requests.flatMap((body) => [...pairs.add(spansOf(body))]);
}

/** All calls of a stream that ends. */
export function allCalls(
  requests: readonly (readonly SpanOptions[])[],
  pairs: SpanPairs = new SpanPairs(PAIR_OPTIONS),
): Call[] {
  return [...callsOf(pairs, ...requests.map((spans) => traceRequest(...spans))), ...pairs.flush()];
}

/** `source -> destination`, with `!` where the call failed; `?` stands for an unknown end. */
export function callText({ source, destination, failed }: Call): string {
  return `${source.service || '?'} -> ${destination.service || '?'}${failed ? ' !' : ''}`;
}

/** Calls by their text. */
export function tally(calls: Iterable<Call>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const call of calls) counts[callText(call)] = (counts[callText(call)] ?? 0) + 1;
  return counts;
}

/** Seconds after `START`. */
export function secondsOf({ endUnixNano }: Call): number {
  return Number(endUnixNano - START) / 1e9;
}
