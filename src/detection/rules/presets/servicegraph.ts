// Preset `servicegraph`: service graphs of the Collector's connector, of Tempo and of Beyla, whose spans name both
// ends.
import type { EndLists, FeatureRule, Tier } from '../feature-rule.js';

/** Virtual nodes have a type of their own: a service that is really called `user` is met in pairs of spans. */
const PAIRED = { 'point:connection_type': ['', 'messaging_system', 'database'] };

const CLIENT: EndLists = {
  service: ['point:client'],
  namespace: ['client_k8s.namespace.name', 'client_service.namespace', 'client_namespace'],
  external: ['user'],
  externalUnless: PAIRED,
};

const SERVER: EndLists = {
  service: ['point:server'],
  namespace: ['server_k8s.namespace.name', 'server_service.namespace', 'server_namespace'],
};

function rule(name: string, metric: string, more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric: [`traces_service_graph_${metric}`],
    names: 'otel',
    features: [],
    source: CLIENT,
    destination: SERVER,
    feed: 'servicegraph',
    windowMs: 60_000,
    sourceRelative: true,
    // Those who write it say so, Tempo in the name alone, the Collector in the unit too.
    knownUnit: 's',
    ...more,
  };
}

const DISTRIBUTIONS = ['histogram', 'exponential_histogram'] as const;

/**
 * The point's own `failed` says it, where the connector writes that; older ones count failures in a metric of its own.
 */
const REQUESTS: Tier = [
  rule('requests', 'request', {
    features: ['requests'],
    errors: [{ failed: true }],
    where: { failed: { present: true } },
  }),
  rule('requests_plain', 'request', { features: ['requests'], errors: [], where: { failed: { present: false } } }),
  rule('failed', 'request_failed', { features: ['errors'], where: { failed: { present: false } } }),
  rule('failed_again', 'request_failed', { where: { failed: { present: true } } }),
];

const CLIENT_LATENCY: Tier = [
  rule('latency_client', 'request_client', { features: ['latency'], data: DISTRIBUTIONS, end: 'client' }),
];

const SERVER_LATENCY: Tier = [
  rule('latency_server', 'request_server', { features: ['latency'], data: DISTRIBUTIONS, end: 'server' }),
];

/** One duration for both ends, as connectors before the split wrote it. */
const DURATION: Tier = [
  rule('duration', 'request_duration', {
    features: ['latency', 'requests'],
    errors: [{ failed: true }],
    data: DISTRIBUTIONS,
  }),
];

/** Counts of spans without a partner and of time in queues. */
const REST: Tier = [rule('rest', '*', {})];

export const servicegraph: readonly Tier[] = [REQUESTS, CLIENT_LATENCY, SERVER_LATENCY, DURATION, REST];
