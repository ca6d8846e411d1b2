// Bytes that come piece by piece: the same whatever the pieces, in memory that what has come pays for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrowingBytes } from '../../src/otlp/growing-bytes.js';
import fc from '../support/property.js';

const pieces = fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 12 });

test('any pieces give their bytes, and memory is at most eight times what has come', () => {
  fc.assert(
    fc.property(pieces, fc.boolean(), (parts, known) => {
      const whole = Buffer.concat(parts);
      const growing = new GrowingBytes(known ? whole.length : undefined);
      for (const part of parts) {
        const lent = Buffer.from(part);
        growing.append(lent);
        lent.fill(0);
        assert.ok(
          growing.capacity <= Math.max(8 * growing.length, 16 * 1024),
          `${growing.capacity} of ${growing.length}`,
        );
      }
      assert.deepEqual(growing.end(), whole);
      assert.ok(growing.end().buffer.byteLength <= Math.max(2 * whole.length, known ? 0 : 16 * 1024));
    }),
    { numRuns: 60 },
  );
});

test('memory for the declared length is asked for once, when an eighth of it has come', () => {
  const asked: [number, number][] = [];
  const growing = new GrowingBytes(64 << 20, (bytes) => {
    asked.push([growing.length, bytes]);
    return Buffer.allocUnsafeSlow(bytes);
  });
  const piece = Buffer.alloc(1 << 16);
  for (let i = 0; i < 1024; i++) growing.append(piece);
  assert.deepEqual(asked, [[(8 << 20) - (1 << 16), 64 << 20]]);
  assert.equal(growing.end().length, 64 << 20);
});

test('memory of what is not declared ends at what may come', () => {
  const most = 10 << 20;
  const growing = new GrowingBytes(undefined, undefined, most);
  const piece = Buffer.alloc(most / 64);
  for (let i = 0; i < 64; i++) {
    growing.append(piece);
    assert.ok(growing.capacity <= most);
  }
  assert.equal(growing.end().length, most);
});

test('one byte of a large declared length takes no more than the least', () => {
  const growing = new GrowingBytes(64 << 20);
  growing.append(Buffer.alloc(1));
  assert.equal(growing.capacity, 16 * 1024);
});

test('blocks in between are used again, and never by two', () => {
  const step = fc.record({
    at: fc.nat(3),
    bytes: fc.integer({ min: 1, max: 60_000 }),
    end: fc.boolean(),
    known: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const open: ({ growing: GrowingBytes; parts: Buffer[] } | undefined)[] = [];
      const ended: { bytes: Buffer; whole: Buffer }[] = [];
      for (const [i, { at, bytes, end, known }] of steps.entries()) {
        const one = open[at] ?? { growing: new GrowingBytes(known ? 1 << 22 : undefined), parts: [] };
        open[at] = one;
        const part = Buffer.alloc(bytes, i + 1);
        one.growing.append(part);
        one.parts.push(part);
        if (!end) continue;
        open[at] = undefined;
        const whole = Buffer.concat(one.parts);
        ended.push({ bytes: one.growing.end().subarray(0, whole.length), whole });
      }
      for (const { bytes, whole } of ended) assert.ok(bytes.equals(whole));
    }),
    { numRuns: 60 },
  );
});
