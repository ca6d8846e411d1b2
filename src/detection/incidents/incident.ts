// An incident: edges whose evidence rose near each other, as one thing.

import { createHash } from 'node:crypto';
import type { ToldIncident } from '../alerting/told.js';
import { type ClusterState, type EdgeState, edgeKey, type GroupState, type ServiceState } from '../topology/graph.js';
import type { Ranked } from './ranking.js';
import { endsOf } from './reach.js';

export type IncidentState = 'opened' | 'updated' | 'closed';

export interface Incident {
  readonly id: string;
  readonly cluster: ClusterState;
  /** Event time, Unix ms. */
  readonly openedMs: number;
  readonly group: GroupState;
  readonly services: Set<ServiceState>;
  readonly edges: Set<EdgeState>;
  /** Kinds of its edges' strongest surprise when they joined. */
  readonly kinds: Set<string>;
  /** Largest evidence so far, nats. */
  peakEvidence: number;
  ranking: readonly Ranked[];
  /** Ticks that each group of the cluster had closed when it opened. */
  readonly ticksAtOpening: ReadonlyMap<GroupState, number>;
  mergedInto: Incident | undefined;
}

export function newId(edge: EdgeState, nowMs: number): string {
  const name = `${edge.cluster.id}\u0000${nowMs}\u0000${edgeKey(edge)}`;
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

/** An incident that was told before a kill, as far as its edges are known; undefined: none of them is. */
export function endedIncident(
  told: ToldIncident,
  group: GroupState,
  edges: ReadonlyMap<string, EdgeState>,
): Incident | undefined {
  const known = told.edges.flatMap((key) => edges.get(key) ?? []);
  if (known.length === 0) return undefined;
  return {
    id: told.id,
    cluster: group.cluster,
    openedMs: told.openedMs,
    group,
    services: new Set(known.flatMap(endsOf)),
    edges: new Set(known),
    kinds: new Set(told.kinds),
    peakEvidence: told.level,
    ranking: [],
    ticksAtOpening: new Map(),
    mergedInto: undefined,
  };
}
