// Blocks written in every way there is, read against a table kept as a plain array; and damaged ones, and noise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder, HpackError } from '../../src/http2/hpack/decoder.js';
import { STATIC_FIELDS } from '../../src/http2/hpack/static-table.js';
import { type Field, fieldsOf, indexed, literal, sizeUpdate } from '../support/hpack.js';
import fc from '../support/property.js';

/** The dynamic table in the words of RFC 7541, 4. */
class PlainTable {
  entries: Field[] = [];
  limit = 4096;

  /** All that has an index, from 1. */
  get known(): Field[] {
    return [...STATIC_FIELDS.map(([name, value]): Field => [name, value]), ...this.entries];
  }

  limitTo(bytes: number): void {
    this.limit = bytes;
    while (this.bytes > bytes) this.entries.pop();
  }

  add(entry: Field): void {
    this.entries.unshift(entry);
    this.limitTo(this.limit);
  }

  get bytes(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }
}

/** One field to write: `pick` chooses among what is known when its turn comes. */
type Step =
  | { kind: 'indexed'; pick: number }
  | {
      kind: 'literal';
      form: 'added' | 'plain' | 'never';
      name: string;
      pick: number;
      value: string;
      huffman: boolean;
    };

const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')) },
  { weight: 1, arbitrary: fc.nat(1500).map((length) => 'x'.repeat(length)) },
);
/** New entries are chosen often. */
const pick = fc.oneof(fc.nat(), fc.integer({ min: -6, max: -1 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('indexed' as const), pick }),
  fc.record({
    kind: fc.constant('literal' as const),
    form: fc.constantFrom('added' as const, 'added' as const, 'plain' as const, 'never' as const),
    name: fc.oneof(fc.constant(''), text),
    pick,
    value: text,
    huffman: fc.boolean(),
  }),
);
const updates = fc.array(fc.nat(4096), { maxLength: 2 });
const blocks = fc.array(fc.tuple(updates, fc.array(step, { maxLength: 12 })), { maxLength: 12 });

/** The index of what was picked. */
function chosen(known: Field[], picked: number): number {
  return picked >= 0 ? (picked % known.length) + 1 : Math.max(1, Math.min(known.length, 61 - picked));
}

function write(table: PlainTable, one: Step): [octets: Buffer, field: Field] {
  const { known } = table;
  const index = chosen(known, one.pick);
  if (one.kind === 'indexed') return [indexed(index), known[index - 1]!];
  const spelled = one.name !== '';
  const field: Field = [spelled ? one.name : known[index - 1]![0], one.value];
  if (one.form === 'added') table.add(field);
  return [literal(one.form, spelled ? one.name : index, one.value, one.huffman), field];
}

function writeBlock(table: PlainTable, sizes: number[], steps: Step[]): [block: Buffer, fields: Field[]] {
  for (const size of sizes) table.limitTo(size);
  const written = steps.map((one) => write(table, one));
  return [
    Buffer.concat([...sizes.map(sizeUpdate), ...written.map(([octets]) => octets)]),
    written.map(([, field]) => field),
  ];
}

test('blocks written in any way are read as they were meant, one after another', () => {
  fc.assert(
    fc.property(blocks, (list) => {
      const table = new PlainTable();
      const decoder = new HpackDecoder();
      for (const [sizes, steps] of list) {
        const [block, fields] = writeBlock(table, sizes, steps);
        assert.deepEqual(fieldsOf(decoder, block), fields);
      }
    }),
    { numRuns: 300 },
  );
});

/** Whether the block can be read. Whatever else is thrown passes through. */
function reads(decoder: HpackDecoder, block: Buffer): boolean {
  let octets = 0;
  try {
    decoder.decode(block, 16_384, (name, value) => {
      octets += name.length + value.length + 32;
    });
  } catch (error) {
    if (error instanceof HpackError) return false;
    throw error;
  }
  assert.ok(octets <= 16_384);
  return true;
}

test('any octets are read or refused, nothing else', () => {
  const octet = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x80, 0xff, 0x7f, 0x3f, 0x20, 0x40, 0x1f, 0x0f, 0, 0xbe),
  );
  let [read, all] = [0, 0];
  fc.assert(
    fc.property(fc.array(fc.array(octet, { maxLength: 60 }), { maxLength: 4 }), (list) => {
      const decoder = new HpackDecoder();
      for (const octets of list) {
        all += 1;
        if (!reads(decoder, Buffer.from(octets))) break;
        read += 1;
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(read > 0 && read < all, `${read} of ${all} were read`);
});

type Damage = { at: number; to: number; kind: 'set' | 'flip' | 'cut' | 'insert' };

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  to: fc.integer({ min: 0, max: 255 }),
  kind: fc.constantFrom('set', 'flip', 'cut', 'insert'),
});

function damaged(block: Buffer, { at, to, kind }: Damage): Buffer {
  const place = at % (block.length + 1);
  const [before, after] = [block.subarray(0, place), block.subarray(place)];
  if (kind === 'cut') return before;
  if (kind === 'insert') return Buffer.concat([before, Buffer.from([to]), after]);
  if (after.length === 0) return block;
  const octet = kind === 'set' ? to : after[0]! ^ (1 << (to & 7));
  return Buffer.concat([before, Buffer.from([octet]), after.subarray(1)]);
}

test('damaged blocks are read or refused, nothing else', () => {
  let [read, all] = [0, 0];
  fc.assert(
    fc.property(blocks, fc.array(damage, { minLength: 1, maxLength: 3 }), (list, damages) => {
      const table = new PlainTable();
      const decoder = new HpackDecoder();
      for (const [sizes, steps] of list) {
        const [block] = writeBlock(table, sizes, steps);
        all += 1;
        if (!reads(decoder, damages.reduce(damaged, block))) break;
        read += 1;
      }
    }),
    { numRuns: 1000 },
  );
  assert.ok(read > 0 && read < all, `${read} of ${all} were read`);
});
