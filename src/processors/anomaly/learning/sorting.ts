// Sorting in slices: a hundred thousand names take a tenth of a second, and the event loop is not held for that long.

/** Items that are sorted, or merged, between two yields; less than a millisecond of texts. */
const SLICE_ITEMS = 1000;

/** Merges two sorted runs; of equal items those of the first come first. */
function* merge<T>(first: readonly T[], second: readonly T[], compare: (a: T, b: T) => number): Generator<void, T[]> {
  const merged: T[] = [];
  let i = 0;
  let j = 0;
  while (i < first.length || j < second.length) {
    const isFirst = j === second.length || (i < first.length && compare(first[i]!, second[j]!) <= 0);
    merged.push(isFirst ? first[i++]! : second[j++]!);
    if (merged.length % SLICE_ITEMS === 0) yield;
  }
  return merged;
}

/** The items in order, as `Array.prototype.sort` would put them: stable. Yields where other work may run. */
export function* sortInSlices<T>(items: readonly T[], compare: (a: T, b: T) => number): Generator<void, T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += SLICE_ITEMS) {
    runs.push(items.slice(at, at + SLICE_ITEMS).sort(compare));
    if (at + SLICE_ITEMS < items.length) yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const [first, second] = [runs[i]!, runs[i + 1]];
      merged.push(second ? yield* merge(first, second, compare) : first);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}
