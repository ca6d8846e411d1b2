// Preset `pixie`: what Pixie's stock OpenTelemetry plugin, the plugin form of New Relic's presets and the export
// generator send.
import type { EndLists, FeatureRule, Tier } from '../feature-rule.js';

const NOBODY: EndLists = { service: [], namespace: [] };

const REPORTER: EndLists = {
  service: ['resource:service.name'],
  namespace: ['resource:k8s.namespace.name'],
};

const PIXIE = { 'instrumentation.provider': 'pixie' } as const;

/** A destination resolved by a script that extends the stock one; else the peer's address, which makes it external. */
const REMOTE: EndLists = {
  service: ['remote.service.name', 'remote_service', 'destination.service.name', 'point:remote_addr'],
  namespace: ['remote.namespace', 'destination.k8s.namespace.name'],
};

function rule(name: string, metric: readonly string[], feed: string, more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric,
    feed,
    features: [],
    source: NOBODY,
    destination: REPORTER,
    windowMs: 10_000,
    sourceRelative: false,
    data: ['gauge'],
    ...more,
  };
}

/**
 * Gauges that are counters since tracing began. `bytes_revc` is Pixie's own spelling. Both ends report a connection;
 * the row whose remote_port is 0 is the server's, and its remote address the client's.
 */
const CONNECTIONS: Tier = [
  rule('conn_stats', ['conn_stats.bytes_sent', 'conn_stats.bytes_revc', 'conn_stats.bytes_recv'], 'conn_stats', {
    features: ['bytes'],
    type: 'counter',
    source: REPORTER,
    destination: REMOTE,
    swap: { 'point:remote_port': 0 },
    end: 'client',
  }),
];

/** A pod's interface counters: a service as a whole, no edges. */
const INTERFACES: Tier = [
  rule('network_stats', ['network_stats.rx_bytes', 'network_stats.tx_bytes'], 'network_stats', {
    features: ['bytes'],
    type: 'counter',
  }),
  rule('network_stats_rest', ['network_stats.*'], 'network_stats', {}),
];

/** Processor, memory and disk say nothing about the network. */
const RESOURCES: Tier = [
  rule('resource_summary', ['resource_summary.*'], 'resource_summary', {}),
  rule('runtime', ['runtime.jvm.*', 'runtime.memory.*'], 'runtime', { where: PIXIE }),
];

/** HTTP of the New Relic style: the reporter is the destination, nobody is the source. */
const HTTP: Tier = [
  rule('http.server.duration', ['http.server.duration'], 'http.server', {
    data: ['summary'],
    features: ['latency', 'requests'],
    errors: [{ 'http.status_code': { gte: 500 } }],
    where: PIXIE,
  }),
];

/**
 * Databases and queues of the New Relic style: the reporter is the source, `<protocol>.service.name` the destination.
 */
function protocol(server: readonly string[], name: string, where: FeatureRule['where']): Tier[] {
  const ends = {
    source: REPORTER,
    destination: { service: server, namespace: ['{1}.namespace.name', 'resource:k8s.namespace.name'] },
    ...(where ? { where } : {}),
  };
  return [
    [
      rule(`${name}.latency`, ['*.latency'], '{1}', {
        ...ends,
        data: ['summary'],
        features: ['latency', 'requests'],
        errors: [{ has_error: true }, { 'dns.rcode': 2 }],
      }),
    ],
    [rule(`${name}.bytes`, ['*.req_bytes', '*.resp_bytes', '*.bytes'], '{1}', { ...ends, features: ['bytes'] })],
    [rule(`${name}.frames`, ['amqp.frame_count'], 'amqp', ends)],
  ];
}

/**
 * The export generator names metrics and attributes after the table that a script displays: `http_graph.num_requests`.
 */
function graph(name: string, suffix: string, features: FeatureRule['features']): Tier {
  return [
    rule(`graph.${name}`, [`*.${suffix}`], '{1}', {
      features,
      source: { service: ['{1}.requestor_service'], namespace: ['{1}.requestor_namespace'] },
      destination: { service: ['{1}.responder_service'], namespace: ['{1}.responder_namespace'] },
      where: { '{1}.responder_service': { present: true } },
      sourceRelative: true,
    }),
  ];
}

const GRAPH: readonly Tier[] = [
  graph('requests', 'num_requests', ['requests']),
  graph('errors', 'num_errors', ['errors']),
  graph('latency', 'latency_p50', ['latency']),
  [
    {
      ...graph('bytes', 'req_bytes', ['bytes'])[0]!,
      metric: ['*.req_bytes', '*.resp_bytes'],
    },
  ],
  [{ ...graph('rest', '*', [])[0]!, metric: ['*.latency_p90', '*.latency_p99', '*.latency_sum'] }],
];

export const pixie: readonly Tier[] = [
  ...GRAPH,
  HTTP,
  ...protocol(['{1}.service.name'], 'protocol', { ...PIXIE, '{1}.service.name': { present: true } }),
  ...protocol(['dns.server.name'], 'dns', { ...PIXIE, 'dns.server.name': { present: true } }),
  CONNECTIONS,
  INTERFACES,
  RESOURCES,
];
