// Preset `spanmetrics`: metrics made of spans by the Collector's connector, by the processor before it, by Tempo, Beyla
// and OBI. Only a client span that names its peer makes an edge.
import type { EndLists, FeatureRule, Tier, Where } from '../feature-rule.js';
import { NOBODY, REPORTER } from './reporters.js';

const PEER: EndLists = {
  service: [
    ...['service.peer.name', 'peer.service', 'server.address', 'net.peer.name', 'messaging.destination.name'],
    // A database's driver may know no more, as in the rules for spans.
    ...['db.system.name', 'db.system'],
  ],
  namespace: ['service.peer.namespace'],
};

/**
 * Any `namespace` of the connector's configuration may stand in front; `traces.spanmetrics` is Tempo's, none was the
 * first default.
 */
const CALLS = ['traces.span.metrics.calls', 'calls', '*.calls'];
const DURATION = ['traces.span.metrics.duration', 'duration', '*.duration'];
/** The processor before the connector, in milliseconds; Tempo, in seconds. Neither name says so. */
const LATENCY = ['latency'];
const TEMPO_LATENCY = ['traces.spanmetrics.latency'];

const ERRORS: readonly Where[] = [
  { 'status.code': ['STATUS_CODE_ERROR', 'ERROR', 'Error'] },
  { 'otel.status_code': 'ERROR' },
];

/** Both spellings of the kinds that connectors and Prometheus write. */
const OUT = [
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'Client',
  'Producer',
  'CLIENT',
  'PRODUCER',
  'client',
  'producer',
];
const IN = ['SPAN_KIND_SERVER', 'SPAN_KIND_CONSUMER', 'Server', 'Consumer', 'SERVER', 'CONSUMER', 'server', 'consumer'];

function rule(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric,
    names: 'otel',
    features: [],
    source: NOBODY,
    destination: REPORTER,
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
    source: REPORTER,
    destination: PEER,
    destinationRequired: true,
    where: { 'span.kind': OUT },
    end: 'client',
  });
}

function services(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return rule(name, metric, { ...more, where: { 'span.kind': IN }, end: 'server' });
}

const ALL = [...CALLS, ...DURATION, ...LATENCY, ...TEMPO_LATENCY];

/** Points of streams beyond the connector's cardinality limit mix everything. */
const OVERFLOW: Tier = [
  rule('overflow', ALL, { where: { 'otel.metric.overflow': true, 'span.kind': { exists: false } } }),
];

const DISTRIBUTIONS = ['histogram', 'exponential_histogram'] as const;
const REQUESTS: Partial<FeatureRule> = { features: ['requests'], errors: ERRORS, data: ['sum'] };
const TIMES: Partial<FeatureRule> = { features: ['latency', 'requests'], errors: ERRORS, data: DISTRIBUTIONS };
const MILLISECONDS: Partial<FeatureRule> = { ...TIMES, likelyUnit: 'ms' };
const SECONDS: Partial<FeatureRule> = { ...TIMES, knownUnit: 's' };

/** Internal spans, and client spans that do not name their peer, say nothing that the server's span does not. */
const REST: Tier = [
  rule('rest', [...ALL, 'traces.span.metrics.*', 'traces.spanmetrics.*'], { where: { 'span.kind': { exists: true } } }),
];

export const spanmetrics: readonly Tier[] = [
  OVERFLOW,
  [edges('calls', CALLS, REQUESTS), services('calls_in', CALLS, REQUESTS)],
  [
    edges('duration', [...DURATION, ...LATENCY], MILLISECONDS),
    services('duration_in', [...DURATION, ...LATENCY], MILLISECONDS),
    edges('latency', TEMPO_LATENCY, SECONDS),
    services('latency_in', TEMPO_LATENCY, SECONDS),
  ],
  REST,
];
