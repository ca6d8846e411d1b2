// Writes the dictionary down: objects that refer to each other become numbers.
import { FEATURES } from '../../kernel/api.js';
import type { ServiceName } from '../rules/names.js';
import { mapInSlices } from '../slicing/slices.js';
import type { Edges } from './edges.js';
import type { ClusterState, EdgeState, FeatureState, GroupState, ServiceState } from './graph.js';
import type {
  EdgeRest,
  Numbers,
  SavedCluster,
  SavedDictionary,
  SavedEdges,
  SavedFeature,
  SavedGroup,
  SavedServices,
} from './saved-dictionary.js';
import { packTexts } from './texts.js';

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
  const { source, destination, sourceService, destinationService, shadowed, episode, silence, lastEndMs } = edge;
  const rest: EdgeRest = {
    ...(source && !isNamed(sourceService, source) ? { source } : {}),
    ...(isNamed(destinationService, destination) ? {} : { destination }),
    ...(shadowed
      ? { shadowed: [...shadowed].map(([name, feeds]) => [name, [...feeds].map(({ slot }) => slot)] as const) }
      : {}),
    ...(episode ? { episode } : {}),
    ...(silence ? { silence } : {}),
    ...(lastEndMs ? { lastEndMs: [...lastEndMs] } : {}),
  };
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function isNamed(service: ServiceState | undefined, { namespace, name }: ServiceName): boolean {
  return service !== undefined && service.name.namespace === namespace && service.name.name === name;
}
