// Requests that are held for a clock count in the ledger for as long as they are held, whichever way they go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldRequests } from '../../../src/detection/learning/held-requests.js';
import type { PendingRequest } from '../../../src/detection/pending-request.js';
import { ownBatch } from '../../../src/pipeline/index.js';
import { testLedger } from '../../support/ledger.js';

const MIB = 1 << 20;

const requestOf = (bytes: number): PendingRequest =>
  ({ batch: ownBatch('metrics', new Uint8Array(bytes), 1) }) as unknown as PendingRequest;

test('held requests are counted, and no more than the bound', () => {
  const ledger = testLedger();
  const held = new HeldRequests(ledger);
  for (let i = 0; i < 40; i++) held.hold({ clock: i % 3, isFirst: i < 3 }, requestOf(MIB));
  assert.equal(ledger.heldBy('learning'), 32 * MIB);
  const taken = held.take(1);
  assert.equal(ledger.heldBy('learning'), (32 - taken.length) * MIB);
  held.prune((clock) => clock === 2);
  assert.equal(ledger.heldBy('learning'), held.all().length * MIB);
  assert.ok(held.all().every(([clock]) => clock === 2));
  held.clear();
  assert.equal(ledger.held, 0);
});

test('a request of which several points are held counts once', () => {
  const ledger = testLedger();
  const held = new HeldRequests(ledger);
  const request = requestOf(MIB);
  held.hold({ clock: 0, isFirst: true }, request);
  held.hold({ clock: 0, isFirst: false }, request);
  assert.equal(ledger.heldBy('learning'), MIB);
  held.take(0);
  assert.equal(ledger.held, 0);
});
