// OTLP/JSON to protobuf and back, without a typed object in between (OTLP specification, "JSON Protobuf Encoding").
import { PermanentError, type Signal } from '../pipeline/index.js';
import { JsonDecoder, JsonFault } from './json-decode.js';
import { JsonEncoder } from './json-encode.js';
import { type Message, messageNamed } from './json-tables.js';
import { NAMES } from './messages.js';

/** Integers that a double cannot hold, outside of strings; OTLP lets senders write 64-bit integers as numbers. */
const LONG_INTEGER = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/gs;
const MAY_HOLD_LONG_INTEGER = /[:[,\s]-?\d{16}/;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The protobuf body of an OTLP/JSON request. Accepts what the Collector accepts beyond the specification: snake_case names, enum
 * names, 64-bit integers as numbers. Throws `PermanentError`, naming the path of the value that is wrong.
 */
export function jsonToProtobuf(signal: Signal, json: string | Uint8Array): Uint8Array {
  return jsonToMessage(NAMES[signal].request, json);
}

/** The same for any message of the vendored protocol, by full name. */
export function jsonToMessage(name: string, json: string | Uint8Array): Uint8Array {
  const value = parse(json);
  const decoder = new JsonDecoder();
  try {
    return decoder.decode(messageNamed(name), value);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new PermanentError(`malformed OTLP/JSON at ${decoder.where() || 'the top'}: ${error.message}`);
  }
}

function parse(json: string | Uint8Array): unknown {
  try {
    const text = typeof json === 'string' ? json : UTF8.decode(json);
    return JSON.parse(MAY_HOLD_LONG_INTEGER.test(text) ? text.replace(LONG_INTEGER, quoteNumber) : text);
  } catch (error) {
    throw new PermanentError(`the body is not JSON: ${(error as Error).message}`, 'invalid_argument', { cause: error });
  }
}

const quoteNumber = (match: string): string => (match.startsWith('"') ? match : `"${match}"`);

/**
 * The OTLP/JSON form of a request body: one line, lowerCamelCase, ids in hex, 64-bit integers as strings, enums as numbers, and every
 * field that is on the wire. Throws `PermanentError` for bytes that are no such request.
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

function toObject(message: Message, body: Uint8Array): Record<string, unknown> {
  try {
    return new JsonEncoder(body).encode(message);
  } catch (error) {
    throw new PermanentError(`malformed protobuf: ${(error as Error).message}`, 'invalid_argument', { cause: error });
  }
}
