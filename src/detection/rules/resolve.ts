// From a data point to the edge and feature that it tells of: rules applied, ends found, names made.

import { BASE_UNITS, unitOf, unitOfFactor } from '../../otlp/units.js';
import type { AttributeSets, Attributes, AttributeValue } from './attributes.js';
import { bounded, lookUp } from './attributes.js';
import type { Mutes } from './mutes.js';
import { EXTERNAL, firstSorted, isExternal, parseService, type ServiceName } from './names.js';
import { namespaceOf } from './placeholders.js';
import type { Row } from './rows.js';
import type { Candidate, CompiledRule, RuleBook } from './rules.js';
import { dimensionOf, isDistribution, seriesRoles, seriesType } from './rules.js';
import { valueUnder } from './spellings.js';

/** Why a series tells of no edge. */
export type UnusedReason = 'unmapped' | 'ignored' | 'muted';

export interface Unused {
  readonly used: false;
  readonly reason: UnusedReason;
  /** For the status line: the metric and what it lacks. */
  readonly example: string;
}

export interface Cluster {
  readonly id: string;
  /** Name for people, where it differs from the id. */
  readonly name: string;
}

export interface Mapped {
  readonly used: true;
  readonly rule: CompiledRule;
  /** Feed of the cluster: rule's feed with its captures. */
  readonly feed: string;
  readonly cluster: Cluster;
  /** Undefined: no source is known of; the edge is the service as a whole. */
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName;
  readonly roles: number;
  readonly type: number;
  /** Factor from the value received to seconds, bytes or a count (a second, if it is a rate). */
  readonly scale: number;
  /** Unit of the values received: the metric's, else its name's, else the rule's. */
  readonly unit: string;
  /** Where nobody has said in which unit the values are: the one that they are taken to be in. */
  readonly assumedUnit: string | undefined;
  readonly rank: number;
  /** The peer is known by its address alone: edges need a script that resolves it. */
  readonly unresolvedPeer: boolean;
}

export type Resolution = Mapped | Unused;

export interface ResolveOptions {
  readonly rules: RuleBook;
  readonly mutes: Mutes;
}

/** `defaultCluster`: of a sender whose data does not name one. */
export function resolveRow(row: Row, defaultCluster: string, options: ResolveOptions): Resolution {
  // Of a gateway before this one.
  if (row.metric.name.startsWith('px.anomaly.')) return unused('ignored', row, 'results of an anomaly processor');
  const candidates = options.rules.candidates(row.metric);
  let lacking = 'no rule for this metric';
  for (const candidate of candidates) {
    const { compiled, captures } = candidate;
    if (!compiled.where(row, captures)) continue;
    if (compiled.rule.features.length === 0) return unused('ignored', row, 'known, but not about edges');
    const resolved = applyRule(row, candidate, defaultCluster);
    if (typeof resolved !== 'string') return muteCheck(row, resolved, options.mutes);
    lacking = resolved;
  }
  return unused(
    'unmapped',
    row,
    candidates.length > 0 && lacking.startsWith('no rule') ? 'no rule fits its attributes' : lacking,
  );
}

function unused(reason: UnusedReason, { metric }: Row, why: string): Unused {
  return { used: false, reason, example: `${metric.name}${metric.unit === '' ? '' : ` [${metric.unit}]`}: ${why}` };
}

function muteCheck(row: Row, mapped: Mapped, mutes: Mutes): Resolution {
  const why = mutes(mapped.source, mapped.destination, row);
  return why ? unused('muted', row, why) : mapped;
}

/** The mapping, or what is missing for it. */
function applyRule(row: Row, { compiled, captures }: Candidate, defaultCluster: string): Mapped | string {
  const { rule } = compiled;
  const unit = scaleOf(row, compiled);
  if (!unit) return `unit "${row.metric.unit}" does not fit ${rule.features.join(' and ')}`;
  const ends = findEnds(row, compiled, captures);
  if (typeof ends === 'string') return ends;
  const swapped = isSwapped(row, compiled, captures);
  const [source, destination] = swapped ? [ends.destination, ends.source] : [ends.source, ends.destination];
  if (!destination) return 'it names no destination';
  if (isExternal(destination) && (!source || isExternal(source))) return 'neither end is a service';
  const server = swapped ? rule.end !== 'server' : rule.end === 'server';
  return {
    used: true,
    rule: compiled,
    feed: captures.length > 0 ? rule.feed.replace('{1}', captures[0] ?? '') : rule.feed,
    cluster: findCluster(row, defaultCluster),
    source,
    destination,
    roles: seriesRoles(compiled, row.metric, row, captures),
    type: seriesType(rule, row.metric, row.hasStart, unit.perSecond),
    scale: unit.factor,
    unit: unit.unit,
    assumedUnit: unit.assumed,
    rank: compiled.rank + (server ? 1 : 0),
    unresolvedPeer: ends.byAddress,
  };
}

function isSwapped(row: Row, { swap }: CompiledRule, captures: readonly string[]): boolean {
  return swap?.(row, captures) ?? false;
}

interface Scale {
  readonly factor: number;
  readonly perSecond: boolean;
  readonly unit: string;
  readonly assumed: string | undefined;
}

/** A quantity in the rule's own scale, in the unit's, or none at all. */
function scaleOf({ metric }: Row, { rule }: CompiledRule): Scale | undefined {
  const dimension = dimensionOf(rule);
  // A count of a distribution has no unit, whatever is distributed.
  if (isDistribution(metric.data) && dimension === 'count')
    return { factor: 1, perSecond: false, unit: metric.unit, assumed: undefined };
  const known = unitOf(metric, dimension, { known: rule.knownUnit, likely: rule.likelyUnit });
  if (rule.scale !== undefined) {
    const unit = unitOfFactor(rule.scale, dimension) ?? metric.unit;
    return { factor: rule.scale, perSecond: known?.perSecond ?? false, unit, assumed: undefined };
  }
  if (!known) return undefined;
  const { factor, perSecond, unit, from } = known;
  const isGuess = from === 'assumed' && dimension !== 'count';
  return { factor, perSecond, unit, assumed: isGuess ? unit || BASE_UNITS[dimension] : undefined };
}

type Captures = readonly string[];
type EndReader = CompiledRule['source'];

interface ResolvedEnds {
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName | undefined;
  readonly byAddress: boolean;
}

interface ResolvedEnd {
  readonly service: ServiceName | undefined;
  /** Some attribute for this end is there, be it empty. */
  readonly mentioned: boolean;
}

function findEnds(row: Row, compiled: CompiledRule, captures: readonly string[]): ResolvedEnds | string {
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
 * The first attribute of the list that names a service, in the row and in its copies: Pixie sends a row of a pod with several services
 * once for each of them, and the first name in sorted order stands for all. Where every name is nobody's, the end is external.
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

const CLUSTER_IDS = [
  'px.cluster.id',
  'k8s.cluster.uid',
  'k8s.cluster.name',
  'server_k8s.cluster.name',
  'client_k8s.cluster.name',
];

/** The cluster that a row names, else the sender's. */
export function findCluster(row: Row, fallback: string): Cluster {
  const name = textOf(row, 'k8s.cluster.name');
  for (const key of CLUSTER_IDS) {
    const id = textOf(row, key);
    if (id !== '') return { id, name: name === '' ? id : name };
  }
  return { id: fallback, name: fallback };
}

function textOf(row: Row, name: string): string {
  return String(valueUnder(row.resource, name) ?? valueUnder(row.point, name) ?? '');
}
