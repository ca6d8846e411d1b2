// What is left out by default: Pixie's own namespace, our own traffic, health checks.
import type { AttributeSets } from './attributes.js';
import { compileGlob, matchesAny } from './glob.js';
import { formatService, type ServiceName } from './names.js';
import { valueUnder } from './spellings.js';

export interface MuteSettings {
  readonly namespaces: readonly string[];
  /** `name` in any namespace, or `ns/name`; globs. */
  readonly services: readonly string[];
  readonly paths: readonly string[];
}

/** Why data about this edge is left out; undefined: it is not. */
export type Mutes = (
  source: ServiceName | undefined,
  destination: ServiceName,
  sets: AttributeSets,
) => string | undefined;

/** Attributes that hold a request's path. */
const PATHS = ['url.path', 'http.route', 'http.target', 'http.path', 'http.req_path', 'req_path'];

export function compileMutes(settings: MuteSettings): Mutes {
  const namespaces = new Set(settings.namespaces);
  const services = settings.services.map(compileGlob);
  const paths = settings.paths.map(compileGlob);
  const mutedService = (service: ServiceName) =>
    matchesAny(services, service.name) || matchesAny(services, formatService(service));
  return (source, destination, sets) => {
    for (const service of source ? [source, destination] : [destination]) {
      if (namespaces.has(service.namespace)) return `namespace ${service.namespace} is left out`;
      if (mutedService(service)) return `${formatService(service)} is left out`;
    }
    const path = PATHS.map((name) => valueUnder(sets.point, name)).find((value) => value !== undefined);
    return path !== undefined && matchesAny(paths, String(path)) ? 'health checks are left out' : undefined;
  };
}
