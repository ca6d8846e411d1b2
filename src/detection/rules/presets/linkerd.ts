// Preset `linkerd`: the metrics of Linkerd's proxies (https://linkerd.io/2-edge/reference/proxy-metrics/), with the
// labels that its Prometheus configuration gives them.
import type { EndLists, FeatureRule, Tier, Where } from '../feature-rule.js';
import { GRPC_ERRORS, NOBODY } from './reporters.js';

const KINDS = ['deployment', 'statefulset', 'daemonset', 'k8s_job', 'replicationcontroller', 'replicaset'];

/** The pod of the proxy: Linkerd's own labels, or those of a Collector. */
const SELF: EndLists = {
  service: [
    ...KINDS.map((kind) => `point:${kind}`),
    'point:workload_name',
    'k8s.deployment.name',
    'k8s.statefulset.name',
  ],
  namespace: ['point:namespace', 'k8s.namespace.name'],
};

/** The workload that answers, so that its own calls come from the same node; the service where none does. */
const PEER: EndLists = {
  service: [...KINDS.map((kind) => `point:dst_${kind}`), 'point:dst_service', 'point:authority'],
  namespace: ['point:dst_namespace'],
};

/** Metrics of a route name the service that it belongs to. */
const ROUTE: EndLists = { service: ['point:parent_name'], namespace: ['point:parent_namespace'] };

const OUTBOUND = { direction: 'outbound' } as const;
const INBOUND = { direction: 'inbound' } as const;

function rule(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric,
    names: 'written',
    features: [],
    source: SELF,
    destination: PEER,
    destinationRequired: true,
    where: OUTBOUND,
    end: 'client',
    feed: 'linkerd',
    windowMs: 60_000,
    sourceRelative: false,
    ...more,
  };
}

/** What comes in names its caller by a certificate at most: the service as a whole. */
function inbound(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return rule(name, metric, { ...more, source: NOBODY, destination: SELF, where: INBOUND, end: 'server' });
}

function route(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return rule(name, metric, { ...more, destination: ROUTE, where: { parent_name: { exists: true } } });
}

const DISTRIBUTIONS = ['histogram', 'exponential_histogram'] as const;
const BY_CLASS: readonly Where[] = [{ classification: 'failure' }];
const BY_STATUS: readonly Where[] = [{ status_code: { gte: 500 } }];
const BY_ROUTE: readonly Where[] = [
  { http_status: { gte: 500 } },
  { grpc_status: GRPC_ERRORS },
  { error: { exists: true } },
];
const RESPONSES: Partial<FeatureRule> = { features: ['requests'], errors: BY_CLASS, data: ['sum', 'gauge'] };
const TIMES: Partial<FeatureRule> = { features: ['latency', 'requests'], errors: BY_STATUS, data: DISTRIBUTIONS };
const BYTES = ['tcp_write_bytes_total', 'tcp_read_bytes_total'];
const ROUTES = ['outbound_http_route_request', 'outbound_grpc_route_request'];

export const linkerd: readonly Tier[] = [
  [rule('responses', ['response_total'], RESPONSES), inbound('responses_in', ['response_total'], RESPONSES)],
  [rule('latency', ['response_latency_ms'], TIMES), inbound('latency_in', ['response_latency_ms'], TIMES)],
  [
    route(
      'routes',
      ROUTES.map((name) => `${name}_statuses_total`),
      {
        features: ['requests'],
        errors: BY_ROUTE,
        data: ['sum', 'gauge'],
      },
    ),
  ],
  [
    route(
      'routes_latency',
      ROUTES.map((name) => `${name}_duration_seconds`),
      { features: ['latency'], data: DISTRIBUTIONS },
    ),
  ],
  // `peer` says which of the proxy's two connections it is: the other one carries the same bytes.
  [rule('bytes', BYTES, { features: ['bytes'], where: { ...OUTBOUND, peer: 'dst' } })],
  [
    rule('rest', ['request_total', 'tcp_*', 'route_*', 'outbound_*', 'inbound_*'], {
      destinationRequired: false,
      where: { direction: ['inbound', 'outbound'] },
    }),
  ],
];
