// Preset `servicegraph`: the Collector's servicegraph connector, whose spans name both ends.
import type { EndLists, FeatureRule, Tier } from '../rules.js';

const CLIENT: EndLists = {
  service: ['point:client'],
  namespace: ['client_k8s.namespace.name', 'client_service.namespace', 'client_namespace'],
  // The connector's names of virtual nodes that no span told of.
  external: ['user', 'unknown'],
};

const SERVER: EndLists = {
  service: ['point:server'],
  namespace: ['server_k8s.namespace.name', 'server_service.namespace', 'server_namespace'],
  external: ['unknown'],
};

function rule(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric,
    features: [],
    source: CLIENT,
    destination: SERVER,
    feed: 'servicegraph',
    windowMs: 60_000,
    sourceRelative: true,
    ...more,
  };
}

const TOTAL = ['traces_service_graph_request_total', 'traces_service_graph_request'];
const FAILED = ['traces_service_graph_request_failed_total', 'traces_service_graph_request_failed'];
const DISTRIBUTIONS = ['histogram', 'exponential_histogram'] as const;

/** The point's own `failed` says it, where the connector writes that; older ones count failures in a metric of its own. */
const REQUESTS: Tier = [
  rule('requests', TOTAL, { features: ['requests'], errors: [{ failed: true }], where: { failed: { present: true } } }),
  rule('requests_plain', TOTAL, { features: ['requests'], errors: [], where: { failed: { present: false } } }),
  rule('failed', FAILED, { features: ['errors'], where: { failed: { present: false } } }),
  rule('failed_again', FAILED, { where: { failed: { present: true } } }),
];

const CLIENT_LATENCY: Tier = [
  rule('latency_client', ['traces_service_graph_request_client', 'traces_service_graph_request_client_seconds'], {
    features: ['latency'],
    data: DISTRIBUTIONS,
    end: 'client',
  }),
];

const SERVER_LATENCY: Tier = [
  rule('latency_server', ['traces_service_graph_request_server', 'traces_service_graph_request_server_seconds'], {
    features: ['latency'],
    data: DISTRIBUTIONS,
    end: 'server',
  }),
];

/** One duration for both ends, as connectors before the split wrote it. */
const DURATION: Tier = [
  rule('duration', ['traces_service_graph_request_duration', 'traces_service_graph_request_duration_seconds'], {
    features: ['latency', 'requests'],
    errors: [{ failed: true }],
    data: DISTRIBUTIONS,
  }),
];

/** Counts of spans without a partner and of time in queues. */
const REST: Tier = [rule('rest', ['traces_service_graph_*'], {})];

export const servicegraph: readonly Tier[] = [REQUESTS, CLIENT_LATENCY, SERVER_LATENCY, DURATION, REST];
