// The Huffman code of HPACK's strings: every octet, every padding, nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHuffman, huffmanCodes } from '../../src/http2/hpack/huffman.js';
import { huffmanBits, octets } from '../support/hpack.js';
import fc from '../support/property.js';

const EOS = '1'.repeat(30);

function decode(bits: string): string | undefined {
  const bytes = octets(bits);
  return decodeHuffman(bytes, 0, bytes.length);
}

/** The slow way: code by code, then the padding. */
function decodeByCodes(bytes: Buffer): string | undefined {
  const symbols = new Map(huffmanCodes().map((c) => [c.code.toString(2).padStart(c.bits, '0'), c.symbol]));
  let text = '';
  let code = '';
  for (const bit of [...bytes].map((octet) => octet.toString(2).padStart(8, '0')).join('')) {
    code += bit;
    const symbol = symbols.get(code);
    if (symbol === 256) return undefined;
    if (symbol === undefined) continue;
    text += String.fromCharCode(symbol);
    code = '';
  }
  return code.length < 8 && !code.includes('0') ? text : undefined;
}

test('the code is complete and free of prefixes', () => {
  const codes = huffmanCodes();
  assert.deepEqual(
    codes.map(({ symbol }) => symbol).sort((a, b) => a - b),
    Array.from({ length: 257 }, (_, i) => i),
  );
  assert.equal(
    codes.reduce((sum, { bits }) => sum + 2 ** -bits, 0),
    1,
  );
  const bits = codes.map((c) => c.code.toString(2).padStart(c.bits, '0')).sort();
  bits.slice(1).forEach((code, i) => {
    assert.ok(!code.startsWith(bits[i]!), `${bits[i]} begins ${code}`);
  });
});

test('some codes as Appendix B has them', () => {
  const expected: [symbol: number, code: number, bits: number][] = [
    [0x30, 0x0, 5],
    [0x41, 0x21, 6],
    [0x7a, 0x7b, 7],
    [0x58, 0xfc, 8],
    [0x00, 0x1ff8, 13],
    [0x7b, 0x7ffe, 15],
    [0xff, 0x3ffffee, 26],
    [0xf9, 0xffffffe, 28],
    [0x16, 0x3ffffffe, 30],
    [256, 0x3fffffff, 30],
  ];
  for (const [symbol, code, bits] of expected)
    assert.deepEqual(
      huffmanCodes().find((c) => c.symbol === symbol),
      { symbol, code, bits },
    );
});

test('every pair of octets', () => {
  for (let first = 0; first < 256; first++)
    for (let second = 0; second < 256; second++) {
      const text = String.fromCharCode(first, second);
      assert.equal(decode(huffmanBits(text)), text);
    }
});

test('any text, short or longer than the scratch memory', () => {
  const texts = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(fc.property(texts, (text) => assert.equal(decode(huffmanBits(text)), text)));
  for (const length of [8191, 8192, 8193, 50_000]) {
    const text = 'a'.repeat(length);
    assert.equal(decode(huffmanBits(text)), text);
  }
});

test('an excerpt is decoded as if it stood alone', () => {
  const bytes = octets(huffmanBits('www.example.com'));
  const within = Buffer.concat([Buffer.from([0, 0]), bytes, Buffer.from([0])]);
  assert.equal(decodeHuffman(within, 2, 2 + bytes.length), 'www.example.com');
  assert.equal(decodeHuffman(within, 2, 2), '');
});

test('padding is at most seven ones', () => {
  // Codes of 5, 6, 7, 8, 13 and 15 bits: all lengths of padding.
  for (const text of ['0', 'A', 'z', 'X', '00', '\0', '{', '0A', 'zz']) {
    const bits = huffmanBits(text);
    const room = (8 - (bits.length % 8)) % 8;
    assert.equal(decode(bits), text);
    assert.equal(decode(bits + '1'.repeat(room + 8)), undefined, `${text} and an octet of padding`);
    assert.equal(decode(bits + '1'.repeat(room + 16)), undefined, `${text} and two octets of padding`);
    for (let zero = 0; zero < room; zero++) {
      const wrong = [...'1'.repeat(room)].with(zero, '0').join('');
      assert.notEqual(decode(bits + wrong), text, `${text} and ${wrong}`);
    }
  }
  assert.equal(decode('1'.repeat(8)), undefined);
});

test('EOS is refused, wherever it stands', () => {
  for (let before = 0; before < 8; before++) {
    const bits = huffmanBits('0'.repeat(before)) + EOS;
    assert.equal(decode(bits), undefined);
    assert.equal(decode(bits + huffmanBits('00000000')), undefined);
  }
});

test('any octets mean the same as code by code', () => {
  const ones = fc.array(fc.constantFrom(0xff, 0xfe, 0x7f, 0xf8, 0), { maxLength: 8 }).map((list) => Buffer.from(list));
  const bytes = fc.oneof(
    ones,
    fc.uint8Array({ maxLength: 12 }).map((list) => Buffer.from(list)),
  );
  fc.assert(
    fc.property(bytes, (octetsOf) => {
      assert.equal(decodeHuffman(octetsOf, 0, octetsOf.length), decodeByCodes(octetsOf));
    }),
    { numRuns: 500 },
  );
});
