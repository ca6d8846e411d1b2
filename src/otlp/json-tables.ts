// The messages of OTLP as the JSON transcoder looks at them: fields by JSON name and by number, made once from the
// generated table.
import { ENUMS, MESSAGES } from '#proto-fields';
import { LEGACY_FIELD } from './legacy.js';

/** Protobuf scalars that OTLP uses, and the three kinds that are none. `id`: bytes that OTLP/JSON writes in hex. */
export type FieldKind =
  | 'double'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'int64'
  | 'uint64'
  | 'fixed64'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'id'
  | 'enum'
  | 'message';

export interface JsonField {
  readonly number: number;
  readonly name: string;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** Wire type of one value: 0 varint, 1 64-bit, 2 length-delimited, 5 32-bit. */
  readonly wire: number;
  /** Written when it holds its default, too: a member of a oneof, or `optional`. */
  readonly presence: boolean;
  /** Names of the other members of its oneof. */
  readonly rivals: readonly string[];
  /** The message that it holds; itself filled in later, since messages refer to each other. */
  readonly message: JsonMessage | undefined;
  readonly enumValues: Readonly<Record<string, number>> | undefined;
}

export interface JsonMessage {
  readonly name: string;
  /** By lowerCamelCase name and by the name in the .proto file. */
  readonly byName: Map<string, JsonField>;
  readonly byNumber: Map<number, JsonField>;
}

const WIRE: Readonly<Record<FieldKind, number>> = {
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  fixed32: 5,
  int32: 0,
  uint32: 0,
  sint32: 0,
  int64: 0,
  uint64: 0,
  bool: 0,
  enum: 0,
  string: 2,
  bytes: 2,
  id: 2,
  message: 2,
};

/** OTLP specification, "JSON Protobuf Encoding": these are hex, every other `bytes` is base64. */
const ID_BYTES: Readonly<Record<string, number>> = { traceId: 16, spanId: 8, parentSpanId: 8 };

/** Bytes of an id by the name of its field. */
export function idBytes(name: string): number {
  return ID_BYTES[name] ?? 0;
}

function kindOf(type: string, name: string): FieldKind {
  if (MESSAGES[type]) return 'message';
  if (ENUMS[type]) return 'enum';
  if (type === 'bytes' && name in ID_BYTES) return 'id';
  if (!(type in WIRE)) throw new Error(`the OTLP/JSON transcoder does not know the scalar ${type}`);
  return type as FieldKind;
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * What was called so before version 0.15 of the protocol: read as a field of its own number, as on the wire, since it
 * counts only where the new one is not there (`withScopes`).
 */
const LEGACY_NAMES: Readonly<Record<string, string>> = {
  scopeMetrics: 'instrumentationLibraryMetrics',
  scopeSpans: 'instrumentationLibrarySpans',
  scopeLogs: 'instrumentationLibraryLogs',
};
const LEGACY_SCOPE = 'instrumentationLibrary';

function addLegacyNames({ byName }: JsonMessage): void {
  for (const [name, legacy] of Object.entries(LEGACY_NAMES)) {
    const field = byName.get(name);
    if (field) addName(byName, legacy, { ...field, number: LEGACY_FIELD });
  }
  const scope = byName.get('scope');
  if (scope) addName(byName, LEGACY_SCOPE, scope);
}

function addName(byName: JsonMessage['byName'], name: string, field: JsonField): void {
  byName.set(name, field);
  byName.set(snakeCase(name), field);
}

const compiled = new Map<string, JsonMessage>();

/** The message of that full name. */
export function messageNamed(name: string): JsonMessage {
  const known = compiled.get(name);
  if (known) return known;
  const fields = MESSAGES[name];
  if (!fields) throw new Error(`no message ${name} in the vendored protocol`);
  const message: JsonMessage = { name, byName: new Map(), byNumber: new Map() };
  compiled.set(name, message);
  for (const [number, fieldName, type, repeated, oneof] of fields) {
    const kind = kindOf(type, fieldName);
    const field: JsonField = {
      number,
      name: fieldName,
      kind,
      repeated,
      wire: WIRE[kind],
      presence: oneof !== '',
      rivals: oneof === '' ? [] : fields.filter((f) => f[4] === oneof && f[1] !== fieldName).map((f) => f[1]),
      message: kind === 'message' ? messageNamed(type) : undefined,
      enumValues: ENUMS[type],
    };
    addName(message.byName, fieldName, field);
    message.byNumber.set(number, field);
  }
  addLegacyNames(message);
  return message;
}
