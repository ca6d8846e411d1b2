// What a field of OTLP/JSON holds, in words: for errors.
import { idBytes, type JsonField } from './json-tables.js';

/** What a field holds, roughly: said of a default of another type. */
export function wanted(field: JsonField): string {
  if (field.kind === 'message') return 'an object';
  if (field.kind === 'bool') return 'true or false';
  return field.wire === 2 ? 'a string' : 'a number';
}

export function wantedOf(field: JsonField): string {
  switch (field.kind) {
    case 'fixed64':
    case 'sfixed64':
    case 'int64':
    case 'uint64':
      return 'a 64-bit integer';
    case 'uint32':
    case 'fixed32':
      return 'an integer from 0 to 4294967295';
    case 'int32':
    case 'sint32':
      return 'an integer from -2147483648 to 2147483647';
    case 'enum':
      return 'the number of an enum value';
    case 'bytes':
      return 'base64';
    case 'id':
      return `${2 * idBytes(field.name)} hexadecimal digits`;
    default:
      return wanted(field);
  }
}
