// HPACK by hand: each way a header block can be written, which the gateway's own encoder does not use (RFC 7541).
import type { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { huffmanCodes } from '../../src/http2/hpack/huffman.js';

export type Field = [name: string, value: string];

/** Octets from hexadecimal digits with any white space. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');
}

/** An integer (5.1): `high` are the bits above the prefix of `prefixBits`. */
export function integer(high: number, prefixBits: number, value: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([high | value]);
  const octets = [high | most];
  for (value -= most; value >= 128; value = Math.floor(value / 128)) octets.push((value % 128) | 0x80);
  return Buffer.from([...octets, value]);
}

/** The Huffman code of latin1 text as a string of 0 and 1, without padding. */
export function huffmanBits(text: string): string {
  return [...Buffer.from(text, 'latin1')].map((octet) => bitsOf.get(octet)!).join('');
}

const bitsOf = new Map(huffmanCodes().map(({ symbol, code, bits }) => [symbol, code.toString(2).padStart(bits, '0')]));

/** Octets from a string of 0 and 1, padded with ones. */
export function octets(bits: string): Buffer {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

/** A string (5.2). */
export function string(text: string, huffman = false): Buffer {
  const bytes = huffman ? octets(huffmanBits(text)) : Buffer.from(text, 'latin1');
  return Buffer.concat([integer(huffman ? 0x80 : 0, 7, bytes.length), bytes]);
}

export function indexed(index: number): Buffer {
  return integer(0x80, 7, index);
}

/** A literal (6.2): what becomes of it, the index of its name or the name itself, its value. */
export function literal(
  form: 'added' | 'plain' | 'never',
  name: number | string,
  value: string,
  huffman = false,
): Buffer {
  const [high, prefixBits] = { added: [0x40, 6], plain: [0, 4], never: [0x10, 4] }[form] as [number, number];
  const start = integer(high, prefixBits, typeof name === 'number' ? name : 0);
  const spelled = typeof name === 'number' ? Buffer.alloc(0) : string(name, huffman);
  return Buffer.concat([start, spelled, string(value, huffman)]);
}

export function sizeUpdate(bytes: number): Buffer {
  return integer(0x20, 5, bytes);
}

/** All fields of the block, which must not be too long. */
export function fieldsOf(decoder: HpackDecoder, block: Buffer): Field[] {
  const fields: Field[] = [];
  if (!decoder.decode(block, Number.POSITIVE_INFINITY, (name, value) => fields.push([name, value])))
    throw new Error('there is no limit to be beyond');
  return fields;
}
