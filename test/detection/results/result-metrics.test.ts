// Our own metrics say what OpenTelemetry's transformer says of the same points. It writes zeros that the protocol
// leaves out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { opentelemetry } from '#proto';
import { AttributeBytes } from '../../../src/detection/results/attribute-bytes.js';
import { ResultMetrics } from '../../../src/detection/results/result-metrics.js';
import { ExportMetricsServiceRequest } from '../../../src/otlp/index.js';
import fc from '../../support/property.js';

const { KeyValue } = opentelemetry.proto.common.v1;

const OWN = {
  resource: { attributes: { 'service.name': 'pxanomaly', 'service.version': '1.2.3' } },
  scope: { name: 'pxanomaly', version: '1.2.3' },
};

/** Values of the SDK's enums. */
const KIND = { gauge: { dataPointType: 2, valueType: 1 }, sum: { dataPointType: 3, valueType: 0 } } as const;
const CUMULATIVE = 1;

interface Point {
  readonly kind: keyof typeof KIND;
  readonly name: string;
  readonly value: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly start: bigint;
  readonly time: bigint;
}

const nanos = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const point: fc.Arbitrary<Point> = fc
  .record({
    kind: fc.constantFrom('gauge' as const, 'sum' as const),
    name: fc.constantFrom('score', 'größe', ''),
    value: fc.double(),
    count: fc.maxSafeNat(),
    attributes: fc.dictionary(fc.string(), fc.string(), { maxKeys: 4, noNullPrototype: true }),
    start: nanos,
    time: nanos,
  })
  // One name is one kind.
  .map(({ count, ...drawn }) => ({
    ...drawn,
    name: `${drawn.kind}.${drawn.name}`,
    value: drawn.kind === 'gauge' ? drawn.value : count,
  }));

function hrTime(unixNano: bigint): [number, number] {
  return [Number(unixNano / 1_000_000_000n), Number(unixNano % 1_000_000_000n)];
}

function ours(points: readonly Point[]): Uint8Array {
  const metrics = new ResultMetrics();
  for (const { kind, name, value, attributes, start, time } of points) {
    const metric = { name, type: kind, unit: '{anomaly}', description: 'text', value: '', attributes: [] };
    if (kind === 'gauge') metrics.gauge(metric, value, attributes, time);
    else metrics.sum(metric, value, attributes, start, time);
  }
  return metrics.serialize(OWN);
}

function theirs(points: readonly Point[]): Uint8Array | undefined {
  const names = [...new Set(points.map(({ name }) => name))];
  const metrics = names.map((wanted) =>
    metricOf(
      wanted,
      points.filter(({ name }) => name === wanted),
    ),
  );
  const request = { resource: OWN.resource, scopeMetrics: [{ scope: OWN.scope, metrics }] };
  return ProtobufMetricsSerializer.serializeRequest(request as never);
}

function metricOf(name: string, points: readonly Point[]): object {
  const { dataPointType, valueType } = KIND[points[0]!.kind];
  const dataPoints = points.map(({ kind, value, attributes, start, time }) => ({
    value,
    attributes,
    startTime: kind === 'gauge' ? [0, 0] : hrTime(start),
    endTime: hrTime(time),
  }));
  const descriptor = { name, unit: '{anomaly}', description: 'text', valueType };
  return { descriptor, aggregationTemporality: CUMULATIVE, dataPointType, isMonotonic: true, dataPoints };
}

/** With the defaults that were not written. */
function read(bytes: Uint8Array | undefined): object {
  return ExportMetricsServiceRequest.toObject(ExportMetricsServiceRequest.decode(bytes ?? new Uint8Array()), {
    defaults: true,
    longs: String,
  });
}

test('a reader sees what the transformer would have written', () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 12 }), (points) => {
      assert.deepEqual(read(ours(points)), read(theirs(points)));
    }),
  );
});

test('attributes are serialised as if for the first time, however many there were', () => {
  const bytes = new AttributeBytes();
  for (let i = 0; i < 30_000; i++) {
    const [key, value] = [`key ${i % 3}`, `größe ${i % 12_000}`];
    assert.deepEqual(KeyValue.decode(bytes.of(key, value)).toJSON(), { key, value: { stringValue: value } });
  }
});
