// Changes a protobuf message by its fields: lengths stay right unless they are what is changed.
import type { Random } from '../random.js';
import { mutateBytes } from './bytes.js';

interface Field {
  readonly tag: number;
  /** What is behind the tag, the length of a message included. */
  readonly value: Uint8Array;
  /** A length-delimited value without its length. */
  readonly within: Uint8Array | undefined;
}

const VARINTS = [0n, 1n, 127n, 128n, 0xffff_ffffn, 0x8000_0000n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];

export function mutateProtobuf(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (random.once(5)) return mutateBytes(input, other, random);
  let bytes = input;
  for (let changes = 1 + random.below(3); changes > 0; changes--) bytes = changed(bytes, other, random, 0);
  return bytes;
}

function changed(input: Uint8Array, other: Uint8Array, random: Random, depth: number): Uint8Array {
  const fields = fieldsOf(input);
  if (!fields || fields.length === 0) return mutateBytes(input, other, random);
  const at = random.below(fields.length);
  const { tag, value, within } = fields[at]!;
  if (within && within.length > 0 && depth < 12 && !random.once(5)) {
    fields[at] = delimited(tag, changed(within, other, random, depth + 1));
    return joined(fields);
  }
  switch (random.below(8)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.splice(random.below(fields.length + 1), 0, fields[at]!);
      break;
    case 2:
      fields[at] = { tag: random.below(random.once(4) ? 1 << 18 : 128), value, within: undefined };
      break;
    case 3:
      fields[at] = { tag, value: mutateBytes(value, other, random), within: undefined };
      break;
    case 4:
      fields[at] = { tag: tag & ~7, value: varint(random.pick(VARINTS)), within: undefined };
      break;
    case 5:
      fields[at] = delimited((tag & ~7) | 2, within ?? value);
      break;
    case 6:
      fields.splice(at, 0, ...(fieldsOf(other) ?? []).slice(0, 1 + random.below(3)));
      break;
    default:
      // A group around the field.
      fields[at] = {
        tag: (tag & ~7) | 3,
        value: Buffer.concat([joined([fields[at]!]), varint(BigInt((tag & ~7) | 4))]),
        within: undefined,
      };
  }
  return joined(fields);
}

const delimited = (tag: number, within: Uint8Array): Field => ({
  tag,
  value: Buffer.concat([varint(BigInt(within.length)), within]),
  within,
});

function joined(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields.flatMap(({ tag, value }) => [varint(BigInt(tag)), value]));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return Uint8Array.from([...bytes, Number(value)]);
}

/** The fields of a message; undefined where it is none. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 0; at < bytes.length && shift < 35; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return -1;
  };
  while (at < bytes.length) {
    const tag = read();
    if (tag < 8 || tag > 0xffff_ffff) return undefined;
    const start = at;
    let within: Uint8Array | undefined;
    const wire = tag & 7;
    if (wire === 0) while (at < bytes.length && bytes[at++]! > 127);
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = read();
      if (length < 0 || at + length > bytes.length) return undefined;
      within = bytes.subarray(at, at + length);
      at += length;
    } else return undefined;
    if (at > bytes.length) return undefined;
    fields.push({ tag, value: bytes.subarray(start, at), within });
  }
  return fields;
}
