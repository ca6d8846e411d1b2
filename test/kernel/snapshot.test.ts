// Snapshots that must be refused, and that a refusal changes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertLevel } from '../../src/kernel/alert-level.js';
import { CheckpointError } from '../../src/kernel/errors.js';
import { restoreSnapshot, takeSnapshot } from '../../src/kernel/snapshot.js';
import { Views } from '../../src/kernel/views.js';
import { EdgeDetector } from '../reference/detect-driver.js';
import { smallKernel } from '../support/kernels.js';
import { randomGraph, randomStream, seeded } from '../synthetic/edge-windows.js';

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

test('forest scores after a restore are those of the restored trees', () => {
  const random = seeded(3);
  const sizes = { trees: 30, subsample: 256, reservoir: 600, period: 600, first: 256, refresh: 10 };
  const d = new EdgeDetector(randomGraph(random, 70, 1), { forest: { enabled: true, ...sizes } });
  const stream = randomStream(random, 70, 60);
  const views = new Views(d.wasm.memory);
  const scores = (from: number): number[][] => {
    return stream.slice(from, from + 3).map((x) => {
      d.step(x);
      return [...d.results.forest];
    });
  };
  for (const x of stream.slice(0, 32)) d.step(x);
  assert.equal(d.wasm.forestForm(0), 1, 'compiled');
  const kept = takeSnapshot(d.wasm, views, []);
  const before = scores(32);
  assert.ok(before.flat().some((score) => score > 0));
  for (const x of stream.slice(35)) d.step(x);
  restoreSnapshot(d.wasm, views, [], kept);
  assert.deepEqual(scores(32), before);
});

test('a restored group has the levels of its window, whatever its program had', () => {
  const kernel = smallKernel();
  kernel.addGroup(60_000_000_000n, 0n);
  const now = kernel.snapshot();
  const old = now.slice();
  const level = Buffer.alloc(8);
  level.writeDoubleLE(alertLevel(60));
  const at = Buffer.from(old).indexOf(level);
  assert.ok(at > 0, 'the level is in the snapshot');
  new DataView(old.buffer, old.byteOffset).setFloat64(at, Math.log(10_080) - 2, true);
  const other = smallKernel();
  other.restore(old);
  assert.deepEqual(other.snapshot(), now);
});

test('a snapshot in pieces is the snapshot, and none of them is large', () => {
  const kernel = smallKernel({ maxEdges: 20_000, maxSeries: 1000 });
  const group = kernel.addGroup(1_000_000_000n, 0n);
  for (let edge = 0; edge < 20_000; edge++) kernel.addEdge(group, -1, -1, 0);
  const pieces = [...kernel.snapshotPieces()];
  assert.ok(pieces.length > 10);
  for (const { length } of pieces) assert.ok(length <= 256 * (4096 + 8), `a piece of ${length} bytes`);
  assert.deepEqual(Buffer.concat(pieces), Buffer.from(kernel.snapshot()));
  const other = smallKernel({ maxEdges: 20_000, maxSeries: 1000 });
  for (const bad of [pieces.slice(0, -1), pieces.toSpliced(2, 1), pieces.toReversed(), []])
    assert.throws(() => other.restore(bad), CheckpointError);
  other.restore(pieces);
  assert.deepEqual(other.snapshot(), kernel.snapshot());
});
