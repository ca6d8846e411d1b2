// Which cluster or edge an operator means, and forgetting it.
import { nearest } from '../../config/nearest.js';
import { PermanentError } from '../../pipeline/index.js';
import type { Detector } from '../detector.js';
import { parseEdge } from '../results/test-events.js';
import { type ClusterState, type EdgeState, edgeText } from '../topology/graph.js';
import type { StateForgotten, StateTarget } from './listing.js';

export interface ForgetTarget {
  readonly cluster: ClusterState;
  /** Undefined: the whole cluster. */
  readonly edge: EdgeState | undefined;
  readonly forgotten: StateForgotten;
}

/** Clusters of that id or name; all where none is given. Throws a `PermanentError` where there is none. */
export function clustersCalled({ edges }: Detector, name: string | undefined): ClusterState[] {
  const all = [...edges.clusters.values()];
  if (name === undefined) return all;
  const byId = all.filter(({ id }) => id === name);
  const found = byId.length > 0 ? byId : all.filter((cluster) => cluster.name === name);
  if (found.length > 0) return found;
  const near = nearest(
    name,
    all.flatMap((one) => [one.id, one.name]),
  );
  const hint = near ? `; did you mean "${near}"?` : `; there are ${all.length}: pxanomaly state list`;
  throw new PermanentError(`no cluster "${name.slice(0, 128)}"${hint}`);
}

/** Throws a `PermanentError` that says what there is, or what else must be said. */
export function targetOf(detector: Detector, { cluster, edge }: StateTarget): ForgetTarget {
  const clusters = clustersCalled(detector, cluster);
  if (edge === undefined) {
    const [one, ...others] = clusters;
    if (cluster === undefined || !one) throw new PermanentError('say which cluster, or which edge');
    if (others.length > 0)
      throw new PermanentError(`${clusters.length} clusters are called that; give the id: ${ids(clusters)}`);
    return { cluster: one, edge: undefined, forgotten: described(detector, one, [...one.edges], undefined) };
  }
  const ends = parseEdge(edge);
  const found = clusters.map((one) => detector.edges.find(one, ends)).filter((one) => one !== undefined);
  const [one, ...others] = found;
  if (!one) throw new PermanentError(`no edge "${edge.slice(0, 256)}": pxanomaly state list --filter '…' shows them`);
  if (others.length > 0)
    throw new PermanentError(`several clusters have this edge; give --cluster: ${ids(found.map((x) => x.cluster))}`);
  return { cluster: one.cluster, edge: one, forgotten: described(detector, one.cluster, [one], edgeText(one)) };
}

function ids(clusters: readonly ClusterState[]): string {
  return clusters.map(({ id }) => id).join(', ');
}

function described(
  { incidents }: Detector,
  cluster: ClusterState,
  edges: readonly EdgeState[],
  edge: string | undefined,
): StateForgotten {
  const leaving = new Set(edges);
  return {
    cluster: cluster.name,
    ...(edge === undefined ? {} : { edge }),
    edges: edges.length,
    groups: edge === undefined ? cluster.groups.size : 0,
    anomalies: edges.filter(({ episode }) => episode !== undefined).length,
    incidents: incidents.open.filter((one) => [...one.edges].every((member) => leaving.has(member))).length,
  };
}

/** Between two requests. `reason`: what the ends of its anomalies and incidents say. */
export function forget(detector: Detector, { cluster, edge }: ForgetTarget, reason: string): void {
  if (edge) detector.forgetEdge(edge, reason);
  else detector.forgetCluster(cluster, reason);
}
