// Requests of before version 0.15 of the protocol, which say "instrumentation library" where it says "scope" today:
// senders of 2021 and 2022, and recordings of theirs. The messages are the same but for one field's number.
import protobuf from 'protobufjs/minimal.js';

/** `instrumentation_library_metrics`, `_spans` and `_logs` of a resource; today's is 2. */
export const LEGACY_FIELD = 1000;
const RESOURCES = 1;
const SCOPES = 2;
const LENGTH_DELIMITED = 2;
const NOTHING = new Uint8Array(0);
/** Tag of the old field, on the wire. */
const LEGACY_TAG = Buffer.from([0xc2, 0x3e]);
/** Fields of a request and its resources: more are no old sender's, and would fill the memory. */
const MOST_FIELDS = 100_000;

interface LegacyField {
  readonly number: number;
  readonly wire: number;
  /** With its tag. */
  readonly all: Uint8Array;
  /** Of wire type 2. */
  readonly content: Uint8Array;
}

class TooManyFields extends Error {}

/** `count`: of the fields that were read before. Throws where the bytes are no message. */
function fieldsOf(bytes: Uint8Array, count: { fields: number }): LegacyField[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: LegacyField[] = [];
  while (reader.pos < reader.len) {
    if (++count.fields > MOST_FIELDS) throw new TooManyFields();
    const start = reader.pos;
    const tag = reader.uint32();
    const wire = tag & 7;
    const content = wire === LENGTH_DELIMITED ? reader.bytes() : NOTHING;
    if (wire !== LENGTH_DELIMITED) reader.skipType(wire);
    fields.push({ number: tag >>> 3, wire, all: bytes.subarray(start, reader.pos), content });
  }
  return fields;
}

const isMessage = ({ number, wire }: LegacyField, of: number): boolean => number === of && wire === LENGTH_DELIMITED;

/**
 * The request in today's form; undefined where nothing in it is of the old one. As the protocol's own text had it while
 * both were allowed: the old field counts where the new one is not set, and is ignored where it is. The request is
 * well-formed.
 */
export function withScopes(request: Uint8Array): Uint8Array | undefined {
  if (!Buffer.from(request.buffer, request.byteOffset, request.byteLength).includes(LEGACY_TAG)) return undefined;
  try {
    return rewritten(request);
  } catch (error) {
    if (error instanceof TooManyFields) return undefined;
    throw error;
  }
}

function rewritten(request: Uint8Array): Uint8Array | undefined {
  const writer = protobuf.Writer.create();
  const count = { fields: 0 };
  let isLegacy = false;
  for (const field of fieldsOf(request, count)) {
    const resource = isMessage(field, RESOURCES) ? resourceWithScopes(field.content, count) : undefined;
    if (resource) isLegacy = true;
    if (resource) writer.uint32((RESOURCES << 3) | LENGTH_DELIMITED).bytes(resource);
    else writer.raw(field.all);
  }
  return isLegacy ? writer.finish() : undefined;
}

function resourceWithScopes(resource: Uint8Array, count: { fields: number }): Uint8Array | undefined {
  const fields = fieldsOf(resource, count);
  if (!fields.some((field) => isMessage(field, LEGACY_FIELD))) return undefined;
  const hasScopes = fields.some((field) => isMessage(field, SCOPES));
  const writer = protobuf.Writer.create();
  for (const field of fields.toSorted((a, b) => placeOf(a) - placeOf(b))) {
    if (!isMessage(field, LEGACY_FIELD)) writer.raw(field.all);
    else if (!hasScopes) writer.uint32((SCOPES << 3) | LENGTH_DELIMITED).bytes(field.content);
  }
  return writer.finish();
}

/** Fields go out in the order of their numbers: equal data, equal bytes. */
const placeOf = (field: LegacyField): number => (isMessage(field, LEGACY_FIELD) ? SCOPES : field.number);
