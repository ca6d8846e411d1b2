// The bytes that JSON's grammar knows (RFC 8259).

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_LIST = 0x5d;
export const FALSE = 0x66;
export const NULL = 0x6e;
export const TRUE = 0x74;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

export const isDigit: (byte: number) => boolean = (byte) => byte >= ZERO && byte <= NINE;
export const isBlank: (byte: number) => boolean = (byte) =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** The first sign of a value. */
export const isValue = (sign: number): boolean =>
  sign === QUOTE ||
  sign === MINUS ||
  (sign >= ZERO && sign <= NINE) ||
  sign === OPEN_LIST ||
  sign === OPEN_OBJECT ||
  sign === TRUE ||
  sign === FALSE ||
  sign === NULL;

/** The alphabets of base64: the standard one and that for URLs. */
export function isBase64(byte: number): boolean {
  const letter = byte | 0x20;
  if ((letter >= 0x61 && letter <= 0x7a) || (byte >= ZERO && byte <= NINE)) return true;
  return byte === 0x2b || byte === 0x2f || byte === 0x2d || byte === 0x5f;
}
