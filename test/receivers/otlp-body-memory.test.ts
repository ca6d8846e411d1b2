import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyMemory, type Lent } from '../../src/receivers/otlp/body-memory.js';
import fc from '../support/property.js';

const KIB = 1024;
const MIB = 1024 * KIB;

test('memory that was released is lent again, as another object', () => {
  const memory = new BodyMemory();
  const first = memory.lend(100 * KIB);
  first.lease?.release();
  const second = memory.lend(90 * KIB);
  assert.equal(second.body.buffer, first.body.buffer);
  assert.notEqual(second.body, first.body);
  assert.equal(second.body.length, 90 * KIB);
});

test('small and huge bodies have memory of their own', () => {
  const memory = new BodyMemory();
  for (const bytes of [0, 1, 8 * KIB, 17 * MIB]) {
    const { body, lease } = memory.lend(bytes);
    assert.equal(body.length, bytes);
    assert.equal(lease, undefined);
  }
});

test('a body never pins memory of more than twice its length', () => {
  const memory = new BodyMemory();
  const { body, lease } = memory.lend(4 * MIB);
  lease?.release();
  const small = memory.lend(64 * KIB);
  assert.notEqual(small.body.buffer, body.buffer);
});

test('at most 16 MiB wait: the oldest are left to the garbage collector', () => {
  const memory = new BodyMemory();
  const lent = Array.from({ length: 24 }, () => memory.lend(MIB));
  for (const { lease } of lent) lease?.release();
  const known = new Set(lent.map(({ body }) => body.buffer));
  const again = Array.from({ length: 24 }, () => memory.lend(MIB).body.buffer);
  assert.equal(again.filter((buffer) => known.has(buffer)).length, 16);
  assert.ok(!again.includes(lent[0]!.body.buffer));
});

test('no two bodies that are held share memory, whatever the order of borrowing and releasing', () => {
  const step = fc.record({ bytes: fc.integer({ min: 0, max: 3 * MIB }), release: fc.nat(20), forfeit: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new BodyMemory();
      const held: Lent[] = [];
      const forfeited = new Set<Lent>();
      for (const { bytes, release, forfeit } of steps) {
        const lent = memory.lend(bytes);
        assert.ok(held.every(({ body }) => body.buffer !== lent.body.buffer));
        held.push(lent);
        if (forfeit) {
          lent.lease?.forfeit();
          forfeited.add(lent);
        }
        // A forfeited body may be read for ever, so that it stays in the list.
        if (release >= held.length) continue;
        const done = held[release]!;
        done.lease?.release();
        if (done.lease && !forfeited.has(done)) held.splice(release, 1);
      }
    }),
    { numRuns: 50 },
  );
});
