// Service identity: how the names that senders write become (namespace, name).
import { ownText } from '../../otlp/own-text.js';
import { firstOfArray, parseHost } from './hosts.js';
import { compilePlaceholders, namespaceOf, type Placeholder } from './placeholders.js';

export { firstOfArray, firstSorted, isAddress } from './hosts.js';

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Whatever has no service name: unresolved names, bare addresses, placeholders. */
export const EXTERNAL: ServiceName = { namespace: '', name: 'external' };

const BUILT_IN = compilePlaceholders([]);
/** `ns/name`: no scheme, no address, no host of a cluster, no port before the slash. */
const IN_NAMESPACE = /^(?!\d+\.\d+\.\d+\.\d+\/\d|[\w.-]+\.svc[./])([^/:|]+)\/([^/].*)$/is;

/**
 * The service that a text names; EXTERNAL where it is empty, an address or a placeholder. Scheme, port, path and
 * cluster domain fall away; members of a StatefulSet are its service. `ns/name` and `name.ns.svc…` carry their
 * namespace; otherwise `namespace` is it. A JSON array of strings, as Pixie writes it for a pod of several services,
 * names one service: the first in sorted order.
 */
export function parseService(text: string, namespace: string, isPlaceholder: Placeholder = BUILT_IN): ServiceName {
  const known = parsed.get(isPlaceholder) ?? new Map<string, ServiceName>();
  const key = `${namespace}\0${text}`;
  const service = known.get(key) ?? parseAnew(text, namespace, isPlaceholder);
  if (known.size === MAX_PARSED) known.clear();
  known.set(key, service);
  parsed.set(isPlaceholder, known);
  return service;
}

/** Services by the texts that name them: thousands of series name the same few. */
const parsed = new WeakMap<Placeholder, Map<string, ServiceName>>();
const MAX_PARSED = 10_000;

function parseAnew(text: string, namespace: string, isPlaceholder: Placeholder): ServiceName {
  const one = firstOfArray(text.trim()).trim();
  const split = IN_NAMESPACE.exec(one);
  const beside = namespaceOf(split ? (split[1] as string) : namespace);
  const host = parseHost(split ? (split[2] as string) : one, beside);
  const service = { namespace: ownText(host.namespace ?? beside), name: ownText(host.name) };
  return host.name === '' || isPlaceholder(one, host.name, formatService(service)) ? EXTERNAL : service;
}

/** `ns/name`, or the bare name where there is no namespace. */
export function formatService(service: ServiceName): string {
  return service.namespace === '' ? service.name : `${service.namespace}/${service.name}`;
}

export function isExternal(service: ServiceName): boolean {
  return service.name === EXTERNAL.name && service.namespace === '';
}
