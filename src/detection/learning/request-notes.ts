// What a request says besides its data: whose it is, where its clusters' results go, whether it had been cut off.
import { reaches } from '../alerting/senders.js';
import type { PendingRequest } from '../pending-request.js';
import type { Routing } from '../results/routing.js';
import type { Sender } from '../sender-settings.js';
import type { ClusterState } from '../topology/graph.js';

export interface NoteHost {
  /** The sender has other settings than before. */
  settle(cluster: ClusterState, sender: Sender): void;
  /** The sender has settings, and its token does not reach this cluster. */
  outside(cluster: ClusterState, sender: Sender): void;
}

export class RequestNotes {
  readonly #routing: Routing;
  /** Clusters of the request that was learnt from last; the request itself may go. */
  #last: Set<ClusterState> = new Set();

  constructor(routing: Routing) {
    this.#routing = routing;
  }

  /** A part of a request held data of these clusters. */
  note(pending: PendingRequest, clusters: ReadonlySet<ClusterState>, host: NoteHost): void {
    const { sender, route } = pending;
    for (const cluster of clusters) {
      const isFirst = this.#count(pending, cluster);
      this.#routing.add(cluster, route);
      if (sender.key === '') continue;
      if (!reaches(sender, cluster.id)) {
        if (isFirst) host.outside(cluster, sender);
      } else if (cluster.settingsKey !== sender.key) host.settle(cluster, sender);
    }
  }

  /** A request is folded in parts: once a cluster. True: this was the first. */
  #count(pending: PendingRequest, cluster: ClusterState): boolean {
    if (pending.notes !== this.#last) {
      this.#last = new Set();
      pending.notes = this.#last;
    }
    if (this.#last.has(cluster)) return false;
    this.#last.add(cluster);
    cluster.requests++;
    return true;
  }

  /** The request that was learnt from last had been cut off. */
  truncated(): void {
    for (const cluster of this.#last) cluster.truncated++;
  }
}
