// Snapshots that must be refused, and that a refusal changes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointError } from '../../src/kernel/errors.js';
import { smallKernel } from '../support/kernels.js';

test('a snapshot holds only pages that were written', () => {
  const kernel = smallKernel();
  assert.ok(kernel.snapshot().length < 200_000);
});

test('other capacities, other seeds, damaged or foreign bytes are refused, and nothing changes', () => {
  const kernel = smallKernel();
  kernel.addGroup(1_000_000_000n, 0n);
  const good = kernel.snapshot();
  const damaged = good.slice();
  damaged.set([0xff, 0xff], 20);
  const bad = [
    smallKernel({ maxEdges: 512 }).snapshot(),
    smallKernel({ hashSeed: 5n }).snapshot(),
    smallKernel({ seed: 9 }).snapshot(),
    good.slice(0, -1),
    good.slice(0, 10),
    new Uint8Array(100),
    damaged,
  ];
  for (const bytes of bad) assert.throws(() => kernel.restore(bytes), CheckpointError);
  assert.deepEqual(kernel.snapshot(), good);
  const other = smallKernel();
  other.restore(good);
  assert.equal(other.addGroup(1_000_000_000n, 0n), 1);
});
