// What is near an edge in the call graph, and what its strongest change is.
import { FEATURES, type KernelApi, KINDS, Kind, kindOfChange } from '../../kernel/api.js';
import { largestSurprise } from '../alerting/surprise.js';
import { mapInSlices } from '../slicing/slices.js';
import type { EdgeState, ServiceState } from '../topology/graph.js';

/** The services at the ends of an edge. */
export function endsOf({ sourceService, destinationService }: EdgeState): ServiceState[] {
  return [sourceService, destinationService].filter((service) => service !== undefined);
}

/** An edge's services and their direct neighbours. */
export function reach(edge: EdgeState): Set<ServiceState> {
  const near = new Set<ServiceState>();
  for (const service of endsOf(edge)) {
    near.add(service);
    for (const other of [...service.inbound, ...service.outbound]) for (const end of endsOf(other)) near.add(end);
  }
  return near;
}

/** These services and their direct neighbours; a hub may have very many. */
export function* neighbourhood(services: Iterable<ServiceState>): Generator<void, Set<ServiceState>> {
  const near = new Set<ServiceState>();
  yield* mapInSlices(services, (service) => {
    near.add(service);
    for (const edge of service.inbound) if (edge.sourceService) near.add(edge.sourceService);
    for (const edge of service.outbound) if (edge.destinationService) near.add(edge.destinationService);
  });
  return near;
}

export function overlaps(services: ReadonlySet<ServiceState>, near: ReadonlySet<ServiceState>): boolean {
  for (const service of services) if (near.has(service)) return true;
  return false;
}

/** Kind of an edge's largest surprise; a silent edge's is throughput_drop. */
export function strongestKind(kernel: KernelApi, { slot }: EdgeState): string {
  const { surprise, present } = kernel.results;
  if (present[slot] === 0) return KINDS[Kind.THROUGHPUT_DROP]!;
  const values = FEATURES.map((_, feature) => largestSurprise(surprise, slot, feature));
  const sizes = values.map(Math.abs);
  const top = sizes.indexOf(Math.max(...sizes));
  return kindOfChange(top, values[top]!) || KINDS[Kind.TRAFFIC_PATTERN]!;
}
