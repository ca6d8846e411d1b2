// Preset `spanmetrics`: the Collector's span_metrics connector. Only a client span that names its peer makes an edge.
import type { EndLists, FeatureRule, Tier, Where } from '../rules.js';

const SERVICE: EndLists = {
  service: ['service.name'],
  namespace: ['service.namespace', 'k8s.namespace.name'],
};

const PEER: EndLists = {
  service: ['service.peer.name', 'peer.service', 'server.address', 'net.peer.name', 'messaging.destination.name'],
  namespace: ['service.peer.namespace'],
};

const NOBODY: EndLists = { service: [], namespace: [] };

const CALLS = ['traces.span.metrics.calls', 'traces_span_metrics_calls_total', 'calls', 'calls_total'];
const DURATION = [
  'traces.span.metrics.duration',
  'traces_span_metrics_duration_seconds',
  'traces_span_metrics_duration_milliseconds',
  'duration',
  'latency',
];

const ERRORS: readonly Where[] = [
  { 'status.code': ['STATUS_CODE_ERROR', 'ERROR', 'Error'] },
  { 'otel.status_code': 'ERROR' },
  { status_code: 'STATUS_CODE_ERROR' },
];

/** Both spellings of the kinds that connectors and Prometheus write. */
const OUT = ['SPAN_KIND_CLIENT', 'SPAN_KIND_PRODUCER', 'Client', 'Producer'];
const IN = ['SPAN_KIND_SERVER', 'SPAN_KIND_CONSUMER', 'Server', 'Consumer'];

function rule(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric,
    features: [],
    source: NOBODY,
    destination: SERVICE,
    feed: 'spanmetrics',
    windowMs: 60_000,
    // The peer's name is what the caller believes; a wrong source is worse than none.
    sourceRelative: false,
    ...more,
  };
}

function edges(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return rule(name, metric, {
    ...more,
    source: SERVICE,
    destination: PEER,
    destinationRequired: true,
    where: { 'span.kind': OUT },
    end: 'client',
  });
}

function services(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return rule(name, metric, { ...more, where: { 'span.kind': IN }, end: 'server' });
}

/** Points of streams beyond the connector's cardinality limit mix everything. */
const OVERFLOW: Tier = [
  rule('overflow', [...CALLS, ...DURATION], {
    where: { 'otel.metric.overflow': true, 'span.kind': { exists: false } },
  }),
];

const DISTRIBUTIONS = ['histogram', 'exponential_histogram'] as const;
const REQUESTS: Partial<FeatureRule> = { features: ['requests'], errors: ERRORS, data: ['sum'] };
const LATENCY: Partial<FeatureRule> = { features: ['latency', 'requests'], errors: ERRORS, data: DISTRIBUTIONS };

/** Internal spans, and client spans that do not name their peer, say nothing that the server's span does not. */
const REST: Tier = [
  rule('rest', [...CALLS, ...DURATION, 'traces.span.metrics.*'], { where: { 'span.kind': { exists: true } } }),
];

export const spanmetrics: readonly Tier[] = [
  OVERFLOW,
  [edges('calls', CALLS, REQUESTS), services('calls_in', CALLS, REQUESTS)],
  [edges('duration', DURATION, LATENCY), services('duration_in', DURATION, LATENCY)],
  REST,
];
