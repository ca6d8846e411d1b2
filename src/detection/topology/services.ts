// The services of a cluster with the edges at their ends. A cluster may have a hundred thousand of them, most with one
// edge: what a service does not need yet is not made. What an edge and a group are is said in graph.ts: here they are
// keys.
import type { ServiceName } from '../rules/names.js';

/** Edges in the order in which they came. The first needs no set. */
export class FewEdges<Edge> implements Iterable<Edge> {
  #only: Edge | undefined;
  #many: Set<Edge> | undefined;

  get size(): number {
    return this.#many?.size ?? (this.#only ? 1 : 0);
  }

  add(edge: Edge): void {
    if (this.#many) this.#many.add(edge);
    else if (!this.#only || this.#only === edge) this.#only = edge;
    else {
      this.#many = new Set([this.#only, edge]);
      this.#only = undefined;
    }
  }

  delete(edge: Edge): void {
    this.#many?.delete(edge);
    if (this.#only === edge) this.#only = undefined;
  }

  [Symbol.iterator](): Iterator<Edge> {
    return (this.#many ?? (this.#only ? [this.#only] : []))[Symbol.iterator]();
  }
}

/** The edges at an end of a service: it adds them itself. */
export type EndEdges<Edge> = Omit<FewEdges<Edge>, 'add'>;

const NONE: EndEdges<never> = new FewEdges<never>();

export class KnownService<Edge, Group> {
  readonly name: ServiceName;
  #inbound: FewEdges<Edge> | undefined;
  #outbound: FewEdges<Edge> | undefined;
  /** Nearly always there is one group alone. */
  #group: Group | undefined;
  #tick = 0;
  #elsewhere: Map<Group, number> | undefined;

  constructor(name: ServiceName) {
    this.name = name;
  }

  get inbound(): EndEdges<Edge> {
    return this.#inbound ?? NONE;
  }

  get outbound(): EndEdges<Edge> {
    return this.#outbound ?? NONE;
  }

  addInbound(edge: Edge): void {
    this.#inbound ??= new FewEdges();
    this.#inbound.add(edge);
  }

  addOutbound(edge: Edge): void {
    this.#outbound ??= new FewEdges();
    this.#outbound.add(edge);
  }

  /** Tick of the group in which it was first seen; undefined: not yet. */
  firstTick(group: Group): number | undefined {
    return group === this.#group ? this.#tick : this.#elsewhere?.get(group);
  }

  /** Was seen in a tick: only the first one counts. */
  seen(group: Group, tick: number): void {
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
  forget(group: Group): void {
    this.#elsewhere?.delete(group);
    if (this.#group !== group) return;
    const [next] = this.#elsewhere ?? [];
    this.#group = next?.[0];
    this.#tick = next?.[1] ?? 0;
    if (next) this.#elsewhere?.delete(next[0]);
  }

  /** First ticks by group. */
  firstTicks(): (readonly [Group, number])[] {
    return this.#group ? [[this.#group, this.#tick], ...(this.#elsewhere ?? [])] : [];
  }
}

/** A service, as far as counting needs to know it. */
interface WithInbound {
  readonly inbound: { readonly size: number };
}

/**
 * Counts the services that several edges lead to: anew only after the graph has changed, since there may be very many.
 */
export class FanInServices {
  readonly #counts = new Map<ReadonlyMap<WithInbound, number>, number>();

  /** Edges or services were added or taken away. */
  changed(): void {
    if (this.#counts.size > 0) this.#counts.clear();
  }

  /** Among the services of a group. */
  of(services: ReadonlyMap<WithInbound, number>): number {
    const known = this.#counts.get(services);
    if (known !== undefined) return known;
    let count = 0;
    for (const { inbound } of services.keys()) if (inbound.size >= 2) count++;
    this.#counts.set(services, count);
    return count;
  }
}

/** Services by namespace, then by name: the two as one text would be a third string for each. */
export class Services<Its extends { readonly name: ServiceName }> {
  readonly #byNamespace = new Map<string, Map<string, Its>>();

  get({ namespace, name }: ServiceName): Its | undefined {
    return this.#byNamespace.get(namespace)?.get(name);
  }

  add(service: Its): void {
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

  *[Symbol.iterator](): Generator<Its> {
    for (const names of this.#byNamespace.values()) yield* names.values();
  }

  /** The namespace of that text that others have already, so that names share it. */
  sharedNamespace(namespace: string): string {
    const [some] = this.#byNamespace.get(namespace)?.values() ?? [];
    return some?.name.namespace ?? namespace;
  }
}
