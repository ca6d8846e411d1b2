// Scores as attributes of the points that are forwarded: for those who build on isolationforestprocessor. It decodes
// and encodes every request, and a score in a point's attributes makes each of its values a stream of its own: off
// unless it is asked for.

import { opentelemetry } from '#proto';
import type { KernelApi } from '../../kernel/api.js';
import { rawReader, rawWriter } from '../../otlp/raw-strings.js';
import type { Batch } from '../../pipeline/index.js';
import type { EdgeState } from '../topology/graph.js';
import { Key } from '../vocabulary/attributes.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
type IMetric = opentelemetry.proto.metrics.v1.IMetric;
type IKeyValue = opentelemetry.proto.common.v1.IKeyValue;

/** Series of the scanned rows, in the order of the points; -1: unknown, or a copy that Pixie made. */
function* seriesOfPoints(kernel: KernelApi, body: Uint8Array, salt: bigint): Generator<number> {
  for (let skip = 0; ; ) {
    const scan = kernel.scan('metrics', body, skip);
    const { items, rows } = scan;
    scan.unboundRows(salt);
    const series = Array.from({ length: rows }, (_, row) => scan.seriesOf(row));
    yield* series;
    skip += rows;
    if (rows === 0 || skip >= items) return;
  }
}

function pointsOf(metric: IMetric): { attributes?: IKeyValue[] | null }[] {
  const data = metric.gauge ?? metric.sum ?? metric.histogram ?? metric.exponentialHistogram ?? metric.summary;
  return (data?.dataPoints ?? []) as { attributes?: IKeyValue[] | null }[];
}

/** How the points of a batch lead to edges; `salt`: of its sender. */
export interface AnnotateHost {
  readonly kernel: KernelApi;
  readonly salt: bigint;
  readonly edgeOf: (series: number) => EdgeState | undefined;
}

/** The batch with the score of its edge's last closed window on every point that an edge is known for. */
export function annotated(batch: Batch, { kernel, salt, edgeOf }: AnnotateHost): Batch {
  const request = ExportMetricsServiceRequest.decode(rawReader(batch.body));
  const series = seriesOfPoints(kernel, batch.body, salt);
  for (const { scopeMetrics } of request.resourceMetrics) {
    for (const { metrics } of scopeMetrics ?? []) {
      for (const metric of metrics ?? []) {
        for (const point of pointsOf(metric)) annotatePoint(point, kernel, edgeOf(series.next().value ?? -1));
      }
    }
  }
  const { gzip: _, ...rest } = batch;
  return { ...rest, body: ExportMetricsServiceRequest.encode(request, rawWriter()).finish() };
}

function annotatePoint(
  point: { attributes?: IKeyValue[] | null },
  kernel: KernelApi,
  edge: EdgeState | undefined,
): void {
  if (!edge) return;
  const { score, on } = kernel.results;
  point.attributes ??= [];
  point.attributes.push(
    { key: Key.isolationScore, value: { doubleValue: score[edge.slot]! } },
    { key: Key.isAnomaly, value: { boolValue: on[edge.slot] === 1 } },
  );
}
