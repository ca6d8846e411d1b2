// The decoder of header blocks: blocks of one connection, one after the other.
import assert from 'node:assert/strict';
import { HpackDecoder, HpackError } from '../../src/http2/hpack/decoder.js';
import { encodeHeaders } from '../../src/http2/hpack/encoder.js';
import { STATIC_FIELDS } from '../../src/http2/hpack/static-table.js';
import { indexed, literal, sizeUpdate } from '../../test/support/hpack.js';
import { mutateBytes, spliced } from '../mutators/bytes.js';
import { block } from '../mutators/http2.js';
import type { Target } from '../target.js';

const MOST_LIST = 4096;

/** Blocks of one connection: each behind two bytes of length. */
function blocksOf(input: Uint8Array): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at + 2 <= input.length && blocks.length < 32; ) {
    const length = (input[at]! << 8) | input[at + 1]!;
    blocks.push(Buffer.from(input.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return blocks;
}

function inputOf(...blocks: readonly Buffer[]): Buffer {
  return Buffer.concat(blocks.flatMap((each) => [Buffer.from([each.length >> 8, each.length & 255]), each]));
}

type Field = [string, string];

function decodeAll(blocks: readonly Buffer[]): Field[][] {
  const decoder = new HpackDecoder();
  const lists: Field[][] = [];
  for (const each of blocks) {
    const list: Field[] = [];
    let bytes = 0;
    try {
      const all = decoder.decode(each, MOST_LIST, (name, value) => {
        list.push([name, value]);
        bytes += name.length + value.length + 32;
      });
      assert.ok(bytes <= MOST_LIST, 'more than the longest list');
      assert.ok(all || bytes <= MOST_LIST);
    } catch (error) {
      assert.ok(error instanceof HpackError, String(error));
      return lists;
    }
    lists.push(list);
  }
  return lists;
}

export const target: Target = {
  name: 'hpack',
  proves:
    'any block is decoded or refused with a fault of its own, within bounds; what was decoded is written and read alike',
  seeds: () => [
    inputOf(encodeHeaders(STATIC_FIELDS.slice(0, 20).map(([name, value]) => [name, value] as const))),
    inputOf(
      Buffer.concat([sizeUpdate(100), literal('added', 'x-a', 'one', true), indexed(62), literal('never', 62, 'two')]),
      Buffer.concat([indexed(62), literal('plain', 'x-b', 'three'), sizeUpdate(0)]),
    ),
  ],
  mutate: (input, other, random) => {
    if (!random.once(3)) return mutateBytes(input, other, random);
    const made = block(random, [['x-a', String(random.below(100))]]);
    return spliced(input, 0, 0, inputOf(made));
  },
  run: (input) => {
    const lists = decodeAll(blocksOf(input));
    for (const list of lists) {
      const again = decodeAll([
        Buffer.concat(list.map(([name, value], i) => literal('added', name, value, i % 2 === 0))),
      ]);
      if (list.length > 0) assert.deepEqual(again, [list], 'written again, it is another list');
    }
  },
};
