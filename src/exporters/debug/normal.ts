// `normal`: one line for each data point, span or log record, and a sentence for each of our own events.

import type { opentelemetry } from '#proto';
import { Key } from '../../detection/vocabulary/attributes.js';
import { OWN_PREFIX } from '../../detection/vocabulary/metrics.js';
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  wholeReader,
} from '../../otlp/index.js';
import type { Batch } from '../../pipeline/index.js';
import { attribute, attributesText, idText, timeText, valueText } from './text.js';

type Metric = opentelemetry.proto.metrics.v1.Metric.$Properties;
type LogRecord = opentelemetry.proto.logs.v1.LogRecord.$Properties;
type KeyValue = opentelemetry.proto.common.v1.KeyValue.$Properties;

interface PrintedPoint {
  readonly attributes?: KeyValue[] | null;
  readonly asDouble?: number | null;
  readonly asInt?: unknown;
  readonly count?: unknown;
  readonly sum?: number | null;
}

/** The lines of a request. Throws where the body is malformed. */
export function normalLines(batch: Batch): string[] {
  if (batch.signal === 'metrics') return metricLines(batch.body);
  return batch.signal === 'logs' ? logLines(batch.body) : spanLines(batch.body);
}

function metricLines(body: Uint8Array): string[] {
  const { resourceMetrics } = ExportMetricsServiceRequest.decode(wholeReader(body));
  return resourceMetrics.flatMap(({ scopeMetrics }) =>
    (scopeMetrics ?? []).flatMap(({ metrics }) => (metrics ?? []).flatMap(pointLines)),
  );
}

function pointLines(metric: Metric): string[] {
  const data = metric.gauge ?? metric.sum ?? metric.histogram ?? metric.exponentialHistogram ?? metric.summary;
  const points = (data?.dataPoints ?? []) as readonly PrintedPoint[];
  return points.map((point) => joined(metric.name, attributesText(point.attributes), pointValue(point), metric.unit));
}

function pointValue(point: PrintedPoint): string {
  if (point.asInt != null) return String(point.asInt);
  if (point.asDouble != null) return String(point.asDouble);
  if (point.count == null) return 'no value';
  return `count=${point.count}${point.sum == null ? '' : ` sum=${point.sum}`}`;
}

function spanLines(body: Uint8Array): string[] {
  const { resourceSpans } = ExportTraceServiceRequest.decode(wholeReader(body));
  return resourceSpans.flatMap(({ scopeSpans }) =>
    (scopeSpans ?? []).flatMap(({ spans }) =>
      (spans ?? []).map((span) =>
        joined(span.name, idText(span.traceId), idText(span.spanId), attributesText(span.attributes)),
      ),
    ),
  );
}

function logLines(body: Uint8Array): string[] {
  const { resourceLogs } = ExportLogsServiceRequest.decode(wholeReader(body));
  return resourceLogs.flatMap(({ scopeLogs }) =>
    (scopeLogs ?? []).flatMap(({ logRecords }) =>
      (logRecords ?? []).map((record) => eventLine(record) ?? logLine(record)),
    ),
  );
}

function logLine(record: LogRecord): string {
  const name = record.eventName || record.severityText;
  return joined(timeText(record.timeUnixNano), name, valueText(record.body), attributesText(record.attributes));
}

/** An anomaly or incident: time, name, edge, score and state, then its sentence. Undefined for anything else. */
function eventLine(record: LogRecord): string | undefined {
  if (!record.eventName?.startsWith(OWN_PREFIX)) return undefined;
  const of = (key: string): string | undefined => attribute(record.attributes, key);
  const score = of(Key.score);
  return joined(
    timeText(record.timeUnixNano),
    record.eventName,
    edgeText(of),
    of(Key.state),
    score === undefined ? undefined : `score=${Number(score).toFixed(3)}`,
    of(Key.incidentId) && `incident=${of(Key.incidentId)}`,
    `– ${valueText(record.body)}`,
  );
}

function edgeText(of: (key: string) => string | undefined): string | undefined {
  const destination = of(Key.destinationService);
  if (!destination) return undefined;
  const end = (namespace: string | undefined, name: string): string => (namespace ? `${namespace}/${name}` : name);
  const source = of(Key.sourceService);
  const to = end(of(Key.destinationNamespace), destination);
  return source ? `${end(of(Key.sourceNamespace), source)} → ${to}` : to;
}

function joined(...parts: readonly (string | null | undefined)[]): string {
  return parts.filter(Boolean).join(' ');
}
