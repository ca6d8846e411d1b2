// The order in which new edges take part: by first event time, then name, however the stream was cut into requests.
import type { KernelApi } from '../../kernel/api.js';
import { mapInSlices } from '../slicing/slices.js';
import { sortInSlices } from '../slicing/sorting.js';
import { byName, type EdgeState } from './graph.js';

/** A new edge with what decides its place in the order. */
interface NewEdge {
  readonly edge: EdgeState;
  readonly firstUnixNano: bigint;
}

function byAge(a: NewEdge, b: NewEdge): number {
  if (a.firstUnixNano !== b.firstUnixNano) return a.firstUnixNano < b.firstUnixNano ? -1 : 1;
  return byName(a.edge, b.edge);
}

/** Those of the slots that are edges, in order. */
export function* inOrderOfAge(
  kernel: KernelApi,
  bySlot: readonly (EdgeState | undefined)[],
  slots: Iterable<number>,
): Generator<void, readonly number[]> {
  const all = yield* mapInSlices(slots, (slot): NewEdge | undefined => {
    const edge = bySlot[slot];
    return edge && { edge, firstUnixNano: kernel.firstSeen(slot) };
  });
  const sorted = yield* sortInSlices(
    all.filter((edge) => edge !== undefined),
    byAge,
  );
  return sorted.map(({ edge }) => edge.slot);
}
