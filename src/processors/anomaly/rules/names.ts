// Service identity: how the names that senders write become (namespace, name).

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Whatever has no service name: unresolved names and bare addresses. */
export const EXTERNAL: ServiceName = { namespace: '', name: 'external' };

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?$/;
/** At least two colons and nothing but what addresses consist of, brackets, zone and port included. */
const IPV6 = /^\[?[0-9a-fA-F]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*(?:%[\w.]+)?\]?(?::\d+)?$/;
const CLUSTER_DNS = /^([^./]+)\.([^./]+)\.svc(?:\.[\w.-]+)?$/;

/** True of an IP address, with or without port. */
export function isAddress(text: string): boolean {
  return IPV4.test(text) || IPV6.test(text);
}

/**
 * The service that a text names; EXTERNAL where it is empty or an address. `ns/name` and `name.ns.svc…` carry their namespace;
 * otherwise `namespace` is it. A JSON array of strings, as Pixie writes it for a pod of several services, names one service: the first
 * in sorted order.
 */
export function parseService(text: string, namespace: string): ServiceName {
  const one = firstOfArray(text);
  if (one === '' || isAddress(one)) return EXTERNAL;
  const slash = one.indexOf('/');
  if (slash > 0 && slash < one.length - 1) return { namespace: one.slice(0, slash), name: one.slice(slash + 1) };
  const dns = CLUSTER_DNS.exec(one);
  if (dns) return { namespace: dns[2] as string, name: dns[1] as string };
  return { namespace, name: one };
}

/** Of `["b","a"]` the `a`; any other text is given back. */
export function firstOfArray(text: string): string {
  if (!text.startsWith('[')) return text;
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return text;
    return firstSorted(list.filter((item): item is string => typeof item === 'string'));
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

/** `ns/name`, or the bare name where there is no namespace. */
export function formatService(service: ServiceName): string {
  return service.namespace === '' ? service.name : `${service.namespace}/${service.name}`;
}

export function isExternal(service: ServiceName): boolean {
  return service.name === EXTERNAL.name && service.namespace === '';
}
