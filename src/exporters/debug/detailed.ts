// `detailed`: everything a request holds, as an indented tree with attributes on lines of their own.
import { protobufToObject } from '../../otlp/index.js';
import type { Batch } from '../../pipeline/index.js';

type Json = Record<string, unknown>;

const INDENT = '  ';

/** Values of AnyValue under the Collector's type names. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  stringValue: 'Str',
  intValue: 'Int',
  doubleValue: 'Double',
  boolValue: 'Bool',
  bytesValue: 'Bytes',
};

/** The whole request as text. Throws where the body is malformed. */
export function detailedText(batch: Batch): string {
  const lines: string[] = [];
  object(protobufToObject(batch.signal, batch.body), '', lines);
  return lines.join('\n');
}

function object(value: Json, indent: string, lines: string[]): void {
  for (const [key, field] of Object.entries(value)) member(key, field, indent, lines);
}

function member(key: string, value: unknown, indent: string, lines: string[]): void {
  if (isAttributes(value)) attributes(key, value, indent, lines);
  else if (Array.isArray(value)) for (const [i, one] of value.entries()) element(`${key} #${i}`, one, indent, lines);
  else element(key, value, indent, lines);
}

function element(label: string, value: unknown, indent: string, lines: string[]): void {
  const typed = anyValue(value);
  if (typed !== undefined) lines.push(`${indent}${label}: ${typed}`);
  else if (typeof value !== 'object' || value === null) lines.push(`${indent}${label}: ${scalar(label, value)}`);
  else if (Array.isArray(value)) lines.push(`${indent}${label}: ${JSON.stringify(value)}`);
  else {
    lines.push(`${indent}${label}`);
    object(value as Json, indent + INDENT, lines);
  }
}

function attributes(key: string, list: readonly Json[], indent: string, lines: string[]): void {
  lines.push(`${indent}${key}`);
  for (const one of list) lines.push(`${indent}${INDENT}-> ${one.key}: ${anyValue(one.value) ?? 'Empty()'}`);
}

function isAttributes(value: unknown): value is readonly Json[] {
  const isKeyValue = (one: unknown): boolean => typeof one === 'object' && one !== null && 'key' in one;
  return Array.isArray(value) && value.length > 0 && value.every(isKeyValue);
}

/** `Str(checkout)`; arrays and maps as JSON; undefined for anything that is no AnyValue. */
function anyValue(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const [entry, ...others] = Object.entries(value);
  if (!entry || others.length > 0) return undefined;
  const [type, content] = entry;
  if (type === 'arrayValue') return `Slice(${JSON.stringify((content as Json).values ?? [])})`;
  if (type === 'kvlistValue') return `Map(${JSON.stringify((content as Json).values ?? [])})`;
  return TYPE_NAMES[type] && `${TYPE_NAMES[type]}(${content})`;
}

/** Times get a reading beside the number. */
function scalar(label: string, value: unknown): string {
  if (!/unixnano$/i.test(label) || value === '0') return String(value);
  return `${value} (${new Date(Number(BigInt(String(value)) / 1_000_000n)).toISOString()})`;
}
