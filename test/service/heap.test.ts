// The growth of the heap: room in bytes, more where full collections are frequent, within bounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextLive, percentOf, roomAfter } from '../../src/service/heap.js';

const MIB = 1024 * 1024;
const LEAST = roomAfter(0, 0);

/** Where a steady number of full collections leads to. */
function settled(from: number, full: number): number {
  let room = from;
  for (let i = 0; i < 100; i++) room = roomAfter(room, full);
  return room;
}

test('frequent collections give more room, up to a bound', () => {
  assert.ok(roomAfter(LEAST, 10) > LEAST);
  assert.equal(settled(LEAST, 10), settled(LEAST, 100));
  assert.equal(roomAfter(settled(LEAST, 10), 10), settled(LEAST, 10));
});

test('one now and then changes nothing, and without any the room comes back to the least', () => {
  for (const room of [LEAST, 2 * LEAST]) assert.equal(roomAfter(room, 1), room);
  assert.equal(settled(4 * LEAST, 0), LEAST);
});

test('the room is the same whatever lives, but for a heap that is small yet', () => {
  for (const live of [50, 100, 400]) {
    const grown = (percentOf(LEAST, live * MIB) / 100) * live * MIB;
    assert.ok(grown >= LEAST && grown <= LEAST + 0.01 * live * MIB, `${grown} bytes at ${live} MiB`);
  }
  assert.equal(percentOf(LEAST, MIB), percentOf(LEAST, 2 * MIB));
  assert.equal(percentOf(2 * LEAST, MIB), 2 * percentOf(LEAST, MIB));
});

test('what lives is expected to rise as it last did, never to fall', () => {
  assert.equal(nextLive(36, 0), 36);
  assert.equal(nextLive(36, 36), 36);
  assert.equal(nextLive(36, 18), 72);
  assert.equal(nextLive(36, 1), 108);
  assert.equal(nextLive(18, 36), 18);
});
