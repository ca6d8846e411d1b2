// Fewer edges than there are: which ones a smaller configuration forgets.
import type { KernelApi } from '../../kernel/api.js';
import type { Edges } from './edges.js';

/**
 * Forgets edges beyond so many: the longest dormant, then the youngest; members of open incidents and anomalies last.
 * How many.
 */
export function shrinkEdges(edges: Edges, kernel: KernelApi, most: number): number {
  const before = edges.count;
  while (edges.count > most) {
    const dormant = edges.longestDormant();
    if (!dormant) break;
    edges.forget(dormant);
  }
  const { age } = kernel.results;
  const rest = edges.bySlot.filter((edge) => edge !== undefined);
  const kept = new Set(rest.filter((edge) => edges.isKept(edge)));
  rest.sort((a, b) => Number(kept.has(a)) - Number(kept.has(b)) || age[a.slot]! - age[b.slot]! || b.slot - a.slot);
  for (const edge of rest.slice(0, Math.max(0, edges.count - most))) edges.forget(edge);
  return before - edges.count;
}
