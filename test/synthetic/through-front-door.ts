// A labelled stream as a sender sends it: export requests in, events out, and the events as alerts of the stream's
// edges.

import type { AnomalyEvent } from '../../src/detection/results/read-events.js';
import { double, type Template, TemplateWriter, TIME, template } from '../../src/otlp/template.js';
import type { RecordedRequest, Recording } from '../../src/replay/readers/index.js';
import { Notes } from '../../src/replay/readers/notes.js';
import { type Replayed, replay } from '../../src/replay/replay.js';
import { replayConfig } from '../../src/replay/settings.js';
import { testSettings } from '../support/settings.js';
import type { Alerts } from './scoring.js';
import { type EdgeStream, FEATURE_COUNT } from './stream.js';

/** Unix seconds of window 0. */
export const STREAM_START = 1_793_491_200;

/** Names of an edge's ends; '' for the source: from outside. */
export interface EndNames {
  source(edge: number): string;
  destination(edge: number): string;
}

const padded = (number: number): string => String(number).padStart(5, '0');

/** Edges that have nothing to do with each other; the order of their names is that of their numbers. */
export const SEPARATE: EndNames = {
  source: (e) => `client-${padded(e)}`,
  destination: (e) => `server-${padded(e)}`,
};

/** Names of the services of a call graph. */
export function graphNames(source: readonly number[], destination: readonly number[]): EndNames {
  const name = (service: number): string => (service < 0 ? '' : `service-${service}`);
  return { source: (e) => name(source[e]!), destination: (e) => name(destination[e]!) };
}

function edgeTemplate(names: EndNames, edge: number): Template {
  const attributes = Object.entries({
    src_service: names.source(edge),
    dst_service: names.destination(edge),
    src_namespace: 'shop',
    namespace: 'shop',
  }).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const gauge = (name: string, unit: string, value: number) => ({
    name,
    unit,
    gauge: { dataPoints: [{ attributes, timeUnixNano: TIME, asDouble: double(value) }] },
  });
  const metrics = [
    gauge('edge.latency', 's', 0),
    gauge('edge.requests', '', 1),
    gauge('edge.errors', '', 2),
    gauge('edge.bytes', 'By', 3),
  ];
  return template({
    resource: { attributes: [{ key: 'px.cluster.id', value: { stringValue: 'test' } }] },
    scopeMetrics: [{ metrics }],
  });
}

/** One request a window; windows without requests are left out, as an exporter leaves them out. */
export function streamRecording(stream: EdgeStream, names: EndNames): Recording {
  const templates = Array.from({ length: stream.edges }, (_, e) => edgeTemplate(names, e));
  let read = 0;
  return {
    format: 'stream',
    total: stream.windows,
    read: () => read,
    notes: new Notes(),
    endsWhole: () => true,
    async *requests(): AsyncGenerator<RecordedRequest> {
      const writer = new TemplateWriter();
      for (let t = 0; t < stream.windows; t++) {
        const time = BigInt(STREAM_START + t * stream.windowSeconds) * 1_000_000_000n;
        for (let e = 0; e < stream.edges; e++) {
          const at = FEATURE_COUNT * (t * stream.edges + e);
          const values = stream.x.subarray(at, at + FEATURE_COUNT);
          if (values[1]! > 0) writer.append(templates[e]!, time, values);
        }
        read = t;
        if (writer.length > 0) yield { signal: 'metrics', body: writer.take() };
      }
    },
  };
}

/** Replays the stream at the given settings; none: the defaults. */
export function throughFrontDoor(
  stream: EdgeStream,
  names: EndNames,
  sets: readonly (readonly [string, string])[] = [],
): Promise<Replayed> {
  const windowMs = stream.windowSeconds === 10 ? undefined : stream.windowSeconds * 1000;
  return replay({
    recording: streamRecording(stream, names),
    config: replayConfig({ file: undefined, sets, windowMs, env: {} }),
    settings: testSettings('anomaly'),
  });
}

export const windowOfEvent = (stream: EdgeStream, { time }: AnomalyEvent): number =>
  Math.round((time - STREAM_START) / stream.windowSeconds);

/** Edge number by the names in an event. */
export function edgeNumbers(stream: EdgeStream, names: EndNames): (event: AnomalyEvent) => number {
  const numbers = new Map<string, number>();
  for (let e = 0; e < stream.edges; e++) numbers.set(`${names.source(e)} ${names.destination(e)}`, e);
  return ({ src_service, dst_service }) => {
    const source = src_service === 'external' ? '' : src_service;
    const number = numbers.get(`${source} ${dst_service}`);
    if (number === undefined) throw new Error(`no edge ${src_service} → ${dst_service}`);
    return number;
  };
}

/** On from the event that says started to the window before the one that says resolved. */
export function alertsOf(stream: EdgeStream, names: EndNames, events: readonly AnomalyEvent[]): Alerts {
  const edgeOf = edgeNumbers(stream, names);
  const alerts = new Uint8Array(stream.edges * stream.windows);
  const since = new Map<number, number>();
  const fill = (edge: number, first: number, end: number): void => {
    for (let t = first; t < end; t++) alerts[t * stream.edges + edge] = 1;
  };
  for (const event of events) {
    if (event.event !== 'edge' || event.kind === 'unexpected_edge') continue;
    const [edge, t] = [edgeOf(event), windowOfEvent(stream, event)];
    if (event.state === 'started') since.set(edge, t);
    else if (event.state === 'resolved' && since.has(edge)) {
      fill(edge, since.get(edge)!, t);
      since.delete(edge);
    }
  }
  for (const [edge, first] of since) fill(edge, first, stream.windows);
  return alerts;
}
