// From a data point to the edge and feature that it tells of: rules applied, ends found, names made.

import { BASE_UNITS, unitOf, unitOfFactor } from '../../otlp/units.js';
import { OWN_PREFIX } from '../vocabulary/metrics.js';
import { findEnds } from './ends.js';
import type { Mutes } from './mutes.js';
import { isExternal, type ServiceName } from './names.js';
import type { Row } from './rows.js';
import type { Candidate, CompiledRule, RuleBook } from './rules.js';
import { dimensionOf } from './rules.js';
import { isDistribution, seriesRoles, seriesType } from './series-roles.js';
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
  if (row.metric.name.startsWith(OWN_PREFIX)) return unused('ignored', row, 'results of an anomaly processor');
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
