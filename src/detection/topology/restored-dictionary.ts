// The dictionary back from what was written down.
import { FEATURES } from '../../kernel/api.js';
import type { Edges } from './edges.js';
import { NO_FEATURES } from './features.js';
import {
  type ClusterState,
  createCluster,
  createGroup,
  createService,
  type EdgeState,
  type FeatureState,
  type FeedState,
  type GroupState,
  type ServiceState,
} from './graph.js';
import type {
  EdgeRest,
  Numbers,
  SavedCluster,
  SavedDictionary,
  SavedEdges,
  SavedGroup,
  SavedServices,
} from './saved-dictionary.js';
import { unpackTexts } from './texts.js';

/** Fills an empty dictionary. `routed`: a pipeline had brought data of the cluster. */
export function restoreDictionary(
  edges: Edges,
  saved: SavedDictionary,
  routed: (cluster: ClusterState, pipeline: string) => void,
): Numbers {
  Object.assign(edges.counts, saved.bounds);
  const clusters = saved.clusters.map((cluster) => restoreCluster(cluster, routed));
  for (const cluster of clusters) edges.clusters.set(cluster.id, cluster);
  const services = [
    ...restoreServices(saved.services, clusters),
    ...saved.forgotten.map((name) => createService(name)),
  ];
  const feeds: FeedState[] = [];
  for (const group of saved.groups)
    edges.groups[group.slot] = restoreGroup(group, clusters[group.cluster]!, services, feeds);
  restoreTicks(saved.services, services, edges.groups);
  for (const edge of restoreEdges(saved.edges, edges, services, feeds)) {
    edges.restore(edge);
    if (edge.silence) edge.group.stillSilent.add(edge);
  }
  for (const { slot, unexpected } of saved.groups) {
    for (const edge of unexpected) if (edges.bySlot[edge]) edges.groups[slot]!.unexpected.add(edges.bySlot[edge]);
  }
  return { clusters, services };
}

function restoreServices(saved: SavedServices, clusters: readonly ClusterState[]): ServiceState[] {
  return unpackTexts(saved.name).map((name, i) => {
    const service = createService({ namespace: saved.namespaces[saved.namespace[i]!]!, name });
    clusters[saved.cluster[i]!]?.services.add(service);
    return service;
  });
}

function restoreTicks(
  { group, tick, more }: SavedServices,
  services: readonly ServiceState[],
  groups: readonly (GroupState | undefined)[],
): void {
  for (const [i, slot] of group.entries()) if (slot >= 0) services[i]!.seen(groups[slot]!, tick[i]!);
  for (const [i, slot, at] of more) services[i]!.seen(groups[slot]!, at);
}

function restoreCluster(
  { id, name, known, knownMs, firstMs, lastMs, settings, settingsKey, deliveries }: SavedCluster,
  routed: (cluster: ClusterState, pipeline: string) => void,
): ClusterState {
  const cluster = createCluster({ id, name });
  for (const [i, key] of unpackTexts(known).entries()) cluster.known.set(key, knownMs[i]!);
  for (const pipeline of deliveries) routed(cluster, pipeline);
  return Object.assign(cluster, { firstMs, lastMs, settings, settingsKey });
}

function restoreGroup(
  saved: SavedGroup,
  cluster: ClusterState,
  services: readonly ServiceState[],
  feeds: FeedState[],
): GroupState {
  const { tick, timeUnixNano, ticks, outage, silent, schedules, scoredMs } = saved;
  const fresh = createGroup(saved.slot, cluster, saved.windowMs, saved.isReturning);
  // Of a state that is older than these, 0 is as good as what was.
  const { silentSinceMs = 0, outageSinceMs = 0 } = saved;
  const since = { silentSinceMs, outageSinceMs };
  const group = Object.assign(fresh, { tick, timeUnixNano, ticks, outage, silent, ...since, schedules, scoredMs });
  cluster.groups.set(group.windowMs, group);
  for (const [i, number] of saved.services.entries())
    if (services[number]) group.services.set(services[number], saved.serviceSlots[i]!);
  for (const [key, feed] of saved.feeds) {
    const state: FeedState = { ...feed, group };
    feeds[feed.slot] = state;
    group.feeds.set(key, state);
  }
  for (const [key, clock] of saved.clocks) group.clocks.set(key, clock);
  return group;
}

function restoreEdges(
  saved: SavedEdges,
  { groups, features: shared }: Edges,
  services: readonly ServiceState[],
  feeds: readonly FeedState[],
): EdgeState[] {
  const table = saved.table.map((state): FeatureState => ({ ...state, feed: feeds[state.feed]! }));
  const rests = new Map(saved.rest);
  return Array.from(saved.slot, (slot, i) => {
    const rest: EdgeRest = rests.get(i) ?? {};
    const group = groups[saved.group[i]!]!;
    const [sourceService, destinationService] = [services[saved.source[i]!], services[saved.destination[i]!]];
    const source = rest.source ?? sourceService?.name;
    const destination = rest.destination ?? destinationService!.name;
    let features = NO_FEATURES;
    for (const [k, name] of FEATURES.entries()) {
      const state = table[saved.features[FEATURES.length * i + k]!];
      if (state) features = shared.with(features, name, state);
    }
    const shadowed = rest.shadowed?.map(([name, slots]) => [name, new Set(slots.map((one) => feeds[one]!))] as const);
    return {
      slot,
      cluster: group.cluster,
      group,
      source,
      destination,
      sourceService,
      destinationService,
      features,
      shadowed: shadowed && new Map(shadowed),
      profile: saved.profile[i]!,
      firstTick: saved.firstTick[i]!,
      episode: rest.episode,
      silence: rest.silence,
      lastEndMs: rest.lastEndMs && new Map(rest.lastEndMs),
    };
  });
}
