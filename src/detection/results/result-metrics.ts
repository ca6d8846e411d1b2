// Our own metrics as an OTLP request, point by point, by the code generated from proto/.
import protobuf from 'protobufjs/minimal.js';
import { opentelemetry } from '#proto';
import type { MetricDefinition } from '../vocabulary/metrics.js';
import { AttributeBytes } from './attribute-bytes.js';
import type { OwnResource } from './own-resource.js';
import { keyValues, long } from './own-values.js';

const { Resource } = opentelemetry.proto.resource.v1;
const { InstrumentationScope } = opentelemetry.proto.common.v1;
const { Metric, NumberDataPoint, Sum } = opentelemetry.proto.metrics.v1;
const { AGGREGATION_TEMPORALITY_CUMULATIVE: aggregationTemporality } =
  opentelemetry.proto.metrics.v1.AggregationTemporality;
type IPoint = opentelemetry.proto.metrics.v1.INumberDataPoint;

export type PointAttributes = Readonly<Record<string, string>>;

/** Tag of a field that has a length (wire type 2); its number is in opentelemetry/proto/metrics/v1/metrics.proto. */
const tag = (field: number): number => (field << 3) | 2;
const RESOURCE_METRICS = tag(1);
const RESOURCE = tag(1);
const SCOPE_METRICS = tag(2);
const SCOPE = tag(1);
const METRICS = tag(2);
const DATA_POINTS = tag(1);
const ATTRIBUTES = tag(7);
const DATA = { gauge: tag(5), sum: tag(7) } as const;

interface Known {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: keyof typeof DATA;
}

/** A metric and its points so far: the content of a Gauge or Sum. */
interface Begun extends Known {
  readonly points: protobuf.Writer;
}

const attributeBytes = new AttributeBytes();

/** Metrics in the order in which their first point came. */
export class ResultMetrics {
  readonly #metrics = new Map<string, Begun>();
  #items = 0;

  /** Data points so far. */
  get items(): number {
    return this.#items;
  }

  /** `received`: unit of a metric that is in the unit received. */
  gauge(
    definition: MetricDefinition,
    value: number,
    attributes: PointAttributes,
    unixNano: bigint,
    received: string = '',
  ): void {
    const { name, description, unit = received } = definition;
    const metric = { name, unit, description, kind: 'gauge' } as const;
    this.#add(metric, { timeUnixNano: long(unixNano), asDouble: value }, attributes);
  }

  /** A count since `startUnixNano`. */
  sum(
    { name, unit = '', description }: MetricDefinition,
    value: number,
    attributes: PointAttributes,
    startUnixNano: bigint,
    unixNano: bigint,
  ): void {
    const times = { startTimeUnixNano: long(startUnixNano), timeUnixNano: long(unixNano) };
    const metric = { name, unit, description, kind: 'sum' } as const;
    this.#add(metric, { ...times, asInt: long(BigInt(value)) }, attributes);
  }

  #add(metric: Known, numbers: IPoint, attributes: PointAttributes): void {
    const { points } = this.#begun(metric);
    NumberDataPoint.encode(numbers, points.uint32(DATA_POINTS).fork());
    for (const [key, value] of Object.entries(attributes))
      points.uint32(ATTRIBUTES).bytes(attributeBytes.of(key, value));
    points.ldelim();
    this.#items++;
  }

  #begun(metric: Known): Begun {
    const key = `${metric.name}\0${metric.unit}`;
    const begun = this.#metrics.get(key) ?? { ...metric, points: protobuf.Writer.create() };
    this.#metrics.set(key, begun);
    return begun;
  }

  /** The serialised ExportMetricsServiceRequest. Call it once. */
  serialize({ resource, scope }: OwnResource): Uint8Array {
    const writer = protobuf.Writer.create().uint32(RESOURCE_METRICS).fork();
    Resource.encode({ attributes: keyValues(resource.attributes) }, writer.uint32(RESOURCE).fork()).ldelim();
    writer.uint32(SCOPE_METRICS).fork();
    InstrumentationScope.encode(scope, writer.uint32(SCOPE).fork()).ldelim();
    for (const metric of this.#metrics.values()) writeMetric(metric, writer.uint32(METRICS).fork()).ldelim();
    return writer.ldelim().ldelim().finish();
  }
}

function writeMetric({ name, unit, description, kind, points }: Begun, writer: protobuf.Writer): protobuf.Writer {
  if (kind === 'sum') Sum.encode({ aggregationTemporality, isMonotonic: true }, points);
  return Metric.encode({ name, unit, description }, writer).uint32(DATA[kind]).bytes(points.finish());
}
