// Puts the points of a request into the store of series: temporality, type and name by the OpenTelemetry compatibility
// specification.

import type protobuf from 'protobufjs/minimal.js';
import type { opentelemetry } from '#proto';
import { Key } from '../../detection/vocabulary/attributes.js';
import { ExportMetricsServiceRequest, wholeReader } from '../../otlp/index.js';
import type { Batch } from '../../pipeline/index.js';
import { baseUnit, isBand } from './base-units.js';
import type { Config } from './config.js';
import { addScope, descriptive, type KeyValue, Labels, labelValue, targetLabels } from './labels.js';
import { metricName, type PrometheusType, unitName } from './names.js';
import type { HistogramSample, Place, Sample, SeriesRefusal, SeriesStore, SummarySample, Value } from './series.js';

type ResourceMetrics = opentelemetry.proto.metrics.v1.ResourceMetrics.$Properties;
type Metric = opentelemetry.proto.metrics.v1.Metric.$Properties;
type Resource = ResourceMetrics['resource'];
type NumberPoint = opentelemetry.proto.metrics.v1.NumberDataPoint.$Properties;
type HistogramPoint = opentelemetry.proto.metrics.v1.HistogramDataPoint.$Properties;
type NumberPoints = readonly NumberPoint[] | null | undefined;
type SummaryPoint = opentelemetry.proto.metrics.v1.SummaryDataPoint.$Properties;

export type NotExposed = SeriesRefusal | 'unsupported_type';

/** Points not exposed, by reason. */
export type PointOutcome = Map<NotExposed, number>;

const TARGET_INFO = { name: 'target_info', type: 'gauge', help: 'Target metadata', unit: '' } as const;
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
  add(batch: Batch, now: number): PointOutcome {
    const outcome: PointOutcome = new Map();
    const { resourceMetrics } = ExportMetricsServiceRequest.decode(lenient(batch.body));
    for (const one of resourceMetrics) this.resource(one, batch.origin === 'received', now, outcome);
    return outcome;
  }

  private resource(
    { resource, scopeMetrics }: ResourceMetrics,
    received: boolean,
    now: number,
    outcome: PointOutcome,
  ): void {
    const target = targetLabels(resource);
    if (target) this.targetInfo(target, resource, now);
    const base = target ?? new Labels();
    const scopes = received && !this.config.without_scope_info;
    if (this.config.resource_to_telemetry_conversion.enabled) base.addAttributes(descriptive(resource));
    for (const { scope, metrics } of scopeMetrics ?? []) {
      const labels = scopes ? addScope(new Labels(base), scope) : base;
      for (const metric of metrics ?? []) this.metric(metric, labels, now, outcome);
    }
  }

  /**
   * What else is known of a target, as a gauge to join with: one series a `job` and `instance`, or the join would find
   * two. Without `instance` several resources are one target, and each has its series. It counts as a series; without
   * room it is left out.
   */
  private targetInfo(target: Labels, resource: Resource, now: number): void {
    const attributes = descriptive(resource);
    if (attributes.length === 0) return;
    const labels = this.finished(new Labels(target).addAttributes(attributes));
    const hasInstance = target.has('instance') || Object.hasOwn(this.config.const_labels, 'instance');
    const key = hasInstance ? this.finished(new Labels(target)) : labels;
    this.store.put({ ...TARGET_INFO, labels, key }, now, { timeMs: 0, value: 1 });
  }

  private metric(metric: Metric, base: Labels, now: number, outcome: PointOutcome): void {
    const { gauge, sum, histogram, summary } = metric;
    const delta = (sum ?? histogram)?.aggregationTemporality === DELTA;
    if (gauge && isBand(metric.name ?? '')) this.bands(metric, gauge.dataPoints, base, now, outcome);
    else if (gauge) this.points(metric, 'gauge', gauge.dataPoints, base, now, outcome, numberSample);
    else if (sum) {
      const type = sum.isMonotonic ? 'counter' : 'gauge';
      this.points(metric, type, sum.dataPoints, base, now, outcome, numberSample, delta ? addSamples : undefined);
    } else if (histogram) {
      const merge = delta ? addHistograms : undefined;
      this.points(metric, 'histogram', histogram.dataPoints, base, now, outcome, histogramSample, merge);
    } else if (summary) this.points(metric, 'summary', summary.dataPoints, base, now, outcome, summarySample);
    else count(outcome, 'unsupported_type', metric.exponentialHistogram?.dataPoints?.length ?? 0);
  }

  /** Points of one unit may be of several features. */
  private bands(metric: Metric, points: NumberPoints, base: Labels, now: number, outcome: PointOutcome): void {
    const byFeature = new Map<string, NumberPoint[]>();
    for (const point of points ?? []) {
      const feature = labelValue(point.attributes?.find(({ key }) => key === Key.feature)?.value);
      byFeature.set(feature, [...(byFeature.get(feature) ?? []), point]);
    }
    for (const [feature, own] of byFeature) {
      const { unit, factor } = baseUnit(feature, metric.unit ?? '');
      const sample = (point: NumberPoint): Sample => scaled(numberSample(point), factor);
      this.points({ ...metric, unit }, 'gauge', own, base, now, outcome, sample);
    }
  }

  private points<P extends Point, V extends Value>(
    metric: Metric,
    type: PrometheusType,
    points: readonly P[] | null | undefined,
    base: Labels,
    now: number,
    outcome: PointOutcome,
    sample: (point: P) => V,
    merge?: (last: V, next: V) => V,
  ): void {
    const { add_metric_suffixes: suffixes, namespace } = this.config;
    const name = metricName(metric.name ?? '', metric.unit ?? '', type, { suffixes, namespace });
    // That name is ours to give: a sender's would stand beside it for the same target.
    if (name === TARGET_INFO.name) {
      count(outcome, 'type_conflict', points?.length ?? 0);
      return;
    }
    const unit = unitName(metric.unit ?? '', type);
    const help = metric.description || `OpenTelemetry metric ${metric.name ?? ''}`;
    for (const point of points ?? []) {
      const labels = this.finished(new Labels(base).addAttributes(point.attributes));
      if (((point.flags ?? 0) & NO_RECORDED_VALUE) !== 0) this.store.remove(name, labels);
      else count(outcome, this.put({ name, type, help, unit, labels }, now, sample(point), merge), 1);
    }
  }

  private put<V extends Value>(
    place: Place,
    now: number,
    value: V,
    merge?: (last: V, next: V) => V,
  ): SeriesRefusal | undefined {
    return this.store.put(place, now, value, merge && ((last) => merge(last, value)));
  }

  private finished(labels: Labels): string {
    for (const [name, value] of Object.entries(this.config.const_labels)) labels.set(name, value);
    return labels.toString();
  }
}

/** One text that is no UTF-8 costs that text, not the request: receivers let it pass. */
function lenient(body: Uint8Array): protobuf.Reader {
  const reader = wholeReader(body);
  reader.stringVerify = reader.string;
  return reader;
}

function count(outcome: PointOutcome, reason: NotExposed | undefined, points: number): void {
  if (reason && points > 0) outcome.set(reason, (outcome.get(reason) ?? 0) + points);
}

function numberSample(point: NumberPoint): Sample {
  return { timeMs: timeMs(point), value: point.asInt == null ? (point.asDouble ?? 0) : numeric(point.asInt) };
}

const scaled = (sample: Sample, factor: number): Sample =>
  factor === 1 ? sample : { ...sample, value: inFifteenDigits(sample.value * factor) };

/** A change of unit costs the last bits, which would be shown: 0.38000000000000006. */
const inFifteenDigits = (value: number): number => Number(value.toPrecision(15));

function addSamples(last: Sample, next: Sample): Sample {
  return { timeMs: Math.max(last.timeMs, next.timeMs), value: last.value + next.value };
}

function histogramSample(point: HistogramPoint): HistogramSample {
  const { bounds, counts } = buckets(point.explicitBounds ?? [], (point.bucketCounts ?? []).map(numeric));
  const inBuckets = counts.reduce((sum, count) => sum + count, 0);
  // The last bucket and the count are one thing here: senders who contradict themselves are believed in the buckets.
  const count = counts.length > 0 ? inBuckets : numeric(point.count);
  return { timeMs: timeMs(point), sum: point.sum ?? undefined, count, bounds, counts };
}

/** Buckets that can be written: rising bounds, the infinite one implied. What is none has only its count. */
function buckets(bounds: readonly number[], counts: readonly number[]): Pick<HistogramSample, 'bounds' | 'counts'> {
  const rising = bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!) && !Number.isNaN(bounds[0]);
  if (!rising || counts.length !== bounds.length + 1) return { bounds: [], counts: [] };
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY) return { bounds, counts };
  const last = counts.at(-1)! + counts.at(-2)!;
  return { bounds: bounds.slice(0, -1), counts: [...counts.slice(0, -2), last] };
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
  // By quantile: the same one twice would be a series twice.
  const values = new Map((point.quantileValues ?? []).map(({ quantile, value }) => [(quantile ?? 0) + 0, value ?? 0]));
  const quantiles = [...values].map(([quantile, value]) => ({ quantile, value }));
  return { timeMs: timeMs(point), sum: point.sum ?? 0, count: numeric(point.count), quantiles };
}
