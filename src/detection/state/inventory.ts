// What the detectors know, in numbers and names for an operator.
import type { Detector } from '../detector.js';
import { compileGlob } from '../rules/glob.js';
import { formatService } from '../rules/names.js';
import type { Capacities } from '../settings.js';
import type { ClusterState, EdgeState, GroupState } from '../topology/graph.js';
import { clustersCalled } from './forget.js';
import type { ClusterListing, EdgeListing, GroupListing, SenderListing, StateListing, StateQuery } from './listing.js';

/** What a listing holds the use against. */
type Bounds = Pick<Capacities, 'maxGroups' | 'maxEdges' | 'maxSeries'>;

/** Throws a `PermanentError` where the query names a cluster that is not there. */
export function listState(detector: Detector, bounds: Bounds, query: StateQuery): StateListing {
  const clusters = clustersCalled(detector, query.cluster);
  const matches = query.filter === undefined ? () => true : filterOf(query.filter);
  const edges = clusters.flatMap((cluster) => [...cluster.edges].filter(matches));
  const { age } = detector.kernel.results;
  const oldest = edges.sort((a, b) => age[b.slot]! - age[a.slot]! || a.slot - b.slot).slice(0, query.top);
  return {
    eventClock: isoTime(detector.kernel.eventClockS() * 1000),
    bounds: {
      max_groups: { used: detector.edges.liveGroups().length, most: bounds.maxGroups },
      max_edges: { used: detector.edges.count, most: bounds.maxEdges },
      max_series: { used: detector.kernel.seriesUsed(), most: bounds.maxSeries },
    },
    clusters: clusters.map((cluster) => listCluster(detector, cluster)),
    senders: listSenders(detector).filter(
      ({ id }) => query.cluster === undefined || clusters.some((one) => one.id === id),
    ),
    edges: oldest.map((edge) => listEdge(detector, edge)),
    edgesFound: edges.length,
  };
}

/** As `forget` takes it: with an arrow that every keyboard has. */
export function edgeName({ source, destination }: Pick<EdgeState, 'source' | 'destination'>): string {
  return `${source ? formatService(source) : ''} -> ${formatService(destination)}`.trim();
}

function filterOf(pattern: string): (edge: EdgeState) => boolean {
  const glob = compileGlob(pattern.replace('→', '->').trim());
  return (edge) => glob(edgeName(edge)) !== undefined;
}

function isoTime(ms: number): string | undefined {
  return ms === 0 ? undefined : new Date(ms).toISOString();
}

function listCluster(detector: Detector, cluster: ClusterState): ClusterListing {
  return {
    id: cluster.id,
    name: cluster.name,
    edges: cluster.edges.size,
    groups: [...cluster.groups.values()].map((group) => listGroup(detector, group)),
    anomalies: [...cluster.edges].filter(({ episode }) => episode !== undefined).length,
    incidents: detector.incidents.openIn(cluster),
    forgottenEdges: cluster.known.size,
  };
}

function listGroup({ kernel }: Detector, group: GroupState): GroupListing {
  const { touchedS, watchedS } = kernel.group(group.slot);
  return {
    window: `${group.windowMs / 1000}s`,
    watermark: isoTime(Number(group.timeUnixNano / 1_000_000n)),
    silentS: kernel.eventClockS() - touchedS,
    watchedS,
    windows: group.ticks,
    edges: [...group.cluster.edges].filter((edge) => edge.group === group).length,
    feeds: [...group.feeds.values()].map(({ name }) => name),
  };
}

function listSenders({ binder, edges }: Detector): SenderListing[] {
  return [...binder.resolved.tallies].map(([id, { name, counts }]) => ({
    id,
    name,
    series: { ...counts },
    hasSettings: (edges.clusters.get(id)?.settingsKey ?? '') !== '',
  }));
}

function listEdge({ kernel, incidents }: Detector, edge: EdgeState): EdgeListing {
  return {
    cluster: edge.cluster.name,
    edge: edgeName(edge),
    window: `${edge.group.windowMs / 1000}s`,
    windows: kernel.results.age[edge.slot]!,
    silentWindows: kernel.silentWindows(edge.slot),
    isAnomalous: edge.episode !== undefined,
    incident: incidents.of(edge)?.id,
  };
}
