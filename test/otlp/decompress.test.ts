// Decompression within bounds, and when a sender's gzip may be forwarded as it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import { type Decompressed, decompress, ENCODINGS, gunzip } from '../../src/otlp/decompress.js';
import fc from '../support/property.js';

const MIB = 1024 * 1024;

function read(bytes: Uint8Array, limit = MIB): Decompressed {
  const result = gunzip(bytes, limit);
  assert.ok(typeof result === 'object', String(result));
  return result;
}

test('any body comes back, and its gzip is exact', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 0, max: 9 }), (body, level) => {
      const { body: out, exact } = read(zlib.gzipSync(body, { level }));
      assert.deepEqual(out, Buffer.from(body));
      assert.equal(exact, true);
    }),
  );
});

test('a large body is inflated into one allocation of its size', () => {
  const { body } = read(zlib.gzipSync(Buffer.alloc(500_000, 'abc')));
  assert.equal(body.length, 500_000);
  assert.equal(body.buffer.byteLength, 500_001);
});

test('members that follow each other are one body, but no gzip to forward', () => {
  const { body, exact } = read(Buffer.concat([zlib.gzipSync('one'), zlib.gzipSync('two, longer')]));
  assert.equal(body.toString(), 'onetwo, longer');
  assert.equal(exact, false);
});

test('zeros behind the end are no gzip to forward, anything else there is malformed', () => {
  const { body, exact } = read(Buffer.concat([zlib.gzipSync('body'), Buffer.alloc(9)]));
  assert.equal(body.toString(), 'body');
  assert.equal(exact, false);
  assert.equal(gunzip(Buffer.concat([zlib.gzipSync('body'), Buffer.from('garbage')]), MIB), 'malformed');
});

test('G2, H4: the limit holds after decompression, to the byte', () => {
  const body = Buffer.alloc(100_000);
  assert.equal(gunzip(zlib.gzipSync(body), 99_999), 'too_large');
  assert.equal(read(zlib.gzipSync(body), 100_000).body.length, 100_000);
});

test('a trailer that lies is not believed', () => {
  const small = zlib.gzipSync('small');
  small.writeUInt32LE(0xffffffff, small.length - 4);
  assert.equal(gunzip(small, 64 * MIB), 'malformed');
  const bomb = zlib.gzipSync(Buffer.alloc(3 * MIB));
  bomb.writeUInt32LE(1, bomb.length - 4);
  assert.equal(gunzip(bomb, MIB), 'too_large');
});

test('broken gzip is malformed', () => {
  const good = zlib.gzipSync('a body');
  assert.equal(gunzip(Buffer.alloc(0), MIB), 'malformed');
  assert.equal(gunzip(Buffer.from('not gzip at all, but long enough'), MIB), 'malformed');
  assert.equal(gunzip(good.subarray(0, good.length - 1), MIB), 'malformed');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 200 }), (bytes) => {
      assert.equal(gunzip(bytes, MIB), 'malformed');
    }),
  );
});

test('the other encodings that this Node has', () => {
  assert.ok(ENCODINGS.includes('gzip') && ENCODINGS.includes('deflate'));
  const body = Buffer.alloc(10_000, 'abc');
  for (const encoding of ['deflate', 'zlib']) {
    const result = decompress(encoding, zlib.deflateSync(body), MIB);
    assert.deepEqual(result, { body, exact: false });
    assert.equal(decompress(encoding, zlib.deflateSync(body), 9_999), 'too_large');
    assert.equal(decompress(encoding, Buffer.from('???'), MIB), 'malformed');
  }
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
  assert.equal(ENCODINGS.includes('zstd'), zstdCompressSync !== undefined);
  if (zstdCompressSync) assert.deepEqual(decompress('zstd', zstdCompressSync(body), MIB), { body, exact: false });
});
