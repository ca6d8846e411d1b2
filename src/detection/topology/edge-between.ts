// The edge between two ends: looked for at the end that has fewer.
import type { EdgeState, ServiceState } from './graph.js';

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
