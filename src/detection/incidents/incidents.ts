// Incidents: edges whose evidence rose near each other in the call graph, as one thing to page on.
// docs/detection.md, sections 8 to 10.

import type { Closing } from '../../kernel/api.js';
import type { ToldIncident } from '../alerting/told.js';
import type { ClusterState, EdgeState, GroupState, ServiceState } from '../topology/graph.js';
import type { Numbers } from '../topology/saved-dictionary.js';
import { type Incident, type IncidentState, newId } from './incident.js';
import { IncidentLevels, type LevelsOptions, type SavedLevels } from './levels.js';
import { type Ranked, rankServices } from './ranking.js';
import { endsOf, neighbourhood, overlaps, reach, strongestKind } from './reach.js';

/** Incidents in numbers: clusters and services by theirs, groups and edges by kernel slot. */
export interface SavedIncidents extends SavedLevels {
  readonly open: readonly {
    readonly id: string;
    readonly cluster: number;
    readonly openedMs: number;
    readonly group: number;
    readonly services: readonly number[];
    readonly edges: readonly number[];
    readonly kinds: readonly string[];
    readonly level: number;
    readonly ranking: readonly (Omit<Ranked, 'service'> & { readonly service: number })[];
    readonly ticksAtOpening: readonly (readonly [number, number])[];
  }[];
}

export interface IncidentChange {
  readonly incident: Incident;
  readonly state: IncidentState;
}

export interface IncidentsOptions extends LevelsOptions {
  readonly bySlot: readonly (EdgeState | undefined)[];
  /** Ranks every service of the cluster, as the oracle does, and not those within reach of the incident. */
  readonly rankWholeCluster?: boolean;
  /** The incident within reach of the edge that was told before a kill, and goes on with the one that opens now. */
  readonly told?: (edge: EdgeState, near: ReadonlySet<ServiceState>) => ToldIncident | undefined;
}

/** Windows after the opening in which the ranking is made anew. */
const AFTER = 2;
/** What incidents ask of a closed tick. */
export type TickAnswers = Pick<Closing, 'channels' | 'live'>;

export class Incidents {
  readonly open: Incident[] = [];
  readonly #options: IncidentsOptions;
  readonly #levels: IncidentLevels;

  constructor(options: IncidentsOptions) {
    this.#options = options;
    this.#levels = new IncidentLevels(options);
  }

  /** The open incident that an edge belongs to. */
  of(edge: EdgeState): Incident | undefined {
    return this.open.find((incident) => incident.edges.has(edge));
  }

  openIn(cluster: ClusterState): number {
    return this.open.filter((incident) => incident.cluster === cluster).length;
  }

  /** 1 − 10^(−evidence / L): 0.9 exactly at the level. */
  scoreOf({ peakEvidence, group }: Incident): number {
    const needed = this.#levels.get(group) ?? 1;
    return 1 - 10 ** (-peakEvidence / needed);
  }

  forget(edge: EdgeState): void {
    for (const incident of this.open) incident.edges.delete(edge);
  }

  /** The incidents of which every edge belongs to these are over, before their edges are forgotten. */
  end(isLeaving: (edge: EdgeState) => boolean): Incident[] {
    const over = this.open.filter(({ edges }) => [...edges].every(isLeaving));
    for (const incident of over) this.open.splice(this.open.indexOf(incident), 1);
    return over;
  }

  /** The group is gone. */
  forgetGroup(group: GroupState): void {
    this.#levels.forget(group);
  }

  /** Takes in the tick that the group has just closed; what changed, in order. */
  *step(group: GroupState, closing: TickAnswers, nowMs: number): Generator<void, IncidentChange[]> {
    this.#levels.set(group, closing);
    const { kernel, bySlot } = this.#options;
    const { channel, channelChange } = kernel.results;
    const changes = new Map<Incident, IncidentState>();
    for (const slot of closing.channels) {
      const edge = bySlot[slot];
      if (edge && channelChange[slot] === 1 && channel[slot] === 1) this.#join(edge, nowMs, changes);
    }
    for (const incident of this.open.filter((one) => one.cluster === group.cluster))
      yield* this.#follow(incident, group, changes);
    return [...changes].map(([incident, state]) => ({ incident, state }));
  }

  /** A channel turned on: it opens an incident, or joins the oldest within reach and merges the others into it. */
  #join(edge: EdgeState, nowMs: number, changes: Map<Incident, IncidentState>): void {
    const near = reach(edge);
    const hits = this.open.filter((one) => one.cluster === edge.cluster && overlaps(one.services, near));
    const first = hits[0] ?? this.#open(edge, near, nowMs);
    for (const other of hits.slice(1)) this.#merge(first, other, changes);
    for (const service of endsOf(edge)) first.services.add(service);
    first.edges.add(edge);
    first.kinds.add(strongestKind(this.#options.kernel, edge));
    if (changes.get(first) !== 'opened') changes.set(first, hits.length > 0 ? 'updated' : 'opened');
  }

  #open(edge: EdgeState, near: ReadonlySet<ServiceState>, nowMs: number): Incident {
    const { cluster, group } = edge;
    const told = this.#options.told?.(edge, near);
    const incident: Incident = {
      id: told?.id ?? newId(edge, nowMs),
      cluster,
      openedMs: told?.openedMs ?? nowMs,
      group,
      services: new Set(),
      edges: new Set(),
      kinds: new Set(told?.kinds),
      peakEvidence: told?.level ?? 0,
      ranking: [],
      ticksAtOpening: new Map([...cluster.groups.values()].map((one) => [one, one.ticks])),
      mergedInto: undefined,
    };
    this.open.push(incident);
    return incident;
  }

  #merge(first: Incident, other: Incident, changes: Map<Incident, IncidentState>): void {
    for (const service of other.services) first.services.add(service);
    for (const member of other.edges) first.edges.add(member);
    for (const kind of other.kinds) first.kinds.add(kind);
    first.peakEvidence = Math.max(first.peakEvidence, other.peakEvidence);
    other.mergedInto = first;
    this.open.splice(this.open.indexOf(other), 1);
    changes.set(other, 'closed');
  }

  /** Evidence, ranking and end of an incident after a tick of one of its cluster's groups. */
  *#follow(incident: Incident, group: GroupState, changes: Map<Incident, IncidentState>): Generator<void> {
    const { sustained } = this.#options.kernel.results;
    for (const { group: its, slot } of incident.edges) {
      if (its === group) incident.peakEvidence = Math.max(incident.peakEvidence, sustained[slot]!);
    }
    const since = incident.group.ticks - (incident.ticksAtOpening.get(incident.group) ?? 0);
    if (group === incident.group && since <= AFTER) yield* this.#rank(incident, changes);
    const { channel } = this.#options.kernel.results;
    if ([...incident.edges].some(({ slot }) => channel[slot] === 1)) return;
    this.open.splice(this.open.indexOf(incident), 1);
    changes.set(incident, 'closed');
  }

  *#rank(incident: Incident, changes: Map<Incident, IncidentState>): Generator<void> {
    const before = incident.ranking[0]?.service;
    const { kernel, rankWholeCluster = false } = this.#options;
    const among = rankWholeCluster ? incident.cluster.services : yield* neighbourhood(incident.services);
    incident.ranking = yield* rankServices(kernel, among, incident.ticksAtOpening);
    if (before && before !== incident.ranking[0]?.service && !changes.has(incident)) changes.set(incident, 'updated');
  }

  /** `numberOf`: of a service, also of one that is otherwise forgotten. */
  save({ clusters }: Numbers, numberOf: (service: ServiceState) => number): SavedIncidents {
    return {
      open: this.open.map((incident) => ({
        id: incident.id,
        cluster: clusters.indexOf(incident.cluster),
        openedMs: incident.openedMs,
        group: incident.group.slot,
        services: [...incident.services].map(numberOf),
        edges: [...incident.edges].map(({ slot }) => slot),
        kinds: [...incident.kinds],
        level: incident.peakEvidence,
        ranking: incident.ranking.map((ranked) => ({ ...ranked, service: numberOf(ranked.service) })),
        ticksAtOpening: [...incident.ticksAtOpening]
          .filter(([group]) => this.#options.groups[group.slot] === group)
          .map(([group, ticks]) => [group.slot, ticks]),
      })),
      ...this.#levels.save(),
    };
  }

  restore(saved: SavedIncidents, { clusters, services }: Numbers): void {
    const { groups, bySlot } = this.#options;
    const known = <T>(values: readonly (T | undefined)[]) => values.filter((value) => value !== undefined);
    for (const { level, ...one } of saved.open) {
      this.open.push({
        ...one,
        peakEvidence: level,
        cluster: clusters[one.cluster]!,
        group: groups[one.group]!,
        services: new Set(known(one.services.map((number) => services[number]))),
        edges: new Set(known(one.edges.map((slot) => bySlot[slot]))),
        kinds: new Set(one.kinds),
        ranking: one.ranking.flatMap((ranked) => {
          const service = services[ranked.service];
          return service ? [{ ...ranked, service }] : [];
        }),
        ticksAtOpening: new Map(one.ticksAtOpening.map(([slot, ticks]) => [groups[slot]!, ticks])),
        mergedInto: undefined,
      });
    }
    this.#levels.restore(saved);
  }

  /** The budget may be another than before: every level is due anew. */
  renewLevels(): void {
    this.#levels.renew();
  }

  setBudget(maxPerDay: number): void {
    this.#levels.setBudget(maxPerDay);
  }

  /** A sender changed a cluster's budget: its level is due anew. */
  budgetChanged(cluster: ClusterState): void {
    this.#levels.budgetChanged(cluster);
  }
}
