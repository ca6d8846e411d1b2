// Encodes header blocks that refer to no dynamic table: made once, a block can be sent on any connection (RFC 7541, 6).
import { STATIC_FIELDS } from './static-table.js';

/**
 * The table size update to 0 with which the first block of a connection begins: nothing will ever be in the table (RFC
 * 7541, 4.2).
 */
export const NO_TABLE: Buffer = Buffer.from([0x20]);

const INDEXED = 0x80;
const LITERAL = 0x00;
const NEVER_INDEXED = 0x10;

/** Names of credentials, which no intermediary may put into its table (RFC 7541, 7.1.3); and all names with "token". */
const SECRETS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** A token in lower case (RFC 9110, 5.6.2 and RFC 9113, 8.2.1), or a pseudo-header. */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** What no value may have: RFC 9113, 8.2.1; and what latin1 has no octet for. */
const NOT_IN_VALUES = /[\0\r\n]|[^\0-\xff]/;

const BLANK_ENDS = /^[ \t]|[ \t]$/;

/** The first index of each name. */
const indexOfName = new Map(STATIC_FIELDS.map(([name], i) => [name, i + 1] as const).reverse());

/**
 * The block of the fields: indices where name and value are in the static table, else literals without indexing, never
 * to be indexed where they are secret. Strings are raw, not Huffman-coded. The same fields always give the same block.
 * Values are latin1. Throws a TypeError for names that are not lower-case tokens and for values with CR, LF or NUL.
 */
export function encodeHeaders(fields: Iterable<readonly [name: string, value: string]>): Buffer {
  let octets = '';
  for (const [name, value] of fields) octets += encodeField(name, value);
  return Buffer.from(octets, 'latin1');
}

/** Octets as a latin1 string, which is faster put together than buffers are. */
function encodeField(name: string, given: string): string {
  const value = trimmed(given);
  if (!NAME.test(name)) throw new TypeError(`header name ${JSON.stringify(name)} is not a lower-case token`);
  if (NOT_IN_VALUES.test(value)) throw new TypeError(`header ${name} has a value with CR, LF, NUL or non-latin1 text`);
  const index = indexOfName.get(name) ?? 0;
  if (isSecret(name)) return encodeLiteral(NEVER_INDEXED, index, name, value);
  const whole = indexOfField(index, name, value);
  return whole === 0 ? encodeLiteral(LITERAL, index, name, value) : encodeInteger(INDEXED, 0x7f, whole);
}

/** A field value has no blanks at its ends (RFC 9113, 8.2.1), whatever somebody wrote into a configuration. */
function trimmed(value: string): string {
  return BLANK_ENDS.test(value) ? value.replace(/^[ \t]+|[ \t]+$/g, '') : value;
}

/** The index of name and value, 0 if the static table does not have both. A name's fields stand side by side there. */
function indexOfField(first: number, name: string, value: string): number {
  for (let index = first; STATIC_FIELDS[index - 1]?.[0] === name; index++)
    if (STATIC_FIELDS[index - 1]?.[1] === value) return index;
  return 0;
}

function isSecret(name: string): boolean {
  return SECRETS.has(name) || name.includes('token');
}

/** A name of index 0 is spelled out. */
function encodeLiteral(form: number, index: number, name: string, value: string): string {
  const start = encodeInteger(form, 0x0f, index);
  return start + (index === 0 ? encodeString(name) : '') + encodeString(value);
}

function encodeString(text: string): string {
  return encodeInteger(0, 0x7f, text.length) + text;
}

/** `high` are the bits above the prefix, `prefix` its mask (RFC 7541, 5.1). */
function encodeInteger(high: number, prefix: number, value: number): string {
  if (value < prefix) return String.fromCharCode(high | value);
  let octets = String.fromCharCode(high | prefix);
  for (value -= prefix; value >= 0x80; value >>>= 7) octets += String.fromCharCode((value & 0x7f) | 0x80);
  return octets + String.fromCharCode(value);
}
