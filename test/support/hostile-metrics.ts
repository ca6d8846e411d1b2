// Metrics that break a page written without care: names that become one, types that contradict each other, values and
// labels of every odd kind.

import { opentelemetry } from '#proto';
import fc from './property.js';

type Metric = opentelemetry.proto.metrics.v1.Metric.$Properties;
type KeyValue = opentelemetry.proto.common.v1.KeyValue.$Properties;

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

const numbers = fc.constantFrom(0, -0, 1, 0.1, -2.5, 1e300, 5e-324, 2 ** 53, Number.NaN, Infinity, -Infinity);
const text = fc.oneof(
  fc.constantFrom('', 'a', 'a\nb', 'say "x"', '\\', '\\n', '\0', 'a\0b', '\r', 'ü', '{a="b"}', ' ', '# EOF'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const keys = fc.constantFrom(
  'a',
  'a.b',
  'a_b',
  'job',
  'instance',
  'le',
  'quantile',
  '__name__',
  '',
  '1x',
  'otel.scope.name',
);
const names = fc.constantFrom(
  'x',
  'x.total',
  'x_total',
  'x.count',
  'x.bucket',
  'x.sum',
  'target',
  'target.info',
  'y',
  '',
  '1',
  'ü',
);
const units = fc.constantFrom('', '1', 's', 'ms', 'By', 'By/s', '%', '{x}', 'we"ird\n');
const times = fc.constantFrom('0', '1', '1700000000123456789', '18446744073709551615');
const count = fc.constantFrom(0, 1, 7, 2 ** 40);

const attributes: fc.Arbitrary<KeyValue[]> = fc.array(
  fc.record({
    key: keys,
    value: fc.oneof(
      text.map((stringValue) => ({ stringValue })),
      fc.boolean().map((boolValue) => ({ boolValue })),
      numbers.map((doubleValue) => ({ doubleValue })),
    ),
  }),
  { maxLength: 4 },
) as fc.Arbitrary<KeyValue[]>;

const common = { attributes, timeUnixNano: times };
const points = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { maxLength: 3 });

const numberPoints = points(fc.record({ ...common, asDouble: numbers }));
const temporality = fc.constantFrom(1, 2);
const histograms = points(
  fc.record({
    ...common,
    count,
    sum: numbers,
    explicitBounds: fc.oneof(
      fc.constantFrom([0, 1], [0.5, Infinity], [-Infinity, 0], [1, 1], [2, 1], [NaN]),
      fc.array(numbers, { maxLength: 3 }),
    ),
    bucketCounts: fc.array(count, { maxLength: 4 }),
  }),
);
const summaries = points(
  fc.record({
    ...common,
    count,
    sum: numbers,
    quantileValues: fc.array(fc.record({ quantile: numbers, value: numbers }), { maxLength: 3 }),
  }),
);

const data = fc.oneof(
  numberPoints.map((dataPoints) => ({ gauge: { dataPoints } })),
  fc
    .record({ dataPoints: numberPoints, isMonotonic: fc.boolean(), aggregationTemporality: temporality })
    .map((sum) => ({ sum })),
  fc.record({ dataPoints: histograms, aggregationTemporality: temporality }).map((histogram) => ({ histogram })),
  summaries.map((dataPoints) => ({ summary: { dataPoints } })),
);

const metric = fc
  .tuple(fc.record({ name: names, unit: units, description: text }), data)
  .map(([head, of]) => ({ ...head, ...of }) as unknown as Metric);

/** A serialised request. */
export const hostileMetrics: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.record({
      resource: fc.record({
        attributes: fc.tuple(
          attributes,
          fc.subarray(['service.name', 'service.namespace', 'service.instance.id', 'job', 'instance', 'k8s.pod.name']),
          text,
        ),
      }),
      scopeMetrics: fc.array(
        fc.record({ scope: fc.record({ name: text, version: text }), metrics: fc.array(metric, { maxLength: 5 }) }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 3 },
  )
  .map((all) => {
    const resourceMetrics = all.map(({ resource, scopeMetrics }) => {
      const [odd, known, stringValue] = resource.attributes;
      const of = [...odd, ...known.map((key) => ({ key, value: { stringValue } }))];
      return { resource: { attributes: of }, scopeMetrics };
    });
    return ExportMetricsServiceRequest.encode({ resourceMetrics } as never).finish();
  });
