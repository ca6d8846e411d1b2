// Answers of Prometheus' range queries (/api/v1/query_range,
// https://prometheus.io/docs/prometheus/latest/querying/api/), as they were before they were scraped: counters, gauges,
// and histograms put together from their _sum and _count.
import type { opentelemetry } from '#proto';
import { ExportMetricsServiceRequest } from '../../otlp/index.js';
import { unitOfName } from '../../otlp/units.js';
import { JsonObjects } from './json-objects.js';
import type { OpenFile } from './open.js';
import type { RecordedRequest } from './recorded.js';

type IMetric = opentelemetry.proto.metrics.v1.IMetric;
type IKeyValue = opentelemetry.proto.common.v1.IKeyValue;

interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** What a file of one or several answers looks like near its beginning. */
const MATRIX = /"resultType"\s*:\s*"matrix"/;

export function isRangeAnswer(head: Buffer): boolean {
  return MATRIX.test(head.toString('utf8', 0, 4096));
}

const OTHER_ANSWER = /^\s*\{\s*"status"\s*:\s*"(?:error"|success".{0,200}"resultType"\s*:\s*"(vector|scalar|string)")/s;

/** Why an answer of Prometheus is no recording; undefined: it is none of its answers. */
export function otherAnswer(head: Buffer): string | undefined {
  const found = OTHER_ANSWER.exec(head.toString('utf8', 0, 4096));
  if (!found) return undefined;
  return found[1]
    ? `the answer of Prometheus is a ${found[1]}, of one time only; ask /api/v1/query_range`
    : "Prometheus' answer is an error, not data";
}

const CUMULATIVE = 2;
/** Prometheus' own labels say where a series was scraped; what the series is about stays on the point. */
const SCRAPE_LABELS = new Set(['__name__', 'le', 'job', 'instance']);

function attributesOf(metric: RangeSeries['metric']): IKeyValue[] {
  return Object.entries(metric)
    .filter(([label]) => !SCRAPE_LABELS.has(label))
    .map(([key, value]) => ({
      key,
      value: value === 'true' || value === 'false' ? { boolValue: value === 'true' } : { stringValue: value },
    }));
}

/** The scrape target as the resource that the Collector's receiver makes of it: the job is the service. */
function resourceOf({ job, instance }: RangeSeries['metric']): IKeyValue[] {
  return [
    ...(job ? [{ key: 'service.name', value: { stringValue: job } }] : []),
    ...(instance ? [{ key: 'service.instance.id', value: { stringValue: instance } }] : []),
  ];
}

/** One metric with its identity and the function that makes its point of a time. */
interface Source {
  readonly labels: RangeSeries['metric'];
  readonly times: readonly number[];
  metricAt(time: number): IMetric | undefined;
}

const nanos = (seconds: number): never => String(BigInt(Math.round(seconds * 1000)) * 1_000_000n) as never;

function valuesOf({ values }: RangeSeries): Map<number, number> {
  return new Map(values.map(([time, text]) => [time, Number(text)]));
}

function simpleSource(series: RangeSeries): Source {
  const { __name__: name = '' } = series.metric;
  const [values, attributes, unit] = [valuesOf(series), attributesOf(series.metric), unitOfName(name)];
  return {
    labels: series.metric,
    times: [...values.keys()],
    metricAt(time) {
      const asDouble = values.get(time);
      if (asDouble === undefined) return undefined;
      const dataPoints = [{ attributes, timeUnixNano: nanos(time), asDouble }];
      if (!name.endsWith('_total')) return { name, unit, gauge: { dataPoints } };
      return { name, unit, sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
    },
  };
}

function histogramSource(name: string, sums: RangeSeries, counts: RangeSeries): Source {
  const [sum, count, attributes] = [valuesOf(sums), valuesOf(counts), attributesOf(sums.metric)];
  return {
    labels: sums.metric,
    times: [...sum.keys()],
    metricAt(time) {
      const [ofSum, ofCount] = [sum.get(time), count.get(time)];
      if (ofSum === undefined || ofCount === undefined) return undefined;
      const point = { attributes, timeUnixNano: nanos(time), sum: ofSum, count: Math.round(ofCount) as never };
      return { name, unit: unitOfName(name), histogram: { dataPoints: [point], aggregationTemporality: CUMULATIVE } };
    },
  };
}

/**
 * Histograms where _sum and _count of one identity are both there; buckets are not needed; everything else as it is.
 */
function sourcesOf(all: readonly RangeSeries[]): Source[] {
  const identity = (series: RangeSeries, suffix: string): string => {
    const { __name__: name = '', ...labels } = series.metric;
    return `${name.slice(0, name.length - suffix.length)}\n${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
  };
  const nameOf = ({ metric }: RangeSeries): string => metric.__name__ ?? '';
  const counts = new Map(all.filter((s) => nameOf(s).endsWith('_count')).map((s) => [identity(s, '_count'), s]));
  const joined = new Set<RangeSeries>();
  const histograms = all.flatMap((sums) => {
    const count = nameOf(sums).endsWith('_sum') ? counts.get(identity(sums, '_sum')) : undefined;
    if (!count) return [];
    joined.add(sums).add(count);
    return [histogramSource(nameOf(sums).slice(0, -'_sum'.length), sums, count)];
  });
  const rest = all.filter((series) => !joined.has(series) && !nameOf(series).endsWith('_bucket'));
  return [...histograms, ...rest.map(simpleSource)];
}

/** One request a time. Answers may stand in lines, one a query. */
export async function* rangeAnswers(file: OpenFile): AsyncGenerator<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  const sources = sourcesOf(seriesIn(file, Buffer.concat(chunks)));
  const targets = byTarget(sources);
  const times = [...new Set(sources.flatMap((source) => source.times))].sort((a, b) => a - b);
  for (const time of times) {
    const resourceMetrics = targets.map(([attributes, its]) => ({
      resource: { attributes },
      scopeMetrics: [{ metrics: its.map((source) => source.metricAt(time)).filter((metric) => metric !== undefined) }],
    }));
    const body = ExportMetricsServiceRequest.encode({ resourceMetrics }).finish();
    yield { signal: 'metrics', body: Uint8Array.from(body) };
  }
}

/** The sources of each scrape target, behind its resource. */
function byTarget(sources: readonly Source[]): (readonly [IKeyValue[], Source[]])[] {
  const targets = new Map<string, readonly [IKeyValue[], Source[]]>();
  for (const source of sources) {
    const attributes = resourceOf(source.labels);
    const key = JSON.stringify(attributes);
    const target = targets.get(key);
    if (target) target[1].push(source);
    else targets.set(key, [attributes, [source]]);
  }
  return [...targets.values()];
}

interface RangeAnswer {
  readonly status?: string;
  readonly error?: string;
  readonly data?: { readonly resultType?: string; readonly result?: readonly RangeSeries[] };
}

/**
 * The series of every answer in the file: one a line, or over many lines, in an array or not. What is left of a cut one
 * counts.
 */
function seriesIn({ path, notes }: OpenFile, content: Buffer): RangeSeries[] {
  const objects = new JsonObjects();
  const series = objects.push(content).flatMap((text, i) => {
    try {
      return seriesOf(JSON.parse(text) as RangeAnswer);
    } catch (error) {
      notes.skip(path, 'answer', `answer ${i + 1}: ${(error as Error).message}`);
      return [];
    }
  });
  const rest = objects.rest();
  if (rest === '') return series;
  notes.cut(path, 'the last answer is cut: its series that are whole were read');
  const start = rest.search(/"result"\s*:\s*\[/);
  const whole = start < 0 ? [] : new JsonObjects().push(Buffer.from(rest.slice(rest.indexOf('[', start))));
  return [...series, ...whole.map((text) => JSON.parse(text) as RangeSeries)];
}

function seriesOf({ status, error, data }: RangeAnswer): readonly RangeSeries[] {
  if (status === 'error') throw new Error(`the query failed: ${error}`);
  if (data?.resultType !== 'matrix') throw new Error('expected the answer of a range query');
  return data.result ?? [];
}
