// Which services a data point names: the attributes of each end in order, what stands for nobody, namespaces.
import type { AttributeSets, Attributes, AttributeValue } from './attributes.js';
import { bounded, lookUp } from './attributes.js';
import { EXTERNAL, firstSorted, isExternal, parseService, type ServiceName } from './names.js';
import { namespaceOf } from './placeholders.js';
import type { Row } from './rows.js';
import type { CompiledRule } from './rules.js';

type Captures = readonly string[];
type EndReader = CompiledRule['source'];

/** The ends of the edge that a row tells of. */
export interface ResolvedEnds {
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName | undefined;
  readonly byAddress: boolean;
}

interface ResolvedEnd {
  readonly service: ServiceName | undefined;
  /** Some attribute for this end is there, be it empty. */
  readonly mentioned: boolean;
}

/** The ends, or what is missing to name them. */
export function findEnds(row: Row, compiled: CompiledRule, captures: readonly string[]): ResolvedEnds | string {
  const source = findEnd(row, compiled, 'source', captures);
  const destination = besideSource(findEnd(row, compiled, 'destination', captures), source, compiled);
  if (compiled.rule.destinationRequired && !destination.service) return 'it names no destination';
  const self = compiled.self ? findEnd(row, compiled, 'self', captures) : undefined;
  const to = destination.service ?? self?.service ?? external(destination.mentioned || (self?.mentioned ?? false));
  const from = source.service ?? otherEnd(destination, self) ?? external(source.mentioned);
  if (!to) return from ? { source: undefined, destination: from, byAddress: false } : 'it names no service';
  return { source: from, destination: to, byAddress: destination.mentioned && isExternal(to) };
}

/** A host without dots that no namespace is known of is looked up in that of its caller. */
function besideSource(end: ResolvedEnd, { service: source }: ResolvedEnd, { destination }: CompiledRule): ResolvedEnd {
  const { service } = end;
  if (!destination.besideSource || !service || !source || isExternal(service)) return end;
  if (service.namespace !== '' || service.name.includes('.')) return end;
  return { ...end, service: { ...service, namespace: source.namespace } };
}

/** The reporter is the source only where the data names another destination. */
function otherEnd(destination: ResolvedEnd, self: ResolvedEnd | undefined): ServiceName | undefined {
  if (!destination.service || !self?.service || sameService(destination.service, self.service)) return undefined;
  return isExternal(self.service) ? undefined : self.service;
}

function external(mentioned: boolean): ServiceName | undefined {
  return mentioned ? EXTERNAL : undefined;
}

function sameService(a: ServiceName, b: ServiceName): boolean {
  return a.name === b.name && a.namespace === b.namespace;
}

/**
 * The first attribute of the list that names a service, in the row and in its copies: Pixie sends a row of a pod with
 * several services once for each of them, and the first name in sorted order stands for all. Where every name is
 * nobody's, the end is external.
 */
function findEnd(
  row: Row,
  compiled: CompiledRule,
  which: 'source' | 'destination' | 'self',
  captures: Captures,
): ResolvedEnd {
  const end = compiled[which] as EndReader;
  let mentioned = false;
  let service: ServiceName | undefined;
  for (const reference of end.service) {
    const value = lookUp(row, reference, captures);
    if (value === undefined) continue;
    mentioned = true;
    if (value === '') continue;
    const name = bounded(firstSorted([value, ...copiesOf(row, reference, captures)].map(String)));
    service = serviceOf(name, row, end, compiled, captures);
    if (!isExternal(service)) break;
  }
  return { service, mentioned };
}

function serviceOf(
  text: string,
  row: Row,
  end: EndReader,
  { isPlaceholder }: CompiledRule,
  captures: Captures,
): ServiceName {
  if (end.external.includes(text) && !end.externalUnless?.(row, captures)) return EXTERNAL;
  const service = parseService(text, findNamespace(row, end.namespace, captures), isPlaceholder);
  if (service.namespace !== '' || isExternal(service)) return service;
  return { ...service, namespace: namespaceOfJob(service.name, row, end, captures) };
}

/** The namespace that a job's name (`ns/name`) gives a service that is named alone. */
function namespaceOfJob(name: string, row: Row, end: EndReader, captures: Captures): string {
  for (const reference of end.jobs) {
    const job = String(lookUp(row, reference, captures) ?? '');
    if (job.endsWith(`/${name}`) && job.indexOf('/') === job.length - name.length - 1)
      return job.slice(0, -name.length - 1);
  }
  return '';
}

function copiesOf(row: Row, reference: EndReader['service'][number], captures: Captures): AttributeValue[] {
  const values = row.copies.map((resource: Attributes) => lookUp({ ...sets(row), resource }, reference, captures));
  return values.filter((value): value is AttributeValue => value !== undefined && value !== '');
}

function sets({ point, resource, scope }: Row): AttributeSets {
  return { point, resource, scope };
}

function findNamespace(row: Row, names: EndReader['namespace'], captures: Captures): string {
  for (const reference of names) {
    const value = lookUp(row, reference, captures);
    const namespace = value === undefined ? '' : namespaceOf(String(value));
    if (namespace !== '') return namespace;
  }
  return '';
}
