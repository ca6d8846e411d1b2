// Who we are in the telemetry that we make: the resource attributes of anomaly metrics, events, logs and our own
// metrics.
import { hostname } from 'node:os';

/** Names under which Kubernetes manifests hand the downward API to a container, most specific first. */
const FROM_ENVIRONMENT: Readonly<Record<string, readonly string[]>> = {
  'k8s.node.name': ['K8S_NODE_NAME', 'KUBE_NODE_NAME', 'NODE_NAME'],
  'k8s.pod.name': ['K8S_POD_NAME', 'POD_NAME'],
  'k8s.namespace.name': ['K8S_NAMESPACE_NAME', 'K8S_NAMESPACE', 'POD_NAMESPACE'],
};

type Environment = Readonly<Record<string, string | undefined>>;

function fromEnvironment(attribute: string, env: Environment): string | undefined {
  return FROM_ENVIRONMENT[attribute]?.map((name) => env[name]).find(Boolean);
}

/**
 * `service.instance.id` that outlives a restart: the pod's name where the platform says it, with its namespace in
 * front; else the host's name and a port that no other gateway on the host can have. Undefined without such a port:
 * nothing tells two of them apart.
 */
export function stableInstanceId(
  ports: readonly number[],
  env: Environment = process.env,
  host: string = hostname(),
): string | undefined {
  const pod = fromEnvironment('k8s.pod.name', env);
  const namespace = fromEnvironment('k8s.namespace.name', env);
  if (pod) return namespace ? `${namespace}.${pod}` : pod;
  const port = ports.find((one) => one > 0);
  return host === '' || port === undefined ? undefined : `${host}:${port}`;
}

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
  env: Environment = process.env,
  configured: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const resource: Record<string, string> = {
    'service.name': 'pxanomaly',
    'service.version': version,
    'service.instance.id': instanceId,
  };
  for (const attribute of Object.keys(FROM_ENVIRONMENT)) {
    const value = fromEnvironment(attribute, env);
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
