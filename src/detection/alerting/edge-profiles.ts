// Gives every edge the alert profile that configuration, schedule and sender ask for.
import type { KernelApi } from '../../kernel/api.js';
import type { EdgeState, GroupState } from '../topology/graph.js';
import { Profiles, type SavedProfiles } from './profiles.js';
import type { AlertSettings } from './settings.js';

export class EdgeProfiles {
  readonly #kernel: KernelApi;
  readonly #bySlot: readonly (EdgeState | undefined)[];
  readonly #profiles: Profiles;

  constructor(kernel: KernelApi, settings: AlertSettings, bySlot: readonly (EdgeState | undefined)[]) {
    this.#kernel = kernel;
    this.#bySlot = bySlot;
    this.#profiles = new Profiles(kernel, settings, () => this.setAll());
  }

  /** The profile of an edge between two names. */
  of(group: GroupState, { source, destination }: Pick<EdgeState, 'source' | 'destination'>): number {
    const { cluster, windowMs } = group;
    const edge = { clusterId: cluster.id, windowMs, source, destination };
    return this.#profiles.slotOf(edge, cluster.settings, cluster.lastMs);
  }

  set(edge: EdgeState): void {
    edge.profile = this.of(edge.group, edge);
    this.#kernel.setEdgeProfile(edge.slot, edge.profile);
  }

  setAll(): void {
    for (const edge of this.#bySlot) if (edge) this.set(edge);
  }

  /** Rules with a schedule begin or end to hold. */
  renew(group: GroupState, nowMs: number): void {
    const schedules = this.#profiles.activeSchedules(nowMs);
    if (schedules === group.schedules) return;
    group.schedules = schedules;
    for (const edge of group.cluster.edges) if (edge.group === group) this.set(edge);
  }

  /** Alert level of a kind for the edge, nats. */
  levelOf(edge: EdgeState, kind: number): number {
    return this.#profiles.levelOf(edge.profile, kind);
  }

  save(): SavedProfiles {
    return this.#profiles.save();
  }

  /** Of the same configuration. */
  restore(saved: SavedProfiles): void {
    this.#profiles.restore(saved);
  }
}
