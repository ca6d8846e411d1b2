// Counts the items of OTLP requests, in the bytes or in the JSON of a file exporter: data points, spans, log records.
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../../../src/otlp/index.js';
import type { Signal } from '../../../src/pipeline/index.js';
import type { Json } from './otlp-files.js';

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

const sum = (items: Json[] | undefined, count: (item: Json) => number): number =>
  (items ?? []).reduce((total: number, item) => total + count(item), 0);

/** Items of a request, whatever its signal; the names are those of OTLP as JSON. */
export function itemsOf(request: Json): number {
  const points = (metric: Json): number =>
    KINDS.reduce((total, kind) => total + (metric[kind]?.dataPoints?.length ?? 0), 0);
  return (
    sum(request.resourceMetrics, ({ scopeMetrics }) => sum(scopeMetrics, ({ metrics }) => sum(metrics, points))) +
    sum(request.resourceSpans, ({ scopeSpans }) => sum(scopeSpans, ({ spans }) => spans?.length ?? 0)) +
    sum(request.resourceLogs, ({ scopeLogs }) => sum(scopeLogs, ({ logRecords }) => logRecords?.length ?? 0))
  );
}

/** The signal of a request as JSON. */
export function signalOfRequest(request: Json): Signal {
  if (request.resourceMetrics) return 'metrics';
  return request.resourceSpans ? 'traces' : 'logs';
}

const REQUESTS = {
  metrics: ExportMetricsServiceRequest,
  traces: ExportTraceServiceRequest,
  logs: ExportLogsServiceRequest,
};

/** Items of a serialised request. */
export function itemsOfBytes(signal: Signal, body: Uint8Array): number {
  return itemsOf(REQUESTS[signal].decode(body));
}
