// Alerts that are told and not over, as a file beside the checkpoint names them. After a kill the checkpoint may be
// older than they are: what is found again is the alert that was told, and not another; what is not found again ends.
import { formatService } from '../rules/names.js';
import { type EdgeState, edgeKey, type GroupState, type ServiceState } from '../topology/graph.js';

/** Where an alert belongs: names, which outlive the state. */
interface ToldOf {
  /** Id of the cluster. */
  readonly cluster: string;
  readonly windowMs: number;
}

/** An edge's anomaly. */
export interface ToldAnomaly extends ToldOf {
  /** `edgeKey`. */
  readonly edge: string;
  /** Number in KINDS. */
  readonly kind: number;
  readonly startedMs: number;
  readonly incident: string;
  readonly learning: boolean;
}

export interface ToldIncident extends ToldOf {
  readonly id: string;
  readonly openedMs: number;
  /** Nats. */
  readonly level: number;
  readonly edges: readonly string[];
  /** `ns/name`. */
  readonly services: readonly string[];
  readonly kinds: readonly string[];
}

/** An edge that nobody expected; it is told once. */
export interface ToldUnexpected extends ToldOf {
  readonly edge: string;
  readonly sinceMs: number;
}

/** A group, and since which window nothing can be said of it, Unix ms; 0: something can. */
export interface ToldGroup extends ToldOf {
  readonly silentSinceMs: number;
  readonly outageSinceMs: number;
  /** Event time of its newest closed window, Unix ms. */
  readonly newestMs: number;
}

/** What a file holds. */
export interface OpenAlerts {
  readonly anomalies: readonly ToldAnomaly[];
  /** That ended in silence, of edges that have not been heard since. */
  readonly silences: readonly ToldAnomaly[];
  readonly incidents: readonly ToldIncident[];
  readonly unexpected: readonly ToldUnexpected[];
  readonly groups: readonly ToldGroup[];
}

/** What may be found again. */
export type PendingAlerts = Omit<OpenAlerts, 'groups' | 'silences'>;

/** Windows in which an alert may be found again. Evidence of two windows in a row, and a gap before, need a few. */
const PATIENCE = 12;
/** Unexpected edges that are remembered; a checkpoint knows those that are older. */
const MAX_UNEXPECTED = 1000;

type Place = ToldOf | GroupState;

const placeKey = (place: Place): string =>
  `${typeof place.cluster === 'string' ? place.cluster : place.cluster.id}\u0000${place.windowMs}`;
const edgeIn = (place: Place, edge: string): string => `${placeKey(place)}\u0000${edge}`;

export class ToldAlerts {
  /** Told, and not found again yet. */
  readonly #anomalies = new Map<string, ToldAnomaly>();
  readonly #incidents = new Map<string, ToldIncident>();
  /** First window of every unexpected edge that was told lately, oldest first. */
  readonly #unexpected = new Map<string, ToldUnexpected>();
  /** Ticks of each group since they were remembered. */
  readonly #ticks = new Map<string, number>();

  /** What was told before and is not in the state. */
  remember({ anomalies, incidents, unexpected }: PendingAlerts): void {
    for (const one of anomalies) this.#anomalies.set(edgeIn(one, one.edge), one);
    for (const one of incidents) this.#incidents.set(one.id, one);
    for (const one of unexpected) this.#unexpected.set(edgeIn(one, one.edge), one);
  }

  /** What is still to be found again or ended, for the next file. */
  get pending(): PendingAlerts {
    return {
      anomalies: [...this.#anomalies.values()],
      incidents: [...this.#incidents.values()],
      unexpected: [...this.#unexpected.values()],
    };
  }

  /** The anomaly that was told of the edge, which goes on with the one that begins now. */
  takeAnomaly(edge: EdgeState): ToldAnomaly | undefined {
    if (this.#anomalies.size === 0) return undefined;
    const key = edgeIn(edge.group, edgeKey(edge));
    const told = this.#anomalies.get(key);
    this.#anomalies.delete(key);
    return told;
  }

  /** The incident that was told within reach of the edge, the oldest first. */
  takeIncident(edge: EdgeState, near: ReadonlySet<ServiceState>): ToldIncident | undefined {
    if (this.#incidents.size === 0) return undefined;
    const names = new Set([...near].map(({ name }) => formatService(name)));
    const key = edgeKey(edge);
    const found = [...this.#incidents.values()]
      .filter(({ cluster }) => cluster === edge.cluster.id)
      .filter(({ edges, services }) => edges.includes(key) || services.some((name) => names.has(name)))
      .reduce<ToldIncident | undefined>(
        (first, one) => (first && first.openedMs <= one.openedMs ? first : one),
        undefined,
      );
    if (found) this.#incidents.delete(found.id);
    return found;
  }

  /** The window in which an unexpected edge was told first, Unix ms: this one, unless it was before a kill. */
  unexpectedSince(edge: EdgeState, nowMs: number): number {
    const key = edgeKey(edge);
    const of = { cluster: edge.cluster.id, windowMs: edge.group.windowMs, edge: key };
    const told = this.#unexpected.get(edgeIn(of, key)) ?? { ...of, sinceMs: nowMs };
    this.#unexpected.set(edgeIn(of, key), told);
    if (this.#unexpected.size > MAX_UNEXPECTED) this.#unexpected.delete(this.#unexpected.keys().next().value!);
    return told.sinceMs;
  }

  /** A window of the group was closed: what of its alerts was not found again in time, and is over. */
  expire(group: GroupState): { readonly anomalies: ToldAnomaly[]; readonly incidents: ToldIncident[] } {
    const over = { anomalies: [] as ToldAnomaly[], incidents: [] as ToldIncident[] };
    if (this.#anomalies.size + this.#incidents.size === 0) return over;
    const place = placeKey(group);
    const ticks = (this.#ticks.get(place) ?? 0) + 1;
    this.#ticks.set(place, ticks);
    if (ticks < PATIENCE) return over;
    for (const [key, one] of this.#anomalies) {
      if (placeKey(one) === place && this.#anomalies.delete(key)) over.anomalies.push(one);
    }
    for (const [id, one] of this.#incidents) {
      if (placeKey(one) === place && this.#incidents.delete(id)) over.incidents.push(one);
    }
    return over;
  }
}
