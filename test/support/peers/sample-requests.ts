// One request a signal with every kind of value that OTLP knows, to see that all of it passes through.
import { opentelemetry } from '#proto';
import type { Signal } from '../../../src/pipeline/index.js';

const { collector, metrics } = opentelemetry.proto;
const { DELTA, CUMULATIVE } = {
  DELTA: metrics.v1.AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA,
  CUMULATIVE: metrics.v1.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
};
/** 2026-11-01T00:00:00Z in nanoseconds: beyond what a double holds exactly. */
const TIME = 1_793_491_200_000_000_000n;
const nanos = (value: bigint): never => String(value) as never;
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7 + 1);

const attributes = [
  { key: 'text', value: { stringValue: 'größer ≥ 1' } },
  { key: 'flag', value: { boolValue: true } },
  { key: 'whole', value: { intValue: nanos(-9_007_199_254_740_993n) } },
  { key: 'real', value: { doubleValue: 0.1 } },
  { key: 'raw', value: { bytesValue: bytes(5) } },
  { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: nanos(1n) }] } } },
  { key: 'map', value: { kvlistValue: { values: [{ key: 'inner', value: { boolValue: false } }] } } },
];
const resource = { attributes: [...attributes, { key: 'service.name', value: { stringValue: 'shop' } }] };
const scope = { name: 'a scope', version: '1.2', attributes };
const at = { attributes, startTimeUnixNano: nanos(TIME), timeUnixNano: nanos(TIME + 1n) };
const exemplar = {
  filteredAttributes: attributes,
  timeUnixNano: nanos(TIME),
  asDouble: 3.5,
  spanId: bytes(8),
  traceId: bytes(16),
};
const distribution = { count: nanos(3n), sum: 6.5, min: 1, max: 3.5, exemplars: [exemplar], flags: 0 };

function metricsRequest(): Uint8Array {
  const histogram = { ...at, ...distribution, bucketCounts: [1n, 2n, 0n].map(nanos), explicitBounds: [2, 4] };
  const exponential = {
    ...at,
    ...distribution,
    scale: 3,
    zeroCount: nanos(1n),
    positive: { offset: -2, bucketCounts: [1n, 1n].map(nanos) },
    negative: { offset: 4, bucketCounts: [] },
  };
  const quantileValues = [0, 0.5, 0.99].map((quantile) => ({ quantile, value: 10 * quantile }));
  const message = {
    resourceMetrics: [
      {
        resource,
        schemaUrl: 'https://opentelemetry.io/schemas/1.44.0',
        scopeMetrics: [
          {
            scope,
            metrics: [
              { name: 'gauge', description: 'd', unit: 's', gauge: { dataPoints: [{ ...at, asDouble: -0.5 }] } },
              { name: 'int', gauge: { dataPoints: [{ ...at, asInt: nanos(-(2n ** 62n)), exemplars: [exemplar] }] } },
              { name: 'none', gauge: { dataPoints: [{ ...at, flags: 1 }] } },
              {
                name: 'sum',
                sum: {
                  dataPoints: [{ ...at, asDouble: 1e300 }],
                  aggregationTemporality: CUMULATIVE,
                  isMonotonic: true,
                },
              },
              { name: 'histogram', histogram: { dataPoints: [histogram], aggregationTemporality: DELTA } },
              {
                name: 'exponential',
                exponentialHistogram: { dataPoints: [exponential], aggregationTemporality: CUMULATIVE },
              },
              { name: 'summary', summary: { dataPoints: [{ ...at, count: nanos(3n), sum: 6.5, quantileValues }] } },
            ],
          },
        ],
      },
    ],
  };
  return collector.metrics.v1.ExportMetricsServiceRequest.encode(message).finish();
}

function tracesRequest(): Uint8Array {
  const span = {
    traceId: bytes(16),
    spanId: bytes(8),
    parentSpanId: bytes(8).reverse(),
    traceState: 'a=b',
    name: 'GET /',
    kind: 3,
    flags: 0x101,
    startTimeUnixNano: nanos(TIME),
    endTimeUnixNano: nanos(TIME + 1_000_001n),
    attributes,
    droppedAttributesCount: 1,
    events: [{ timeUnixNano: nanos(TIME + 1n), name: 'event', attributes, droppedAttributesCount: 2 }],
    links: [{ traceId: bytes(16).reverse(), spanId: bytes(8), traceState: 'c=d', attributes, flags: 1 }],
    status: { message: 'no', code: 2 },
  };
  const message = { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }] };
  return collector.trace.v1.ExportTraceServiceRequest.encode(message).finish();
}

function logsRequest(): Uint8Array {
  const record = {
    timeUnixNano: nanos(TIME),
    observedTimeUnixNano: nanos(TIME + 5n),
    severityNumber: 13,
    severityText: 'WARN',
    attributes,
    flags: 1,
    traceId: bytes(16),
    spanId: bytes(8),
    eventName: 'an.event',
  };
  const logRecords = [
    { ...record, body: { stringValue: 'something happened' } },
    { ...record, body: { kvlistValue: { values: attributes } } },
  ];
  const message = { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] };
  return collector.logs.v1.ExportLogsServiceRequest.encode(message).finish();
}

/** The serialised sample of a signal. */
export const SAMPLES: Readonly<Record<Signal, Uint8Array>> = {
  metrics: metricsRequest(),
  traces: tracesRequest(),
  logs: logsRequest(),
};
