// What a request says besides its data: whose it is, where its clusters' results go, whether it had been cut off.
import { reaches, type Sender } from '../alerting/senders.js';
import type { ClusterState } from '../topology/graph.js';
import type { Lesson } from './learn.js';

export interface NoteHost {
  /** The sender has other settings than before. */
  settle(cluster: ClusterState, sender: Sender): void;
  /** The sender has settings, and its token does not reach this cluster. */
  outside(cluster: ClusterState, sender: Sender): void;
}

export class RequestNotes {
  /** Clusters of the request that was learnt from last. */
  #last: { readonly lesson: WeakRef<Lesson>; readonly clusters: Set<ClusterState> } | undefined;

  /** A part of a request held data of these clusters. */
  note(lesson: Lesson, clusters: ReadonlySet<ClusterState>, host: NoteHost): void {
    const { sender, delivery } = lesson;
    for (const cluster of clusters) {
      const isFirst = this.#count(lesson, cluster);
      cluster.deliveries.add(delivery);
      if (sender.key === '') continue;
      if (!reaches(sender, cluster.id)) {
        if (isFirst) host.outside(cluster, sender);
      } else if (cluster.settingsKey !== sender.key) host.settle(cluster, sender);
    }
  }

  /** A request is folded in parts: once a cluster. True: this was the first. */
  #count(lesson: Lesson, cluster: ClusterState): boolean {
    if (this.#last?.lesson.deref() !== lesson) this.#last = { lesson: new WeakRef(lesson), clusters: new Set() };
    if (this.#last.clusters.has(cluster)) return false;
    this.#last.clusters.add(cluster);
    cluster.requests++;
    return true;
  }

  /** The request that was learnt from last had been cut off. */
  truncated(): void {
    for (const cluster of this.#last?.clusters ?? []) cluster.truncated++;
  }
}
