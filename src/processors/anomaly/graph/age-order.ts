// The order in which new edges take part: by first event time, then name, however the stream was cut into requests.
import type { KernelFace } from '../../../kernel/face.js';
import { sortInSlices } from '../learning/sorting.js';
import { type EdgeState, edgeKey } from './graph.js';

/** New edges whose names are made in a slice, about a millisecond. */
const NAMES_A_SLICE = 1000;

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
  slots: ArrayLike<number> & Iterable<number>,
): Generator<void, readonly number[]> {
  const known: NewEdge[] = [];
  let made = 0;
  for (const slot of slots) {
    const edge = bySlot[slot];
    if (edge) known.push({ slot, firstUnixNano: kernel.firstSeen(slot), key: edgeKey(edge) });
    if (++made % NAMES_A_SLICE === 0) yield;
  }
  const sorted = yield* sortInSlices(known, byAge);
  return sorted.map(({ slot }) => slot);
}
