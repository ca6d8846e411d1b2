// The growth of the heap follows the number of full collections within its bounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthAfter } from '../../src/service/heap.js';

/** Where a steady number of full collections leads to. */
function settled(from: number, full: number): number {
  let percent = from;
  for (let i = 0; i < 100; i++) percent = growthAfter(percent, full);
  return percent;
}

test('frequent collections let the heap grow, up to a bound', () => {
  assert.ok(growthAfter(50, 10) > 50);
  assert.equal(settled(50, 10), settled(50, 100));
  assert.equal(growthAfter(settled(50, 10), 10), settled(50, 10));
});

test('one now and then changes nothing', () => {
  for (const percent of [50, 123, 300]) assert.equal(growthAfter(percent, 1), percent);
});

test('without any it comes back to the least', () => {
  assert.equal(settled(300, 0), settled(50, 0));
  assert.ok(settled(300, 0) < settled(50, 10));
});
