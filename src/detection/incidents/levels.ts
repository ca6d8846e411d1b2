// The level that evidence has to reach to open an incident: the budget of false ones, shared among all comparisons.
// docs/detection.md, section 8.
import type { Closing, KernelApi } from '../../kernel/api.js';
import type { ClusterState, GroupState } from '../topology/graph.js';

export interface LevelsOptions {
  readonly kernel: KernelApi;
  /** Groups by kernel slot. */
  readonly groups: readonly (GroupState | undefined)[];
  readonly maxPerDay: number;
  /** The oracle's level: so many nats below ln(comparisons), at any window, however few share it. */
  readonly relax?: number;
}

/** Groups by kernel slot. */
export interface SavedLevels {
  readonly levels: readonly (readonly [group: number, comparisons: number, level: number])[];
  readonly places: readonly (readonly [group: number, comparisons: number])[];
}

/** What a level depends on of a closed tick. */
export type LiveEdges = Pick<Closing, 'live'>;

const DAY_MS = 86_400_000;
/**
 * Nats off the level, because two windows in a row are asked for: so many use up the budget (docs/decisions.md, 13).
 */
export const RELAX = 2.75;
/** Nats on the level of windows longer than REFERENCE_MS, per unit of ln(window/REFERENCE_MS). */
export const WINDOW_SLOPE = 0.5;
const REFERENCE_MS = 10_000;
/**
 * Few comparisons share the budget, and the level is low: there, evidence of two windows is far from as rare as e^-L.
 * The level is at least FEW + FEW_SLOPE · ln(comparisons).
 */
export const FEW = 3;
export const FEW_SLOPE = 0.55;
/** The level is set anew when what it counts has changed by so much. */
const CHANGE = 0.1;

export class IncidentLevels {
  readonly #options: LevelsOptions;
  #maxPerDay: number;
  readonly #levels = new Map<GroupState, { comparisons: number; level: number }>();
  /** Of each group at its last closing: live edges, and services with two inbound edges or more. */
  readonly #comparisons = new Map<GroupState, number>();

  constructor(options: LevelsOptions) {
    this.#options = options;
    this.#maxPerDay = options.maxPerDay;
  }

  /** The group's level; undefined: none was set yet. */
  get(group: GroupState): number | undefined {
    return this.#levels.get(group)?.level;
  }

  /**
   * L = ln(comparisons a day · days of the budget) − RELAX, and more at longer windows; over the whole system, or the
   * cluster where its sender set a budget of its own.
   */
  set(group: GroupState, closing: LiveEdges): void {
    // In an outage nothing is live, and nothing has changed.
    if (!group.outage) this.#comparisons.set(group, countComparisons(closing, group));
    for (const one of this.#sharing(group)) {
      const comparisons = this.#comparisonsOf(one);
      const known = this.#levels.get(one);
      if (known && Math.abs(comparisons - known.comparisons) <= CHANGE * known.comparisons) continue;
      const level = this.#levelOf(one, comparisons);
      this.#levels.set(one, { comparisons, level });
      this.#options.kernel.setIncidentLevel(one.slot, level);
    }
  }

  /** Nats. `comparisonsPerDay`: edges and services, each with its own windows a day. */
  #levelOf({ cluster, windowMs }: GroupState, comparisonsPerDay: number): number {
    const perDay = cluster.settings.incidentsPerDay ?? this.#maxPerDay;
    const { relax } = this.#options;
    const comparisons = Math.max(comparisonsPerDay, 1) / perDay;
    return relax === undefined ? incidentLevel(comparisons, windowMs) : Math.max(1, Math.log(comparisons) - relax);
  }

  #sharing(group: GroupState): readonly GroupState[] {
    return hasOwnBudget(group)
      ? [...group.cluster.groups.values()]
      : (this.#options.groups.filter((g) => g !== undefined && !hasOwnBudget(g)) as GroupState[]);
  }

  #comparisonsOf(group: GroupState): number {
    let sum = 0;
    for (const one of this.#sharing(group)) sum += ((this.#comparisons.get(one) ?? 0) * DAY_MS) / one.windowMs;
    return sum;
  }

  /** The group is gone: its comparisons no longer count. */
  forget(group: GroupState): void {
    this.#levels.delete(group);
    this.#comparisons.delete(group);
  }

  /** The budget may be another than before: every level is due anew. */
  renew(): void {
    this.#levels.clear();
  }

  setBudget(maxPerDay: number): void {
    if (maxPerDay === this.#maxPerDay) return;
    this.#maxPerDay = maxPerDay;
    this.#levels.clear();
  }

  /** A sender changed a cluster's budget: its level is due anew. */
  budgetChanged(cluster: ClusterState): void {
    for (const group of cluster.groups.values()) this.#levels.delete(group);
  }

  save(): SavedLevels {
    return {
      levels: [...this.#levels].map(([group, { comparisons, level }]) => [group.slot, comparisons, level]),
      places: [...this.#comparisons].map(([group, comparisons]) => [group.slot, comparisons]),
    };
  }

  restore({ levels, places }: SavedLevels): void {
    const { groups } = this.#options;
    for (const [slot, comparisons, level] of levels) this.#levels.set(groups[slot]!, { comparisons, level });
    for (const [slot, comparisons] of places) this.#comparisons.set(groups[slot]!, comparisons);
  }
}

/**
 * Nats that evidence of windows so long has to reach. `comparisons`: of all edges and services, in the time in which
 * one incident may be false.
 */
export function incidentLevel(comparisons: number, windowMs: number): number {
  const shared = Math.log(comparisons);
  const longer = WINDOW_SLOPE * Math.log(Math.max(windowMs / REFERENCE_MS, 1));
  return Math.max(1, shared - RELAX + longer, FEW + FEW_SLOPE * shared);
}

function hasOwnBudget({ cluster }: GroupState): boolean {
  return cluster.settings.incidentsPerDay !== undefined;
}

/** Live edges, and services that several edges lead to. */
function countComparisons({ live }: LiveEdges, { cluster, services }: GroupState): number {
  return live + cluster.fanIn.of(services);
}
