// The dictionary in a form that can be written down: objects that refer to each other become numbers, and back.
import type { FeatureName } from '../../kernel/face.js';
import type { Delivery } from './delivery.js';
import type { BoundCounts, Edges } from './edges.js';
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
  /** Pipelines that brought its data. */
  readonly deliveries: readonly string[];
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
  readonly silent: boolean;
  readonly schedules: string;
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
  readonly profile: number;
  readonly firstTick: number;
  readonly episode: Episode | undefined;
  readonly lastEndMs: readonly (readonly [number, number])[];
}

export interface SavedDictionary {
  readonly clusters: readonly SavedCluster[];
  readonly services: readonly SavedService[];
  /** Services without edges that an open incident still names; numbered behind the others. */
  readonly forgotten: readonly SavedService[];
  readonly groups: readonly SavedGroup[];
  /** Of each cluster in the order in which they came: it decides in which order the ranking of services adds up. */
  readonly edges: readonly SavedEdge[];
  readonly bounds: BoundCounts;
}

/** Objects by their number, for whatever else refers to them. */
export interface Numbers {
  readonly clusters: readonly ClusterState[];
  readonly services: readonly ServiceState[];
}

export function saveDictionary({ clusters, groups, counts }: Edges): {
  saved: SavedDictionary;
  numbers: Numbers;
  /** Number of a service, also of one that is otherwise forgotten. */
  numberOf(service: ServiceState): number;
} {
  const clusterList = [...clusters.values()];
  const services = clusterList.flatMap((cluster) =>
    [...cluster.services.values()].map((service) => ({ cluster, service })),
  );
  const clusterNumber = new Map(clusterList.map((cluster, i) => [cluster, i]));
  const serviceNumber = new Map(services.map(({ service }, i) => [service, i]));
  const numberOf = (service: ServiceState | undefined) => (service ? (serviceNumber.get(service) ?? -1) : -1);
  const forgotten: SavedService[] = [];
  const saved: SavedDictionary = {
    clusters: clusterList.map(({ id, name, known, firstMs, lastMs, settings, settingsKey, deliveries }) => ({
      id,
      name,
      known: [...known],
      firstMs,
      lastMs,
      settings,
      settingsKey,
      deliveries: [...deliveries].map(({ pipeline }) => pipeline),
    })),
    services: services.map(({ cluster, service }) => ({
      cluster: clusterNumber.get(cluster)!,
      name: service.name,
      firstTick: [...service.firstTick].map(([group, tick]) => [group.slot, tick] as const),
    })),
    groups: groups.map((group) => saveGroup(group, clusterNumber.get(group.cluster)!, numberOf)),
    forgotten,
    edges: clusterList.flatMap(({ edges }) => [...edges.values()].map((edge) => saveEdge(edge, numberOf))),
    bounds: { ...counts },
  };
  const numbers = { clusters: clusterList, services: services.map(({ service }) => service) };
  return {
    saved,
    numbers,
    numberOf(service) {
      if (!serviceNumber.has(service)) {
        serviceNumber.set(service, serviceNumber.size);
        forgotten.push({ cluster: -1, name: service.name, firstTick: [] });
      }
      return serviceNumber.get(service)!;
    },
  };
}

type NumberOf = (service: ServiceState | undefined) => number;

function saveGroup(group: GroupState, cluster: number, numberOf: NumberOf): SavedGroup {
  const { slot, windowMs, tick, timeUnixNano, ticks, outage, silent, schedules, scoredMs } = group;
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
    silent,
    schedules,
    scoredMs,
    unexpected: [...group.unexpected].map((edge) => edge.slot),
  };
}

function saveEdge(edge: EdgeState, numberOf: NumberOf): SavedEdge {
  const { slot, key, group, source, destination, profile, firstTick, episode, lastEndMs } = edge;
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
    profile,
    firstTick,
    episode,
    lastEndMs: [...(lastEndMs ?? [])],
  };
}

/** Fills an empty dictionary. `delivery`: of a pipeline. */
export function restoreDictionary(
  edges: Edges,
  saved: SavedDictionary,
  delivery: (pipeline: string) => Delivery | undefined,
): Numbers {
  Object.assign(edges.counts, saved.bounds);
  const clusters = saved.clusters.map((cluster) => restoreCluster(cluster, delivery));
  for (const cluster of clusters) edges.clusters.set(cluster.id, cluster);
  const services = [...saved.services, ...saved.forgotten].map(({ cluster, name }) => {
    const service: ServiceState = { name, firstTick: new Map(), inbound: new Set(), outbound: new Set() };
    clusters[cluster]?.services.set(formatService(name), service);
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

function restoreCluster(
  { id, name, known, firstMs, lastMs, settings, settingsKey, deliveries }: SavedCluster,
  delivery: (pipeline: string) => Delivery | undefined,
): ClusterState {
  const cluster = createCluster({ id, name });
  for (const [key, ms] of known) cluster.known.set(key, ms);
  for (const to of deliveries.map(delivery)) if (to) cluster.deliveries.add(to);
  return Object.assign(cluster, { firstMs, lastMs, settings, settingsKey });
}

function restoreGroup(
  saved: SavedGroup,
  cluster: ClusterState,
  services: readonly ServiceState[],
  feeds: FeedState[],
): GroupState {
  const { tick, timeUnixNano, ticks, outage, silent, schedules, scoredMs } = saved;
  const fresh = createGroup(saved.slot, cluster, saved.windowMs);
  const group = Object.assign(fresh, { tick, timeUnixNano, ticks, outage, silent, schedules, scoredMs });
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
  const { slot, key, source, destination, profile, firstTick, episode, lastEndMs } = saved;
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
    profile,
    firstTick,
    episode,
    lastEndMs: lastEndMs.length > 0 ? new Map(lastEndMs) : undefined,
  };
}
