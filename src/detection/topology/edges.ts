// Binds series to edges: admits edges within their bound, and decides which window length an edge has.
import type { Packed, SeriesBinding } from '../../kernel/api.js';
import { isExternal } from '../rules/names.js';
import type { Mapped } from '../rules/resolve.js';
import { type BoundCounts, Bounds } from './bounds.js';
import { edgeBetween } from './edge-between.js';
import { EdgeFeatures } from './edge-features.js';
import { EdgeSlots, type EdgeSlotsOptions } from './edge-slots.js';
import type { SharedFeatures } from './features.js';
import { type ClusterState, type EdgeState, edgeText, type GroupState } from './graph.js';
import { Groups } from './groups.js';
import { type Comer, Room, type SavedRoom } from './room.js';
import { ServiceSlots } from './service-slots.js';
import { beginSilence, endSilence } from './silences.js';

export interface EdgesOptions extends Omit<EdgeSlotsOptions, 'services'> {
  /** An edge that may not be forgotten: member of an open incident. */
  isKept(edge: EdgeState): boolean;
  onForgotten(edge: EdgeState): void;
  /** An edge whose window changes is about to be forgotten: its anomaly, and an incident of it alone, are over. */
  onEdgeLeaving(edge: EdgeState, reason: string): void;
  /** A group is about to be forgotten, with its edges: its anomalies and incidents are over. `reason`: in words. */
  onGroupLeaving(group: GroupState, reason: string): void;
  onGroupForgotten(group: GroupState): void;
}

/** Windows after which an edge is no longer moved to a better rule's window: it has learnt something. */
const YOUNG = 60;

export class Edges {
  readonly #options: EdgesOptions;
  readonly #room: Room;
  readonly #bounds = new Bounds();
  readonly #groups: Groups;
  readonly #features: EdgeFeatures;
  readonly #slots: EdgeSlots;

  constructor(options: EdgesOptions) {
    const { kernel, maxEdges } = options;
    this.#options = options;
    this.#room = new Room(kernel, maxEdges);
    this.#features = new EdgeFeatures(kernel);
    this.#slots = new EdgeSlots({ ...options, services: new ServiceSlots(kernel, this.#bounds) });
    this.#groups = new Groups({
      kernel,
      room: this.#room,
      bounds: this.#bounds,
      onLeaving: (group, reason, isDisplaced) => this.#leaveWith(group, reason, isDisplaced),
      onForgotten: (group) => {
        this.#features.shared.clear();
        options.onGroupForgotten(group);
      },
      onFeedLeaving: (feed) => this.#features.forgetFeed(feed),
      onFeedForgotten: () => this.#features.shared.clear(),
    });
  }

  /** By kernel slot. */
  get bySlot(): (EdgeState | undefined)[] {
    return this.#slots.edges;
  }

  get count(): number {
    return this.#slots.count;
  }

  get clusters(): Map<string, ClusterState> {
    return this.#groups.clusters;
  }

  /** By kernel slot. */
  get groups(): (GroupState | undefined)[] {
    return this.#groups.bySlot;
  }

  get counts(): BoundCounts {
    return this.#bounds.counts;
  }

  /** What edges listen to: equal ones are one object. */
  get features(): SharedFeatures {
    return this.#features.shared;
  }

  /** What each bound kept out last, for people. */
  get examples(): ReadonlyMap<keyof BoundCounts, string> {
    return this.#bounds.examples;
  }

  /**
   * The answer for a series that a rule mapped; the edge is made where it is new. Undefined: there is no room for it
   * now.
   */
  bind(mapped: Mapped, comer: Comer): SeriesBinding | undefined {
    const group = this.#groups.of(mapped, comer);
    const feed = group && this.#groups.feed(group, mapped, comer);
    const edge = feed && this.#edge(group, mapped, comer);
    if (!feed || !edge) return undefined;
    this.#features.listen(edge, feed, mapped);
    const { rank, type, roles, scale } = mapped;
    return { edge: edge.slot, feed: feed.slot, rank, type, roles, scale };
  }

  /** Forgets a group with its edges, and its cluster with its last group. */
  forgetGroup(group: GroupState, reason: string, isDisplaced: boolean): void {
    this.#groups.forget(group, reason, isDisplaced);
  }

  #leaveWith(group: GroupState, reason: string, isDisplaced: boolean): void {
    this.#options.onGroupLeaving(group, reason);
    for (const edge of [...group.cluster.edges]) if (edge.group === group) this.forget(edge, isDisplaced);
  }

  #edge(group: GroupState, mapped: Mapped, comer: Comer): EdgeState | undefined {
    const known = this.find(group.cluster, mapped);
    if (known?.group === group) return known;
    if (known && !this.#yields(known, mapped, comer)) {
      this.#bounds.refused('otherWindow', comer, edgeText(known));
      return undefined;
    }
    const silence = known && endSilence(known);
    if (known) {
      this.#options.onEdgeLeaving(known, 'it is learnt anew in windows of another length');
      this.forget(known);
    }
    const edge = this.#makeRoom(comer, mapped) ? this.#slots.add(group, mapped) : undefined;
    // It is heard again, which is told with its first window.
    if (edge && silence) beginSilence(edge, silence);
    return edge;
  }

  /** The edge between two names; undefined: none. */
  find(cluster: ClusterState, { source, destination }: Pick<Mapped, 'source' | 'destination'>): EdgeState | undefined {
    const [from, to] = [source, destination].map((name) => name && cluster.services.get(name));
    if ((!from && source && !isExternal(source)) || (!to && !isExternal(destination))) return undefined;
    return edgeBetween(from, to, source !== undefined);
  }

  /**
   * An edge has one window length: that of the rule that came first, unless a better one comes while the edge is young,
   * or it fell silent.
   */
  #yields(edge: EdgeState, mapped: Mapped, { isReturning, nowS }: Comer): boolean {
    const heard = Object.values(edge.features);
    // After a change of the rules nothing feeds the edge any more: the first rule to come decides its window anew.
    if (heard.length === 0) return true;
    if (this.isKept(edge)) return false;
    if (this.#options.kernel.mayYield(edge.slot, isReturning, nowS)) return true;
    const best = Math.min(...heard.map((feature) => feature.rank));
    return mapped.rank < best && this.#options.kernel.results.age[edge.slot]! < YOUNG;
  }

  #makeRoom(comer: Comer, mapped: Mapped): boolean {
    if (this.count < this.#options.maxEdges) return true;
    const edge = this.#room.edge(comer, this.bySlot, (one) => this.isKept(one));
    if (edge) {
      this.#bounds.evicted('evicted', `${edgeText(edge)} in cluster ${edge.cluster.name}`);
      if (edge.silence) this.#options.onEdgeLeaving(edge, 'it made room for others');
      this.forget(edge, true);
      return true;
    }
    // Edges of a cluster that is gone may be in an alert for ever: it goes as a whole.
    const group = comer.isReturning ? this.#room.group(comer, this.groups, true) : undefined;
    if (group && group.cluster.id !== mapped.cluster.id) {
      const example = `cluster ${group.cluster.name} made room for edges of ${mapped.cluster.name}`;
      this.#bounds.evicted('evictedGroups', example);
      this.forgetGroup(group, 'the cluster sent nothing for long and made room for edges of others', true);
      return this.count < this.#options.maxEdges;
    }
    this.#bounds.refused('edges', comer, `${edgeText(mapped)} in cluster ${mapped.cluster.name}`);
    return false;
  }

  liveGroups(): GroupState[] {
    return this.#groups.live();
  }

  /** A window was closed. */
  closed(): void {
    this.#room.closed();
  }

  saveRoom(): SavedRoom {
    return this.#room.save();
  }

  restoreRoom(room: SavedRoom): void {
    this.#room.restore(room);
  }

  /** Forgets an edge; its name stays known. `isDisplaced`: its series are known when they come again. */
  forget(edge: EdgeState, isDisplaced = false): void {
    this.#slots.forget(edge, isDisplaced);
    this.#options.onForgotten(edge);
  }

  /** The edge that was silent for longest, of those that may be forgotten; undefined: none is dormant. */
  longestDormant(): EdgeState | undefined {
    const anybody = { isReturning: true, nowS: 0 };
    return this.#room.edge(anybody, this.bySlot, (edge) => this.isKept(edge));
  }

  /** An edge that may not be forgotten. */
  isKept(edge: EdgeState): boolean {
    return this.#options.isKept(edge);
  }

  /** The kernel has moved edges and services into other slots. */
  renumber(moves: Packed): void {
    this.#room.forget();
    this.#slots.renumber(moves);
    for (const group of this.groups) {
      if (!group) continue;
      for (const [service, slot] of group.services) group.services.set(service, moves.services.get(slot) ?? slot);
    }
  }

  /** Takes an edge back that a checkpoint knows; the kernel has it already. */
  restore(edge: EdgeState): void {
    this.#slots.restore(edge);
  }

  /** Times that were noted are none in the future, Unix ms. */
  notBeyond(nowMs: number): void {
    this.#groups.notBeyond(nowMs);
  }

  /** The rules have changed: every feature listens to whatever comes, until the new rules say what. */
  forgetFeatures(): void {
    this.#features.forgetAll(this.bySlot);
  }
}
