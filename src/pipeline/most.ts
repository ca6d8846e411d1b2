// Sums and the largest of a collection.

/** The sum of what `value` says of each. */
export function sum<T>(items: Iterable<T>, value: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += value(item);
  return total;
}

/** The item of which `value` says the most, the first of equals; undefined: there is none. */
export function highest<T>(items: Iterable<T>, value: (item: T) => number): T | undefined {
  let best: T | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const rank = value(item);
    if (rank <= most) continue;
    most = rank;
    best = item;
  }
  return best;
}
