// The dictionary in a form that can be written down: objects that refer to each other become numbers, and back.
import { FEATURES, type FeatureName } from '../../../kernel/face.js';
import type { SenderSettings } from '../alerting/senders.js';
import type { BoundCounts, Edges } from '../graph/edges.js';
import { type FeatureState, NO_FEATURES } from '../graph/features.js';
import {
  type ClusterState,
  createCluster,
  createGroup,
  type EdgeState,
  type Episode,
  type FeedState,
  type GroupState,
} from '../graph/graph.js';
import { ServiceState } from '../graph/services.js';
import type { Delivery } from '../results/delivery.js';
import type { ServiceName } from '../rules/names.js';

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

/**
 * Edges in columns, of each cluster in the order in which they came: it decides in which order the ranking of services adds up.
 * Columns are copied as they are, objects one by one: tens of thousands of edges must not hold the event loop.
 */
interface SavedEdges {
  readonly slot: Int32Array;
  readonly group: Int32Array;
  /** Numbers of services; -1: none, or it is named in `rest`. */
  readonly source: Int32Array;
  readonly destination: Int32Array;
  readonly profile: Int32Array;
  readonly firstTick: Float64Array;
  /** Four an edge, by feature: index into `table`; -1: none. */
  readonly features: Int32Array;
  readonly table: readonly SavedFeature[];
  /** By index, of the edges that have any of it. */
  readonly rest: readonly (readonly [number, EdgeRest])[];
}

/** What few edges have. */
interface EdgeRest {
  /** Ends without a service: external ones. */
  readonly source?: ServiceName;
  readonly destination?: ServiceName;
  readonly shadowed?: readonly (readonly [FeatureName, readonly number[]])[];
  readonly episode?: Episode;
  readonly lastEndMs?: readonly (readonly [number, number])[];
}

export interface SavedDictionary {
  readonly clusters: readonly SavedCluster[];
  readonly services: readonly SavedService[];
  /** Services without edges that an open incident still names; numbered behind the others. */
  readonly forgotten: readonly SavedService[];
  readonly groups: readonly SavedGroup[];
  readonly edges: SavedEdges;
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
  const services = clusterList.flatMap((cluster) => [...cluster.services].map((service) => ({ cluster, service })));
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
      firstTick: service.firstTicks().map(([group, tick]) => [group.slot, tick] as const),
    })),
    groups: groups.map((group) => saveGroup(group, clusterNumber.get(group.cluster)!, numberOf)),
    forgotten,
    edges: saveEdges(
      clusterList.flatMap(({ edges }) => [...edges]),
      numberOf,
    ),
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

function saveEdges(edges: readonly EdgeState[], numberOf: NumberOf): SavedEdges {
  const saved: SavedFeature[] = [];
  const features = new Int32Array(FEATURES.length * edges.length).fill(-1);
  const rest: [number, EdgeRest][] = [];
  for (const [i, edge] of edges.entries()) {
    for (const [k, name] of FEATURES.entries()) {
      const state = edge.features[name];
      if (state) features[FEATURES.length * i + k] = intern(state, saved);
    }
    const more = restOf(edge);
    if (more) rest.push([i, more]);
  }
  const column = (value: (edge: EdgeState) => number) => Int32Array.from(edges, value);
  return {
    slot: column(({ slot }) => slot),
    group: column(({ group }) => group.slot),
    source: column(({ sourceService }) => numberOf(sourceService)),
    destination: column(({ destinationService }) => numberOf(destinationService)),
    profile: column(({ profile }) => profile),
    firstTick: Float64Array.from(edges, ({ firstTick }) => firstTick),
    features,
    table: saved,
    rest,
  };
}

/** There are few: as many as rules and units. */
function intern(state: FeatureState, saved: SavedFeature[]): number {
  const { feed, rank, type, scale, unit, rule } = state;
  const known = saved.findIndex(
    (one) =>
      one.feed === feed.slot &&
      one.scale === scale &&
      one.rank === rank &&
      one.type === type &&
      one.unit === unit &&
      one.rule === rule,
  );
  return known >= 0 ? known : saved.push({ ...state, feed: feed.slot }) - 1;
}

function restOf(edge: EdgeState): EdgeRest | undefined {
  const { source, destination, sourceService, destinationService, shadowed, episode, lastEndMs } = edge;
  const rest: EdgeRest = {
    ...(source && !isNamed(sourceService, source) ? { source } : {}),
    ...(isNamed(destinationService, destination) ? {} : { destination }),
    ...(shadowed
      ? { shadowed: [...shadowed].map(([name, feeds]) => [name, [...feeds].map(({ slot }) => slot)] as const) }
      : {}),
    ...(episode ? { episode } : {}),
    ...(lastEndMs ? { lastEndMs: [...lastEndMs] } : {}),
  };
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function isNamed(service: ServiceState | undefined, { namespace, name }: ServiceName): boolean {
  return service !== undefined && service.name.namespace === namespace && service.name.name === name;
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
    const service = new ServiceState(name);
    clusters[cluster]?.services.add(service);
    return service;
  });
  const feeds: FeedState[] = [];
  for (const group of saved.groups)
    edges.groups[group.slot] = restoreGroup(group, clusters[group.cluster]!, services, feeds);
  saved.services.forEach(({ firstTick }, i) => {
    for (const [group, tick] of firstTick) services[i]!.seen(edges.groups[group]!, tick);
  });
  for (const edge of restoreEdges(saved.edges, edges, services, feeds)) edges.restore(edge);
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
      lastEndMs: rest.lastEndMs && new Map(rest.lastEndMs),
    };
  });
}
