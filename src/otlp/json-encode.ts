// Protobuf to OTLP/JSON: walks the wire form along the message tables and makes the object that JSON.stringify writes.
import type protobuf from 'protobufjs/minimal.js';
import type { JsonField, JsonMessage } from './json-tables.js';
import { wholeReader } from './whole-reader.js';

type JsonObject = Record<string, unknown>;

const MAX_DEPTH = 100;

/** Reads one request. Fields keep the order of the wire; unknown fields and wrong wire types are skipped. */
export class JsonEncoder {
  private readonly reader: protobuf.Reader;
  private readonly view: DataView;

  constructor(private readonly body: Uint8Array) {
    this.reader = wholeReader(body);
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** The JSON value of the whole body as `message`. Throws RangeError or Error where the wire form is broken. */
  encode(message: JsonMessage): JsonObject {
    const object: JsonObject = {};
    this.message(message, this.reader.len, object, 0);
    return object;
  }

  private message(message: JsonMessage, end: number, object: JsonObject, depth: number): void {
    const { reader } = this;
    if (depth > MAX_DEPTH) throw new RangeError('nested too deeply');
    while (reader.pos < end) {
      const tag = reader.tag();
      const field = message.byNumber.get(tag >>> 3);
      if (field === undefined || !this.field(field, tag & 7, object, depth)) reader.skipType(tag & 7, 0, tag >>> 3);
    }
    if (reader.pos !== end) throw new RangeError('a field runs past the end of its message');
  }

  /** Reads the field into `object`; false: the wire type is not the field's. */
  private field(field: JsonField, wire: number, object: JsonObject, depth: number): boolean {
    if (field.repeated) return this.element(field, wire, object, depth);
    if (wire !== field.wire) return false;
    for (const rival of field.rivals) if (rival in object) delete object[rival];
    const value = field.message === undefined ? this.scalar(field) : (object[field.name] ?? {});
    if (field.message !== undefined) this.nested(field.message, value as JsonObject, depth);
    object[field.name] = value;
    return true;
  }

  /** Repeated numbers come packed or one by one; a reader takes both. */
  private element(field: JsonField, wire: number, object: JsonObject, depth: number): boolean {
    if (wire !== field.wire && wire !== 2) return false;
    const list = (object[field.name] as unknown[] | undefined) ?? [];
    object[field.name] = list;
    if (field.message !== undefined) {
      const element: JsonObject = {};
      list.push(element);
      this.nested(field.message, element, depth);
    } else if (wire === field.wire) list.push(this.scalar(field));
    else this.packed(field, list);
    return true;
  }

  private packed(field: JsonField, list: unknown[]): void {
    const end = this.end();
    while (this.reader.pos < end) list.push(this.scalar(field));
    if (this.reader.pos !== end) throw new RangeError('a packed list runs past its end');
  }

  private nested(message: JsonMessage, object: JsonObject, depth: number): void {
    this.message(message, this.end(), object, depth + 1);
  }

  private end(): number {
    const { reader } = this;
    const length = reader.uint32();
    const end = reader.pos + length;
    if (end > reader.len) throw new RangeError('a length runs past the end of the request');
    return end;
  }

  private scalar(field: JsonField): unknown {
    const { reader } = this;
    switch (field.kind) {
      case 'string':
        return reader.string();
      case 'bool':
        return reader.bool();
      case 'double':
        return fromDouble(reader.double());
      case 'fixed64':
        return this.view.getBigUint64(this.advance(8), true).toString();
      case 'sfixed64':
        return this.view.getBigInt64(this.advance(8), true).toString();
      case 'int64':
        return BigInt.asIntN(64, this.varint64()).toString();
      case 'uint64':
        return this.varint64().toString();
      case 'uint32':
        return reader.uint32();
      case 'fixed32':
        return reader.fixed32();
      case 'int32':
      case 'enum':
        return reader.int32();
      case 'sint32':
        return reader.sint32();
      case 'bytes':
        return this.bytes().toString('base64');
      case 'id':
        return this.bytes().toString('hex');
      case 'message':
        throw new Error('a message is no scalar');
    }
  }

  private advance(count: number): number {
    const start = this.reader.pos;
    this.reader.skip(count);
    return start;
  }

  private varint64(): bigint {
    const long = this.reader.uint64() as { low: number; high: number };
    return (BigInt(long.high >>> 0) << 32n) | BigInt(long.low >>> 0);
  }

  private bytes(): Buffer {
    const end = this.end();
    const start = this.advance(end - this.reader.pos);
    return Buffer.from(this.body.buffer, this.body.byteOffset + start, end - start);
  }
}

/** proto3 JSON: what JSON has no number for is a string. */
function fromDouble(value: number): number | string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}
