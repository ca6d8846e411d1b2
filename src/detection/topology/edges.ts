// Binds series to edges: admits clusters, groups, feeds, services and edges within bounds, and decides which feed a
// feature hears.
import { ANY_RANK, FEATURES, type KernelApi, type Packed, type SeriesBinding } from '../../kernel/api.js';
import { isExternal, type ServiceName } from '../rules/names.js';
import type { Mapped } from '../rules/resolve.js';
import { featuresOf } from '../rules/rules.js';
import { edgeBetween } from './edge-between.js';
import { featureState, NO_FEATURES, SharedFeatures } from './features.js';
import {
  type ClusterState,
  createCluster,
  createGroup,
  createService,
  type EdgeState,
  edgeKey,
  edgeText,
  type FeedState,
  type GroupState,
  type ServiceState,
} from './graph.js';
import { type Comer, Room, type SavedRoom } from './room.js';

/** Bounds that bit, by name of the bound; monotonic. */
export interface BoundCounts {
  groups: number;
  feeds: number;
  services: number;
  edges: number;
  /** Edges, groups and feeds that gave way to others. */
  evicted: number;
  evictedGroups: number;
  evictedFeeds: number;
  /** Series whose edge already has another window length. */
  otherWindow: number;
  /** Senders whose clocks are not told apart. */
  clocks: number;
}

export interface EdgesOptions {
  readonly kernel: KernelApi;
  readonly maxEdges: number;
  /** Alert profile of a new edge. */
  profile(edge: {
    cluster: ClusterState;
    group: GroupState;
    source: ServiceName | undefined;
    destination: ServiceName;
  }): number;
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

/** Names of forgotten edges a cluster remembers, as a multiple of max_edges. */
const KNOWN_FACTOR = 4;

export class Edges {
  readonly clusters: Map<string, ClusterState> = new Map();
  /** By kernel slot. */
  readonly groups: (GroupState | undefined)[] = [];
  readonly bySlot: (EdgeState | undefined)[] = [];
  readonly counts: BoundCounts = {
    groups: 0,
    feeds: 0,
    services: 0,
    edges: 0,
    evicted: 0,
    evictedGroups: 0,
    evictedFeeds: 0,
    otherWindow: 0,
    clocks: 0,
  };
  /** What each bound kept out last, for people. */
  readonly examples: Map<keyof BoundCounts, string> = new Map();
  count = 0;
  readonly features: SharedFeatures = new SharedFeatures();
  readonly #options: EdgesOptions;
  readonly #room: Room;

  constructor(options: EdgesOptions) {
    this.#options = options;
    this.#room = new Room(options.kernel, options.maxEdges);
  }

  /**
   * The answer for a series that a rule mapped; the edge is made where it is new. Undefined: there is no room for it
   * now.
   */
  bind(mapped: Mapped, comer: Comer): SeriesBinding | undefined {
    const group = this.#group(mapped, comer);
    const feed = group && this.#feed(group, mapped, comer);
    const edge = feed && this.#edge(group, mapped, comer);
    if (!feed || !edge) return undefined;
    this.#listen(edge, feed, mapped);
    const { rank, type, roles, scale } = mapped;
    return { edge: edge.slot, feed: feed.slot, rank, type, roles, scale };
  }

  /** The bound on groups is that on clusters too: one that has no group is not remembered. */
  #group({ cluster: { id, name }, rule }: Mapped, comer: Comer): GroupState | undefined {
    const { windowMs } = rule.rule;
    const known = this.clusters.get(id);
    const group = known?.groups.get(windowMs);
    if (group) return group;
    const nanos = BigInt(Math.round(windowMs * 1e6));
    const slot = this.#makeGroup(nanos, comer, name);
    if (slot < 0) return undefined;
    // Its last group may just have given way.
    const cluster = this.clusters.get(id) ?? known ?? createCluster({ id, name });
    this.clusters.set(id, cluster);
    return this.#addGroup(slot, cluster, windowMs, comer.isReturning);
  }

  /** A slot, if need be that of a group that gives way; -1: none does. */
  #makeGroup(nanos: bigint, comer: Comer, name: string): number {
    const { kernel } = this.#options;
    const slot = kernel.addGroup(nanos, nanos / 2n);
    if (slot >= 0) return slot;
    const old = this.#room.group(comer, this.groups);
    if (!old) return this.#refuse('groups', comer, `cluster ${name}`);
    this.counts.evictedGroups++;
    this.examples.set('evictedGroups', `cluster ${old.cluster.name} made room for ${name}`);
    this.forgetGroup(old, `the cluster sent nothing for long and made room for ${name}`, true);
    return kernel.addGroup(nanos, nanos / 2n);
  }

  /** What is refused again and again counts once. */
  #refuse(bound: 'groups' | 'feeds' | 'edges', { isReturning }: Comer, example: string): -1 {
    if (!isReturning) this.counts[bound]++;
    this.examples.set(bound, example);
    return -1;
  }

  /**
   * Forgets a group with its edges, and its cluster with its last group. `isDisplaced`: its series are known when they
   * come again.
   */
  forgetGroup(group: GroupState, reason: string, isDisplaced: boolean): void {
    const { cluster, slot } = group;
    this.#options.onGroupLeaving(group, reason);
    for (const edge of [...cluster.edges]) if (edge.group === group) this.forget(edge, isDisplaced);
    this.#options.kernel.removeGroup(slot);
    this.groups[slot] = undefined;
    cluster.groups.delete(group.windowMs);
    for (const service of cluster.services) service.forget(group);
    if (cluster.groups.size === 0) this.clusters.delete(cluster.id);
    this.features.clear();
    this.#options.onGroupForgotten(group);
  }

  #addGroup(slot: number, cluster: ClusterState, windowMs: number, isReturning: boolean): GroupState {
    const group = createGroup(slot, cluster, windowMs, isReturning);
    cluster.groups.set(windowMs, group);
    this.groups[slot] = group;
    return group;
  }

  #feed(group: GroupState, { feed: name, rule }: Mapped, comer: Comer): FeedState | undefined {
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
    const { kernel } = this.#options;
    const slot = kernel.addFeed(group.slot, sourceRelative);
    if (slot >= 0) return slot;
    const old = this.#room.feed(comer, this.groups);
    if (!old) return this.#refuse('feeds', comer, `feed ${name} of cluster ${group.cluster.name}`);
    this.counts.evictedFeeds++;
    this.examples.set('evictedFeeds', `feed ${old.name} of cluster ${old.group.cluster.name}`);
    this.#forgetFeed(old);
    return kernel.addFeed(group.slot, sourceRelative);
  }

  /** Features that listened to it listen to whatever comes next. */
  #forgetFeed(feed: FeedState): void {
    const { kernel } = this.#options;
    for (const [key, one] of feed.group.feeds) if (one === feed) feed.group.feeds.delete(key);
    for (const edge of feed.group.cluster.edges) {
      if (edge.group !== feed.group) continue;
      for (const [feature, name] of FEATURES.entries()) {
        edge.shadowed?.get(name)?.delete(feed);
        if (edge.features[name]?.feed !== feed) continue;
        const { [name]: _, ...rest } = edge.features;
        edge.features = rest;
        kernel.setFeatureRank(edge.slot, feature, ANY_RANK);
      }
    }
    kernel.removeFeed(feed.slot);
    this.features.clear();
  }

  #edge(group: GroupState, mapped: Mapped, comer: Comer): EdgeState | undefined {
    const known = this.find(group.cluster, mapped);
    if (known?.group === group) return known;
    if (known && !this.#yields(known, mapped, comer)) {
      if (!comer.isReturning) this.counts.otherWindow++;
      this.examples.set('otherWindow', edgeText(known));
      return undefined;
    }
    if (known) {
      this.#options.onEdgeLeaving(known, 'it is learnt anew in windows of another length');
      this.forget(known);
    }
    return this.#makeRoom(comer, mapped) ? this.#addEdge(group, mapped) : undefined;
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
    if (this.#options.isKept(edge)) return false;
    if (this.#options.kernel.mayYield(edge.slot, isReturning, nowS)) return true;
    const best = Math.min(...heard.map((feature) => feature.rank));
    return mapped.rank < best && this.#options.kernel.results.age[edge.slot]! < YOUNG;
  }

  #makeRoom(comer: Comer, mapped: Mapped): boolean {
    if (this.count < this.#options.maxEdges) return true;
    const edge = this.#room.edge(comer, this.bySlot, (one) => this.#options.isKept(one));
    if (edge) {
      this.counts.evicted++;
      this.examples.set('evicted', `${edgeText(edge)} in cluster ${edge.cluster.name}`);
      this.forget(edge, true);
      return true;
    }
    // Edges of a cluster that is gone may be in an alert for ever: it goes as a whole.
    const group = comer.isReturning ? this.#room.group(comer, this.groups, true) : undefined;
    if (group && group.cluster.id !== mapped.cluster.id) {
      this.counts.evictedGroups++;
      this.examples.set('evictedGroups', `cluster ${group.cluster.name} made room for edges of ${mapped.cluster.name}`);
      this.forgetGroup(group, 'the cluster sent nothing for long and made room for edges of others', true);
      return this.count < this.#options.maxEdges;
    }
    this.#refuse('edges', comer, `${edgeText(mapped)} in cluster ${mapped.cluster.name}`);
    return false;
  }

  liveGroups(): GroupState[] {
    return this.groups.filter((group) => group !== undefined);
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
    const { cluster } = edge;
    this.#options.kernel.removeEdge(edge.slot, isDisplaced);
    this.bySlot[edge.slot] = undefined;
    this.count--;
    cluster.edges.delete(edge);
    cluster.junctions.changed();
    edge.group.unexpected.delete(edge);
    edge.sourceService?.outbound.delete(edge);
    edge.destinationService?.inbound.delete(edge);
    for (const service of [edge.sourceService, edge.destinationService]) if (service) this.#release(edge, service);
    const key = edgeKey(edge);
    cluster.known.delete(key);
    cluster.known.set(key, cluster.lastMs);
    if (cluster.known.size > KNOWN_FACTOR * this.#options.maxEdges) {
      cluster.known.delete(cluster.known.keys().next().value as string);
    }
    this.#options.onForgotten(edge);
  }

  /** A service without edges in the group gives its slot back; without any, it is forgotten. */
  #release({ cluster, group }: EdgeState, service: ServiceState): void {
    const edges = [...service.inbound, ...service.outbound];
    const slot = group.services.get(service);
    if (slot !== undefined && !edges.some((edge) => edge.group === group)) {
      this.#options.kernel.removeService(slot);
      group.services.delete(service);
    }
    if (edges.length === 0) cluster.services.delete(service.name);
  }

  #addEdge(group: GroupState, { source, destination }: Mapped): EdgeState {
    const { cluster } = group;
    const sourceService = this.#service(cluster, source);
    const destinationService = this.#service(cluster, destination);
    const profile = this.#options.profile({ cluster, group, source, destination });
    const slot = this.#options.kernel.addEdge(
      group.slot,
      this.#serviceSlot(group, sourceService),
      this.#serviceSlot(group, destinationService),
      profile,
    );
    const edge: EdgeState = {
      slot,
      cluster,
      group,
      source: sourceService?.name ?? source,
      destination: destinationService?.name ?? destination,
      sourceService,
      destinationService,
      features: NO_FEATURES,
      shadowed: undefined,
      profile,
      firstTick: -1,
      episode: undefined,
      lastEndMs: undefined,
    };
    sourceService?.addOutbound(edge);
    destinationService?.addInbound(edge);
    this.bySlot[slot] = edge;
    this.count++;
    cluster.edges.add(edge);
    cluster.junctions.changed();
    return edge;
  }

  #service(cluster: ClusterState, name: ServiceName | undefined): ServiceState | undefined {
    if (!name || isExternal(name)) return undefined;
    const known = cluster.services.get(name);
    if (known) return known;
    const service = createService({ ...name, namespace: cluster.services.sharedNamespace(name.namespace) });
    cluster.services.add(service);
    return service;
  }

  /** Beyond the bound an edge has no service in the kernel: it is judged without its source's traffic. */
  #serviceSlot(group: GroupState, service: ServiceState | undefined): number {
    if (!service) return -1;
    const known = group.services.get(service);
    if (known !== undefined) return known;
    const slot = this.#options.kernel.addService(group.slot);
    if (slot < 0) this.counts.services++;
    else group.services.set(service, slot);
    return slot;
  }

  /**
   * Forgets edges beyond so many: the longest dormant, then the youngest; members of open incidents and anomalies last.
   * How many.
   */
  shrink(most: number): number {
    let forgotten = 0;
    const anybody = { isReturning: true, nowS: 0 };
    for (; this.count > most; forgotten++) {
      const dormant = this.#room.edge(anybody, this.bySlot, (edge) => this.#options.isKept(edge));
      if (!dormant) break;
      this.forget(dormant);
    }
    const { age } = this.#options.kernel.results;
    const rest = this.bySlot.filter((edge) => edge !== undefined);
    const kept = new Set(rest.filter((edge) => this.#options.isKept(edge)));
    rest.sort((a, b) => Number(kept.has(a)) - Number(kept.has(b)) || age[a.slot]! - age[b.slot]! || b.slot - a.slot);
    for (const edge of rest.slice(0, Math.max(0, this.count - most))) {
      this.forget(edge);
      forgotten++;
    }
    return forgotten;
  }

  /** The kernel has moved edges and services into other slots. */
  renumber({ edges, services }: Packed): void {
    const all = this.bySlot.filter((edge) => edge !== undefined);
    this.bySlot.length = 0;
    this.#room.forget();
    for (const edge of all) {
      edge.slot = edges.get(edge.slot) ?? edge.slot;
      this.bySlot[edge.slot] = edge;
    }
    for (const group of this.groups) {
      if (!group) continue;
      for (const [service, slot] of group.services) group.services.set(service, services.get(slot) ?? slot);
    }
  }

  /** Takes an edge back that a checkpoint knows; the kernel has it already. */
  restore(edge: EdgeState): void {
    edge.sourceService?.addOutbound(edge);
    edge.destinationService?.addInbound(edge);
    this.bySlot[edge.slot] = edge;
    this.count++;
    edge.cluster.edges.add(edge);
    edge.cluster.junctions.changed();
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

  /** The rules have changed: every feature listens to whatever comes, until the new rules say what. */
  forgetFeatures(): void {
    for (const edge of this.bySlot) {
      if (!edge) continue;
      edge.features = NO_FEATURES;
      edge.shadowed = undefined;
      for (let feature = 0; feature < FEATURES.length; feature++) {
        this.#options.kernel.setFeatureRank(edge.slot, feature, ANY_RANK);
      }
    }
  }

  /** A feature listens to its most trusted feed; whatever else tells of it is shadowed. */
  #listen(edge: EdgeState, feed: FeedState, mapped: Mapped): void {
    for (const feature of featuresOf(mapped.roles)) {
      const current = edge.features[feature];
      if (!current || mapped.rank < current.rank) {
        this.#options.kernel.setFeatureRank(edge.slot, FEATURES.indexOf(feature), mapped.rank);
        edge.features = this.features.with(edge.features, feature, featureState(mapped, feed, feature));
        if (current && current.feed !== feed) shadow(edge, feature, current.feed);
      } else if (mapped.rank > current.rank) {
        shadow(edge, feature, feed);
      }
    }
  }
}

function shadow(edge: EdgeState, feature: (typeof FEATURES)[number], feed: FeedState): void {
  edge.shadowed ??= new Map();
  const feeds = edge.shadowed.get(feature) ?? new Set();
  feeds.add(feed);
  edge.shadowed.set(feature, feeds);
}
