// Arbitrary OTLP requests for property tests, as plain objects that protobufjs encodes.
import fc from './property.js';

type Arb = fc.Arbitrary<unknown>;

const text = fc.oneof(
  fc.constantFrom('', 'a', 'service.name', 'px.cloud.address', 'ns/svc'),
  fc.string({ maxLength: 20 }),
);
const bytes = fc.uint8Array({ maxLength: 20 });
const uint32 = fc.nat({ max: 0xffff_ffff });
const time = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })).map(String);
const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(String);
const double = fc.double();

/** A record of which any field may be absent. */
function message(fields: Record<string, Arb>): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(fields, { requiredKeys: [] });
}

/** At most one of the fields. */
function oneof(fields: Record<string, Arb>): Arb {
  const ways = Object.entries(fields).map(([name, value]) => value.map((v) => ({ [name]: v })));
  return fc.oneof(fc.constant({}), ...ways);
}

const merge = (...parts: Arb[]): Arb => fc.tuple(...parts).map((all) => Object.assign({}, ...all));

const anyValue: Arb = fc.letrec((tie) => ({
  value: oneof({
    stringValue: text,
    boolValue: fc.boolean(),
    intValue: int64,
    doubleValue: double,
    bytesValue: bytes,
    arrayValue: message({ values: fc.array(tie('value'), { maxLength: 3, depthIdentifier: 'any' }) }),
    kvlistValue: message({
      values: fc.array(message({ key: text, value: tie('value') }), { maxLength: 3, depthIdentifier: 'any' }),
    }),
  }),
})).value;

const attributes = fc.array(message({ key: text, value: anyValue }), { maxLength: 4 });
const flags = fc.constantFrom(0, 1, 2, 0x1_0001);
const times = { startTimeUnixNano: time, timeUnixNano: time };
const number = oneof({ asDouble: double, asInt: int64 });

const exemplars = fc.array(
  merge(message({ filteredAttributes: attributes, timeUnixNano: time, spanId: bytes, traceId: bytes }), number),
  { maxLength: 2 },
);
const numberPoint = merge(message({ attributes, ...times, exemplars, flags }), number);
const histogramPoint = message({
  attributes,
  ...times,
  count: time,
  sum: double,
  bucketCounts: fc.array(time, { maxLength: 5 }),
  explicitBounds: fc.array(double, { maxLength: 5 }),
  exemplars,
  flags,
  min: double,
  max: double,
});
const buckets = message({ offset: fc.integer(), bucketCounts: fc.array(time, { maxLength: 5 }) });
const exponentialPoint = message({
  attributes,
  ...times,
  count: time,
  sum: double,
  scale: fc.integer({ min: -20, max: 20 }),
  zeroCount: time,
  positive: buckets,
  negative: buckets,
  flags,
  exemplars,
  min: double,
  max: double,
  zeroThreshold: double,
});
const summaryPoint = message({
  attributes,
  ...times,
  count: time,
  sum: double,
  quantileValues: fc.array(message({ quantile: double, value: double }), { maxLength: 3 }),
  flags,
});

const points = (point: Arb): Arb => fc.array(point, { maxLength: 4 });
const aggregationTemporality = fc.constantFrom(0, 1, 2);

const data = oneof({
  gauge: message({ dataPoints: points(numberPoint) }),
  sum: message({ dataPoints: points(numberPoint), aggregationTemporality, isMonotonic: fc.boolean() }),
  histogram: message({ dataPoints: points(histogramPoint), aggregationTemporality }),
  exponentialHistogram: message({ dataPoints: points(exponentialPoint), aggregationTemporality }),
  summary: message({ dataPoints: points(summaryPoint) }),
});
const metric = merge(message({ name: text, description: text, unit: text, metadata: attributes }), data);
const scope = message({ name: text, version: text, attributes, droppedAttributesCount: uint32 });
const resource = message({
  attributes,
  droppedAttributesCount: uint32,
  entityRefs: fc.array(message({ schemaUrl: text, type: text, idKeys: fc.array(text, { maxLength: 2 }) }), {
    maxLength: 2,
  }),
});

/** An `ExportMetricsServiceRequest`. */
export const metricsRequest: Arb = message({
  resourceMetrics: fc.array(
    message({
      resource,
      scopeMetrics: fc.array(message({ scope, metrics: fc.array(metric, { maxLength: 3 }), schemaUrl: text }), {
        maxLength: 2,
      }),
      schemaUrl: text,
    }),
    { maxLength: 3 },
  ),
});

const span = message({
  traceId: bytes,
  spanId: bytes,
  traceState: text,
  parentSpanId: bytes,
  flags: uint32,
  name: text,
  kind: fc.nat({ max: 5 }),
  startTimeUnixNano: time,
  endTimeUnixNano: time,
  attributes,
  droppedAttributesCount: uint32,
  events: fc.array(message({ timeUnixNano: time, name: text, attributes }), { maxLength: 2 }),
  links: fc.array(message({ traceId: bytes, spanId: bytes, traceState: text, attributes, flags: uint32 }), {
    maxLength: 2,
  }),
  status: message({ message: text, code: fc.nat({ max: 2 }) }),
});

/** An `ExportTraceServiceRequest`. */
export const tracesRequest: Arb = message({
  resourceSpans: fc.array(
    message({
      resource,
      scopeSpans: fc.array(message({ scope, spans: fc.array(span, { maxLength: 3 }) }), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});

const logRecord = message({
  timeUnixNano: time,
  observedTimeUnixNano: time,
  severityNumber: fc.nat({ max: 24 }),
  severityText: text,
  body: anyValue,
  attributes,
  droppedAttributesCount: uint32,
  flags: uint32,
  traceId: bytes,
  spanId: bytes,
  eventName: text,
});

/** An `ExportLogsServiceRequest`. */
export const logsRequest: Arb = message({
  resourceLogs: fc.array(
    message({
      resource,
      scopeLogs: fc.array(message({ scope, logRecords: fc.array(logRecord, { maxLength: 3 }) }), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});

/**
 * A change to a body: bytes overwritten, cut off, removed, inserted or repeated. `at` counts in shares of the length.
 */
export type Mutation = {
  readonly kind: 'set' | 'cut' | 'remove' | 'insert' | 'repeat';
  readonly at: number;
  readonly bytes: Uint8Array;
};

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(
    'set' as const,
    'set' as const,
    'cut' as const,
    'remove' as const,
    'insert' as const,
    'repeat' as const,
  ),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc.constantFrom(
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
      Uint8Array.of(0x0b, 0x08, 0x01, 0x0c),
      Uint8Array.of(0x80, 0x80, 0x00),
    ),
  ),
});

/** The body with the change made; a new array. */
export function mutate(body: Uint8Array, { kind, at, bytes: patch }: Mutation): Uint8Array {
  const place = Math.floor(at * body.length);
  const head = body.subarray(0, place);
  switch (kind) {
    case 'cut':
      return head.slice();
    case 'set':
      return Uint8Array.from([...head, ...patch, ...body.subarray(place + patch.length)]).subarray(
        0,
        Math.max(body.length, place),
      );
    case 'remove':
      return Uint8Array.from([...head, ...body.subarray(place + patch.length)]);
    case 'insert':
      return Uint8Array.from([...head, ...patch, ...body.subarray(place)]);
    case 'repeat':
      return Uint8Array.from([...head, ...body.subarray(place), ...body.subarray(place)]);
  }
}
