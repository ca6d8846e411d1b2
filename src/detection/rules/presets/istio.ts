// Preset `istio`: the standard metrics of Istio's proxies and waypoints
// (https://istio.io/latest/docs/reference/config/metrics/).
import type { EndLists, FeatureRule, Tier, Where } from '../feature-rule.js';
import { GRPC_ERRORS } from './reporters.js';

/** The canonical service is what the workload's labels call it: `reviews`, where the workload is `reviews-v1`. */
const SOURCE: EndLists = {
  service: ['point:source_canonical_service', 'point:source_app', 'point:source_workload'],
  namespace: ['point:source_workload_namespace'],
};

/** The host that was called comes first: it is known even where no endpoint answered. */
const DESTINATION: EndLists = {
  service: [
    'point:destination_service_name',
    'point:destination_canonical_service',
    'point:destination_app',
    'point:destination_service',
    'point:destination_workload',
  ],
  namespace: ['point:destination_service_namespace', 'point:destination_workload_namespace'],
};

/** Code 0: the connection ended before there was a response. */
const ERRORS: readonly Where[] = [
  { response_code: { gte: 500 } },
  { response_code: 0 },
  { grpc_response_status: GRPC_ERRORS },
];

/** Both proxies of a request report it; in ambient mode the waypoint does, in place of the destination's. */
const REPORTERS: readonly Partial<FeatureRule>[] = [
  { end: 'client', where: { reporter: 'source' } },
  { end: 'server', where: { reporter: 'destination' } },
  { end: 'server', where: { reporter: 'waypoint' } },
  // Summed over reporters, as federated Prometheus servers keep it.
  { where: { reporter: { exists: false } } },
];

function rules(name: string, metric: readonly string[], more: Partial<FeatureRule>): Tier {
  return REPORTERS.map((reporter, i) => ({
    name: i === 0 ? name : `${name}_${['', 'destination', 'waypoint', 'unnamed'][i]}`,
    metric,
    names: 'otel' as const,
    features: [],
    source: SOURCE,
    destination: DESTINATION,
    feed: 'istio',
    windowMs: 60_000,
    // Both ends are known to the proxy, yet what a service receives outside the mesh is not counted.
    sourceRelative: false,
    ...more,
    ...reporter,
  }));
}

const DISTRIBUTIONS = ['histogram', 'exponential_histogram'] as const;

export const istio: readonly Tier[] = [
  rules('requests', ['istio_requests'], { features: ['requests'], errors: ERRORS, data: ['sum', 'gauge'] }),
  rules('latency', ['istio_request_duration'], {
    features: ['latency', 'requests'],
    errors: ERRORS,
    data: DISTRIBUTIONS,
    knownUnit: 'ms',
  }),
  rules('bytes', ['istio_request_bytes', 'istio_response_bytes', 'istio_tcp_sent_bytes', 'istio_tcp_received_bytes'], {
    features: ['bytes'],
  }),
  [{ ...(rules('rest', ['istio_*'], {})[0] as FeatureRule), where: {} }],
];
