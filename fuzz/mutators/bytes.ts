// Changes bytes without regard to what they mean.
import type { Random } from '../random.js';

const INTERESTING = [0, 1, 2, 7, 8, 0x0a, 0x10, 0x12, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xf0, 0xfe, 0xff];
const INTERESTING_WORDS = [0, 1, 0x7fff, 0x8000, 0xffff, 0x4000, 0x4001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 65_535];

/** One to eight changes. */
export function mutateBytes(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(input);
  for (let changes = 1 << random.below(4); changes > 0; changes--) bytes = change(bytes, other, random);
  return bytes;
}

function change(bytes: Uint8Array<ArrayBuffer>, other: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const length = random.once(3) ? random.below(Math.min(64, bytes.length - at) + 1) : random.below(4);
  switch (bytes.length === 0 ? 3 : random.below(9)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(INTERESTING);
      return bytes;
    case 2:
      bytes[at] = (bytes[at] ?? 0) + random.below(35) - 17;
      return bytes;
    case 3:
      return spliced(bytes, at, 0, random.bytes(1 + random.below(8)));
    case 4:
      return spliced(bytes, at, length, NOTHING);
    case 5:
      return spliced(bytes, at, 0, bytes.subarray(random.below(bytes.length)).subarray(0, 1 + random.below(64)));
    case 6: {
      const from = random.below(other.length + 1);
      return spliced(bytes, at, length, other.subarray(from, from + random.below(other.length - from + 1)));
    }
    case 7:
      return word(bytes, at, random);
    default:
      return random.once(4) ? bytes.slice(0, at) : spliced(bytes, at, length, random.bytes(length));
  }
}

const NOTHING = new Uint8Array();

function word(bytes: Uint8Array<ArrayBuffer>, at: number, random: Random): Uint8Array<ArrayBuffer> {
  const width = random.pick([2, 3, 4]);
  if (at + width > bytes.length) return bytes;
  const value = random.pick(INTERESTING_WORDS);
  for (let i = 0; i < width; i++) bytes[at + i] = value >>> (8 * (width - 1 - i));
  return bytes;
}

/** `remove` bytes at `at` replaced by `insert`. */
export function spliced(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = Math.min(bytes.length, at + remove);
  const made = new Uint8Array(at + insert.length + bytes.length - end);
  made.set(bytes.subarray(0, at));
  made.set(insert, at);
  made.set(bytes.subarray(end), at + insert.length);
  return made;
}
