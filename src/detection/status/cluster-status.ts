// What arrives from each cluster, for `doctor`: requests, series, edges with their ends, feeds by feature, what is
// still learning.
import { FEATURES, WARM } from '../../kernel/api.js';
import type { ResolveCounts } from '../binding/resolved.js';
import type { Detector } from '../detector.js';
import { isExternal } from '../rules/names.js';
import { type ClockOffset, clockOffsets } from '../topology/clock-offsets.js';
import { type ClusterState, type EdgeState, edgeText, type FeatureState } from '../topology/graph.js';
import type { AnomalyStatus } from './status.js';

export interface ClusterStatus {
  readonly id: string;
  readonly name: string;
  /** Requests that held data points of its edges. */
  readonly requests: number;
  readonly truncated: number;
  /** Event time of the last closed window, Unix ms; 0: none yet. */
  readonly lastWindowMs: number;
  readonly silent: boolean;
  readonly outage: boolean;
  /** Series by what the rules made of them, and an example of those that no rule takes. */
  readonly series: ResolveCounts;
  readonly unmappedExample: string | undefined;
  readonly edges: number;
  /** Edges of which one end is unknown or a bare address, and one of them. */
  readonly edgesUnresolved: number;
  readonly unresolvedExample: string | undefined;
  readonly edgesLearning: number;
  readonly edgesAnomalous: number;
  readonly incidentsOpen: number;
  /** Time until the first and until the last of its edges may alert, ms; undefined without edges. */
  readonly firstReadyInMs: number | undefined;
  readonly allReadyInMs: number | undefined;
  /** Edges by feature and by the rule that serves it, and by the feed that is shadowed. */
  readonly features: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly shadowed: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Senders whose clocks are off. */
  readonly clocks: readonly ClockOffset[];
  /** What its sender has set, under the names of the headers. */
  readonly settings: Readonly<Record<string, string | number>>;
}

/** What a processor knows of itself and of every cluster. */
export interface AnomalyReport extends AnomalyStatus {
  readonly senders: readonly ClusterStatus[];
}

const NO_SERIES: ResolveCounts = { mapped: 0, unmapped: 0, ignored: 0, muted: 0, refused: 0 };

export function clusterStatuses(detector: Detector): ClusterStatus[] {
  const known = [...detector.edges.clusters.values()].map((cluster) => statusOf(detector, cluster));
  // Senders of which nothing could be mapped have no cluster in the dictionary: they are the ones that need help.
  const unknown = [...detector.binder.resolved.tallies].filter(
    ([id, { counts }]) => !detector.edges.clusters.has(id) && counts.unmapped + counts.muted > 0,
  );
  return [
    ...known,
    ...unknown.map(([id, { counts, example, name }]) => ({
      ...NOTHING,
      id,
      name,
      series: { ...counts },
      unmappedExample: example,
    })),
  ];
}

const NOTHING: ClusterStatus = {
  id: '',
  name: '',
  requests: 0,
  truncated: 0,
  lastWindowMs: 0,
  silent: false,
  outage: false,
  series: NO_SERIES,
  unmappedExample: undefined,
  edges: 0,
  edgesUnresolved: 0,
  unresolvedExample: undefined,
  edgesLearning: 0,
  edgesAnomalous: 0,
  incidentsOpen: 0,
  firstReadyInMs: undefined,
  allReadyInMs: undefined,
  features: {},
  shadowed: {},
  clocks: [],
  settings: {},
};

function statusOf(detector: Detector, cluster: ClusterState): ClusterStatus {
  const { binder, incidents, kernel } = detector;
  const { age } = kernel.results;
  const edges = [...cluster.edges];
  const groups = [...cluster.groups.values()];
  const unresolved = edges.filter(isUnresolved);
  const waits = edges.map(({ slot, group }) => Math.max(0, WARM - age[slot]!) * group.windowMs);
  const tally = binder.resolved.tallies.get(cluster.id);
  return {
    id: cluster.id,
    name: cluster.name,
    requests: cluster.requests,
    truncated: cluster.truncated,
    lastWindowMs: cluster.lastMs,
    silent: groups.length > 0 && groups.every(({ silent }) => silent),
    outage: groups.some(({ outage }) => outage),
    series: { ...(tally?.counts ?? NO_SERIES) },
    unmappedExample: tally?.example,
    edges: edges.length,
    edgesUnresolved: unresolved.length,
    unresolvedExample: unresolved[0] && edgeText(unresolved[0]),
    edgesLearning: waits.filter((wait) => wait > 0).length,
    edgesAnomalous: edges.filter(({ episode }) => episode).length,
    incidentsOpen: incidents.openIn(cluster),
    firstReadyInMs: waits.length === 0 ? undefined : waits.reduce((a, b) => Math.min(a, b)),
    allReadyInMs: waits.length === 0 ? undefined : waits.reduce((a, b) => Math.max(a, b)),
    features: tallyBy(edges, ({ features }) =>
      FEATURES.map((name) => [name, features[name]] as const)
        .filter((entry): entry is [(typeof FEATURES)[number], FeatureState] => entry[1] !== undefined)
        .map(([name, { rule }]) => [name, rule]),
    ),
    shadowed: tallyBy(edges, ({ shadowed }) =>
      [...(shadowed ?? [])].flatMap(([name, feeds]) => [...feeds].map((feed): [string, string] => [name, feed.name])),
    ),
    clocks: groups.flatMap((group) => clockOffsets(kernel, group)),
    settings: settingsOf(cluster),
  };
}

function isUnresolved({ source, destination }: EdgeState): boolean {
  return !source || isExternal(source) || isExternal(destination);
}

/** Edges by the first text, then by the second. */
function tallyBy(
  edges: readonly EdgeState[],
  entriesOf: (edge: EdgeState) => readonly (readonly [string, string])[],
): Record<string, Record<string, number>> {
  const result: Record<string, Record<string, number>> = {};
  for (const [outer, inner] of edges.flatMap(entriesOf)) {
    result[outer] ??= {};
    result[outer][inner] = (result[outer][inner] ?? 0) + 1;
  }
  return result;
}

function settingsOf({ settings }: ClusterState): Record<string, string | number> {
  const { threshold, exportIntervalMs, incidentsPerDay, detectors } = settings;
  return {
    ...(threshold === undefined ? {} : { 'x-pxanomaly-threshold': threshold }),
    ...(exportIntervalMs === undefined ? {} : { 'x-pxanomaly-export-interval': `${exportIntervalMs / 1000}s` }),
    ...(incidentsPerDay === undefined ? {} : { 'x-pxanomaly-incidents-per-day': incidentsPerDay }),
    ...(detectors === undefined ? {} : { 'x-pxanomaly-detectors': [...detectors].join(',') }),
  };
}
