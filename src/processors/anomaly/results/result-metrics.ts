// Our own metrics as an OTLP request: collected point by point, encoded by the code generated from proto/.
import { opentelemetry } from '#proto';
import type { OwnResource } from './own-resource.js';
import { keyValues, long } from './own-values.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const { AGGREGATION_TEMPORALITY_CUMULATIVE } = opentelemetry.proto.metrics.v1.AggregationTemporality;
type IMetric = opentelemetry.proto.metrics.v1.IMetric;
type IPoint = opentelemetry.proto.metrics.v1.INumberDataPoint;

export type PointAttributes = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: 'gauge' | 'sum';
  readonly points: IPoint[];
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
    this.#add(
      { name, unit, description, kind: 'gauge' },
      {
        timeUnixNano: long(unixNano),
        asDouble: value,
        attributes: keyValues(attributes),
      },
    );
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
    this.#add(
      { name, unit: '{anomaly}', description, kind: 'sum' },
      {
        startTimeUnixNano: long(startUnixNano),
        timeUnixNano: long(unixNano),
        asInt: long(BigInt(value)),
        attributes: keyValues(attributes),
      },
    );
  }

  #add(metric: Omit<Metric, 'points'>, point: IPoint): void {
    const key = `${metric.name}\0${metric.unit}`;
    let known = this.#metrics.get(key);
    if (!known) {
      known = { ...metric, points: [] };
      this.#metrics.set(key, known);
    }
    known.points.push(point);
    this.#items++;
  }

  /** The serialised ExportMetricsServiceRequest. */
  serialize({ resource, scope }: OwnResource): Uint8Array {
    const metrics = [...this.#metrics.values()].map(metricMessage);
    const own = { attributes: keyValues(resource.attributes) };
    return ExportMetricsServiceRequest.encode({
      resourceMetrics: [{ resource: own, scopeMetrics: [{ scope, metrics }] }],
    }).finish();
  }
}

function metricMessage({ name, unit, description, kind, points: dataPoints }: Metric): IMetric {
  if (kind === 'gauge') return { name, unit, description, gauge: { dataPoints } };
  const sum = { dataPoints, aggregationTemporality: AGGREGATION_TEMPORALITY_CUMULATIVE, isMonotonic: true };
  return { name, unit, description, sum };
}
