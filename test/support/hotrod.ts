// A recording of HotROD, Jaeger's demo application, and hours of traffic made of it, on event time.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { opentelemetry } from '#proto';
import { jsonToProtobuf } from '../../src/otlp/index.js';
import type { Random } from '../../src/simulation/random.js';
import { fixture } from './paths.js';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

/** 44 dispatches of the application, as its five services and two "databases" sent them (test/fixtures/hotrod). */
export function hotrodRequests(): Uint8Array[] {
  const text = gunzipSync(readFileSync(fixture('hotrod/spans.jsonl.gz'))).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => jsonToProtobuf('traces', Buffer.from(line)));
}

interface Span {
  readonly resource: object;
  readonly service: string;
  readonly span: opentelemetry.proto.trace.v1.ISpan;
  readonly start: bigint;
  readonly end: bigint;
}

/** The spans of each dispatch. */
function dispatches(): Span[][] {
  const traces = new Map<string, Span[]>();
  for (const body of hotrodRequests())
    for (const { resource, scopeSpans } of TraceRequest.decode(body).resourceSpans)
      for (const span of (scopeSpans ?? []).flatMap(({ spans }) => spans ?? [])) {
        const id = Buffer.from(span.traceId as Uint8Array).toString('hex');
        const service = resource?.attributes?.find(({ key }) => key === 'service.name')?.value?.stringValue ?? '';
        const [start, end] = [span.startTimeUnixNano, span.endTimeUnixNano].map((time) => BigInt(String(time)));
        traces.set(id, [
          ...(traces.get(id) ?? []),
          { resource: resource ?? {}, service, span, start: start!, end: end! },
        ]);
      }
  return [...traces.values()];
}

/** What happens in a minute, besides dispatches. */
export interface HotrodMinute {
  /** What the database takes longer, times. */
  readonly database?: number;
  /** Seconds of the minute in which the application is down. */
  readonly down?: readonly [number, number];
}

export interface HotrodTraffic {
  readonly startUnixNano: bigint;
  readonly minutes: number;
  readonly dispatchesAMinute: number;
  readonly random: Random;
  happens?(minute: number): HotrodMinute;
}

/** Requests of a minute each: dispatches of the recording, drawn at random, at random times. */
export function* hotrodTraffic(traffic: HotrodTraffic): Generator<Uint8Array> {
  const { startUnixNano, minutes, dispatchesAMinute, random, happens } = traffic;
  const recorded = dispatches();
  let trace = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const { database = 1, down = [0, 0] }: HotrodMinute = happens?.(minute) ?? {};
    const resourceSpans: object[] = [];
    for (let i = 0; i < dispatchesAMinute; i++) {
      const at = (60 * (i + random.uniform())) / dispatchesAMinute;
      const drawn = recorded[Math.floor(random.uniform() * recorded.length)] as Span[];
      trace++;
      if (at >= down[0] && at < down[1]) continue;
      const from = startUnixNano + BigInt(Math.round((60 * minute + at) * 1e9));
      resourceSpans.push(...replayed(drawn, trace, from, database));
    }
    yield TraceRequest.encode(TraceRequest.fromObject({ resourceSpans })).finish();
  }
}

/**
 * A dispatch at another time, in a trace of its own; whatever came after the database's answer comes later as that
 * does.
 */
function replayed(spans: readonly Span[], trace: number, from: bigint, database: number): object[] {
  const [first = 0n] = spans.map(({ start }) => start).toSorted((a, b) => Number(a - b));
  const query = spans.find(({ service }) => service === 'mysql');
  const more = query ? BigInt(Math.round(Number(query.end - query.start) * (database - 1))) : 0n;
  const moved = (time: bigint) => (from + time - first + (query && time >= query.end ? more : 0n)).toString();
  const traceId = Buffer.alloc(16, 7);
  traceId.writeUInt32BE(trace, 0);
  return spans.map(({ resource, span, start, end }) => ({
    resource,
    scopeSpans: [{ spans: [{ ...span, traceId, startTimeUnixNano: moved(start), endTimeUnixNano: moved(end) }] }],
  }));
}
