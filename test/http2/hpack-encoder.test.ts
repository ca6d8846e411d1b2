// Header blocks that refer to no dynamic table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { encodeHeaders, NO_TABLE } from '../../src/http2/hpack/encoder.js';
import { STATIC_FIELDS } from '../../src/http2/hpack/static-table.js';
import { type Field, fieldsOf, hex, indexed, literal } from '../support/hpack.js';
import fc from '../support/property.js';

const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";

const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 200 }),
  fc.constantFrom(...STATIC_FIELDS.map(([known]) => known)),
  fc.constantFrom('x-token', 'token', ':token', ':protocol'),
);
const latin1 = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => Buffer.from(bytes.filter((octet) => ![0, 10, 13].includes(octet))).toString('latin1'))
  // Blanks at the ends are left out (RFC 9113, 8.2.1).
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const field = fc.oneof(
  fc.tuple(name, latin1),
  fc.constantFrom(...STATIC_FIELDS).map(([n, v]): Field => [n, v]),
);

test('what is encoded is decoded, on any connection, and always looks the same', () => {
  const used = new HpackDecoder();
  fc.assert(
    fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
      const block = encodeHeaders(fields);
      assert.deepEqual(fieldsOf(used, block), fields);
      assert.deepEqual(fieldsOf(new HpackDecoder(0), Buffer.concat([NO_TABLE, block])), fields);
      assert.deepEqual(encodeHeaders(fields.values()), block);
    }),
  );
});

test('strings of all lengths about the ends of their prefixes', () => {
  for (const length of [0, 126, 127, 128, 254, 255, 256, 16_509, 16_510, 16_511, 70_000]) {
    const fields: Field[] = [[`x${'n'.repeat(length)}`, 'v'.repeat(length)]];
    assert.deepEqual(fieldsOf(new HpackDecoder(), encodeHeaders(fields)), fields);
  }
});

test('static fields are indexed, secrets never, all else is a literal without indexing', () => {
  const forms: [Field, Buffer][] = [
    [[':method', 'POST'], indexed(3)],
    [[':status', '200'], indexed(8)],
    [[':status', '404'], indexed(13)],
    [[':status', '418'], literal('plain', 8, '418')],
    [[':path', ''], literal('plain', 4, '')],
    [['accept-encoding', 'gzip, deflate'], indexed(16)],
    [['content-type', 'application/grpc'], literal('plain', 31, 'application/grpc')],
    [['grpc-status', '0'], literal('plain', 'grpc-status', '0')],
    [['www-authenticate', ''], indexed(61)],
    [['authorization', 'Bearer x'], literal('never', 23, 'Bearer x')],
    [['authorization', ''], literal('never', 23, '')],
    [['cookie', 'a=b'], literal('never', 32, 'a=b')],
    [['proxy-authorization', 'Basic x'], literal('never', 49, 'Basic x')],
    [['x-auth-token', 'x'], literal('never', 'x-auth-token', 'x')],
    [['set-cookie', 'a=b'], literal('plain', 55, 'a=b')],
  ];
  for (const [fields, block] of forms) assert.deepEqual(encodeHeaders([fields]), block, fields.join(': '));
  assert.deepEqual(encodeHeaders(forms.map(([fields]) => fields)), Buffer.concat(forms.map(([, block]) => block)));
});

test('the whole static table, index by index', () => {
  const decoder = new HpackDecoder();
  assert.equal(STATIC_FIELDS.length, 61);
  STATIC_FIELDS.forEach((known, i) => {
    assert.deepEqual(fieldsOf(decoder, indexed(i + 1)), [known]);
  });
});

test('no fields are no octets; no table is one', () => {
  assert.equal(encodeHeaders([]).length, 0);
  assert.deepEqual(NO_TABLE, hex('20'));
});

test('names and values that would break the message are refused', () => {
  for (const wrong of [
    '',
    ':',
    'A',
    'Content-Type',
    'a b',
    'a:b',
    '::a',
    'a\n',
    'a\0',
    'ä',
    'a,b',
    'a"',
    'ſ',
    'a\r\nb',
  ])
    assert.throws(() => encodeHeaders([[wrong, 'x']]), TypeError, JSON.stringify(wrong));
  for (const wrong of ['\r', '\n', '\0', 'a\r\nb: c', 'a\n', '€', '\u{1f600}', 'aĀ'])
    assert.throws(() => encodeHeaders([['a', wrong]]), TypeError, JSON.stringify(wrong));
  for (const fine of ['', 'ÿ', '\x7f', '\x01', 'a b'])
    assert.deepEqual(fieldsOf(new HpackDecoder(), encodeHeaders([['a', fine]])), [['a', fine]]);
  for (const blank of [' ', '\t', ' a\t', 'a  '])
    assert.deepEqual(fieldsOf(new HpackDecoder(), encodeHeaders([['a', blank]])), [['a', blank.trim()]]);
});
