// Sorting in slices: a hundred thousand names take a tenth of a second, and the event loop is not held for that long.

/** Items that are sorted, or merged, between two yields; less than a millisecond of texts. */
const SLICE_ITEMS = 1000;

type Compare<T> = (a: T, b: T) => number;

/** A copy in which every SLICE_ITEMS items are in order. */
function* sortedRuns<T>(items: readonly T[], compare: Compare<T>): Generator<void, T[]> {
  const runs = items.slice();
  for (let start = 0; start < items.length; start += SLICE_ITEMS) {
    const run = items.slice(start, start + SLICE_ITEMS).sort(compare);
    for (let i = 0; i < run.length; i++) runs[start + i] = run[i]!;
    if (start + SLICE_ITEMS < items.length) yield;
  }
  return runs;
}

/**
 * Merges [start, middle) and [middle, end), each in order, into the same places of `into`; of equal items those of the
 * first come first.
 */
function* merge<T>(
  from: readonly T[],
  into: T[],
  [start, middle, end]: readonly [number, number, number],
  compare: Compare<T>,
): Generator<void> {
  let i = start;
  let j = middle;
  for (let at = start; at < end; at++) {
    const isFirst = j === end || (i < middle && compare(from[i]!, from[j]!) <= 0);
    into[at] = isFirst ? from[i++]! : from[j++]!;
    if ((at - start + 1) % SLICE_ITEMS === 0) yield;
  }
}

/** The items in order, as `Array.prototype.sort` would put them: stable. Yields where other work may run. */
export function* sortInSlices<T>(items: readonly T[], compare: Compare<T>): Generator<void, T[]> {
  const { length } = items;
  let from = yield* sortedRuns(items, compare);
  // Two arrays in turns: one for each run would be large ones by the dozen, all garbage.
  let into = length > SLICE_ITEMS ? from.slice() : from;
  for (let run = SLICE_ITEMS; run < length; run *= 2) {
    for (let start = 0; start < length; start += 2 * run)
      yield* merge(from, into, [start, Math.min(start + run, length), Math.min(start + 2 * run, length)], compare);
    [from, into] = [into, from];
  }
  return from;
}
