// Ordinary service-to-service traffic of a few edges under the `edge` preset's names, one request a window, with faults
// on order.
import { opentelemetry } from '#proto';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

export interface Traffic {
  readonly edges: number;
  readonly cluster: string;
  /** Event time of window 0, Unix seconds. */
  readonly startSeconds: number;
  readonly windowSeconds: number;
  /** What latency is multiplied by; 1 ordinarily. */
  latencyFactor?(edge: number, window: number): number;
}

/** Names of an edge, as its points carry them. */
export function edgeNames(edge: number): { src_service: string; dst_service: string; namespace: string } {
  return { src_service: `shop/caller-${edge % 5}`, dst_service: `shop/callee-${edge}`, namespace: 'shop' };
}

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });

/** A value in (0, 1) that depends on nothing but its arguments. */
function uniform(edge: number, window: number, salt: number): number {
  let x = Math.imul(edge + 1, 0x9e3779b1) ^ Math.imul(window + 7, 0x85ebca6b) ^ Math.imul(salt + 3, 0xc2b2ae35);
  for (const multiplier of [0x7feb352d, 0x846ca68b]) x = Math.imul(x ^ (x >>> 15), multiplier);
  return ((x >>> 0) + 0.5) / 2 ** 32;
}

/** Roughly normal: the sum of four uniforms. */
function normal(edge: number, window: number, salt: number): number {
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += uniform(edge, window, 10 * salt + i);
  return (sum - 2) * Math.sqrt(3);
}

/** Event time of a window, Unix nanoseconds. */
export function windowTime({ startSeconds, windowSeconds }: Traffic, window: number): bigint {
  return BigInt(startSeconds + window * windowSeconds) * 1_000_000_000n;
}

/** The serialised request of one window: every edge's latency (ms), requests, errors and bytes, a resource an edge. */
export function trafficRequest(traffic: Traffic, window: number): Uint8Array {
  const timeUnixNano = String(windowTime(traffic, window)) as never;
  const resourceMetrics = Array.from({ length: traffic.edges }, (_, edge) => {
    const { src_service, dst_service, namespace } = edgeNames(edge);
    const attributes = [
      text('src_service', src_service),
      text('dst_service', dst_service),
      text('namespace', namespace),
      text('src_namespace', namespace),
    ];
    const gauge = (name: string, unit: string, asDouble: number): object => ({
      name,
      unit,
      gauge: { dataPoints: [{ attributes, timeUnixNano, asDouble }] },
    });
    const requests = Math.round((200 + 40 * edge) * (1 + 0.05 * normal(edge, window, 1)));
    const latency =
      (20 + edge) * Math.exp(0.1 * normal(edge, window, 2)) * (traffic.latencyFactor?.(edge, window) ?? 1);
    const metrics = [
      gauge('edge.latency', 'ms', latency),
      gauge('edge.requests', '{request}', requests),
      gauge('edge.errors', '{error}', Math.floor(requests * 0.01 * uniform(edge, window, 3))),
      gauge('edge.bytes', 'By', requests * 1500 * (1 + 0.02 * normal(edge, window, 4))),
    ];
    return {
      resource: { attributes: [text('service.name', src_service), text('px.cluster.id', traffic.cluster)] },
      scopeMetrics: [{ metrics }],
    };
  });
  return ExportMetricsServiceRequest.encode({ resourceMetrics }).finish();
}
