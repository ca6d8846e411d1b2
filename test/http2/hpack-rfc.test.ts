// The examples of RFC 7541, Appendix C.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockReader } from '../../src/http2/hpack/block-reader.js';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { type Field, fieldsOf, hex, indexed, integer, sizeUpdate } from '../support/hpack.js';

test('C.1: integers', () => {
  const examples: [digits: string, prefixBits: number, value: number][] = [
    ['0a', 5, 10],
    ['1f9a0a', 5, 1337],
    ['2a', 8, 42],
  ];
  for (const [digits, prefixBits, value] of examples) {
    const reader = new BlockReader();
    reader.open(hex(digits));
    assert.equal(reader.integer(reader.octet(), 2 ** prefixBits - 1), value);
    assert.equal(reader.more, false);
    assert.deepEqual(integer(0, prefixBits, value), hex(digits));
  }
});

/** An example: its blocks, the fields of each, and the table after it, newest first. */
interface Example {
  title: string;
  blocks: string[];
  fields: Field[][];
  tables: Field[][];
}

/** The table as the decoder has it: each index above the static ones until one is refused, which changes nothing. */
function tableOf(decoder: HpackDecoder): Field[] {
  const table: Field[] = [];
  for (let index = 62; ; index++) {
    try {
      table.push(...fieldsOf(decoder, indexed(index)));
    } catch {
      return table;
    }
  }
}

function check({ title, blocks, fields, tables }: Example, decoder: HpackDecoder): void {
  blocks.forEach((block, i) => {
    assert.deepEqual(fieldsOf(decoder, hex(block)), fields[i], `${title}, block ${i + 1}`);
    assert.deepEqual(tableOf(decoder), tables[i], `${title}, table after block ${i + 1}`);
  });
}

const CUSTOM: Field = ['custom-key', 'custom-header'];

const REPRESENTATIONS: Example[] = [
  {
    title: 'C.2.1: literal with indexing',
    blocks: ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'],
    fields: [[CUSTOM]],
    tables: [[CUSTOM]],
  },
  {
    title: 'C.2.2: literal without indexing',
    blocks: ['040c 2f73 616d 706c 652f 7061 7468'],
    fields: [[[':path', '/sample/path']]],
    tables: [[]],
  },
  {
    title: 'C.2.3: literal never indexed',
    blocks: ['1008 7061 7373 776f 7264 0673 6563 7265 74'],
    fields: [[['password', 'secret']]],
    tables: [[]],
  },
  { title: 'C.2.4: indexed', blocks: ['82'], fields: [[[':method', 'GET']]], tables: [[]] },
];

for (const example of REPRESENTATIONS) test(example.title, () => check(example, new HpackDecoder()));

const AUTHORITY: Field = [':authority', 'www.example.com'];
const NO_CACHE: Field = ['cache-control', 'no-cache'];
const CUSTOM_VALUE: Field = ['custom-key', 'custom-value'];
const GET: Field = [':method', 'GET'];
const HTTP: Field = [':scheme', 'http'];
const ROOT: Field = [':path', '/'];

const REQUESTS = {
  fields: [
    [GET, HTTP, ROOT, AUTHORITY],
    [GET, HTTP, ROOT, AUTHORITY, NO_CACHE],
    [GET, [':scheme', 'https'], [':path', '/index.html'], AUTHORITY, CUSTOM_VALUE],
  ] satisfies Field[][],
  tables: [[AUTHORITY], [NO_CACHE, AUTHORITY], [CUSTOM_VALUE, NO_CACHE, AUTHORITY]],
};

test('C.3: requests without Huffman coding', () => {
  const blocks = [
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ];
  check({ title: 'C.3', blocks, ...REQUESTS }, new HpackDecoder());
});

test('C.4: requests with Huffman coding', () => {
  const blocks = [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ];
  check({ title: 'C.4', blocks, ...REQUESTS }, new HpackDecoder());
});

const FOUND: Field = [':status', '302'];
const REDIRECT: Field = [':status', '307'];
const PRIVATE: Field = ['cache-control', 'private'];
const DATE: Field = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const LATER: Field = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const LOCATION: Field = ['location', 'https://www.example.com'];
const GZIP: Field = ['content-encoding', 'gzip'];
const COOKIE: Field = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];

const RESPONSES = {
  fields: [
    [FOUND, PRIVATE, DATE, LOCATION],
    [REDIRECT, PRIVATE, DATE, LOCATION],
    [[':status', '200'], PRIVATE, LATER, LOCATION, GZIP, COOKIE],
  ] satisfies Field[][],
  tables: [
    [LOCATION, DATE, PRIVATE, FOUND],
    [REDIRECT, LOCATION, DATE, PRIVATE],
    [COOKIE, GZIP, LATER],
  ],
};

/** The examples have a table of 256 octets. A peer says so before its first field, which they leave out. */
function decoderOf256(): HpackDecoder {
  const decoder = new HpackDecoder(256);
  assert.deepEqual(fieldsOf(decoder, sizeUpdate(256)), []);
  return decoder;
}

test('C.5: responses without Huffman coding, with evictions', () => {
  const blocks = [
    `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
     1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
    '4803 3330 37c1 c0bf',
    `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
     4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
     7369 6f6e 3d31`,
  ];
  check({ title: 'C.5', blocks, ...RESPONSES }, decoderOf256());
});

test('C.6: responses with Huffman coding, with evictions', () => {
  const blocks = [
    `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
     97c8 e9ae 82ae 43d3`,
    '4883 640e ffc1 c0bf',
    `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
     cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
  ];
  check({ title: 'C.6', blocks, ...RESPONSES }, decoderOf256());
});
