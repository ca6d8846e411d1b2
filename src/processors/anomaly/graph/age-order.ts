// The order in which new edges take part: by first event time, then name, however the stream was cut into requests.
import type { KernelFace } from '../../../kernel/face.js';
import { mapInSlices } from '../learning/slices.js';
import { sortInSlices } from '../learning/sorting.js';
import { type EdgeState, edgeKey } from './graph.js';

/** A new edge, as its place in the order is decided. */
interface NewEdge {
  readonly slot: number;
  readonly firstUnixNano: bigint;
  readonly key: string;
}

function byAge(a: NewEdge, b: NewEdge): number {
  if (a.firstUnixNano !== b.firstUnixNano) return a.firstUnixNano < b.firstUnixNano ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Those of the slots that are edges, in order. */
export function* inOrderOfAge(
  kernel: KernelFace,
  bySlot: readonly (EdgeState | undefined)[],
  slots: Iterable<number>,
): Generator<void, readonly number[]> {
  const all = yield* mapInSlices(slots, (slot): NewEdge | undefined => {
    const edge = bySlot[slot];
    return edge && { slot, firstUnixNano: kernel.firstSeen(slot), key: edgeKey(edge) };
  });
  const sorted = yield* sortInSlices(
    all.filter((edge) => edge !== undefined),
    byAge,
  );
  return sorted.map(({ slot }) => slot);
}
