// The dictionary in a form that can be written down: objects that refer to each other become numbers, and back.
import type { FeatureName } from '../../kernel/face.js';
import type { Edges } from './edges.js';
import {
  type ClusterState,
  createCluster,
  createGroup,
  type EdgeState,
  type Episode,
  type FeatureState,
  type FeedState,
  type GroupState,
  type ServiceState,
} from './graph.js';
import { formatService, type ServiceName } from './names.js';
import type { SenderSettings } from './senders.js';

interface SavedCluster {
  readonly id: string;
  readonly name: string;
  readonly known: readonly (readonly [string, number])[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly settings: SenderSettings;
  readonly settingsKey: string;
}

interface SavedService {
  readonly cluster: number;
  readonly name: ServiceName;
  /** Group slot and tick. */
  readonly firstTick: readonly (readonly [number, number])[];
}

interface SavedGroup {
  readonly slot: number;
  readonly cluster: number;
  readonly windowMs: number;
  readonly feeds: readonly (readonly [key: string, feed: SavedFeed])[];
  /** Number of the service and its kernel slot. */
  readonly services: readonly (readonly [number, number])[];
  readonly tick: number;
  readonly timeUnixNano: bigint;
  readonly ticks: number;
  readonly outage: boolean;
  readonly scoredMs: number;
  readonly unexpected: readonly number[];
}

interface SavedFeed {
  readonly slot: number;
  readonly name: string;
  readonly preset: string;
  readonly advised: boolean;
}

interface SavedFeature extends Omit<FeatureState, 'feed'> {
  readonly feed: number;
}

interface SavedEdge {
  readonly slot: number;
  readonly key: string;
  readonly group: number;
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName;
  /** Numbers of services; -1: none. */
  readonly sourceService: number;
  readonly destinationService: number;
  readonly features: readonly (readonly [FeatureName, SavedFeature])[];
  readonly shadowed: readonly (readonly [FeatureName, readonly number[]])[];
  readonly firstTick: number;
  readonly episode: Episode | undefined;
  readonly lastEndMs: readonly (readonly [number, number])[];
}

export interface SavedDictionary {
  readonly clusters: readonly SavedCluster[];
  readonly services: readonly SavedService[];
  readonly groups: readonly SavedGroup[];
  readonly edges: readonly SavedEdge[];
}

/** Objects by their number, for whatever else refers to them. */
export interface Numbers {
  readonly clusters: readonly ClusterState[];
  readonly services: readonly ServiceState[];
}

export function saveDictionary({ clusters, groups, bySlot }: Edges): { saved: SavedDictionary; numbers: Numbers } {
  const clusterList = [...clusters.values()];
  const services = clusterList.flatMap((cluster) =>
    [...cluster.services.values()].map((service) => ({ cluster, service })),
  );
  const clusterNumber = new Map(clusterList.map((cluster, i) => [cluster, i]));
  const serviceNumber = new Map(services.map(({ service }, i) => [service, i]));
  const numberOf = (service: ServiceState | undefined) => (service ? (serviceNumber.get(service) ?? -1) : -1);
  const saved: SavedDictionary = {
    clusters: clusterList.map(({ id, name, known, firstMs, lastMs, settings, settingsKey }) => ({
      id,
      name,
      known: [...known],
      firstMs,
      lastMs,
      settings,
      settingsKey,
    })),
    services: services.map(({ cluster, service }) => ({
      cluster: clusterNumber.get(cluster)!,
      name: service.name,
      firstTick: [...service.firstTick].map(([group, tick]) => [group.slot, tick] as const),
    })),
    groups: groups.map((group) => saveGroup(group, clusterNumber.get(group.cluster)!, numberOf)),
    edges: bySlot.filter((edge) => edge !== undefined).map((edge) => saveEdge(edge, numberOf)),
  };
  return { saved, numbers: { clusters: clusterList, services: services.map(({ service }) => service) } };
}

type NumberOf = (service: ServiceState | undefined) => number;

function saveGroup(group: GroupState, cluster: number, numberOf: NumberOf): SavedGroup {
  const { slot, windowMs, tick, timeUnixNano, ticks, outage, scoredMs } = group;
  return {
    slot,
    cluster,
    windowMs,
    feeds: [...group.feeds].map(([key, { slot: s, name, preset, advised }]) => [
      key,
      { slot: s, name, preset, advised },
    ]),
    services: [...group.services].map(([service, kernelSlot]) => [numberOf(service), kernelSlot]),
    tick,
    timeUnixNano,
    ticks,
    outage,
    scoredMs,
    unexpected: [...group.unexpected].map((edge) => edge.slot),
  };
}

function saveEdge(edge: EdgeState, numberOf: NumberOf): SavedEdge {
  const { slot, key, group, source, destination, firstTick, episode, lastEndMs } = edge;
  const features = Object.entries(edge.features) as [FeatureName, FeatureState][];
  return {
    slot,
    key,
    group: group.slot,
    source,
    destination,
    sourceService: numberOf(edge.sourceService),
    destinationService: numberOf(edge.destinationService),
    features: features.map(([name, state]) => [name, { ...state, feed: state.feed.slot }]),
    shadowed: [...edge.shadowed].map(([name, feeds]) => [name, [...feeds].map((feed) => feed.slot)]),
    firstTick,
    episode,
    lastEndMs: [...(lastEndMs ?? [])],
  };
}

/** Fills an empty dictionary; alert profiles are set by the caller. */
export function restoreDictionary(edges: Edges, saved: SavedDictionary): Numbers {
  const clusters = saved.clusters.map(restoreCluster);
  for (const cluster of clusters) edges.clusters.set(cluster.id, cluster);
  const services = saved.services.map(({ cluster, name }) => {
    const service: ServiceState = { name, firstTick: new Map(), inbound: new Set(), outbound: new Set() };
    clusters[cluster]!.services.set(formatService(name), service);
    return service;
  });
  const feeds: FeedState[] = [];
  for (const group of saved.groups)
    edges.groups[group.slot] = restoreGroup(group, clusters[group.cluster]!, services, feeds);
  saved.services.forEach(({ firstTick }, i) => {
    for (const [group, tick] of firstTick) services[i]!.firstTick.set(edges.groups[group]!, tick);
  });
  for (const edge of saved.edges) edges.restore(restoreEdge(edge, edges.groups[edge.group]!, services, feeds));
  for (const { slot, unexpected } of saved.groups) {
    for (const edge of unexpected) if (edges.bySlot[edge]) edges.groups[slot]!.unexpected.add(edges.bySlot[edge]);
  }
  return { clusters, services };
}

function restoreCluster({ id, name, known, firstMs, lastMs, settings, settingsKey }: SavedCluster): ClusterState {
  const cluster = createCluster({ id, name });
  for (const [key, ms] of known) cluster.known.set(key, ms);
  return Object.assign(cluster, { firstMs, lastMs, settings, settingsKey });
}

function restoreGroup(
  saved: SavedGroup,
  cluster: ClusterState,
  services: readonly ServiceState[],
  feeds: FeedState[],
): GroupState {
  const { tick, timeUnixNano, ticks, outage, scoredMs } = saved;
  const group = Object.assign(createGroup(saved.slot, cluster, saved.windowMs), {
    tick,
    timeUnixNano,
    ticks,
    outage,
    scoredMs,
  });
  cluster.groups.set(group.windowMs, group);
  for (const [number, slot] of saved.services) if (services[number]) group.services.set(services[number], slot);
  for (const [key, feed] of saved.feeds) {
    const state: FeedState = { ...feed, group };
    feeds[feed.slot] = state;
    group.feeds.set(key, state);
  }
  return group;
}

function restoreEdge(
  saved: SavedEdge,
  group: GroupState,
  services: readonly ServiceState[],
  feeds: readonly FeedState[],
): EdgeState {
  const { slot, key, source, destination, firstTick, episode, lastEndMs } = saved;
  const features = saved.features.map(([name, state]) => [name, { ...state, feed: feeds[state.feed]! }] as const);
  const shadowed = saved.shadowed.map(([name, slots]) => [name, new Set(slots.map((one) => feeds[one]!))] as const);
  return {
    slot,
    key,
    cluster: group.cluster,
    group,
    source,
    destination,
    sourceService: services[saved.sourceService],
    destinationService: services[saved.destinationService],
    features: Object.fromEntries(features),
    shadowed: new Map(shadowed),
    profile: 0,
    firstTick,
    episode,
    lastEndMs: lastEndMs.length > 0 ? new Map(lastEndMs) : undefined,
  };
}
