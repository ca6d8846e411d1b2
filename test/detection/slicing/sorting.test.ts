// Sorting in slices against the sort of arrays, and what a slice may do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sortInSlices } from '../../../src/detection/slicing/sorting.js';
import fc from '../../support/property.js';

type Item = readonly [key: number, place: number];

/** Sorts to the end; comparisons of every slice. */
function drive(items: readonly Item[]): { sorted: Item[]; slices: number[] } {
  let compared = 0;
  const slices: number[] = [];
  const steps = sortInSlices(items, (a, b) => {
    compared += 1;
    return a[0] - b[0];
  });
  for (;;) {
    compared = 0;
    const step = steps.next();
    slices.push(compared);
    if (step.done) return { sorted: step.value, slices };
  }
}

const withPlaces = (keys: readonly number[]): Item[] => keys.map((key, place) => [key, place] as const);

test('the same as the sort of arrays, equal items in the order in which they came', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5500 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.nat(),
      (count, range, seed) => {
        const items = withPlaces(Array.from({ length: count }, (_, i) => ((i + 1) * (2 * seed + 1) * 7919) % range));
        assert.deepEqual(
          drive(items).sorted,
          [...items].sort((a, b) => a[0] - b[0]),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('any number of runs', () => {
  for (const count of [0, 1, 999, 1000, 1001, 1999, 2000, 2001, 3000, 7001]) {
    const items = withPlaces(Array.from({ length: count }, (_, i) => (i * 7919) % 101));
    assert.deepEqual(
      drive(items).sorted,
      [...items].sort((a, b) => a[0] - b[0]),
    );
  }
});

test('a slice compares a few thousand items at most, a short list is one slice', () => {
  const { slices } = drive(withPlaces(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 49_999)));
  assert.ok(Math.max(...slices) < 12_000, `${Math.max(...slices)} comparisons`);
  assert.ok(slices.length > 250);
  assert.equal(drive(withPlaces([3, 1, 2])).slices.length, 1);
});
