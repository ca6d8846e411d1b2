// The dictionary in a form that can be written down: objects that refer to each other become numbers, and back.
import { FEATURES, type FeatureName } from '../../kernel/api.js';
import type { ServiceName } from '../rules/names.js';
import type { SenderSettings } from '../sender-settings.js';
import { mapInSlices } from '../slicing/slices.js';
import type { BoundCounts, Edges } from './edges.js';
import type { ClusterState, EdgeState, Episode, FeatureState, GroupState, SenderClock, ServiceState } from './graph.js';
import { packTexts, type Texts } from './texts.js';

export interface SavedCluster {
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
export interface SavedServices {
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

export interface SavedGroup {
  readonly slot: number;
  readonly cluster: number;
  readonly windowMs: number;
  readonly isReturning: boolean;
  readonly feeds: readonly (readonly [key: string, feed: SavedFeed])[];
  readonly clocks: readonly (readonly [key: string, clock: SenderClock])[];
  /** Numbers of services, and their kernel slots. */
  readonly services: Int32Array;
  readonly serviceSlots: Int32Array;
  readonly tick: number;
  readonly timeUnixNano: bigint;
  readonly ticks: number;
  readonly outage: boolean;
  readonly silent: boolean;
  readonly silentSinceMs: number;
  readonly outageSinceMs: number;
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
 * Edges in columns, of each cluster in the order in which they came: it decides in which order the ranking of services
 * adds up. Columns are copied as they are, objects one by one: tens of thousands of edges must not hold the event loop.
 */
export interface SavedEdges {
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
export interface EdgeRest {
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

/** `pipelinesOf`: those that brought the cluster's data. */
export function* saveDictionary(
  { clusters, groups, counts }: Edges,
  pipelinesOf: (cluster: ClusterState) => readonly string[],
): Generator<void, Saved> {
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
  for (const group of groups.filter((one) => one !== undefined))
    savedGroups.push(yield* saveGroup(group, clusterList.indexOf(group.cluster), numberOf));
  yield;
  const edges: EdgeState[] = [];
  for (const cluster of clusterList) yield* mapInSlices(cluster.edges, (edge) => edges.push(edge));
  const saved: SavedDictionary = {
    clusters: clusterList.map((cluster) => saveCluster(cluster, pipelinesOf(cluster))),
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

function saveCluster(cluster: ClusterState, deliveries: readonly string[]): SavedCluster {
  const { id, name, known, firstMs, lastMs, settings, settingsKey } = cluster;
  return {
    id,
    name,
    known: packTexts([...known.keys()]),
    knownMs: Float64Array.from(known.values()),
    firstMs,
    lastMs,
    settings,
    settingsKey,
    deliveries,
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
  const { slot, windowMs, isReturning, tick, timeUnixNano, ticks, outage, silent, schedules, scoredMs } = group;
  const { silentSinceMs, outageSinceMs } = group;
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
    isReturning,
    feeds: [...group.feeds].map(([key, { slot: s, name, preset, advised }]) => [
      key,
      { slot: s, name, preset, advised },
    ]),
    clocks: [...group.clocks],
    services,
    serviceSlots,
    tick,
    timeUnixNano,
    ticks,
    outage,
    silent,
    silentSinceMs,
    outageSinceMs,
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
