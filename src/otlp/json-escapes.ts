// Escapes in the strings of a JSON text, on bytes.
import { BACKSLASH, NINE, QUOTE, ZERO } from './json-signs.js';

/**
 * Writes the content of a string without its escapes, which is no longer than with them; the place behind it. Half a
 * surrogate pair becomes U+FFFD: what is written is UTF-8.
 */
export function withoutEscapes(bytes: Uint8Array, start: number, stop: number, into: Uint8Array, to: number): number {
  for (let at = start; at < stop; ) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      into[to++] = byte;
      at++;
      continue;
    }
    const plain = plainEscape(bytes[at + 1]!);
    if (plain >= 0) {
      into[to++] = plain;
      at += 2;
      continue;
    }
    let point = hex4(bytes, at + 2);
    at += 6;
    if (point >= 0xd800 && point < 0xe000) {
      const low = point < 0xdc00 && at + 6 <= stop && bytes[at + 1] === 0x75 && bytes[at] === BACKSLASH;
      const second = low ? hex4(bytes, at + 2) : 0;
      const isPair = second >= 0xdc00 && second < 0xe000;
      if (isPair) at += 6;
      point = isPair ? 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00) : 0xfffd;
    }
    to = writePoint(into, to, point);
  }
  return to;
}

/** What the sign behind a backslash stands for; -1: nothing, or more than one byte. */
export function plainEscape(sign: number): number {
  switch (sign) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return sign;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return -1;
  }
}

/** The value of a hexadecimal digit; -1: it is none. */
export function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function hex4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) value = value * 16 + hexDigit(bytes[i]!);
  return value;
}

function writePoint(into: Uint8Array, to: number, point: number): number {
  if (point < 0x80) {
    into[to++] = point;
    return to;
  }
  if (point < 0x800) into[to++] = 0xc0 | (point >> 6);
  else {
    if (point < 0x10000) into[to++] = 0xe0 | (point >> 12);
    else {
      into[to++] = 0xf0 | (point >> 18);
      into[to++] = 0x80 | ((point >> 12) & 0x3f);
    }
    into[to++] = 0x80 | ((point >> 6) & 0x3f);
  }
  into[to++] = 0x80 | (point & 0x3f);
  return to;
}
