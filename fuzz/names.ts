// The names of the targets: the runner does not load what the threads fuzz.

export const NAMES: readonly string[] = [
  'http2-server',
  'http2-client',
  'http2-node-server',
  'http2-node-client',
  'hpack',
  'grpc-framing',
  'protobuf-metrics',
  'protobuf-traces',
  'protobuf-logs',
  'json-metrics',
  'json-traces',
  'json-logs',
];
