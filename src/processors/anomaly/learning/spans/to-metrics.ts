// Calls as a metrics request of our own, so that spans reach the windows through the same door as everything else.
import { opentelemetry } from '#proto';
import type { Call } from './pair.js';

const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
const DELTA = opentelemetry.proto.metrics.v1.AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA;
const SECOND = 1_000_000_000n;

/** Name of the metric that calls become: a delta histogram in seconds, which the preset `spans` reads. */
export const CALLS_METRIC = 'traces.edge.duration';

interface Sum {
  readonly call: Call;
  readonly second: bigint;
  count: number;
  seconds: number;
}

/**
 * Serialised `ExportMetricsServiceRequest`: a point for each (edge, outcome, second of event time).
 * `sequence` sets the nanoseconds of the point's time: two requests that speak of the same second are not a retry of each other.
 */
export function callsToMetrics(calls: Iterable<Call>, sequence: number): Uint8Array | undefined {
  const sums = new Map<string, Sum>();
  for (const call of calls) add(sums, call);
  if (sums.size === 0) return undefined;
  const clusters = new Map<string, Sum[]>();
  for (const sum of sums.values()) {
    const key = JSON.stringify(sum.call.cluster);
    clusters.set(key, [...(clusters.get(key) ?? []), sum]);
  }
  const resourceMetrics = [...clusters.values()].map((group) => resourceOf(group, BigInt(sequence) % SECOND));
  // fromObject reads 64-bit numbers from text without loss.
  return MetricsRequest.encode(MetricsRequest.fromObject({ resourceMetrics })).finish();
}

function add(sums: Map<string, Sum>, call: Call): void {
  const second = call.endUnixNano / SECOND;
  const key = JSON.stringify([call.cluster, call.source, call.destination, call.failed, second.toString()]);
  const sum = sums.get(key);
  if (sum) {
    sum.count++;
    sum.seconds += call.seconds;
  } else sums.set(key, { call, second, count: 1, seconds: call.seconds });
}

function resourceOf(group: readonly Sum[], nanos: bigint): object {
  const cluster = group[0]?.call.cluster ?? {};
  return {
    resource: { attributes: Object.entries(cluster).map(([key, value]) => text(key, value)) },
    scopeMetrics: [
      {
        metrics: [
          {
            name: CALLS_METRIC,
            unit: 's',
            histogram: { aggregationTemporality: DELTA, dataPoints: group.map((sum) => pointOf(sum, nanos)) },
          },
        ],
      },
    ],
  };
}

function pointOf({ call, second, count, seconds }: Sum, nanos: bigint): object {
  return {
    attributes: [
      text('src_service', call.source.service),
      text('src_namespace', call.source.namespace),
      text('dst_service', call.destination.service),
      text('namespace', call.destination.namespace),
      { key: 'failed', value: { boolValue: call.failed } },
    ],
    timeUnixNano: (second * SECOND + nanos).toString(),
    count,
    sum: seconds,
  };
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}
