// The oracle of OTLP/JSON: JSON.parse, and a walk of the value along the message tables that writes the wire form with
// protobufjs.
import protobuf from 'protobufjs/minimal.js';
import { idBytes, type JsonField, type JsonMessage, messageNamed } from '../../src/otlp/json-tables.js';
import { NAMES } from '../../src/otlp/messages.js';
import type { Signal } from '../../src/pipeline/index.js';

/** Integers that a double cannot hold, outside of strings. */
const LONG_INTEGER = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/gs;

/** In front of a long integer that was a number in the text. */
const LONG = '\uffff\ue000';

/**
 * The wire form of a request that is JSON; throws what JSON.parse throws, and `OracleFault` with the path of what is
 * wrong.
 */
export function jsonToProtobuf(signal: Signal, json: string | Uint8Array): Uint8Array {
  const text = typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true }).decode(json);
  // As it is: a long integer in place of a name must not become one.
  JSON.parse(text);
  const value: unknown = JSON.parse(
    text.replace(LONG_INTEGER, (match) => (match.startsWith('"') ? match : `"${LONG}${match}"`)),
  );
  const decoder = new JsonDecoder();
  try {
    return decoder.decode(messageNamed(NAMES[signal].request), value);
  } catch (error) {
    if (error instanceof OracleFault) throw new OracleFault(`${decoder.where() || 'the top'}: ${error.message}`);
    throw error;
  }
}

/** The value at `path` cannot be what the protocol says it is. */
export class OracleFault extends Error {}

/** Protobuf implementations refuse deeper messages; so does protobufjs when it decodes. */
const MAX_DEPTH = 100;

const INTEGER = /^-?\d+$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const HEX = /^[0-9a-fA-F]*$/;

/** What protobufjs takes for a 64-bit integer: two's complement in two halves. */
interface Halves {
  low: number;
  high: number;
  unsigned: boolean;
}

/** One conversion: the writer, and the path of the value at hand for the error's text. */
class JsonDecoder {
  private readonly writer = protobuf.Writer.create();
  private readonly path: (string | number)[] = [];

  /** The wire form of `value`, a parsed JSON object, as `message`. Throws `OracleFault`. */
  decode(message: JsonMessage, value: unknown): Uint8Array {
    this.message(message, value);
    return this.writer.finish();
  }

  /** Path of the value that was at fault, as in `resourceMetrics[0].scopeMetrics`. */
  where(): string {
    return this.path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
  }

  /** Fields go out in the order of their numbers, as every encoder of protobuf writes them: equal data, equal bytes. */
  private message(message: JsonMessage, value: unknown): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected('an object', value);
    if (this.path.length > 2 * MAX_DEPTH) throw new OracleFault('is nested too deeply');
    const keys = Object.keys(value);
    if (!inOrder(message, keys)) keys.sort((a, b) => numberOf(message, a) - numberOf(message, b));
    for (const key of keys) {
      const field = message.byName.get(key);
      const member = (value as Record<string, unknown>)[key];
      if (field !== undefined && member !== null) this.field(field, member);
    }
  }

  private field(field: JsonField, member: unknown): void {
    this.path.push(field.name);
    if (field.repeated) this.list(field, member);
    else this.single(field, member);
    this.path.pop();
  }

  private list(field: JsonField, value: unknown): void {
    if (!Array.isArray(value)) throw expected('a list', value);
    if (value.length === 0) return;
    if (field.wire !== 2) this.writer.uint32((field.number << 3) | 2).fork();
    for (let i = 0; i < value.length; i++) {
      this.path.push(i);
      if (field.wire === 2) this.tagged(field, value[i]);
      else this.scalar(field, value[i]);
      this.path.pop();
    }
    if (field.wire !== 2) this.writer.ldelim();
  }

  private single(field: JsonField, value: unknown): void {
    if (!field.presence && isDefault(field, value)) this.checkDefault(field, value);
    else this.tagged(field, value);
  }

  /** A field without presence that holds its default is absent on the wire; its type is checked nevertheless. */
  private checkDefault(field: JsonField, value: unknown): void {
    const fits =
      value === ''
        ? field.kind === 'string' || field.kind === 'bytes' || field.kind === 'id'
        : value === false
          ? field.kind === 'bool'
          : field.wire !== 2 && field.kind !== 'bool';
    if (!fits) throw expected(wanted(field), value);
  }

  private tagged(field: JsonField, value: unknown): void {
    this.writer.uint32((field.number << 3) | field.wire);
    if (field.message === undefined) this.scalar(field, value);
    else {
      this.writer.fork();
      this.message(field.message, value);
      this.writer.ldelim();
    }
  }

  private scalar(field: JsonField, given: unknown): void {
    const isLong = typeof given === 'string' && given.startsWith(LONG);
    const value = isLong ? given.slice(LONG.length) : given;
    if (isLong && (field.wire === 2 || field.kind === 'bool')) throw expected(wanted(field), value);
    const { writer } = this;
    switch (field.kind) {
      case 'string':
        if (typeof value !== 'string') throw expected('a string', value);
        // Half of a surrogate pair is no character: Buffer writes U+FFFD for it.
        return void writer.bytes(Buffer.from(value));
      case 'bool':
        if (typeof value !== 'boolean') throw expected('true or false', value);
        return void writer.bool(value);
      case 'double':
        return void writer.double(toDouble(value));
      case 'fixed64':
      case 'sfixed64':
        return void writer.fixed64(toHalves(value, field.kind === 'fixed64') as never);
      case 'int64':
      case 'uint64':
        return void writer.uint64(toHalves(value, field.kind === 'uint64') as never);
      case 'uint32':
        return void writer.uint32(toInteger(value, 0, 0xffffffff));
      case 'fixed32':
        return void writer.fixed32(toInteger(value, 0, 0xffffffff));
      case 'int32':
        return void writer.int32(toInteger(value, -0x80000000, 0x7fffffff));
      case 'sint32':
        return void writer.sint32(toInteger(value, -0x80000000, 0x7fffffff));
      case 'enum':
        return void writer.int32(toEnum(field, value));
      case 'bytes':
        return void writer.bytes(toBytes(value));
      case 'id':
        return void writer.bytes(toId(field.name, value));
      case 'message':
        throw new Error('a message is no scalar');
    }
  }
}

const numberOf = (message: JsonMessage, key: string): number => message.byName.get(key)?.number ?? 0;

/** Most senders write the fields in their order already. */
function inOrder(message: JsonMessage, keys: readonly string[]): boolean {
  let last = 0;
  for (const key of keys) {
    const number = numberOf(message, key);
    if (number < last) return false;
    last = number;
  }
  return true;
}

const isDefault = (field: JsonField, value: unknown): boolean =>
  Object.is(value, 0) || value === '' || value === false || (value === '0' && field.wire !== 2);

function wanted(field: JsonField): string {
  if (field.kind === 'message') return 'an object';
  if (field.kind === 'bool') return 'true or false';
  return field.wire === 2 ? 'a string' : 'a number';
}

function expected(what: string, value: unknown): OracleFault {
  const shown = JSON.stringify(value);
  return new OracleFault(`expected ${what}, got ${shown.length > 40 ? `${shown.slice(0, 40)}…` : shown}`);
}

function toDouble(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() === value && value !== '') {
    const number = Number(value);
    if (!Number.isNaN(number) || value === 'NaN') return number;
  }
  throw expected('a number', value);
}

function toInteger(value: unknown, least: number, most: number): number {
  const number = typeof value === 'string' && INTEGER.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most)
    throw expected(`an integer from ${least} to ${most}`, value);
  return number;
}

function toHalves(value: unknown, unsigned: boolean): Halves {
  if (typeof value === 'number' && Number.isSafeInteger(value) && (value >= 0 || !unsigned))
    return split(value, unsigned);
  const text = typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : value;
  if (typeof text !== 'string' || !INTEGER.test(text)) throw expected('a 64-bit integer', value);
  if (text.length <= 15 && (text.charCodeAt(0) !== 45 || !unsigned)) return split(Number(text), unsigned);
  const big = BigInt(text);
  if (BigInt(unsigned ? BigInt.asUintN(64, big) : BigInt.asIntN(64, big)) !== big)
    throw expected('a 64-bit integer', value);
  return { low: Number(big & 0xffffffffn) | 0, high: Number((big >> 32n) & 0xffffffffn) | 0, unsigned };
}

/** Exact for safe integers: Math.floor makes the halves of a negative number two's complement. */
function split(value: number, unsigned: boolean): Halves {
  return { low: value | 0, high: Math.floor(value / 0x1_0000_0000) | 0, unsigned };
}

function toEnum(field: JsonField, value: unknown): number {
  const number =
    typeof value === 'string' && Object.hasOwn(field.enumValues!, value) ? field.enumValues![value]! : value;
  if (typeof number === 'string' && !INTEGER.test(number)) throw expected('the number of an enum value', value);
  return toInteger(number, -0x80000000, 0x7fffffff);
}

function toBytes(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !BASE64.test(value)) throw expected('base64', value);
  return Buffer.from(value, 'base64');
}

function toId(name: string, value: unknown): Uint8Array {
  const size = idBytes(name);
  const fits = typeof value === 'string' && (value.length === 2 * size || value === '') && HEX.test(value);
  if (!fits) throw expected(`${2 * size} hexadecimal digits`, value);
  return Buffer.from(value, 'hex');
}
