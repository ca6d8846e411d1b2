// The services that edges lead from and to: made at their first edge, forgotten after their last one.
import type { KernelApi } from '../../kernel/api.js';
import { isExternal, type ServiceName } from '../rules/names.js';
import type { Bounds } from './bounds.js';
import { type ClusterState, createService, type EdgeState, type GroupState, type ServiceState } from './graph.js';

export class ServiceSlots {
  readonly #kernel: KernelApi;
  readonly #bounds: Bounds;

  constructor(kernel: KernelApi, bounds: Bounds) {
    this.#kernel = kernel;
    this.#bounds = bounds;
  }

  /** The service of this name; undefined: it stands for nobody in particular. */
  of(cluster: ClusterState, name: ServiceName | undefined): ServiceState | undefined {
    if (!name || isExternal(name)) return undefined;
    const known = cluster.services.get(name);
    if (known) return known;
    const service = createService({ ...name, namespace: cluster.services.sharedNamespace(name.namespace) });
    cluster.services.add(service);
    return service;
  }

  /** Its slot in the group; -1: none. Beyond the bound an edge is judged without its source's traffic. */
  slot(group: GroupState, service: ServiceState | undefined): number {
    if (!service) return -1;
    const known = group.services.get(service);
    if (known !== undefined) return known;
    const slot = this.#kernel.addService(group.slot);
    if (slot < 0) this.#bounds.counts.services++;
    else group.services.set(service, slot);
    return slot;
  }

  /** After an edge of it is gone: without edges in the group it gives its slot back; without any, it is forgotten. */
  release({ cluster, group }: EdgeState, service: ServiceState): void {
    const edges = [...service.inbound, ...service.outbound];
    const slot = group.services.get(service);
    if (slot !== undefined && !edges.some((edge) => edge.group === group)) {
      this.#kernel.removeService(slot);
      group.services.delete(service);
    }
    if (edges.length === 0) cluster.services.delete(service.name);
  }
}
