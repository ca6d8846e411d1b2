// Reads attributes off the wire, and no more of a message than is asked for: however much a sender packs into one, it
// costs what its bytes cost, and memory for a bounded part of it.
import protobuf from 'protobufjs/minimal.js';
import { opentelemetry } from '#proto';

const { KeyValue, AnyValue, ArrayValue } = opentelemetry.proto.common.v1;
type WireAttribute = opentelemetry.proto.common.v1.IKeyValue;
type WireValue = opentelemetry.proto.common.v1.IAnyValue;

/** Attributes up to this size are decoded as they are; of longer ones, texts and lists alone. Bytes. */
const SMALL_BYTES = 1024;
/** Small attributes and lists of one message are read up to so many bytes; what follows is not. */
const MOST_BYTES = 64 * 1024;
/** What an attribute counts beside its bytes. */
const ATTRIBUTE_BYTES = 16;

/** Tags of `KeyValue` and `AnyValue`. */
const KEY = 0x0a;
const VALUE = 0x12;
const STRING = 0x0a;
const LIST = 0x2a;
const BYTES = 0x3a;

/** Attributes of one message, as they are read. */
export class WireAttributes {
  readonly list: WireAttribute[] = [];
  #room = MOST_BYTES;

  /** Takes the attribute whose tag the reader has just read. */
  read(reader: protobuf.Reader): void {
    const bytes = reader.uint32();
    const end = reader.pos + bytes;
    this.#room -= ATTRIBUTE_BYTES;
    if (this.#room < 0) reader.pos = end;
    else if (bytes <= SMALL_BYTES) {
      this.#room -= bytes;
      this.list.push(KeyValue.decode(reader, bytes));
    } else this.list.push(this.#long(reader, end));
  }

  #long(reader: protobuf.Reader, end: number): WireAttribute {
    let key = '';
    let value: WireValue | undefined;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === KEY) key = reader.string();
      else if (tag === VALUE) value = this.#value(reader);
      else reader.skipType(tag & 7);
    }
    return { key, ...(value && { value }) };
  }

  /** Undefined: it has no form that anybody reads. */
  #value(reader: protobuf.Reader): WireValue | undefined {
    const bytes = reader.uint32();
    if (bytes <= SMALL_BYTES) return AnyValue.decode(reader, bytes);
    const end = reader.pos + bytes;
    let value: WireValue | undefined;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === STRING) value = { stringValue: reader.string() };
      else if (tag === BYTES) value = { bytesValue: reader.bytes() };
      else if (tag === LIST) value = this.#listValue(reader);
      else reader.skipType(tag & 7);
    }
    return value;
  }

  #listValue(reader: protobuf.Reader): WireValue | undefined {
    const bytes = reader.uint32();
    if (bytes > this.#room) {
      reader.pos += bytes;
      return undefined;
    }
    this.#room -= bytes;
    return { arrayValue: ArrayValue.decode(reader, bytes) };
  }
}

/** Tags of what is read of a message; 0: it has none. */
export interface AttributedTags {
  readonly attributes: number;
  /** A string. */
  readonly name: number;
  /** A fixed64. */
  readonly start: number;
}

export interface Attributed {
  readonly attributes: readonly WireAttribute[];
  readonly name: string;
  readonly hasStart: boolean;
}

/** Reads a resource, a scope or a data point that is well-formed. */
export function readAttributed(bytes: Uint8Array, tags: AttributedTags): Attributed {
  const reader = protobuf.Reader.create(bytes);
  const attributes = new WireAttributes();
  let name = '';
  let hasStart = false;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === tags.attributes) attributes.read(reader);
    else if (tag === tags.name) name = reader.string();
    else if (tag === tags.start) hasStart = isSet(reader);
    else reader.skipType(tag & 7);
  }
  return { attributes: attributes.list, name, hasStart };
}

function isSet(reader: protobuf.Reader): boolean {
  const { buf, pos } = reader;
  reader.pos += 8;
  return buf.subarray(pos, pos + 8).some((byte) => byte !== 0);
}
