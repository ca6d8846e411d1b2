// Edges by kernel slot: an edge and its ends know each other, and the kernel knows the edge, from its first series
// until it is forgotten.
import type { KernelApi, Packed } from '../../kernel/api.js';
import type { Mapped } from '../rules/resolve.js';
import { NO_FEATURES } from './features.js';
import { type EdgeState, edgeKey, type GroupState } from './graph.js';
import type { ServiceSlots } from './service-slots.js';

/** Names of forgotten edges a cluster remembers, as a multiple of max_edges. */
const KNOWN_FACTOR = 4;

export interface EdgeSlotsOptions {
  readonly kernel: KernelApi;
  readonly maxEdges: number;
  readonly services: ServiceSlots;
  /** Alert profile of a new edge. */
  profile(edge: Pick<EdgeState, 'cluster' | 'group' | 'source' | 'destination'>): number;
}

export class EdgeSlots {
  readonly edges: (EdgeState | undefined)[] = [];
  count = 0;
  readonly #options: EdgeSlotsOptions;

  constructor(options: EdgeSlotsOptions) {
    this.#options = options;
  }

  /** A new edge; there must be room for it. */
  add(group: GroupState, { source, destination }: Pick<Mapped, 'source' | 'destination'>): EdgeState {
    const { kernel, services } = this.#options;
    const { cluster } = group;
    const sourceService = services.of(cluster, source);
    const destinationService = services.of(cluster, destination);
    const profile = this.#options.profile({ cluster, group, source, destination });
    const ends = [services.slot(group, sourceService), services.slot(group, destinationService)] as const;
    const edge: EdgeState = {
      slot: kernel.addEdge(group.slot, ...ends, profile),
      cluster,
      group,
      source: sourceService?.name ?? source,
      destination: destinationService?.name ?? destination,
      sourceService,
      destinationService,
      features: NO_FEATURES,
      shadowed: undefined,
      profile,
      firstTick: -1,
      episode: undefined,
      silence: undefined,
      lastEndMs: undefined,
    };
    this.restore(edge);
    return edge;
  }

  /** Takes an edge back that a checkpoint knows; the kernel has it already. */
  restore(edge: EdgeState): void {
    edge.sourceService?.addOutbound(edge);
    edge.destinationService?.addInbound(edge);
    this.edges[edge.slot] = edge;
    this.count++;
    edge.cluster.edges.add(edge);
    edge.cluster.fanIn.changed();
  }

  /** Forgets an edge; its name stays known. `isDisplaced`: its series are known when they come again. */
  forget(edge: EdgeState, isDisplaced: boolean): void {
    const { cluster, group, sourceService, destinationService } = edge;
    this.#options.kernel.removeEdge(edge.slot, isDisplaced);
    this.edges[edge.slot] = undefined;
    this.count--;
    cluster.edges.delete(edge);
    cluster.fanIn.changed();
    group.unexpected.delete(edge);
    sourceService?.outbound.delete(edge);
    destinationService?.inbound.delete(edge);
    for (const service of [sourceService, destinationService])
      if (service) this.#options.services.release(edge, service);
    this.#remember(edge);
  }

  #remember(edge: EdgeState): void {
    const { cluster } = edge;
    const key = edgeKey(edge);
    cluster.known.delete(key);
    cluster.known.set(key, cluster.lastMs);
    if (cluster.known.size > KNOWN_FACTOR * this.#options.maxEdges)
      cluster.known.delete(cluster.known.keys().next().value as string);
  }

  /** The kernel has moved edges into other slots. */
  renumber({ edges }: Packed): void {
    const all = this.edges.filter((edge) => edge !== undefined);
    this.edges.length = 0;
    for (const edge of all) {
      edge.slot = edges.get(edge.slot) ?? edge.slot;
      this.edges[edge.slot] = edge;
    }
  }
}
