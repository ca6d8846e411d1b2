// Arbitrary OTLP requests for property tests, drawn from the field tables: every field of every message turns up.

import { idBytes, type JsonField, type JsonMessage, messageNamed } from '../../src/otlp/json-tables.js';
import { NAMES } from '../../src/otlp/messages.js';
import type { Signal } from '../../src/pipeline/index.js';
import fc from './property.js';

/** What protobufjs encodes. */
export type PlainMessage = Record<string, unknown>;

const MAX_DEPTH = 9;

/**
 * A request of the signal, as a plain object that protobufjs encodes in canonical form (no defaults without presence).
 */
export function anyRequest(signal: Signal): fc.Arbitrary<PlainMessage> {
  return anyMessage(messageNamed(NAMES[signal].request), 0);
}

const made = new Map<string, fc.Arbitrary<PlainMessage>>();

function anyMessage(message: JsonMessage, depth: number): fc.Arbitrary<PlainMessage> {
  const key = `${message.name} ${depth}`;
  const known = made.get(key);
  if (known) return known;
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of message.byNumber.values()) {
    if (depth < MAX_DEPTH || !field.message) model[field.name] = anyField(field, depth);
  }
  const arbitrary = fc.record(model, { requiredKeys: [] }).map((object) => oneMemberEach(message, object));
  made.set(key, arbitrary);
  return arbitrary;
}

/** Keeps the first member of each oneof. */
function oneMemberEach(message: JsonMessage, object: PlainMessage): PlainMessage {
  for (const field of message.byNumber.values())
    if (field.name in object) for (const rival of field.rivals) delete object[rival];
  return object;
}

function anyField(field: JsonField, depth: number): fc.Arbitrary<unknown> {
  if (field.repeated) return fc.array(anyValue(field, depth, true), { minLength: 1, maxLength: 2 });
  return anyValue(field, depth, field.presence);
}

/** The halves of a 64-bit integer, as protobufjs takes them. */
const halves = (withZero: boolean): fc.Arbitrary<unknown> =>
  fc
    .record({ low: fc.integer(), high: fc.integer(), unsigned: fc.constant(false) })
    .filter(({ low, high }) => withZero || low !== 0 || high !== 0);

function anyValue(field: JsonField, depth: number, withDefault: boolean): fc.Arbitrary<unknown> {
  const minLength = withDefault ? 0 : 1;
  const notZero = (value: unknown): boolean => withDefault || value !== 0;
  switch (field.kind) {
    case 'message':
      return anyMessage(field.message!, depth + 1);
    case 'string':
      return fc.string({ unit: 'binary', minLength, maxLength: 12 });
    case 'bytes':
      return fc.uint8Array({ minLength, maxLength: 9 });
    case 'id':
      return fc.uint8Array({ minLength: idBytes(field.name), maxLength: idBytes(field.name) });
    case 'bool':
      return withDefault ? fc.boolean() : fc.constant(true);
    case 'double':
      return fc.double().filter(notZero);
    case 'uint32':
    case 'fixed32':
      return fc.nat(0xffffffff).filter(notZero);
    case 'int32':
    case 'sint32':
      return fc.integer().filter(notZero);
    case 'enum':
      return fc.constantFrom(...Object.values(field.enumValues!)).filter(notZero);
    default:
      return halves(withDefault);
  }
}
