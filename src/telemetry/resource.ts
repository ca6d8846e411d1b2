// Who we are in the telemetry that we make: the resource attributes of anomaly metrics, events, logs and our own metrics.

/** Names under which Kubernetes manifests hand the downward API to a container, most specific first. */
const FROM_ENVIRONMENT: Readonly<Record<string, readonly string[]>> = {
  'k8s.node.name': ['K8S_NODE_NAME', 'KUBE_NODE_NAME', 'NODE_NAME'],
  'k8s.pod.name': ['K8S_POD_NAME', 'POD_NAME'],
  'k8s.namespace.name': ['K8S_NAMESPACE_NAME', 'K8S_NAMESPACE', 'POD_NAMESPACE'],
};

/** `a=b,c=d` with percent encoding, as OTEL_RESOURCE_ATTRIBUTES holds it; pairs that are none are left out. */
function parsePairs(text: string): [string, string][] {
  return text
    .split(',')
    .map((pair) => pair.split('=', 2).map((part) => part.trim()))
    .flatMap(([key, value]) => {
      try {
        return key && value !== undefined
          ? [[decodeURIComponent(key), decodeURIComponent(value)] as [string, string]]
          : [];
      } catch {
        return [];
      }
    });
}

/**
 * Resource attributes, weakest first: ours, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`, then `configured`
 * (`service.telemetry.resource`, where null takes an attribute away).
 */
export function ownResource(
  version: string,
  instanceId: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  configured: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const resource: Record<string, string> = {
    'service.name': 'pxanomaly',
    'service.version': version,
    'service.instance.id': instanceId,
  };
  for (const [attribute, names] of Object.entries(FROM_ENVIRONMENT)) {
    const value = names.map((name) => env[name]).find(Boolean);
    if (value) resource[attribute] = value;
  }
  Object.assign(resource, Object.fromEntries(parsePairs(env.OTEL_RESOURCE_ATTRIBUTES ?? '')));
  if (env.OTEL_SERVICE_NAME) resource['service.name'] = env.OTEL_SERVICE_NAME;
  for (const [key, value] of Object.entries(configured)) {
    if (value === null) delete resource[key];
    else resource[key] = value;
  }
  return resource;
}
