// Bytes that come piece by piece: the same whatever the pieces, in memory that what has come pays for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrowingBytes } from '../../src/otlp/growing-bytes.js';

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

test('one byte of a large declared length takes no more than the least', () => {
  const growing = new GrowingBytes(64 << 20);
  growing.append(Buffer.alloc(1));
  assert.equal(growing.capacity, 16 * 1024);
});
