// What a request says besides its data: whose it is, where its clusters' results go, whether it had been cut off.
import type { ClusterState } from '../graph/graph.js';
import type { Lesson } from './learn.js';

export class RequestNotes {
  /** Clusters of the request that was learnt from last. */
  #last: { readonly lesson: WeakRef<Lesson>; readonly clusters: Set<ClusterState> } | undefined;

  /** A part of a request held data of these clusters; `settle`: the sender has other settings than before. */
  note(lesson: Lesson, clusters: ReadonlySet<ClusterState>, settle: (cluster: ClusterState) => void): void {
    const { sender, delivery } = lesson;
    for (const cluster of clusters) {
      this.#count(lesson, cluster);
      cluster.deliveries.add(delivery);
      if (sender.key !== '' && cluster.settingsKey !== sender.key) settle(cluster);
    }
  }

  /** A request is folded in parts: once a cluster. */
  #count(lesson: Lesson, cluster: ClusterState): void {
    if (this.#last?.lesson.deref() !== lesson) this.#last = { lesson: new WeakRef(lesson), clusters: new Set() };
    if (this.#last.clusters.has(cluster)) return;
    this.#last.clusters.add(cluster);
    cluster.requests++;
  }

  /** The request that was learnt from last had been cut off. */
  truncated(): void {
    for (const cluster of this.#last?.clusters ?? []) cluster.truncated++;
  }
}
