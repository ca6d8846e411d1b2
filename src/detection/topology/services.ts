// The services of a cluster with the edges at their ends. A cluster may have a hundred thousand of them, most with one edge: what a
// service does not need yet is not made.
import type { ServiceName } from '../rules/names.js';
import type { EdgeState, GroupState } from './graph.js';

/** Edges in the order in which they came. The first needs no set. */
export class FewEdges implements Iterable<EdgeState> {
  #only: EdgeState | undefined;
  #many: Set<EdgeState> | undefined;

  get size(): number {
    return this.#many?.size ?? (this.#only ? 1 : 0);
  }

  add(edge: EdgeState): void {
    if (this.#many) this.#many.add(edge);
    else if (!this.#only || this.#only === edge) this.#only = edge;
    else {
      this.#many = new Set([this.#only, edge]);
      this.#only = undefined;
    }
  }

  delete(edge: EdgeState): void {
    this.#many?.delete(edge);
    if (this.#only === edge) this.#only = undefined;
  }

  [Symbol.iterator](): Iterator<EdgeState> {
    return (this.#many ?? (this.#only ? [this.#only] : []))[Symbol.iterator]();
  }
}

/** The edges at an end of a service: it adds them itself. */
export type EndEdges = Omit<FewEdges, 'add'>;

const NONE: EndEdges = new FewEdges();

export class ServiceState {
  readonly name: ServiceName;
  #inbound: FewEdges | undefined;
  #outbound: FewEdges | undefined;
  /** Nearly always there is one group alone. */
  #group: GroupState | undefined;
  #tick = 0;
  #elsewhere: Map<GroupState, number> | undefined;

  constructor(name: ServiceName) {
    this.name = name;
  }

  get inbound(): EndEdges {
    return this.#inbound ?? NONE;
  }

  get outbound(): EndEdges {
    return this.#outbound ?? NONE;
  }

  addInbound(edge: EdgeState): void {
    this.#inbound ??= new FewEdges();
    this.#inbound.add(edge);
  }

  addOutbound(edge: EdgeState): void {
    this.#outbound ??= new FewEdges();
    this.#outbound.add(edge);
  }

  /** Tick of the group in which it was first seen; undefined: not yet. */
  firstTick(group: GroupState): number | undefined {
    return group === this.#group ? this.#tick : this.#elsewhere?.get(group);
  }

  /** Was seen in a tick: only the first one counts. */
  seen(group: GroupState, tick: number): void {
    if (this.firstTick(group) !== undefined) return;
    if (this.#group) {
      this.#elsewhere ??= new Map();
      this.#elsewhere.set(group, tick);
      return;
    }
    this.#group = group;
    this.#tick = tick;
  }

  /** The group is gone. */
  forget(group: GroupState): void {
    this.#elsewhere?.delete(group);
    if (this.#group !== group) return;
    const [next] = this.#elsewhere ?? [];
    this.#group = next?.[0];
    this.#tick = next?.[1] ?? 0;
    if (next) this.#elsewhere?.delete(next[0]);
  }

  /** First ticks by group. */
  firstTicks(): (readonly [GroupState, number])[] {
    return this.#group ? [[this.#group, this.#tick], ...(this.#elsewhere ?? [])] : [];
  }
}

/** Counts the services that several edges lead to: anew only after the graph has changed, since there may be very many. */
export class Junctions {
  readonly #counts = new Map<ReadonlyMap<ServiceState, number>, number>();

  /** Edges or services were added or taken away. */
  changed(): void {
    if (this.#counts.size > 0) this.#counts.clear();
  }

  /** Among the services of a group. */
  of(services: ReadonlyMap<ServiceState, number>): number {
    const known = this.#counts.get(services);
    if (known !== undefined) return known;
    let count = 0;
    for (const { inbound } of services.keys()) if (inbound.size >= 2) count++;
    this.#counts.set(services, count);
    return count;
  }
}

/** Services by namespace, then by name: the two as one text would be a third string for each. */
export class Services {
  readonly #byNamespace = new Map<string, Map<string, ServiceState>>();

  get({ namespace, name }: ServiceName): ServiceState | undefined {
    return this.#byNamespace.get(namespace)?.get(name);
  }

  add(service: ServiceState): void {
    const { namespace, name } = service.name;
    let names = this.#byNamespace.get(namespace);
    if (!names) {
      names = new Map();
      this.#byNamespace.set(namespace, names);
    }
    names.set(name, service);
  }

  delete({ namespace, name }: ServiceName): void {
    const names = this.#byNamespace.get(namespace);
    names?.delete(name);
    if (names?.size === 0) this.#byNamespace.delete(namespace);
  }

  *[Symbol.iterator](): Generator<ServiceState> {
    for (const names of this.#byNamespace.values()) yield* names.values();
  }

  /** The namespace of that text that others have already, so that names share it. */
  sharedNamespace(namespace: string): string {
    const [some] = this.#byNamespace.get(namespace)?.values() ?? [];
    return some?.name.namespace ?? namespace;
  }
}

/** The edge between two ends, searched at the end that has fewer; one of both is a service. */
export function edgeBetween(
  source: ServiceState | undefined,
  destination: ServiceState | undefined,
  hasSource: boolean,
): EdgeState | undefined {
  const into = destination?.inbound;
  const outOf = source?.outbound;
  const few = into && (!outOf || into.size <= outOf.size) ? into : outOf;
  for (const edge of few ?? []) {
    const isSame = edge.sourceService === source && edge.destinationService === destination;
    // An external source is another than none at all, and neither is a service.
    if (isSame && (edge.source !== undefined) === hasSource) return edge;
  }
  return undefined;
}
