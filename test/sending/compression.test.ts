import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzipOf } from '../../src/sending/compression.js';
import { opaqueBatch } from '../support/batches.js';
import fc from '../support/property.js';

test('the gzip form holds the body, whatever its size', async () => {
  const sizes = fc.oneof(fc.nat(100), fc.nat(200_000), fc.constantFrom(16_383, 16_384, 5_000_000));
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(255), async (bytes, fill) => {
      const batch = opaqueBatch(1, bytes, 'metrics', fill);
      const compressed = await gzipOf(batch);
      assert.deepEqual(gunzipSync(compressed), Buffer.from(batch.body));
      assert.equal(batch.gzip, compressed);
    }),
    { numRuns: 40 },
  );
});

test('bytes that do not shrink', async () => {
  const noise = fc.sample(fc.uint8Array({ minLength: 60_000, maxLength: 60_000 }), {
    numRuns: 1,
    seed: 7,
  })[0] as Uint8Array;
  const batch = { ...opaqueBatch(1), body: noise };
  assert.deepEqual(gunzipSync(await gzipOf(batch)), Buffer.from(noise));
});

test('who asks while it is being made gets the same bytes', async () => {
  const batch = opaqueBatch(1, 1_000_000);
  const [a, b] = await Promise.all([gzipOf(batch), gzipOf(batch)]);
  assert.equal(a, b);
  assert.equal(await gzipOf(batch), a);
});
