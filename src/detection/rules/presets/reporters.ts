// Who reports, as several presets find it: the resource of an SDK, or what Prometheus made of it.

/** Lists of a reporter's own name and namespace, for `EndLists`. */
export const REPORTER: {
  readonly service: readonly string[];
  readonly namespace: readonly string[];
  readonly jobs: readonly string[];
} = {
  // `exported_…`: what Prometheus calls a label of the metric that a label of the scrape target has displaced.
  service: [
    'point:service.name',
    'point:exported_service',
    'point:service',
    'point:exported_job',
    'resource:service.name',
  ],
  namespace: [
    'point:service.namespace',
    'point:k8s.namespace.name',
    'resource:service.namespace',
    'resource:k8s.namespace.name',
  ],
  jobs: ['point:exported_job', 'point:job', 'resource:service.name'],
};

/** Nobody: an end that the data cannot name. */
export const NOBODY: { readonly service: readonly string[]; readonly namespace: readonly string[] } = {
  service: [],
  namespace: [],
};

/**
 * Codes of gRPC that tell of a failing server, as numbers and as names
 * (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/).
 */
export const GRPC_ERRORS: readonly (string | number)[] = [
  ...[2, 4, 12, 13, 14, 15],
  ...['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'],
];
