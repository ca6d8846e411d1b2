// What is left of a service's name when everything is taken away that says how to reach it: scheme, port, path, cluster
// domain, pod.

/**
 * A service as far as the text alone tells; `namespace` where the text names one. '' as a name: an address, nobody's
 * name.
 */
export interface Host {
  readonly name: string;
  readonly namespace: string | undefined;
}

const NOBODY: Host = { name: '', namespace: undefined };

/** Flows are also told by the network of an address, `10.0.0.0/8`. */
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d+|\/\d{1,2})?$/;
/** At least two colons and nothing but what addresses consist of, brackets, zone, port and prefix length included. */
const IPV6 = /^\[?[0-9a-fA-F]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*(?:%[\w.]+)?\]?(?::\d+|\/\d{1,3})?$/;
const LOOPBACK = /^(?:localhost|(?:[\w-]+\.)*localhost|localhost\.localdomain|ip6-localhost)$/i;
/** `10-0-0-1.shop.pod.cluster.local`, and the name that EC2 gives the machine of an address. */
const POD_ADDRESS = /^[0-9a-f]+(?:-[0-9a-f]*)+\.[^./]+\.pod(?:\.[\w.-]+)?$/i;
const MACHINE_ADDRESS = /^ip-\d+-\d+-\d+-\d+(?:(?:\.[\w-]+)*\.internal)?$/i;

/** True of an IP address, with or without port, or of a network's. */
export function isAddress(text: string): boolean {
  return IPV4.test(text) || IPV6.test(text);
}

function isNobody(text: string): boolean {
  return text === '' || isAddress(text) || LOOPBACK.test(text) || POD_ADDRESS.test(text) || MACHINE_ADDRESS.test(text);
}

/**
 * `scheme://…`, `dns:///…` and gRPC's targets without slashes (https://github.com/grpc/grpc/blob/master/doc/naming.md).
 */
const SCHEME = /^(?:([a-z][a-z0-9+.-]*):)?\/\/(.*)$/is;
const TARGET = /^(?:dns|ipv4|ipv6|passthrough|xds):(?!\d*$)(.*)$/is;
/** JDBC and its like put a scheme in front of a scheme. */
const OUTER = /^[a-z][a-z0-9+.-]*:(?=[a-z][a-z0-9+.-]*:\/\/)|^jdbc:[\w:]*:@(?:\/\/)?/i;
const LOCAL_SOCKET = /^(?:unix|unix-abstract|vsock):(?!\d*$)/i;
/** Envoy's name of an upstream: `outbound|8080|subset|host`. */
const ENVOY = /^(?:outbound|inbound)(?:-vip)?\|[^|]*\|[^|]*\|(.*)$/s;
/**
 * A host that is known to be one by its port or by the cluster's domain, and what follows: a path, settings, a
 * database, other hosts.
 */
const HOST_AND_REST = /^([^/\s,;]+:\d{1,5}|[\w.-]+\.svc(?:\.[\w-]+)*\.?)[/?#;,:].*$/is;
const PORT = /^([^:]+|\[[^\]]*\]):(\d{1,5})?$/s;

/** `text` with one wrapping less: an array, Envoy's bars, a scheme, a path, further hosts, a port, a trailing dot. */
function unwrapped(text: string): string {
  if (LOCAL_SOCKET.test(text)) return '';
  const envoy = ENVOY.exec(text);
  if (envoy) return envoy[1] as string;
  const inner = firstOfArray(text).replace(OUTER, '');
  const url = SCHEME.exec(inner);
  if (url) return lowerCase(authority(url[1] ?? '', url[2] as string));
  const target = isAddress(inner) ? null : TARGET.exec(inner);
  if (target) return (target[1] as string).replace(/^\/+/, '');
  const host = isAddress(inner) ? inner : inner.replace(HOST_AND_REST, '$1');
  return withoutPort(host).replace(/\.+$/, '');
}

/**
 * Of `user:password@host:port,host:port/path?query` the first host and port; behind gRPC's `dns://server/` that is the
 * path.
 */
function authority(scheme: string, rest: string): string {
  const [first = '', ...others] = rest.split('/');
  const isResolver = first === '' || /^(?:dns|xds|kubernetes|k8s|passthrough)$/i.test(scheme);
  const whole = isResolver && others.length > 0 && others[0] !== '' ? (others[0] as string) : first;
  const host = whole.split(/[?#;]/, 1)[0] as string;
  return host.slice(host.lastIndexOf('@') + 1).split(',', 1)[0] as string;
}

/** Hosts are equal whatever their case; a letter beyond ASCII might grow. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function withoutPort(text: string): string {
  if (isAddress(text)) return text;
  const parts = PORT.exec(text);
  return parts && Number(parts[2] ?? 0) <= 65_535 ? (parts[1] as string) : text;
}

/**
 * Labels before `.svc`, of which the last two are the service and its namespace; what is before names a pod, a port or
 * a protocol.
 */
const CLUSTER_DNS = /^((?:[\w-]+\.)*[\w-]+)\.([\w-]+)\.svc(?:\.[\w.-]+)?$/i;
/** Members of a StatefulSet: `web-0.web`, `web-0.web-headless`. */
const MEMBER = /^(.+)-\d+$/;
const HEADLESS = /^(?:-headless|-hl)$/;

/**
 * The service behind a text, and its namespace where the text names one. `namespace`: the one that the data names
 * beside it, if any. Taken again, the result stays what it is.
 */
export function parseHost(text: string, namespace: string): Host {
  let host: Host = { name: text.trim(), namespace: undefined };
  for (;;) {
    const next = stripped(host, namespace);
    if (next.name === host.name) return isNobody(next.name) ? NOBODY : next;
    host = next;
  }
}

function stripped({ name, namespace }: Host, beside: string): Host {
  const bare = unwrapped(name).trim();
  if (bare !== name || isNobody(bare)) return { name: bare, namespace };
  const dns = CLUSTER_DNS.exec(bare);
  if (dns) return { name: serviceOf(lowerCase(dns[1] as string).split('.')), namespace: lowerCase(dns[2] as string) };
  const end = `.${namespace ?? beside}`;
  // `orders.shop`, where the namespace is known to be `shop`.
  if (end.length > 1 && bare.length > end.length && bare.endsWith(end))
    return { name: bare.slice(0, -end.length), namespace };
  const labels = bare.split('.');
  return { name: labels.length === 2 ? (setOf(labels) ?? bare) : bare, namespace };
}

/** The service of the labels in front of a namespace: the last, or the StatefulSet that its headless service is of. */
function serviceOf(labels: readonly string[]): string {
  return (labels.length > 1 ? setOf(labels.slice(-2)) : undefined) ?? (labels.at(-1) as string);
}

/** The StatefulSet that `[member, governing service]` belongs to; undefined where the service is not named after it. */
function setOf([member = '', service = '']: readonly string[]): string | undefined {
  const set = MEMBER.exec(member)?.[1];
  if (set === undefined || !service.startsWith(set)) return undefined;
  const rest = service.slice(set.length);
  return rest === '' || HEADLESS.test(rest) ? set : undefined;
}

/** Of `["b","a"]`, as Pixie names the services of a pod, the `a`; any other text is given back. */
export function firstOfArray(text: string): string {
  if (!text.startsWith('[')) return text;
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return text;
    return firstOfArray(firstSorted(list.filter((item): item is string => typeof item === 'string')));
  } catch {
    return text;
  }
}

/** The first of the names by code unit; '' of none. */
export function firstSorted(names: readonly string[]): string {
  let first = names[0] ?? '';
  for (const name of names) if (name < first) first = name;
  return first;
}
