import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyMemory, type Rented } from '../../src/receivers/otlp/body-memory.js';
import fc from '../support/property.js';

const KIB = 1024;
const MIB = 1024 * KIB;

test('memory that was released is rented again, as another object', () => {
  const memory = new BodyMemory();
  const first = memory.rent(100 * KIB);
  first.lease?.release();
  const second = memory.rent(90 * KIB);
  assert.equal(second.body.buffer, first.body.buffer);
  assert.notEqual(second.body, first.body);
  assert.equal(second.body.length, 90 * KIB);
});

test('small and huge bodies have memory of their own', () => {
  const memory = new BodyMemory();
  for (const bytes of [0, 1, 8 * KIB, 17 * MIB]) {
    const { body, lease } = memory.rent(bytes);
    assert.equal(body.length, bytes);
    assert.equal(lease, undefined);
  }
});

test('a body never pins memory of more than twice its length', () => {
  const memory = new BodyMemory();
  const { body, lease } = memory.rent(4 * MIB);
  lease?.release();
  const small = memory.rent(64 * KIB);
  assert.notEqual(small.body.buffer, body.buffer);
});

test('at most 16 MiB wait: the oldest are left to the garbage collector', () => {
  const memory = new BodyMemory();
  const rented = Array.from({ length: 24 }, () => memory.rent(MIB));
  for (const { lease } of rented) lease?.release();
  const known = new Set(rented.map(({ body }) => body.buffer));
  const again = Array.from({ length: 24 }, () => memory.rent(MIB).body.buffer);
  assert.equal(again.filter((buffer) => known.has(buffer)).length, 16);
  assert.ok(!again.includes(rented[0]!.body.buffer));
});

test('no two bodies that are held share memory, whatever the order of borrowing and releasing', () => {
  const step = fc.record({ bytes: fc.integer({ min: 0, max: 3 * MIB }), release: fc.nat(20), detach: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new BodyMemory();
      const held: Rented[] = [];
      const detached = new Set<Rented>();
      for (const { bytes, release, detach } of steps) {
        const rented = memory.rent(bytes);
        assert.ok(held.every(({ body }) => body.buffer !== rented.body.buffer));
        held.push(rented);
        if (detach) {
          rented.lease?.detach();
          detached.add(rented);
        }
        // A detached body may be read for ever, so that it stays in the list.
        if (release >= held.length) continue;
        const done = held[release]!;
        done.lease?.release();
        if (done.lease && !detached.has(done)) held.splice(release, 1);
      }
    }),
    { numRuns: 50 },
  );
});
