// Clusters, groups and feeds within their bounds: made where they are new, in the place of silent ones where there is
// no room.
import type { KernelApi } from '../../kernel/api.js';
import type { Mapped } from '../rules/resolve.js';
import type { Bounds } from './bounds.js';
import { type ClusterState, createCluster, createGroup, type FeedState, type GroupState } from './graph.js';
import type { Comer, Room } from './room.js';

export interface GroupsOptions {
  readonly kernel: KernelApi;
  readonly room: Room;
  readonly bounds: Bounds;
  /** A group is about to be forgotten; its edges go first. `reason`: in words. */
  onLeaving(group: GroupState, reason: string, isDisplaced: boolean): void;
  onForgotten(group: GroupState): void;
  /** A feed gives way: what listens to it listens to whatever comes next. */
  onFeedLeaving(feed: FeedState): void;
  onFeedForgotten(): void;
}

export class Groups {
  readonly clusters: Map<string, ClusterState> = new Map();
  /** By kernel slot. */
  readonly bySlot: (GroupState | undefined)[] = [];
  readonly #options: GroupsOptions;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /**
   * The group that a mapped series belongs to; undefined: there is no room for it. The bound on groups is that on
   * clusters too: one that has no group is not remembered.
   */
  of({ cluster: { id, name }, rule }: Mapped, comer: Comer): GroupState | undefined {
    const { windowMs } = rule.rule;
    const known = this.clusters.get(id);
    const group = known?.groups.get(windowMs);
    if (group) return group;
    const nanos = BigInt(Math.round(windowMs * 1e6));
    const slot = this.#make(nanos, comer, name);
    if (slot < 0) return undefined;
    // Its last group may just have given way.
    const cluster = this.clusters.get(id) ?? known ?? createCluster({ id, name });
    this.clusters.set(id, cluster);
    return this.#add(slot, cluster, windowMs, comer.isReturning);
  }

  /** A slot, if need be that of a group that gives way; -1: none does. */
  #make(nanos: bigint, comer: Comer, name: string): number {
    const { kernel, room, bounds } = this.#options;
    const slot = kernel.addGroup(nanos, nanos / 2n);
    if (slot >= 0) return slot;
    const old = room.group(comer, this.bySlot);
    if (!old) {
      bounds.refused('groups', comer, `cluster ${name}`);
      return -1;
    }
    bounds.evicted('evictedGroups', `cluster ${old.cluster.name} made room for ${name}`);
    this.forget(old, `the cluster sent nothing for long and made room for ${name}`, true);
    return kernel.addGroup(nanos, nanos / 2n);
  }

  #add(slot: number, cluster: ClusterState, windowMs: number, isReturning: boolean): GroupState {
    const group = createGroup(slot, cluster, windowMs, isReturning);
    cluster.groups.set(windowMs, group);
    this.bySlot[slot] = group;
    return group;
  }

  /**
   * Forgets a group with its edges, and its cluster with its last group. `isDisplaced`: its series are known when they
   * come again.
   */
  forget(group: GroupState, reason: string, isDisplaced: boolean): void {
    const { cluster, slot } = group;
    this.#options.onLeaving(group, reason, isDisplaced);
    this.#options.kernel.removeGroup(slot);
    this.bySlot[slot] = undefined;
    cluster.groups.delete(group.windowMs);
    for (const service of cluster.services) service.forget(group);
    if (cluster.groups.size === 0) this.clusters.delete(cluster.id);
    this.#options.onForgotten(group);
  }

  /** The feed of the group that a mapped series belongs to; undefined: there is no room for it. */
  feed(group: GroupState, { feed: name, rule }: Mapped, comer: Comer): FeedState | undefined {
    const { sourceRelative } = rule.rule;
    const key = `${name}\u0000${sourceRelative}`;
    const known = group.feeds.get(key);
    if (known) return known;
    const slot = this.#makeFeed(group, sourceRelative, comer, name);
    if (slot < 0) return undefined;
    const feed: FeedState = { slot, name, group, preset: rule.preset, advised: false };
    group.feeds.set(key, feed);
    return feed;
  }

  #makeFeed(group: GroupState, sourceRelative: boolean, comer: Comer, name: string): number {
    const { kernel, room, bounds } = this.#options;
    const slot = kernel.addFeed(group.slot, sourceRelative);
    if (slot >= 0) return slot;
    const old = room.feed(comer, this.bySlot);
    if (!old) {
      bounds.refused('feeds', comer, `feed ${name} of cluster ${group.cluster.name}`);
      return -1;
    }
    bounds.evicted('evictedFeeds', `feed ${old.name} of cluster ${old.group.cluster.name}`);
    this.#forgetFeed(old);
    return kernel.addFeed(group.slot, sourceRelative);
  }

  #forgetFeed(feed: FeedState): void {
    const { feeds } = feed.group;
    for (const [key, one] of feeds) if (one === feed) feeds.delete(key);
    this.#options.onFeedLeaving(feed);
    this.#options.kernel.removeFeed(feed.slot);
    this.#options.onFeedForgotten();
  }

  live(): GroupState[] {
    return this.bySlot.filter((group) => group !== undefined);
  }

  /** Times that were noted are none in the future, Unix ms. */
  notBeyond(nowMs: number): void {
    for (const cluster of this.clusters.values()) {
      cluster.firstMs = Math.min(cluster.firstMs, nowMs);
      cluster.lastMs = Math.min(cluster.lastMs, nowMs);
      for (const [key, knownMs] of cluster.known) cluster.known.set(key, Math.min(knownMs, nowMs));
      for (const group of cluster.groups.values()) {
        group.scoredMs = Math.min(group.scoredMs, nowMs);
        if (group.timeUnixNano > BigInt(nowMs) * 1_000_000n) group.timeUnixNano = BigInt(nowMs) * 1_000_000n;
      }
    }
  }
}
