// The slow plain-TypeScript oracle of the kernel's decoding: the rows of a metrics request by way of protobufjs. For
// tests only.
import { opentelemetry } from '#proto';
import type { ScannedRow } from '../../src/kernel/scan.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const { Resource } = opentelemetry.proto.resource.v1;
const { InstrumentationScope, KeyValue } = opentelemetry.proto.common.v1;

/** One data point as protobufjs sees it. */
export interface ReferenceRow extends Omit<ScannedRow, 'hash' | 'isCopy'> {
  readonly name: string;
  readonly unit: string;
  /** Field number of Metric.data. */
  readonly data: number;
  readonly temporality: number;
  readonly isMonotonic: boolean;
  /** Equal exactly for points of one series. */
  readonly identity: string;
}

type Wide = number | string | bigint | { toString(): string } | null | undefined;

interface Point {
  readonly attributes?: opentelemetry.proto.common.v1.IKeyValue[] | null;
  readonly timeUnixNano?: Wide;
  readonly startTimeUnixNano?: Wide;
  readonly flags?: number | null;
  readonly asDouble?: number | null;
  readonly asInt?: Wide;
  readonly count?: Wide;
  readonly sum?: number | null;
}

interface Data {
  readonly dataPoints?: Point[] | null;
  readonly aggregationTemporality?: number | null;
  readonly isMonotonic?: boolean | null;
}

const DATA = { gauge: 5, sum: 7, histogram: 9, exponentialHistogram: 10, summary: 11 } as const;

const wide = (value: Wide): bigint => (value == null ? 0n : BigInt(value.toString()));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function numberValue(point: Point): number | undefined {
  if (point.asInt != null) return Number(wide(point.asInt));
  return point.asDouble ?? undefined;
}

/** Every data point of the request in order. Throws where protobufjs refuses the body. */
export function referenceRows(body: Uint8Array): ReferenceRow[] {
  const rows: ReferenceRow[] = [];
  for (const ofResource of ExportMetricsServiceRequest.decode(body).resourceMetrics) {
    const resource = hex(Resource.encode(ofResource.resource ?? {}).finish());
    for (const ofScope of ofResource.scopeMetrics ?? []) {
      const scope = hex(InstrumentationScope.encode(ofScope.scope ?? {}).finish());
      for (const metric of ofScope.metrics ?? []) rows.push(...pointsOf(metric, `${resource}|${scope}`));
    }
  }
  return rows;
}

function* pointsOf(metric: opentelemetry.proto.metrics.v1.IMetric, prefix: string): Generator<ReferenceRow> {
  for (const key of Object.keys(DATA) as (keyof typeof DATA)[]) {
    const data = metric[key] as Data | null | undefined;
    if (data == null) continue;
    const head = {
      name: metric.name ?? '',
      unit: metric.unit ?? '',
      data: DATA[key],
      temporality: data.aggregationTemporality ?? 0,
      isMonotonic: data.isMonotonic ?? false,
    };
    for (const point of data.dataPoints ?? []) {
      const attributes = (point.attributes ?? []).map((pair) => hex(KeyValue.encode(pair).finish()));
      const isNumber = head.data === DATA.gauge || head.data === DATA.sum;
      yield {
        ...head,
        identity: JSON.stringify([prefix, head, attributes]),
        timeUnixNano: wide(point.timeUnixNano),
        startTimeUnixNano: wide(point.startTimeUnixNano),
        value: isNumber ? numberValue(point) : (point.sum ?? (head.data === DATA.summary ? 0 : undefined)),
        count: isNumber ? undefined : Number(wide(point.count)),
        hasNoRecordedValue: ((point.flags ?? 0) & 1) !== 0,
      };
    }
  }
}
