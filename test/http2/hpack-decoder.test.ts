// What the decoder takes and what it refuses: indices, lengths, integers, size updates, long header lists.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder, HpackError } from '../../src/http2/hpack/decoder.js';
import { encodeHeaders } from '../../src/http2/hpack/encoder.js';
import { type Field, fieldsOf, hex, indexed, integer, literal, sizeUpdate, string } from '../support/hpack.js';

function refused(block: Buffer, message: RegExp, decoder: HpackDecoder = new HpackDecoder()): void {
  assert.throws(
    () => fieldsOf(decoder, block),
    (error) => error instanceof HpackError && message.test(error.message),
    block.toString('hex'),
  );
}

const GET = indexed(2);
const NAMED = literal('added', 'name', 'value');

test('an empty block has no fields', () => {
  assert.deepEqual(fieldsOf(new HpackDecoder(), Buffer.alloc(0)), []);
});

test('names and values are as they came', () => {
  const fields: Field[] = [
    ['Upper-Case', ''],
    ['', 'no name'],
    ['größe', '\0\r\n \xff'],
  ];
  for (const huffman of [false, true]) {
    const block = Buffer.concat(fields.map(([name, value]) => literal('plain', name, value, huffman)));
    assert.deepEqual(fieldsOf(new HpackDecoder(), block), fields);
  }
});

test('strings outlive the block they came in', () => {
  const block = Buffer.concat([NAMED, literal('plain', 'a'.repeat(100), 'b'.repeat(100), true)]);
  const fields = fieldsOf(new HpackDecoder(), block);
  block.fill(0);
  assert.deepEqual(fields, [
    ['name', 'value'],
    ['a'.repeat(100), 'b'.repeat(100)],
  ]);
});

test('indices that are of no entry are refused', () => {
  refused(indexed(0), /index 0/);
  for (const form of ['added', 'plain', 'never'] as const) {
    refused(literal(form, 62, 'x'), /beyond the dynamic table/);
    refused(literal(form, 100_000, 'x'), /beyond the dynamic table/);
  }
  refused(indexed(62), /beyond the dynamic table/);
  refused(Buffer.concat([NAMED, indexed(63)]), /beyond the dynamic table/);
  assert.deepEqual(fieldsOf(new HpackDecoder(), Buffer.concat([NAMED, indexed(62), literal('never', 62, 'x')])), [
    ['name', 'value'],
    ['name', 'value'],
    ['name', 'x'],
  ]);
});

test('a block cut anywhere within a field is refused', () => {
  const fields = [GET, indexed(61), NAMED, literal('never', 'n'.repeat(200), 'v'.repeat(200), true)];
  const ends = new Set(fields.map((_, i) => Buffer.concat(fields.slice(0, i + 1)).length));
  const block = Buffer.concat(fields);
  for (let end = 1; end < block.length; end++) {
    const start = block.subarray(0, end);
    if (ends.has(end)) fieldsOf(new HpackDecoder(), start);
    else refused(start, /ends within a field|longer than its header block/);
  }
});

test('no memory is taken for a length that the block does not have', () => {
  for (const huffman of [0, 0x80]) {
    const claimed = Buffer.concat([hex('00'), integer(huffman, 7, 2 ** 28)]);
    refused(claimed, /longer than its header block/);
    refused(Buffer.concat([claimed, Buffer.alloc(1000)]), /longer than its header block/);
  }
  // The octets after the block are there, but not its own.
  const memory = Buffer.concat([hex('00'), string('name'), string('value')]);
  refused(memory.subarray(0, -1), /longer than its header block/);
});

test('integers of more than 28 bits are refused, also where they only begin with zeros', () => {
  refused(hex('ff ff ff ff 7f'), /beyond the dynamic table/);
  refused(hex('ff ff ff ff ff 7f'), /more than 28 bits/);
  refused(hex('ff 80 80 80 80 00'), /more than 28 bits/);
  refused(Buffer.concat([hex('ff'), Buffer.alloc(100_000, 0x80)]), /more than 28 bits/);
  refused(hex('00 7f ff ff ff ff 0f'), /more than 28 bits/);
  refused(hex('3f ff ff ff ff ff ff ff ff ff 01'), /more than 28 bits/);
  // 127 with zeros behind it is an integer like any other.
  refused(hex('ff 80 80 80 00'), /beyond the dynamic table/);
  assert.deepEqual(fieldsOf(new HpackDecoder(), hex('0f 80 80 80 00 00')), [['accept-charset', '']]);
});

test('strings that are not Huffman-coded as they say are refused', () => {
  refused(hex('00 81 ff 00'), /Huffman/);
  refused(hex('00 01 61 84 ff ff ff ff'), /Huffman/);
  refused(hex('00 01 61 82 07 ff'), /Huffman/);
  assert.deepEqual(fieldsOf(new HpackDecoder(), hex('00 01 61 81 07')), [['a', '0']]);
  assert.deepEqual(fieldsOf(new HpackDecoder(), hex('00 80 80')), [['', '']]);
});

test('size updates: two at the beginning of a block, none above the setting', () => {
  const decoder = new HpackDecoder(1000);
  assert.deepEqual(fieldsOf(decoder, Buffer.concat([sizeUpdate(0), sizeUpdate(1000), GET])), [[':method', 'GET']]);
  assert.deepEqual(fieldsOf(decoder, sizeUpdate(31)), []);
  refused(Buffer.concat([sizeUpdate(0), sizeUpdate(0), sizeUpdate(0)]), /more than two/, decoder);
  refused(Buffer.concat([GET, sizeUpdate(0)]), /after a header field/, decoder);
  refused(Buffer.concat([sizeUpdate(0), GET, sizeUpdate(0)]), /after a header field/, decoder);
  refused(sizeUpdate(1001), /above SETTINGS_HEADER_TABLE_SIZE/, decoder);
  refused(sizeUpdate(4097), /above SETTINGS_HEADER_TABLE_SIZE/);
  refused(hex('3f'), /ends within a field/);
  assert.deepEqual(fieldsOf(new HpackDecoder(65_536), sizeUpdate(65_536)), []);
});

test('a size update evicts, and the table stays as small as it says', () => {
  const decoder = new HpackDecoder();
  const [a, b] = [literal('added', 'a', '1'), literal('added', 'b', '2')];
  fieldsOf(decoder, Buffer.concat([a, b]));
  assert.deepEqual(fieldsOf(decoder, Buffer.concat([sizeUpdate(67), indexed(62)])), [['b', '2']]);
  refused(indexed(63), /beyond the dynamic table/, decoder);
  // From here on there is room for one.
  assert.deepEqual(fieldsOf(decoder, Buffer.concat([a, indexed(62)])).at(-1), ['a', '1']);
  refused(indexed(63), /beyond the dynamic table/, decoder);
  fieldsOf(decoder, Buffer.concat([sizeUpdate(0), sizeUpdate(4096)]));
  refused(indexed(62), /beyond the dynamic table/, decoder);
});

test('the table begins with 4096 octets, whatever the setting is', () => {
  // 32 and 32 are 64 octets: 64 of them fill the table.
  const entries = Array.from({ length: 65 }, (_, i) => literal('added', 'n'.repeat(16), String(i).padStart(16)));
  for (const setting of [0, 4096, 65_536]) {
    const decoder = new HpackDecoder(setting);
    fieldsOf(decoder, Buffer.concat(entries));
    assert.deepEqual(fieldsOf(decoder, indexed(61 + 64))[0]![1].trim(), '1');
    refused(indexed(61 + 65), /beyond the dynamic table/, decoder);
  }
});

test('as many entries as fit, and their name may be that of the one they evict', () => {
  const decoder = new HpackDecoder();
  const smallest = Array.from({ length: 1000 }, () => literal('added', '', ''));
  fieldsOf(decoder, Buffer.concat(smallest));
  fieldsOf(decoder, indexed(61 + 128));
  refused(indexed(61 + 129), /beyond the dynamic table/, decoder);

  fieldsOf(decoder, Buffer.concat([sizeUpdate(40), literal('added', 'name', '1')]));
  assert.deepEqual(fieldsOf(decoder, Buffer.concat([literal('added', 62, '2'), indexed(62)])), [
    ['name', '2'],
    ['name', '2'],
  ]);
});

test('an entry larger than the table empties it and is a field all the same', () => {
  const decoder = new HpackDecoder();
  const large: Field = ['name', 'v'.repeat(4096 - 32 - 4 + 1)];
  assert.deepEqual(fieldsOf(decoder, Buffer.concat([NAMED, literal('added', ...large)])), [['name', 'value'], large]);
  refused(indexed(62), /beyond the dynamic table/, decoder);
  const fits: Field = ['name', large[1].slice(1)];
  assert.deepEqual(fieldsOf(decoder, Buffer.concat([literal('added', ...fits), indexed(62)])), [fits, fits]);
});

test('beyond the list limit no field is told, but the table stays in step', () => {
  const sizes: Field[] = [
    ['a', 'b'.repeat(67)],
    ['c', 'd'.repeat(67)],
    ['e', ''],
  ];
  const block = Buffer.concat(sizes.map(([name, value]) => literal('added', name, value)));
  const told = (limit: number): [within: boolean, names: string, next: Field[]] => {
    const decoder = new HpackDecoder();
    let names = '';
    const within = decoder.decode(block, limit, (name) => {
      names += name;
    });
    return [within, names, fieldsOf(decoder, Buffer.concat([indexed(64), indexed(62)]))];
  };
  const next = [sizes[0]!, sizes[2]!];
  assert.deepEqual(told(233), [true, 'ace', next]);
  assert.deepEqual(told(232), [false, 'ac', next]);
  assert.deepEqual(told(200), [false, 'ac', next]);
  // The last field would have fitted where the second did not.
  assert.deepEqual(told(199), [false, 'a', next]);
  assert.deepEqual(told(0), [false, '', next]);
});

test('what is wrong beyond the list limit is still wrong', () => {
  const decoder = new HpackDecoder();
  assert.throws(() => decoder.decode(Buffer.concat([GET, indexed(0)]), 0, () => {}), HpackError);
});

test('one octet that stands for a whole entry cannot be used to fill memory', () => {
  const decoder = new HpackDecoder();
  const block = Buffer.concat([literal('added', 'n', 'v'.repeat(4000)), Buffer.alloc(60_000, 0x80 | 62)]);
  let fields = 0;
  assert.equal(
    decoder.decode(block, 16_384, () => {
      fields += 1;
    }),
    false,
  );
  assert.equal(fields, 4);
});

test('connections do not see each other', () => {
  const [one, other] = [new HpackDecoder(), new HpackDecoder()];
  fieldsOf(one, NAMED);
  refused(indexed(62), /beyond the dynamic table/, other);
  assert.deepEqual(fieldsOf(one, encodeHeaders([['x', 'y']])), [['x', 'y']]);
  assert.deepEqual(fieldsOf(one, indexed(62)), [['name', 'value']]);
});
