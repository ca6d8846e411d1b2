// The dictionary in a form that can be written down: objects that refer to each other become numbers, and back.
import type { FeatureName } from '../../kernel/api.js';
import type { ServiceName } from '../rules/names.js';
import type { SenderSettings } from '../sender-settings.js';

import type { BoundCounts } from './bounds.js';

import type { ClusterState, Episode, FeatureState, SenderClock, ServiceState } from './graph.js';
import type { Texts } from './texts.js';

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

export interface SavedFeature extends Omit<FeatureState, 'feed'> {
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
  readonly silence?: Episode;
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
