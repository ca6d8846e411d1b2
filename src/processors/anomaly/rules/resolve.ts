// From a data point to the edge and feature that it tells of: rules applied, ends found, names made.
import type { AttributeSets, Attributes, AttributeValue } from './attributes.js';
import { bounded, lookUp } from './attributes.js';
import type { Mutes } from './mutes.js';
import { EXTERNAL, firstSorted, isExternal, parseService, type ServiceName } from './names.js';
import type { Row } from './rows.js';
import type { Candidate, CompiledRule, RuleBook } from './rules.js';
import { dimensionOf, isDistribution, seriesRoles, seriesType } from './rules.js';
import { unitFactor } from './units.js';

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
  /** Unit as received. */
  readonly unit: string;
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
    unit: row.metric.unit,
    rank: compiled.rank + (server ? 1 : 0),
    unresolvedPeer: ends.byAddress,
  };
}

function isSwapped(row: Row, { swap }: CompiledRule, captures: readonly string[]): boolean {
  return swap?.(row, captures) ?? false;
}

/** A quantity in the rule's own scale, in the unit's, or none at all. */
function scaleOf({ metric }: Row, { rule }: CompiledRule): { factor: number; perSecond: boolean } | undefined {
  const ofUnit = unitFactor(metric.unit, dimensionOf(rule));
  // A count of a distribution has no unit, whatever is distributed.
  if (isDistribution(metric.data) && dimensionOf(rule) === 'count') return { factor: 1, perSecond: false };
  if (rule.scale === undefined) return ofUnit;
  return { factor: rule.scale, perSecond: ofUnit?.perSecond ?? false };
}

interface Ends {
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName | undefined;
  readonly byAddress: boolean;
}

interface End {
  readonly service: ServiceName | undefined;
  /** Some attribute for this end is there, be it empty. */
  readonly mentioned: boolean;
}

function findEnds(row: Row, compiled: CompiledRule, captures: readonly string[]): Ends | string {
  const source = findEnd(row, compiled.source, captures);
  const destination = findEnd(row, compiled.destination, captures);
  if (compiled.rule.destinationRequired && !destination.service) return 'it names no destination';
  const self = compiled.self ? findEnd(row, compiled.self, captures) : undefined;
  const to = destination.service ?? self?.service ?? external(destination.mentioned || (self?.mentioned ?? false));
  const from = source.service ?? otherEnd(destination, self) ?? external(source.mentioned);
  if (!to) return from ? { source: undefined, destination: from, byAddress: false } : 'it names no service';
  return { source: from, destination: to, byAddress: destination.mentioned && isExternal(to) };
}

/** The reporter is the source only where the data names another destination. */
function otherEnd(destination: End, self: End | undefined): ServiceName | undefined {
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
 * The first attribute of the list that is not empty, in the row and in its copies: Pixie sends a row of a pod with several services
 * once for each of them, and the first name in sorted order stands for all.
 */
function findEnd(row: Row, lists: CompiledRule['source'], captures: readonly string[]): End {
  let mentioned = false;
  for (const reference of lists.service) {
    const value = lookUp(row, reference, captures);
    if (value === undefined) continue;
    mentioned = true;
    if (value === '') continue;
    const names = [value, ...copiesOf(row, reference, captures)].map(String);
    const first = firstSorted(names);
    const name = lists.external.includes(first) ? '' : first;
    return { service: parseService(bounded(name), findNamespace(row, lists.namespace, captures)), mentioned };
  }
  return { service: undefined, mentioned };
}

function copiesOf(
  row: Row,
  reference: CompiledRule['source']['service'][number],
  captures: readonly string[],
): AttributeValue[] {
  const values = row.copies.map((resource: Attributes) => lookUp({ ...sets(row), resource }, reference, captures));
  return values.filter((value): value is AttributeValue => value !== undefined && value !== '');
}

function sets({ point, resource, scope }: Row): AttributeSets {
  return { point, resource, scope };
}

function findNamespace(row: Row, names: CompiledRule['source']['namespace'], captures: readonly string[]): string {
  for (const reference of names) {
    const value = lookUp(row, reference, captures);
    if (value !== undefined && value !== '') return String(value);
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
  return String(row.resource.get(name) ?? row.point.get(name) ?? '');
}
