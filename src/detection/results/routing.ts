// Where a cluster's results go: the pipelines that brought its data.
import type { Route } from '../pending-request.js';
import type { ClusterState } from '../topology/graph.js';

const NOWHERE: ReadonlySet<Route> = new Set();

export class Routing {
  #routes = new WeakMap<ClusterState, Set<Route>>();

  /** The pipeline has brought data of the cluster. */
  add(cluster: ClusterState, route: Route): void {
    const routes = this.#routes.get(cluster);
    if (routes) routes.add(route);
    else this.#routes.set(cluster, new Set([route]));
  }

  of(cluster: ClusterState): ReadonlySet<Route> {
    return this.#routes.get(cluster) ?? NOWHERE;
  }

  /** The pipelines are others now: what comes next tells of its own. */
  clear(): void {
    this.#routes = new WeakMap();
  }

  /** Names of the pipelines, to be written down. */
  pipelinesOf(cluster: ClusterState): string[] {
    return [...this.of(cluster)].map(({ pipeline }) => pipeline);
  }
}
