// OTLP/JSON to protobuf and back, without a typed object in between (OTLP specification, "JSON Protobuf Encoding").
import { isUtf8 } from 'node:buffer';
import { PermanentError, type Signal } from '../pipeline/index.js';
import { JsonDecoder } from './json-decode.js';
import { JsonEncoder } from './json-encode.js';
import { JsonFault, JsonSyntaxFault } from './json-faults.js';
import { TooLong } from './json-output.js';
import { type JsonMessage, messageNamed } from './json-tables.js';
import { NAMES } from './messages.js';

/** The wire form of a body would be longer than it may be. */
export class TooLongError extends PermanentError {}

/** Bytes of JSON that are read at a time: about a millisecond. */
const SLICE_BYTES = 128 * 1024;

/**
 * The protobuf body of an OTLP/JSON request. Accepts what the Collector accepts beyond the specification: snake_case
 * names, enum names, 64-bit integers as numbers. `limit`: bytes that the protobuf body may have. Throws
 * `PermanentError`, naming the path of the value that is wrong, and `TooLongError`.
 */
export function jsonToProtobuf(signal: Signal, json: string | Uint8Array, limit: number = Infinity): Buffer {
  return jsonToMessage(NAMES[signal].request, json, limit);
}

/** The same for any message of the vendored protocol, by full name. */
export function jsonToMessage(name: string, json: string | Uint8Array, limit: number = Infinity): Buffer {
  const steps = decoding(messageNamed(name), bytesOf(json), limit, Infinity);
  return steps.next().value as Buffer;
}

/**
 * `jsonToProtobuf` a piece at a time: yields where other work may run, and says how many bytes of memory it has taken
 * by then.
 */
export function jsonToProtobufInSlices(signal: Signal, json: Uint8Array, limit: number): Generator<number, Buffer> {
  return decoding(messageNamed(NAMES[signal].request), bytesOf(json), limit, SLICE_BYTES);
}

function bytesOf(json: string | Uint8Array): Buffer {
  if (typeof json === 'string') return Buffer.from(json);
  return Buffer.isBuffer(json) ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength);
}

function* decoding(message: JsonMessage, json: Buffer, limit: number, slice: number): Generator<number, Buffer> {
  if (!isUtf8(json)) throw new PermanentError('the body is not JSON: it is not valid UTF-8');
  const decoder = new JsonDecoder(message, json, limit);
  try {
    for (let until = slice; !decoder.run(until); until += slice) yield decoder.capacity;
    return decoder.take();
  } catch (error) {
    throw refusalOf(error, decoder, limit);
  } finally {
    decoder.release();
  }
}

function refusalOf(error: unknown, decoder: JsonDecoder, limit: number): unknown {
  if (error instanceof TooLong) return new TooLongError(`the request has more than ${limit} bytes as protobuf`);
  if (error instanceof JsonSyntaxFault) return new PermanentError(`the body is not JSON: ${error.message}`);
  if (!(error instanceof JsonFault)) return error;
  return new PermanentError(`malformed OTLP/JSON at ${decoder.where() || 'the top'}: ${error.message}`);
}

/**
 * The OTLP/JSON form of a request body: one line, lowerCamelCase, ids in hex, 64-bit integers as strings, enums as
 * numbers, and every field that is on the wire. Throws `PermanentError` for bytes that are no such request.
 */
export function protobufToJson(signal: Signal, body: Uint8Array): string {
  return JSON.stringify(protobufToObject(signal, body));
}

/** What `protobufToJson` writes, before it is written. */
export function protobufToObject(signal: Signal, body: Uint8Array): Record<string, unknown> {
  return toObject(messageNamed(NAMES[signal].request), body);
}

/** The JSON form of any message of the vendored protocol, by full name. */
export function messageToJson(name: string, body: Uint8Array): string {
  return JSON.stringify(toObject(messageNamed(name), body));
}

function toObject(message: JsonMessage, body: Uint8Array): Record<string, unknown> {
  try {
    return new JsonEncoder(body).encode(message);
  } catch (error) {
    if (error instanceof PermanentError) throw error;
    throw new PermanentError(`malformed protobuf: ${(error as Error).message}`, 'invalid_argument', { cause: error });
  }
}
