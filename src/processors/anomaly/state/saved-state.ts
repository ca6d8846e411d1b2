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
import { mapInSlices } from './slices.js';
import { packTexts, type Texts, unpackTexts } from './texts.js';

interface SavedCluster {
  readonly id: string;
  readonly name: string;
  /** Names of forgotten edges, and when that was. */
  readonly known: Texts;
  readonly knownMs: Float64Array;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly settings: SenderSettings;
  readonly settingsKey: string;
  /** Pipelines that brought its data. */
  readonly deliveries: readonly string[];
}

/** Services in columns: there may be as many as edges. */
interface SavedServices {
  readonly cluster: Int32Array;
  readonly namespaces: readonly string[];
  readonly namespace: Int32Array;
  readonly name: Texts;
  /** The group in which it was first seen, by slot, -1 none, and the tick. */
  readonly group: Int32Array;
  readonly tick: Float64Array;
  /** Service, group and tick where there are several groups. */
  readonly more: readonly (readonly [number, number, number])[];
}

interface SavedGroup {
  readonly slot: number;
  readonly cluster: number;
  readonly windowMs: number;
  readonly feeds: readonly (readonly [key: string, feed: SavedFeed])[];
  /** Numbers of services, and their kernel slots. */
  readonly services: Int32Array;
  readonly serviceSlots: Int32Array;
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
  readonly services: SavedServices;
  /** Services without edges that an open incident still names; numbered behind the others. */
  readonly forgotten: readonly ServiceName[];
  readonly groups: readonly SavedGroup[];
  readonly edges: SavedEdges;
  readonly bounds: BoundCounts;
}

/** Objects by their number, for whatever else refers to them. */
export interface Numbers {
  readonly clusters: readonly ClusterState[];
  readonly services: readonly ServiceState[];
}

interface Saved {
  readonly saved: SavedDictionary;
  readonly numbers: Numbers;
  /** Number of a service, also of one that is otherwise forgotten. */
  numberOf(service: ServiceState): number;
}

export function* saveDictionary({ clusters, groups, counts }: Edges): Generator<void, Saved> {
  const clusterList = [...clusters.values()];
  const services: ServiceState[] = [];
  const home: number[] = [];
  const serviceNumber = new Map<ServiceState, number>();
  for (const [number, cluster] of clusterList.entries()) {
    yield* mapInSlices(cluster.services, (service) => {
      serviceNumber.set(service, services.length);
      services.push(service);
      home.push(number);
    });
  }
  const numberOf = (service: ServiceState | undefined) => (service ? (serviceNumber.get(service) ?? -1) : -1);
  const forgotten: ServiceName[] = [];
  const savedGroups: SavedGroup[] = [];
  for (const group of groups) savedGroups.push(yield* saveGroup(group, clusterList.indexOf(group.cluster), numberOf));
  yield;
  const edges: EdgeState[] = [];
  for (const cluster of clusterList) yield* mapInSlices(cluster.edges, (edge) => edges.push(edge));
  const saved: SavedDictionary = {
    clusters: clusterList.map(saveCluster),
    services: yield* saveServices(services, home),
    groups: savedGroups,
    forgotten,
    edges: yield* saveEdges(edges, numberOf),
    bounds: { ...counts },
  };
  return {
    saved,
    numbers: { clusters: clusterList, services },
    numberOf(service) {
      if (!serviceNumber.has(service)) {
        serviceNumber.set(service, serviceNumber.size);
        forgotten.push(service.name);
      }
      return serviceNumber.get(service)!;
    },
  };
}

function saveCluster(cluster: ClusterState): SavedCluster {
  const { id, name, known, firstMs, lastMs, settings, settingsKey, deliveries } = cluster;
  return {
    id,
    name,
    known: packTexts([...known.keys()]),
    knownMs: Float64Array.from(known.values()),
    firstMs,
    lastMs,
    settings,
    settingsKey,
    deliveries: [...deliveries].map(({ pipeline }) => pipeline),
  };
}

function* saveServices(services: readonly ServiceState[], home: readonly number[]): Generator<void, SavedServices> {
  const namespaces = new Map<string, number>();
  const group = new Int32Array(services.length).fill(-1);
  const tick = new Float64Array(services.length);
  const more: (readonly [number, number, number])[] = [];
  const namespace = yield* mapInSlices(services, (service, i) => {
    const [first, ...rest] = service.firstTicks();
    group[i] = first?.[0].slot ?? -1;
    tick[i] = first?.[1] ?? 0;
    for (const [other, at] of rest) more.push([i, other.slot, at]);
    const { namespace: its } = service.name;
    if (!namespaces.has(its)) namespaces.set(its, namespaces.size);
    return namespaces.get(its)!;
  });
  yield;
  const name = packTexts(services.map((service) => service.name.name));
  yield;
  return {
    cluster: new Int32Array(home),
    namespaces: [...namespaces.keys()],
    namespace: new Int32Array(namespace),
    name,
    group,
    tick,
    more,
  };
}

type NumberOf = (service: ServiceState | undefined) => number;

function* saveGroup(group: GroupState, cluster: number, numberOf: NumberOf): Generator<void, SavedGroup> {
  const { slot, windowMs, tick, timeUnixNano, ticks, outage, silent, schedules, scoredMs } = group;
  const services = new Int32Array(group.services.size);
  const serviceSlots = new Int32Array(group.services.size);
  yield* mapInSlices(group.services, ([service, its], i) => {
    services[i] = numberOf(service);
    serviceSlots[i] = its;
  });
  return {
    slot,
    cluster,
    windowMs,
    feeds: [...group.feeds].map(([key, { slot: s, name, preset, advised }]) => [
      key,
      { slot: s, name, preset, advised },
    ]),
    services,
    serviceSlots,
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

function* saveEdges(edges: readonly EdgeState[], numberOf: NumberOf): Generator<void, SavedEdges> {
  const table: SavedFeature[] = [];
  const numbers = new Map<FeatureState, number>();
  const column = () => new Int32Array(edges.length);
  const saved = { slot: column(), group: column(), source: column(), destination: column(), profile: column() };
  const firstTick = new Float64Array(edges.length);
  const features = new Int32Array(FEATURES.length * edges.length).fill(-1);
  const rest: [number, EdgeRest][] = [];
  yield* mapInSlices(edges, (edge, i) => {
    saved.slot[i] = edge.slot;
    saved.group[i] = edge.group.slot;
    saved.source[i] = numberOf(edge.sourceService);
    saved.destination[i] = numberOf(edge.destinationService);
    saved.profile[i] = edge.profile;
    firstTick[i] = edge.firstTick;
    for (const [k, name] of FEATURES.entries()) {
      const state = edge.features[name];
      if (state) features[FEATURES.length * i + k] = numberOfFeature(state, numbers, table);
    }
    const more = restOf(edge);
    if (more) rest.push([i, more]);
  });
  return { ...saved, firstTick, features, table, rest };
}

function numberOfFeature(state: FeatureState, numbers: Map<FeatureState, number>, table: SavedFeature[]): number {
  const known = numbers.get(state);
  if (known !== undefined) return known;
  numbers.set(state, table.length);
  return table.push({ ...state, feed: state.feed.slot }) - 1;
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
  const services = [
    ...restoreServices(saved.services, clusters),
    ...saved.forgotten.map((name) => new ServiceState(name)),
  ];
  const feeds: FeedState[] = [];
  for (const group of saved.groups)
    edges.groups[group.slot] = restoreGroup(group, clusters[group.cluster]!, services, feeds);
  restoreTicks(saved.services, services, edges.groups);
  for (const edge of restoreEdges(saved.edges, edges, services, feeds)) edges.restore(edge);
  for (const { slot, unexpected } of saved.groups) {
    for (const edge of unexpected) if (edges.bySlot[edge]) edges.groups[slot]!.unexpected.add(edges.bySlot[edge]);
  }
  return { clusters, services };
}

function restoreServices(saved: SavedServices, clusters: readonly ClusterState[]): ServiceState[] {
  return unpackTexts(saved.name).map((name, i) => {
    const service = new ServiceState({ namespace: saved.namespaces[saved.namespace[i]!]!, name });
    clusters[saved.cluster[i]!]?.services.add(service);
    return service;
  });
}

function restoreTicks(
  { group, tick, more }: SavedServices,
  services: readonly ServiceState[],
  groups: readonly GroupState[],
): void {
  for (const [i, slot] of group.entries()) if (slot >= 0) services[i]!.seen(groups[slot]!, tick[i]!);
  for (const [i, slot, at] of more) services[i]!.seen(groups[slot]!, at);
}

function restoreCluster(
  { id, name, known, knownMs, firstMs, lastMs, settings, settingsKey, deliveries }: SavedCluster,
  delivery: (pipeline: string) => Delivery | undefined,
): ClusterState {
  const cluster = createCluster({ id, name });
  for (const [i, key] of unpackTexts(known).entries()) cluster.known.set(key, knownMs[i]!);
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
  for (const [i, number] of saved.services.entries())
    if (services[number]) group.services.set(services[number], saved.serviceSlots[i]!);
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
