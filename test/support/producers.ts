// The shapes in which producers write their metrics (test/fixtures/producers), as requests: as they are, and after a
// trip through Prometheus.
import { readdirSync, readFileSync } from 'node:fs';
import type { opentelemetry } from '#proto';
import * as otlp from './otlp.js';

type IMetric = opentelemetry.proto.metrics.v1.IMetric;
type Kind = 'sum' | 'gauge' | 'histogram' | 'exponential_histogram' | 'summary';

/** One producer's metrics in one spelling, and the edges that a reader would write down by hand. */
export interface ProducerRow {
  readonly producer: string;
  readonly spelling: string;
  readonly source: string;
  readonly preset: string;
  /** Where neither unit nor name says seconds, they are taken for milliseconds. */
  readonly needsUnit?: boolean;
  readonly resource?: otlp.Attributes;
  readonly otlp?: readonly (readonly [kind: Kind, name: string, unit: string, attributes: otlp.Attributes])[];
  /** Series as Prometheus writes them, without values. */
  readonly prometheus?: readonly string[];
  readonly edges: readonly string[];
}

const folder = new URL('../../../../test/fixtures/producers/', import.meta.url);

export const PRODUCERS: readonly ProducerRow[] = readdirSync(folder)
  .sort()
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as ProducerRow[]);

/** A series as labels, the name among them. */
export type Labels = Readonly<Record<string, string>>;

const LABEL = /([a-zA-Z_][\w]*)="((?:[^"\\]|\\.)*)"/g;

export function parseSeries(line: string): Labels {
  const [name = ''] = line.split('{', 1);
  const labels = [...line.matchAll(LABEL)].map(([, key = '', value = '']) => [key, value] as const);
  return { __name__: name, ...Object.fromEntries(labels) };
}

const TIME = 1_767_261_600;

function metricOf(kind: Kind, name: string, unit: string, attributes: otlp.Attributes, time: number): IMetric {
  const point = { attributes, time, unit, count: 10, sum: 20 };
  switch (kind) {
    case 'sum':
      return otlp.sum(name, 10, point);
    case 'gauge':
      return otlp.gauge(name, 10, point);
    case 'histogram':
      return otlp.histogram(name, point);
    case 'exponential_histogram':
      return otlp.exponentialHistogram(name, point);
    default:
      return otlp.summary(name, point);
  }
}

/** The request that the producer sends. */
export function asSent({ resource = {}, otlp: rows = [] }: ProducerRow): Uint8Array {
  return otlp.metricsRequest({
    resource,
    metrics: rows.map(([kind, name, unit, attributes]) => metricOf(kind, name, unit, attributes, TIME)),
  });
}

const plain = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_');
const WORDS: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes' };

/**
 * The series that the specification's translation makes of the producer's metrics, with or without unit and type in
 * their names (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/).
 */
export function translated({ resource = {}, otlp: rows = [] }: ProducerRow, withSuffixes: boolean): Labels[] {
  const { 'service.name': name, 'service.namespace': namespace, 'service.instance.id': instance } = resource;
  const job = [namespace, name].filter((part) => part !== undefined).join('/');
  return rows.flatMap(([kind, metric, unit, attributes]) => {
    const labels = Object.entries({ ...attributes, ...(job ? { job } : {}), ...(instance ? { instance } : {}) })
      // A label without a value is none.
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [plain(key), String(value)] as const);
    const full = nameOf(kind, plain(metric), withSuffixes ? (WORDS[unit] ?? '') : '', withSuffixes);
    const names = kind === 'sum' || kind === 'gauge' ? [full] : [`${full}_sum`, `${full}_count`];
    return names.map((__name__) => ({ __name__, ...Object.fromEntries(labels) }));
  });
}

function nameOf(kind: Kind, metric: string, word: string, withType: boolean): string {
  const united = word === '' || metric.endsWith(`_${word}`) ? metric : `${metric}_${word}`;
  return kind === 'sum' && withType && !united.endsWith('_total') ? `${united}_total` : united;
}

/** The request that the Collector's Prometheus receiver makes of the series: the job is the resource's service. */
export function asScraped(series: readonly Labels[]): Uint8Array {
  return otlp.metricsRequest(...series.filter(({ __name__ = '' }) => !__name__.endsWith('_count')).map(scrapedBlock));
}

function scrapedBlock({ __name__ = '', job, instance, ...attributes }: Labels): otlp.ResourceBlock {
  const resource = {
    ...(job ? { 'service.name': job } : {}),
    ...(instance ? { 'service.instance.id': instance } : {}),
  };
  const isHistogram = __name__.endsWith('_sum');
  const name = isHistogram ? __name__.slice(0, -'_sum'.length) : __name__;
  return { resource, metrics: [metricOf(isHistogram ? 'histogram' : 'sum', name, '', attributes, TIME)] };
}

/** The answer of a range query: two readings of every series. */
export function asRange(series: readonly Labels[]): string {
  const values = [
    [TIME, '10'],
    [TIME + 60, '20'],
  ];
  return JSON.stringify({
    status: 'success',
    data: { resultType: 'matrix', result: series.map((metric) => ({ metric, values })) },
  });
}
