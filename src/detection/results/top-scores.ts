// Which edges' scores go out: the highest, and all that are worth saying. Of a hundred thousand edges a hundred do.
import type { KernelApi } from '../../kernel/api.js';
import { THRESHOLD_RANGE } from '../alerting/settings.js';
import type { EdgeState, GroupState } from '../topology/graph.js';

/** All scores that some threshold would call an anomaly go out, however many. */
const SCORE_WORTH_SAYING = THRESHOLD_RANGE.min;

/** Edges of the group that are there, or silent for not long enough to be dormant; in its order. */
export function liveSlots(
  kernel: KernelApi,
  group: GroupState,
  bySlot: readonly (EdgeState | undefined)[],
): Uint32Array {
  const { present, gap, on } = kernel.results;
  const order = kernel.order(group.slot);
  const live = new Uint32Array(order.length);
  let count = 0;
  // Plain loops here and below: with a function for each edge this was a twentieth of all that the gateway did.
  for (let i = 0; i < order.length; i++) {
    const slot = order[i]!;
    const isLive = present[slot] === 1 || gap[slot]! > 0 || on[slot] === 1;
    if (isLive && bySlot[slot] !== undefined) live[count++] = slot;
  }
  return live.subarray(0, count);
}

/** The `most` highest scores and all from 0.8 on, highest first; equal ones in the order given. */
export function topScores({ results: { score } }: KernelApi, slots: Uint32Array, most: number): Uint32Array {
  const highest = new TopValues(Math.min(most, slots.length));
  for (let i = 0; i < slots.length; i++) highest.offer(score[slots[i]!]!);
  const { floor } = highest;
  let left = highest.atFloor();
  const told: number[] = [];
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const value = score[slot]!;
    if (value > floor || value >= SCORE_WORTH_SAYING || (value === floor && left-- > 0)) told.push(slot);
  }
  return Uint32Array.from(told).sort((a, b) => score[b]! - score[a]!);
}

/** The highest of many values: a heap whose first is the lowest of them. */
class TopValues {
  readonly #heap: Float32Array;

  constructor(count: number) {
    this.#heap = new Float32Array(count).fill(Number.NEGATIVE_INFINITY);
  }

  /** The lowest that is among them. */
  get floor(): number {
    return this.#heap[0] ?? Number.POSITIVE_INFINITY;
  }

  /** How many of them equal the floor. */
  atFloor(): number {
    const { floor } = this;
    return this.#heap.reduce((count, value) => count + (value === floor ? 1 : 0), 0);
  }

  offer(value: number): void {
    const heap = this.#heap;
    if (!(value > this.floor)) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= value) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = value;
  }
}
