// An anomaly processor under test: fed with requests, its results decoded back.
import { opentelemetry } from '#proto';
import { type Batch, type Consumer, RetryableError } from '../../src/pipeline/index.js';
import type { Config } from '../../src/processors/anomaly/config.js';
import { REPLAY } from '../../src/processors/anomaly/options.js';
import {
  type AnomalyOptions,
  type AnomalyProcessor,
  createAnomalyProcessor,
} from '../../src/processors/anomaly/processor.js';
import { schema } from '../../src/processors/anomaly/schema.js';
import { type Attributes, gauge, metricsRequest, type ResourceBlock, summary } from './otlp.js';
import { testSettings } from './settings.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;
type IKeyValue = opentelemetry.proto.common.v1.IKeyValue;

export type Value = string | number | boolean | readonly string[] | undefined;

export interface Event {
  readonly name: string;
  readonly severity: number;
  readonly body: string;
  /** Unix seconds. */
  readonly time: number;
  readonly observedTime: number;
  readonly attributes: Readonly<Record<string, Value>>;
}

export interface Point {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum';
  readonly value: number;
  readonly time: number;
  readonly attributes: Readonly<Record<string, Value>>;
}

function plain(list: readonly IKeyValue[] | null | undefined): Record<string, Value> {
  return Object.fromEntries(
    (list ?? []).map(({ key, value }) => {
      if (value?.intValue !== null && value?.intValue !== undefined) return [key, Number(value.intValue)];
      if (value?.arrayValue) return [key, (value.arrayValue.values ?? []).map((item) => item.stringValue ?? '')];
      return [key, value?.stringValue ?? value?.doubleValue ?? value?.boolValue ?? undefined];
    }),
  );
}

const seconds = (nanos: { toString(): string } | number | null | undefined): number =>
  Number(BigInt(String(nanos ?? 0)) / 1_000_000n) / 1000;

/** The points of a metrics batch. */
export function pointsOf(batch: Batch): Point[] {
  return ExportMetricsServiceRequest.decode(batch.body).resourceMetrics.flatMap(({ scopeMetrics }) =>
    (scopeMetrics ?? []).flatMap(({ metrics }) =>
      (metrics ?? []).flatMap(({ name, unit, gauge: g, sum: s }) =>
        ((g ?? s)?.dataPoints ?? []).map((point) => ({
          name: name ?? '',
          unit: unit ?? '',
          kind: g ? ('gauge' as const) : ('sum' as const),
          value: point.asDouble ?? Number(point.asInt),
          time: seconds(point.timeUnixNano),
          attributes: plain(point.attributes),
        })),
      ),
    ),
  );
}

/** The events of a logs batch. */
export function eventsOf(batch: Batch | undefined): Event[] {
  if (!batch) return [];
  return ExportLogsServiceRequest.decode(batch.body).resourceLogs.flatMap(({ scopeLogs }) =>
    (scopeLogs ?? []).flatMap(({ logRecords }) =>
      (logRecords ?? []).map((record) => ({
        name: record.eventName ?? '',
        severity: record.severityNumber ?? 0,
        body: record.body?.stringValue ?? '',
        time: seconds(record.timeUnixNano),
        observedTime: seconds(record.observedTimeUnixNano),
        attributes: plain(record.attributes),
      })),
    ),
  );
}

/** The end of a pipeline: keeps what arrives. */
export class Sink implements Consumer {
  readonly batches: Batch[] = [];
  full = false;
  consume(batch: Batch): undefined {
    if (this.full) throw new RetryableError('full');
    this.batches.push(batch);
  }
  refusal(): RetryableError | undefined {
    return this.full ? new RetryableError('full') : undefined;
  }
  get forwarded(): Batch[] {
    return this.batches.filter(({ origin }) => origin === 'received');
  }
  get results(): Batch[] {
    return this.batches.filter(({ origin }) => origin === 'anomaly');
  }
  get points(): Point[] {
    return this.results.flatMap(pointsOf);
  }
  get events(): Event[] {
    return this.results.flatMap(({ events }) => eventsOf(events));
  }
}

/** Small capacities: a test makes many kernels. */
const SMALL = { max_edges: 256, max_series: 2000, max_request_size_mib: 4, max_groups: 4 };

/** A configuration as the user would write it, checked. */
export function anomalyConfig(written: object = {}): Config {
  return schema.parse({ ...SMALL, ...written });
}

export class Bench {
  readonly sink: Sink = new Sink();
  readonly processor: AnomalyProcessor;
  readonly stage: Consumer;

  constructor(written: object = {}, options: Partial<AnomalyOptions> = {}) {
    this.processor = createAnomalyProcessor(testSettings('anomaly'), anomalyConfig(written), { ...REPLAY, ...options });
    this.stage = this.processor.stage('metrics', 'metrics', this.sink);
  }

  async send(body: Uint8Array, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    const batch: Batch = {
      signal: 'metrics',
      body,
      items: 0,
      origin: 'received',
      metadata: new Map(Object.entries(metadata)),
      receivedUnixNano: 0n,
    };
    await this.stage.consume(batch);
  }
}

/** What an edge did in a window; absent values are not sent. */
export interface Window {
  readonly requests?: number;
  /** Mean, seconds. */
  readonly latency?: number;
  readonly errors?: number;
  readonly bytes?: number;
}

/** A window of one edge in the shape of our Pixie script: latency in ns, all in one resource. */
export function pixieRow(
  source: string,
  destination: string,
  time: number,
  { requests, latency, errors, bytes }: Window,
  resource: Attributes = {},
): ResourceBlock {
  const point = { attributes: { 'source.service.name': source }, time };
  const count = requests ?? 0;
  return {
    resource: {
      'px.cluster.id': '3f2b9c1e-7a44-4d0a-9d53-1c2f6a0be9aa',
      'k8s.cluster.name': 'prod',
      'instrumentation.provider': 'pixie',
      'px.cloud.address': 'withpixie.ai:443',
      'service.name': destination,
      ...resource,
    },
    metrics: [
      ...(latency === undefined
        ? []
        : [summary('http.edge.latency', { ...point, unit: 'ns', count, sum: latency * 1e9 * count })]),
      ...(requests === undefined ? [] : [gauge('http.edge.requests', requests, point)]),
      ...(errors === undefined ? [] : [gauge('http.edge.errors', errors, point)]),
      ...(bytes === undefined ? [] : [gauge('http.edge.resp_bytes', bytes, { ...point, unit: 'By' })]),
    ],
  };
}

export { metricsRequest };
