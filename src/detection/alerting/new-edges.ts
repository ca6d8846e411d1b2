// Unexpected edges: a call that was never seen although cluster and both ends are well known.
// docs/detection.md, section 6.

import { compileGlob } from '../rules/glob.js';
import { isExternal } from '../rules/names.js';
import { type ClusterState, type EdgeState, edgeKey, type GroupState, type ServiceState } from '../topology/graph.js';
import { matchesService } from './profiles.js';
import type { NewEdgeSettings } from './settings.js';

/** Windows for which both ends must have been known. */
const KNOWN_WINDOWS = 360;
/** A name that was not seen for so long is new again. */
const FORGET_MS = 30 * 86_400_000;
const HOUR_MS = 3_600_000;
const MAX_EXAMPLES = 5;

/** What was new while learning, once an hour. */
export interface LearntEdges {
  readonly cluster: ClusterState;
  readonly count: number;
  readonly examples: readonly EdgeState[];
}

interface NewEdgeTally {
  sinceMs: number;
  count: number;
  examples: EdgeState[];
}

/** What was new since the last summary: by cluster's id, edges by kernel slot. */
export type SavedTallies = readonly (readonly [
  cluster: string,
  sinceMs: number,
  count: number,
  examples: readonly number[],
])[];

export class NewEdges {
  readonly #settings: NewEdgeSettings;
  readonly #allowed: (edge: EdgeState) => boolean;
  readonly #tallies = new Map<ClusterState, NewEdgeTally>();
  readonly #onLearnt: (learnt: LearntEdges) => void;

  constructor(settings: NewEdgeSettings, onLearnt: (learnt: LearntEdges) => void) {
    this.#settings = settings;
    const globs = settings.allow.map(
      ({ source, destination }) => [compileGlob(source), compileGlob(destination)] as const,
    );
    this.#allowed = (edge) =>
      globs.some(
        ([source, destination]) => matchesService(source, edge.source) && matchesService(destination, edge.destination),
      );
    this.#onLearnt = onLearnt;
  }

  /**
   * Those of a tick's new edges that nobody expected. Notes when the services were first seen. `enabled`: by the
   * sender's settings.
   */
  step(group: GroupState, edges: readonly EdgeState[], nowMs: number, enabled: boolean): EdgeState[] {
    const { cluster } = group;
    this.#expire(cluster, nowMs);
    const unexpected = edges.filter((edge) => this.#isUnexpected(group, edge, nowMs));
    for (const edge of edges) {
      edge.firstTick = group.tick;
      if (cluster.known.size > 0) cluster.known.delete(edgeKey(edge));
      edge.sourceService?.seen(group, group.tick);
      edge.destinationService?.seen(group, group.tick);
    }
    if (this.#isLearning(cluster, nowMs)) this.#tally(cluster, edges, nowMs);
    return enabled ? unexpected : [];
  }

  /** The cluster is gone. */
  forget(cluster: ClusterState): void {
    this.#tallies.delete(cluster);
  }

  save(): SavedTallies {
    return [...this.#tallies].map(([cluster, { sinceMs, count, examples }]) => {
      const known = examples.filter((edge) => cluster.edges.has(edge));
      return [cluster.id, sinceMs, count, known.map(({ slot }) => slot)];
    });
  }

  restore(
    saved: SavedTallies,
    clusters: ReadonlyMap<string, ClusterState>,
    bySlot: readonly (EdgeState | undefined)[],
  ): void {
    for (const [id, sinceMs, count, slots] of saved) {
      const examples = slots.map((slot) => bySlot[slot]).filter((edge) => edge !== undefined);
      const cluster = clusters.get(id);
      if (cluster) this.#tallies.set(cluster, { sinceMs, count, examples });
    }
  }

  #isLearning(cluster: ClusterState, nowMs: number): boolean {
    return nowMs - cluster.firstMs < this.#settings.learnForMs;
  }

  #isUnexpected(group: GroupState, edge: EdgeState, nowMs: number): boolean {
    const { cluster, source, destination } = edge;
    if (!source || isExternal(source) || isExternal(destination)) return false;
    if (this.#isLearning(cluster, nowMs) || cluster.known.has(edgeKey(edge)) || this.#allowed(edge)) return false;
    return isWellKnown(group, edge.sourceService) && isWellKnown(group, edge.destinationService);
  }

  /** Insertion order is age: the oldest names come first. */
  #expire({ known }: ClusterState, nowMs: number): void {
    for (const [key, lastMs] of known) {
      if (nowMs - lastMs < FORGET_MS) return;
      known.delete(key);
    }
  }

  #tally(cluster: ClusterState, edges: readonly EdgeState[], nowMs: number): void {
    const tally = this.#tallies.get(cluster) ?? { sinceMs: nowMs, count: 0, examples: [] };
    this.#tallies.set(cluster, tally);
    tally.count += edges.length;
    tally.examples.push(...edges.slice(0, MAX_EXAMPLES - tally.examples.length));
    if (nowMs - tally.sinceMs < HOUR_MS) return;
    if (tally.count > 0) this.#onLearnt({ cluster, count: tally.count, examples: tally.examples });
    this.#tallies.set(cluster, { sinceMs: nowMs, count: 0, examples: [] });
  }
}

function isWellKnown(group: GroupState, service: ServiceState | undefined): boolean {
  const first = service?.firstTick(group);
  return first !== undefined && group.tick - first >= KNOWN_WINDOWS;
}
