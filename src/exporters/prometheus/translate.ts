// Puts the points of a request into the store of series: temporality, type and name by the OpenTelemetry compatibility specification.
import type { opentelemetry } from '#proto';
import { ExportMetricsServiceRequest } from '../../otlp/index.js';
import type { Batch } from '../../pipeline/index.js';
import type { Config } from './config.js';
import { addScope, descriptive, type KeyValue, Labels, targetLabels } from './labels.js';
import { metricName, type PrometheusType } from './names.js';
import type { HistogramSample, Place, Refusal, Sample, SeriesStore, SummarySample, Value } from './series.js';

type ResourceMetrics = opentelemetry.proto.metrics.v1.ResourceMetrics.$Properties;
type Metric = opentelemetry.proto.metrics.v1.Metric.$Properties;
type NumberPoint = opentelemetry.proto.metrics.v1.NumberDataPoint.$Properties;
type HistogramPoint = opentelemetry.proto.metrics.v1.HistogramDataPoint.$Properties;
type SummaryPoint = opentelemetry.proto.metrics.v1.SummaryDataPoint.$Properties;

export type NotExposed = Refusal | 'unsupported_type';

/** Points not exposed, by reason. */
export type Outcome = Map<NotExposed, number>;

const DELTA = 1;
/** DataPointFlags.NO_RECORDED_VALUE: the series has ended. */
const NO_RECORDED_VALUE = 1;

interface Point {
  readonly attributes?: KeyValue[] | null;
  readonly timeUnixNano?: unknown;
  readonly flags?: number | null;
}

const numeric = (value: unknown): number => Number(value ?? 0);
const timeMs = (point: Point): number => Math.round(numeric(point.timeUnixNano) / 1e6);

export class Translator {
  constructor(
    private readonly store: SeriesStore,
    private readonly config: Config,
  ) {}

  /** Takes the points of a batch. Throws where the body is malformed. */
  add(batch: Batch, now: number): Outcome {
    const outcome: Outcome = new Map();
    const { resourceMetrics } = ExportMetricsServiceRequest.decode(batch.body);
    for (const one of resourceMetrics) this.resource(one, batch.origin === 'received', now, outcome);
    return outcome;
  }

  private resource(
    { resource, scopeMetrics }: ResourceMetrics,
    received: boolean,
    now: number,
    outcome: Outcome,
  ): void {
    const base = targetLabels(resource);
    const scopes = received && !this.config.without_scope_info;
    if (base.toString() !== '') this.targetInfo(base, descriptive(resource), now);
    if (this.config.resource_to_telemetry_conversion.enabled) base.addAttributes(descriptive(resource));
    for (const { scope, metrics } of scopeMetrics ?? []) {
      const labels = scopes ? addScope(new Labels(base), scope) : base;
      for (const metric of metrics ?? []) this.metric(metric, labels, now, outcome);
    }
  }

  /** What else is known of a target, as a gauge to join with. It counts as a series; without room it is left out. */
  private targetInfo(target: Labels, attributes: readonly KeyValue[], now: number): void {
    if (attributes.length === 0) return;
    const labels = this.finished(new Labels(target).addAttributes(attributes));
    this.store.put({ name: 'target_info', type: 'gauge', help: 'Target metadata', labels }, now, {
      timeMs: now,
      value: 1,
    });
  }

  private metric(metric: Metric, base: Labels, now: number, outcome: Outcome): void {
    const { gauge, sum, histogram, summary } = metric;
    const delta = (sum ?? histogram)?.aggregationTemporality === DELTA;
    if (gauge) this.points(metric, 'gauge', gauge.dataPoints, base, now, outcome, numberSample);
    else if (sum) {
      const type = sum.isMonotonic ? 'counter' : 'gauge';
      this.points(metric, type, sum.dataPoints, base, now, outcome, numberSample, delta ? addSamples : undefined);
    } else if (histogram) {
      const merge = delta ? addHistograms : undefined;
      this.points(metric, 'histogram', histogram.dataPoints, base, now, outcome, histogramSample, merge);
    } else if (summary) this.points(metric, 'summary', summary.dataPoints, base, now, outcome, summarySample);
    else count(outcome, 'unsupported_type', metric.exponentialHistogram?.dataPoints?.length ?? 0);
  }

  private points<P extends Point, V extends Value>(
    metric: Metric,
    type: PrometheusType,
    points: readonly P[] | null | undefined,
    base: Labels,
    now: number,
    outcome: Outcome,
    sample: (point: P) => V,
    merge?: (last: V, next: V) => V,
  ): void {
    const { add_metric_suffixes: suffixes, namespace } = this.config;
    const name = metricName(metric.name ?? '', metric.unit ?? '', type, { suffixes, namespace });
    const help = metric.description || `OpenTelemetry metric ${metric.name ?? ''}`;
    for (const point of points ?? []) {
      const labels = this.finished(new Labels(base).addAttributes(point.attributes));
      if (((point.flags ?? 0) & NO_RECORDED_VALUE) !== 0) this.store.remove(name, labels);
      else count(outcome, this.put({ name, type, help, labels }, now, sample(point), merge), 1);
    }
  }

  private put<V extends Value>(
    place: Place,
    now: number,
    value: V,
    merge?: (last: V, next: V) => V,
  ): Refusal | undefined {
    return this.store.put(place, now, value, merge && ((last) => merge(last, value)));
  }

  private finished(labels: Labels): string {
    for (const [name, value] of Object.entries(this.config.const_labels)) labels.set(name, value);
    return labels.toString();
  }
}

function count(outcome: Outcome, reason: NotExposed | undefined, points: number): void {
  if (reason && points > 0) outcome.set(reason, (outcome.get(reason) ?? 0) + points);
}

function numberSample(point: NumberPoint): Sample {
  return { timeMs: timeMs(point), value: point.asInt == null ? (point.asDouble ?? 0) : numeric(point.asInt) };
}

function addSamples(last: Sample, next: Sample): Sample {
  return { timeMs: Math.max(last.timeMs, next.timeMs), value: last.value + next.value };
}

function histogramSample(point: HistogramPoint): HistogramSample {
  return {
    timeMs: timeMs(point),
    sum: point.sum ?? undefined,
    count: numeric(point.count),
    bounds: point.explicitBounds ?? [],
    counts: (point.bucketCounts ?? []).map(numeric),
  };
}

/** Deltas of one layout add up; another layout begins anew. */
function addHistograms(last: HistogramSample, next: HistogramSample): HistogramSample {
  const same = last.bounds.length === next.bounds.length && last.bounds.every((bound, i) => bound === next.bounds[i]);
  if (!same || last.counts.length !== next.counts.length) return next;
  return {
    timeMs: Math.max(last.timeMs, next.timeMs),
    sum: last.sum === undefined || next.sum === undefined ? undefined : last.sum + next.sum,
    count: last.count + next.count,
    bounds: next.bounds,
    counts: last.counts.map((n, i) => n + (next.counts[i] ?? 0)),
  };
}

function summarySample(point: SummaryPoint): SummarySample {
  const quantiles = (point.quantileValues ?? []).map(({ quantile, value }) => ({
    quantile: quantile ?? 0,
    value: value ?? 0,
  }));
  return { timeMs: timeMs(point), sum: point.sum ?? 0, count: numeric(point.count), quantiles };
}
