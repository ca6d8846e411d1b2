// Preset `semconv`: the metrics that SDKs, agents and OBI write by OpenTelemetry's semantic conventions
// (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/). A client's name the server by its address.
import type { EndLists, FeatureRule, Tier, Where } from '../feature-rule.js';
import { GRPC_ERRORS, NOBODY, REPORTER } from './reporters.js';

/** A host without dots is one of the caller's own namespace. */
const PEER: EndLists = {
  service: [
    'service.peer.name',
    'peer.service',
    'point:server.address',
    'point:net.peer.name',
    'point:net.sock.peer.addr',
  ],
  namespace: ['service.peer.namespace'],
  besideSource: true,
};

const DATABASE: EndLists = {
  ...PEER,
  service: [...PEER.service, 'point:db.namespace', 'point:db.name', 'point:db.system.name', 'point:db.system'],
};
const TOPIC: EndLists = { service: ['point:messaging.destination.name', ...PEER.service], namespace: PEER.namespace };

const HTTP: readonly Where[] = [
  { 'http.response.status_code': { gte: 500 } },
  { 'http.status_code': { gte: 500 } },
  // No response at all. A client's error.type may also be a status below 500, which is not the server's failure.
  { 'error.type': { exists: true }, 'http.response.status_code': { exists: false } },
];
const RPC: readonly Where[] = [{ 'rpc.grpc.status_code': GRPC_ERRORS }, { 'rpc.response.status_code': GRPC_ERRORS }];
const ANY: readonly Where[] = [{ 'error.type': { exists: true } }];

function rule(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return {
    name,
    metric,
    names: 'otel',
    features: ['latency', 'requests'],
    data: ['histogram', 'exponential_histogram'],
    unmarkedSucceeded: true,
    source: REPORTER,
    destination: PEER,
    destinationRequired: true,
    end: 'client',
    feed: 'semconv',
    windowMs: 60_000,
    sourceRelative: false,
    ...(more.likelyUnit ? {} : { knownUnit: 's' }),
    ...more,
  };
}

function server(name: string, metric: readonly string[], more: Partial<FeatureRule>): FeatureRule {
  return rule(name, metric, { ...more, source: NOBODY, destination: REPORTER, end: 'server' });
}

/**
 * Before the conventions were stable, durations were in milliseconds; OBI has kept the names of gRPC's and writes
 * seconds.
 */
const OLD: Partial<FeatureRule> = { likelyUnit: 'ms' };
const BYTES: Partial<FeatureRule> = { features: ['bytes'], knownUnit: 'By' };
const sizes = (side: string) => [
  `http.${side}.request.body.size`,
  `http.${side}.response.body.size`,
  `http.${side}.request.size`,
  `http.${side}.response.size`,
];

export const semconv: readonly Tier[] = [
  [
    rule('http', ['http.client.request.duration'], { errors: HTTP }),
    server('http_in', ['http.server.request.duration'], { errors: HTTP }),
    rule('rpc', ['rpc.client.call.duration'], { errors: RPC }),
    server('rpc_in', ['rpc.server.call.duration'], { errors: RPC }),
    rule('db', ['db.client.operation.duration'], { errors: ANY, destination: DATABASE }),
    rule('publish', ['messaging.client.operation.duration', 'messaging.publish.duration'], {
      errors: ANY,
      destination: TOPIC,
    }),
  ],
  [
    rule('http_old', ['http.client.duration'], { ...OLD, errors: HTTP }),
    server('http_in_old', ['http.server.duration'], { ...OLD, errors: HTTP }),
    rule('rpc_old', ['rpc.client.duration'], { ...OLD, errors: RPC }),
    server('rpc_in_old', ['rpc.server.duration'], { ...OLD, errors: RPC }),
  ],
  [rule('http_bytes', sizes('client'), BYTES), server('http_bytes_in', sizes('server'), BYTES)],
];
