// Our own metrics as an OTLP request: collected point by point, serialised by OpenTelemetry's transformer.
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { OwnResource } from './own-resource.js';

type ResourceMetrics = Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0];
type MetricData = ResourceMetrics['scopeMetrics'][number]['metrics'][number];
type HrTime = [number, number];

export type PointAttributes = Readonly<Record<string, string>>;

/** Values of the SDK's enums, which its types alone would make a runtime dependency. */
const POINT = { gauge: 2, sum: 3 } as const;
const VALUE = { int: 0, double: 1 } as const;
const CUMULATIVE = 1;

interface Point {
  readonly value: number;
  readonly attributes: PointAttributes;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: keyof typeof POINT;
  readonly points: Point[];
}

/** Seconds and nanoseconds. */
export function hrTime(unixNano: bigint): HrTime {
  return [Number(unixNano / 1_000_000_000n), Number(unixNano % 1_000_000_000n)];
}

/** Metrics in the order in which their first point came. */
export class ResultMetrics {
  readonly #metrics = new Map<string, Metric>();
  #items = 0;

  /** Data points so far. */
  get items(): number {
    return this.#items;
  }

  gauge(
    name: string,
    unit: string,
    description: string,
    value: number,
    attributes: PointAttributes,
    unixNano: bigint,
  ): void {
    this.#add({ name, unit, description, kind: 'gauge' }, value, attributes, [0, 0], hrTime(unixNano));
  }

  /** A count since `startUnixNano`. */
  sum(
    name: string,
    description: string,
    value: number,
    attributes: PointAttributes,
    startUnixNano: bigint,
    unixNano: bigint,
  ): void {
    const metric = { name, unit: '{anomaly}', description, kind: 'sum' } as const;
    this.#add(metric, value, attributes, hrTime(startUnixNano), hrTime(unixNano));
  }

  #add(
    metric: Omit<Metric, 'points'>,
    value: number,
    attributes: PointAttributes,
    startTime: HrTime,
    endTime: HrTime,
  ): void {
    const key = `${metric.name}\0${metric.unit}`;
    let known = this.#metrics.get(key);
    if (!known) {
      known = { ...metric, points: [] };
      this.#metrics.set(key, known);
    }
    known.points.push({ value, attributes, startTime, endTime });
    this.#items++;
  }

  /** The serialised ExportMetricsServiceRequest. */
  serialize({ resource, scope }: OwnResource): Uint8Array {
    const metrics = [...this.#metrics.values()].map(metricData);
    // The serialiser reads attributes and schema URL of a resource, and nothing else.
    const request = { resource, scopeMetrics: [{ scope, metrics }] } as unknown as ResourceMetrics;
    const bytes = ProtobufMetricsSerializer.serializeRequest(request);
    if (!bytes) throw new Error('the metrics serialiser gave nothing');
    return bytes;
  }
}

function metricData({ name, unit, description, kind, points }: Metric): MetricData {
  const valueType = kind === 'sum' ? VALUE.int : VALUE.double;
  return {
    descriptor: { name, unit, description, valueType },
    aggregationTemporality: CUMULATIVE,
    dataPointType: POINT[kind],
    isMonotonic: true,
    dataPoints: points,
  } as unknown as MetricData;
}
