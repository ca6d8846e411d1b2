// The dictionary of what the kernel only knows by number: clusters, groups, feeds, services, edges and their features.
import type { FeatureName } from '../../kernel/api.js';
import { formatService, type ServiceName } from '../rules/names.js';
import type { Cluster } from '../rules/resolve.js';
import { NO_SETTINGS, type SenderSettings } from '../sender-settings.js';
import { type EndEdges, FanInServices, KnownService, Services } from './services.js';

export interface ClusterState extends Cluster {
  readonly groups: Map<number, GroupState>;
  readonly services: Services<ServiceState>;
  readonly edges: Set<EdgeState>;
  readonly fanIn: FanInServices;
  /** Names of edges that were forgotten, with the event time of that, Unix ms: a returning edge is not unexpected. */
  readonly known: Map<string, number>;
  /** Event time of the first closed window, Unix ms; 0: none yet. */
  firstMs: number;
  /** Event time of the last closed window, Unix ms. */
  lastMs: number;
  settings: SenderSettings;
  settingsKey: string;
  /** Requests that held data points of its edges, and those that Pixie has cut off. */
  requests: number;
  truncated: number;
}

export interface GroupState {
  readonly slot: number;
  readonly cluster: ClusterState;
  readonly windowMs: number;
  /** It came back after it had been displaced, or refused. */
  readonly isReturning: boolean;
  readonly feeds: Map<string, FeedState>;
  /** Clocks of its senders, by what identifies them. */
  readonly clocks: Map<string, SenderClock>;
  /** Kernel slots of services. */
  readonly services: Map<ServiceState, number>;
  /** Number and event time (Unix ns) of the last closed tick. */
  tick: number;
  timeUnixNano: bigint;
  ticks: number;
  /** Wall clock of the last data point, ms; live only. */
  lastSeenMs: number;
  /** Wall clock of the last export of scores, ms; live only. */
  lastScoresMs: number;
  silent: boolean;
  outage: boolean;
  /** Event time of the window that was the newest when a silence or an outage began, Unix ms; 0: there was none. */
  silentSinceMs: number;
  outageSinceMs: number;
  schedules: string;
  /** Edges that were new in the tick before: their gauge falls back to 0. */
  readonly unexpected: Set<EdgeState>;
  /** Edges with a `silence`. */
  readonly stillSilent: Set<EdgeState>;
  /** Event time of the last export of scores, Unix ms. */
  scoredMs: number;
}

export interface FeedState {
  readonly slot: number;
  readonly name: string;
  readonly group: GroupState;
  readonly preset: string;
  /** The setting that was advised, so that it is said once. */
  advised: boolean;
}

/** Which feed a feature of an edge listens to, and how its value was received. */
export interface FeatureState {
  readonly rank: number;
  readonly feed: FeedState;
  readonly scale: number;
  readonly unit: string;
  readonly type: number;
  readonly rule: string;
}

export type Features = Readonly<Partial<Record<FeatureName, FeatureState>>>;

export interface SenderClock {
  readonly slot: number;
  /** For people: `host.name=node-a`. */
  readonly sender: string;
}

export type ServiceState = KnownService<EdgeState, GroupState>;

/** The edges at an end of a service. */
export type ServiceEdges = EndEdges<EdgeState>;

/** There may be a hundred thousand: what few edges have is made when they do. */
export interface EdgeState {
  /** Kernel slot; another after the state moved into a smaller kernel. */
  slot: number;
  readonly cluster: ClusterState;
  readonly group: GroupState;
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName;
  readonly sourceService: ServiceState | undefined;
  readonly destinationService: ServiceState | undefined;
  features: Features;
  /** Feeds that tell of a feature that listens to another, by feature; undefined: none. */
  shadowed: Map<FeatureName, Set<FeedState>> | undefined;
  profile: number;
  /** Tick in which it was first seen; -1: not closed yet. */
  firstTick: number;
  episode: Episode | undefined;
  /** The anomaly that ended while the edge was silent, until it speaks again. */
  silence: Episode | undefined;
  /** End of the last announced anomaly by kind, Unix ms: for the cool-down. */
  lastEndMs: Map<number, number> | undefined;
}

/** An anomaly that lasts. */
export interface Episode {
  /** Number in KINDS. */
  readonly kind: number;
  readonly startedMs: number;
  incident: string;
  /** Announced: not held back by the cool-down. */
  readonly announced: boolean;
  /** It began while the edge's evidence did not yet count in full. */
  readonly learning: boolean;
  topScore: number;
}

/** Event time of the newest closed window, Unix ms. */
export function newestMsOf({ timeUnixNano }: Pick<GroupState, 'timeUnixNano'>): number {
  return Number(timeUnixNano / 1_000_000n);
}

/** The text that an edge is known by in its cluster. */
export function edgeKey({ source, destination }: Ends): string {
  return `${source ? formatService(source) : ''}\u0000${formatService(destination)}`;
}

type Ends = Pick<EdgeState, 'source' | 'destination'>;

/**
 * Orders edges of a cluster by source, then by destination, as their texts would be, without making them: there may be
 * very many.
 */
export function byName(a: Ends, b: Ends): number {
  return compare(a.source, b.source) || compare(a.destination, b.destination);
}

function compare(a: ServiceName | undefined, b: ServiceName | undefined): number {
  if (a === b) return 0;
  const isSameSpace = a !== undefined && a.namespace === b?.namespace;
  const left = isSameSpace ? a.name : a ? formatService(a) : '';
  const right = isSameSpace ? b!.name : b ? formatService(b) : '';
  return left < right ? -1 : left > right ? 1 : 0;
}

/** "shop/frontend → shop/checkout", or the service alone. */
export function edgeText({ source, destination }: Ends): string {
  return source ? `${formatService(source)} → ${formatService(destination)}` : formatService(destination);
}

export function createService(name: ServiceName): ServiceState {
  return new KnownService(name);
}

export function createCluster({ id, name }: Cluster): ClusterState {
  return {
    id,
    name,
    groups: new Map(),
    services: new Services(),
    edges: new Set(),
    fanIn: new FanInServices(),
    known: new Map(),
    firstMs: 0,
    lastMs: 0,
    settings: NO_SETTINGS,
    settingsKey: '',
    requests: 0,
    truncated: 0,
  };
}

export function createGroup(slot: number, cluster: ClusterState, windowMs: number, isReturning = false): GroupState {
  return {
    slot,
    cluster,
    windowMs,
    isReturning,
    feeds: new Map(),
    clocks: new Map(),
    services: new Map(),
    tick: 0,
    timeUnixNano: 0n,
    ticks: 0,
    lastSeenMs: 0,
    lastScoresMs: 0,
    silent: false,
    outage: false,
    silentSinceMs: 0,
    outageSinceMs: 0,
    schedules: '',
    unexpected: new Set(),
    stillSilent: new Set(),
    scoredMs: 0,
  };
}
