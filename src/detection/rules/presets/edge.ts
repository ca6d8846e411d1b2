// Preset `edge`: our own schema, for any sender; our Pixie scripts send it.
import type { EndLists, FeatureRule, Tier, Where } from '../feature-rule.js';

const SOURCE: EndLists = {
  service: ['src_service', 'source.service.name'],
  namespace: ['src_namespace', 'source.namespace', 'source.service.namespace', 'source.k8s.namespace.name'],
};

const DESTINATION: EndLists = {
  service: ['dst_service', 'destination.service.name'],
  namespace: [
    'namespace',
    'dst_namespace',
    'destination.namespace',
    'destination.service.namespace',
    'destination.k8s.namespace.name',
  ],
};

const SELF: EndLists = {
  service: ['resource:service.name'],
  namespace: ['resource:k8s.namespace.name', 'resource:service.namespace'],
};

/** What tells, on a point that counts requests, whether these requests failed. */
const FAILED: readonly Where[] = [
  { 'http.response.status_code': { gte: 500 } },
  { 'http.status_code': { gte: 500 } },
  { 'status.code': ['ERROR', 'Error', 'STATUS_CODE_ERROR', 2] },
  { 'otel.status_code': 'ERROR' },
  { failed: true },
  { error: true },
];

function rule(name: string, metrics: readonly string[], feed: string, more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric: metrics,
    features: [],
    source: SOURCE,
    destination: DESTINATION,
    self: SELF,
    feed,
    windowMs: 10_000,
    sourceRelative: true,
    ...more,
  };
}

/** The schema without (`edge.`) or with a protocol in front (`http.edge.`): `{1}` is then the protocol. */
function tiers(prefix: string, feed: string): Tier[] {
  const one = (what: string, suffixes: readonly string[], more: Partial<FeatureRule>): Tier => [
    rule(
      `${prefix}${what}`,
      suffixes.map((suffix) => prefix + suffix),
      feed,
      more,
    ),
  ];
  return [
    one('requests', ['requests'], { features: ['requests'], errors: FAILED, data: ['gauge', 'sum'] }),
    one('errors', ['errors'], { features: ['errors'], data: ['gauge', 'sum'] }),
    one('latency', ['latency'], {
      features: ['latency', 'requests'],
      errors: FAILED,
      data: ['histogram', 'exponential_histogram', 'summary'],
    }),
    one('latency_level', ['latency', 'latency.mean', 'latency.avg'], { features: ['latency'], data: ['gauge'] }),
    one('bytes', ['bytes'], { features: ['bytes'] }),
    one('both_bytes', ['req_bytes', 'resp_bytes', 'request_bytes', 'response_bytes'], { features: ['bytes'] }),
  ];
}

/** Counters since tracing began, from the client's side: deploy/pixie/scripts/connection-edges.pxl. */
const CONNECTIONS: Tier = [
  rule('conn.edge.bytes', ['conn.edge.bytes_sent', 'conn.edge.bytes_recv'], 'conn.edge', {
    features: ['bytes'],
    type: 'counter',
    data: ['gauge', 'sum'],
    end: 'client',
  }),
];

/**
 * A protocol in front makes a name that others may use too: as Prometheus writes it, it counts only with both ends on
 * the point.
 */
const WITH_PROTOCOL: readonly Tier[] = tiers('*.edge.', '{1}.edge').flatMap((tier) => [
  tier.map((one): FeatureRule => ({ ...one, names: 'written' })),
  tier.map(
    (one): FeatureRule => ({
      ...one,
      name: `${one.name}_translated`,
      where: { 'point:src_service': { present: true }, 'point:dst_service': { present: true } },
    }),
  ),
]);

export const edge: readonly Tier[] = [...tiers('edge.', 'edge'), ...WITH_PROTOCOL, CONNECTIONS];
