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
