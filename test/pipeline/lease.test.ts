import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lease } from '../../src/pipeline/index.js';

function counted(): { lease: Lease; returned: () => number } {
  let returned = 0;
  return { lease: new Lease(() => returned++), returned: () => returned };
}

test('memory goes back when the last holder has released it, and once', () => {
  const { lease, returned } = counted();
  lease.hold();
  lease.hold();
  lease.release();
  lease.release();
  assert.equal(returned(), 0);
  lease.release();
  assert.equal(returned(), 1);
  lease.release();
  assert.equal(returned(), 1);
});

test('what is detached never goes back, whoever releases it', () => {
  const { lease, returned } = counted();
  lease.hold();
  lease.detach();
  lease.release();
  lease.release();
  assert.equal(returned(), 0);
});
