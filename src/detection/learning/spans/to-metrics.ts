// Calls as a metrics request of our own, so that spans reach the windows through the same door as everything else.
import { opentelemetry } from '#proto';
import { CALLS_METRIC } from '../../rules/presets/spans.js';
import type { Call } from './pair.js';

const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
const DELTA = opentelemetry.proto.metrics.v1.AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA;
const SECOND = 1_000_000_000n;

interface Sum {
  readonly call: Call;
  readonly second: bigint;
  count: number;
  seconds: number;
}

/** Calls with and without a duration are series of their own: a point without a sum counts requests and no latency. */
function isTimed({ call }: Sum): boolean {
  return call.seconds !== undefined;
}

/**
 * Serialised `ExportMetricsServiceRequest`: a point for each (edge, outcome, second of event time).
 * `sequence` sets the nanoseconds of the point's time: two requests that speak of the same second are not a retry of
 * each other.
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
  const { cluster, source, destination, failed, byCallee, seconds } = call;
  const isUntimed = seconds === undefined;
  const key = JSON.stringify([cluster, source, destination, failed, byCallee, isUntimed, second.toString()]);
  const sum = sums.get(key);
  if (sum) {
    sum.count++;
    sum.seconds += seconds ?? 0;
  } else sums.set(key, { call, second, count: 1, seconds: seconds ?? 0 });
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

function pointOf(sum: Sum, nanos: bigint): object {
  const { call, second, count, seconds } = sum;
  return {
    attributes: [
      text('src_service', call.source.service),
      text('src_namespace', call.source.namespace),
      text('dst_service', call.destination.service),
      text('namespace', call.destination.namespace),
      text('end', call.byCallee ? 'server' : 'client'),
      ...(isTimed(sum) ? [] : [{ key: 'timed', value: { boolValue: false } }]),
      { key: 'failed', value: { boolValue: call.failed } },
    ],
    timeUnixNano: (second * SECOND + nanos).toString(),
    count,
    ...(isTimed(sum) ? { sum: seconds } : {}),
  };
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}
