// The shop that the demo and the tests watch: thirteen services in one namespace, twenty-five edges, several pods.

export const NAMESPACE = 'shop';
export const CLUSTER = { id: '8d3f6a52-1c0e-4f7b-9a41-5e2d7c90b613', name: 'demo_shop' } as const;

/** The table that Pixie's tracer keeps the requests in, and with it the script that exports them. */
export type Protocol = 'http' | 'redis' | 'postgresql';

export interface ShopService {
  readonly name: string;
  readonly pods: number;
  /** Usual time spent in the service itself, seconds. */
  readonly ownLatency: number;
  /** Usual share of requests that fail here. */
  readonly errorShare: number;
  readonly protocol: Protocol;
}

export interface Edge {
  /** Undefined: from outside the cluster. */
  readonly source: string | undefined;
  readonly destination: string;
  /** Requests for each one that the source receives. */
  readonly calls: number;
  /** Usual body sizes, bytes. */
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** Requests a second at the front door, averaged over the day. */
export const INGRESS_PER_SECOND = 90;

function service(
  name: string,
  pods: number,
  ownMs: number,
  errorShare: number,
  protocol: Protocol = 'http',
): ShopService {
  return { name, pods, ownLatency: ownMs / 1000, errorShare, protocol };
}

/** Callers before those they call. */
export const SERVICES: readonly ShopService[] = [
  service('frontend', 3, 9, 0.0008),
  service('checkout', 2, 14, 0.0012),
  service('recommendation', 1, 21, 0.0015),
  service('ad', 1, 6, 0.002),
  service('cart', 2, 4, 0.0006),
  service('payment', 2, 38, 0.002),
  service('fraud', 1, 17, 0.001),
  service('shipping', 1, 8, 0.0007),
  service('email', 1, 55, 0.003),
  service('catalog', 2, 5, 0.0004),
  service('currency', 1, 2, 0.0003),
  service('redis', 1, 0.4, 0, 'redis'),
  service('postgres', 1, 1.8, 0, 'postgresql'),
];

function edge(
  source: string | undefined,
  destination: string,
  calls: number,
  requestBytes: number,
  responseBytes: number,
): Edge {
  return { source, destination, calls, requestBytes, responseBytes };
}

export const EDGES: readonly Edge[] = [
  edge(undefined, 'frontend', 1, 420, 18_000),
  edge('frontend', 'catalog', 1.4, 180, 6_200),
  edge('frontend', 'currency', 0.9, 120, 260),
  edge('frontend', 'cart', 0.8, 340, 900),
  edge('frontend', 'recommendation', 0.5, 210, 1_500),
  edge('frontend', 'ad', 0.6, 160, 2_400),
  edge('frontend', 'shipping', 0.25, 300, 420),
  edge('frontend', 'checkout', 0.22, 2_100, 3_300),
  edge('checkout', 'cart', 1, 260, 1_100),
  edge('checkout', 'catalog', 2.1, 180, 4_800),
  edge('checkout', 'currency', 1.6, 120, 260),
  edge('checkout', 'payment', 1, 900, 640),
  edge('checkout', 'shipping', 1, 620, 380),
  edge('checkout', 'email', 0.9, 5_200, 140),
  edge('recommendation', 'catalog', 1.2, 240, 5_500),
  edge('recommendation', 'redis', 1, 0, 0),
  edge('ad', 'redis', 1.3, 0, 0),
  edge('cart', 'redis', 1.7, 0, 0),
  edge('payment', 'fraud', 1, 1_300, 220),
  edge('payment', 'postgres', 2, 0, 0),
  edge('fraud', 'redis', 2, 0, 0),
  edge('shipping', 'postgres', 0.7, 0, 0),
  edge('email', 'redis', 1, 0, 0),
  edge('catalog', 'postgres', 0.5, 0, 0),
  edge('catalog', 'redis', 0.9, 0, 0),
];

/** The service of that name. Throws RangeError for others. */
export function serviceNamed(name: string): ShopService {
  const found = SERVICES.find((one) => one.name === name);
  if (!found) throw new RangeError(`the shop has no service ${name}`);
  return found;
}
