// Requests by hand: metrics in a short notation, encoded with the code generated from proto/.
import { opentelemetry } from '#proto';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
type IKeyValue = opentelemetry.proto.common.v1.IKeyValue;
type IMetric = opentelemetry.proto.metrics.v1.IMetric;

export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

// biome-ignore lint/suspicious/noExplicitAny: 64-bit numbers are accepted as plain numbers and decimal text, which the types do not say
type Loose = any;

/** Attributes as OTLP has them; whole numbers become ints. */
export function keyValues(attributes: Attributes): IKeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Attributes[string]): Loose {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } };
}

export interface PointOptions {
  readonly attributes?: Attributes;
  /** Unix seconds. */
  readonly time: number;
  readonly start?: number;
}

const nanos = (seconds: number): string => String(BigInt(Math.round(seconds * 1000)) * 1_000_000n);

function common({ attributes = {}, time, start }: PointOptions): Loose {
  return {
    attributes: keyValues(attributes),
    timeUnixNano: nanos(time),
    ...(start === undefined ? {} : { startTimeUnixNano: nanos(start) }),
  };
}

export function gauge(name: string, value: number, options: PointOptions & { unit?: string }): IMetric {
  const dataPoint = { ...common(options), ...(Number.isInteger(value) ? { asInt: value } : { asDouble: value }) };
  return { name, unit: options.unit ?? '', gauge: { dataPoints: [dataPoint] } };
}

export interface SumOptions extends PointOptions {
  readonly unit?: string;
  readonly temporality?: 1 | 2;
  readonly monotonic?: boolean;
}

export function sum(name: string, value: number, options: SumOptions): IMetric {
  const dataPoint = { ...common(options), asDouble: value };
  const { temporality = 2, monotonic = true, unit = '' } = options;
  return { name, unit, sum: { dataPoints: [dataPoint], aggregationTemporality: temporality, isMonotonic: monotonic } };
}

export interface DistributionOptions extends PointOptions {
  readonly unit?: string;
  readonly temporality?: 1 | 2;
  readonly count: number;
  readonly sum: number;
}

export function histogram(name: string, options: DistributionOptions): IMetric {
  const { count, sum: total, temporality = 2, unit = '' } = options;
  const dataPoint: Loose = { ...common(options), count, sum: total, bucketCounts: [count], explicitBounds: [] };
  return { name, unit, histogram: { dataPoints: [dataPoint], aggregationTemporality: temporality } };
}

export function exponentialHistogram(name: string, options: DistributionOptions): IMetric {
  const { count, sum: total, temporality = 2, unit = '' } = options;
  const dataPoint: Loose = { ...common(options), count, sum: total, scale: 0, zeroCount: count };
  return { name, unit, exponentialHistogram: { dataPoints: [dataPoint], aggregationTemporality: temporality } };
}

export function summary(
  name: string,
  options: DistributionOptions & { quantiles?: Readonly<Record<string, number>> },
): IMetric {
  const { count, sum: total, unit = '', quantiles = {} } = options;
  const quantileValues = Object.entries(quantiles).map(([quantile, value]) => ({ quantile: Number(quantile), value }));
  const dataPoint: Loose = { ...common(options), count, sum: total, quantileValues };
  return { name, unit, summary: { dataPoints: [dataPoint] } };
}

export interface ResourceBlock {
  readonly resource: Attributes;
  readonly scope?: string;
  readonly metrics: readonly IMetric[];
}

/** The bytes of an ExportMetricsServiceRequest. */
export function metricsRequest(...blocks: readonly ResourceBlock[]): Uint8Array {
  return ExportMetricsServiceRequest.encode({
    resourceMetrics: blocks.map(({ resource, scope, metrics }) => ({
      resource: { attributes: keyValues(resource) },
      scopeMetrics: [{ ...(scope === undefined ? {} : { scope: { name: scope } }), metrics: [...metrics] }],
    })),
  }).finish();
}
