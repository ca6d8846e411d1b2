// Which edges' scores go out: the highest, and all that are worth saying. Of a hundred thousand edges a hundred do.
import type { KernelFace } from '../../../kernel/face.js';
import type { EdgeState, GroupState } from '../graph/graph.js';

/** All scores from here on go out, however many. */
const SCORE_WORTH_SAYING = 0.5;

/** Edges of the group that are there, or silent for not long enough to be dormant; in its order. */
export function liveSlots(
  kernel: KernelFace,
  group: GroupState,
  bySlot: readonly (EdgeState | undefined)[],
): Uint32Array {
  const { present, gap, on } = kernel.results;
  return kernel
    .order(group.slot)
    .filter((slot) => bySlot[slot] !== undefined && (present[slot] === 1 || gap[slot]! > 0 || on[slot] === 1));
}

/** The `most` highest scores and all from 0.5 on, highest first; equal ones in the order given. */
export function mostTelling({ results: { score } }: KernelFace, slots: Uint32Array, most: number): Uint32Array {
  const { from, equals } = cut(
    Float32Array.from(slots, (slot) => score[slot]!),
    most,
  );
  let left = equals;
  const told = slots.filter((slot) => {
    const value = score[slot]!;
    if (value > from || value >= SCORE_WORTH_SAYING) return true;
    return value === from && left-- > 0;
  });
  return told.sort((a, b) => score[b]! - score[a]!);
}

/** The lowest of the `most` highest values, and how many of those that equal it are among them. */
function cut(values: Float32Array, most: number): { from: number; equals: number } {
  if (most <= 0) return { from: Number.POSITIVE_INFINITY, equals: 0 };
  values.sort();
  const lowest = Math.max(0, values.length - most);
  const from = values[lowest] ?? 0;
  let equals = 0;
  while (values[lowest + equals] === from) equals++;
  return { from, equals };
}
