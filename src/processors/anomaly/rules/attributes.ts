// Attributes of OTLP messages as plain values, and references to them as rules write them.
import type { opentelemetry } from '#proto';
import { valueUnder } from './spellings.js';

type KeyValue = opentelemetry.proto.common.v1.IKeyValue;
type AnyValue = opentelemetry.proto.common.v1.IAnyValue;

export type AttributeValue = string | number | boolean;
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** Longest string that is kept of anything a sender names, bytes of UTF-8 as a bound on characters. */
export const MAX_STRING = 256;

export const NO_ATTRIBUTES: Attributes = new Map();

const decoder = new TextDecoder();

/** Later keys win, as in the Collector's maps. Values without a plain form (maps, empty values) are left out. */
export function readAttributes(list: readonly KeyValue[] | null | undefined): Attributes {
  if (!list || list.length === 0) return NO_ATTRIBUTES;
  const attributes = new Map<string, AttributeValue>();
  for (const { key, value } of list) {
    const plain = value ? plainValue(value) : undefined;
    if (key && plain !== undefined) attributes.set(key, plain);
  }
  return attributes;
}

/** Pixie sends a string that is not UTF-8 as bytes; an array of strings becomes the array text that Pixie writes itself. */
function plainValue(value: AnyValue): AttributeValue | undefined {
  if (value.stringValue !== null && value.stringValue !== undefined) return bounded(value.stringValue);
  if (value.boolValue !== null && value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== null && value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== null && value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue) return bounded(decoder.decode(value.bytesValue as Uint8Array));
  const strings = value.arrayValue?.values?.map((item) => item.stringValue);
  return strings?.every((text) => typeof text === 'string') ? JSON.stringify(strings) : undefined;
}

/** Cut at a character, so that the bytes of UTF-8 do not exceed the bound. */
export function bounded(text: string): string {
  if (text.length * 3 <= MAX_STRING || Buffer.byteLength(text) <= MAX_STRING) return text;
  let end = Math.min(text.length, MAX_STRING);
  while (Buffer.byteLength(text.slice(0, end)) > MAX_STRING) end--;
  const last = text.charCodeAt(end - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end);
}

/** Everything a data point carries in attributes. */
export interface AttributeSets {
  readonly point: Attributes;
  readonly resource: Attributes;
  readonly scope: Attributes;
}

/** Where a rule looks for a value: `name` in point, resource, scope in this order; `resource:name` in one of them only. */
export interface AttributeReference {
  readonly place: keyof AttributeSets | 'any';
  /** `{1}` stands for the first part that a glob of the metric's name matched. */
  readonly name: string;
}

const PLACED = /^(point|resource|scope):(.+)$/;

export function parseReference(text: string): AttributeReference {
  const placed = PLACED.exec(text);
  if (!placed) return { place: 'any', name: text };
  return { place: placed[1] as keyof AttributeSets, name: placed[2] as string };
}

/**
 * The attribute's value under any spelling of its name (`span.kind`, `span_kind`); undefined where it is absent. `captures` are put in
 * for `{1}`, `{2}`.
 */
export function lookUp(
  sets: AttributeSets,
  reference: AttributeReference,
  captures: readonly string[],
): AttributeValue | undefined {
  const name = fill(reference.name, captures);
  if (reference.place !== 'any') return valueUnder(sets[reference.place], name);
  return valueUnder(sets.point, name) ?? valueUnder(sets.resource, name) ?? valueUnder(sets.scope, name);
}

/** `text` with `{1}`, `{2}` … replaced by what the glob's stars matched. */
export function fill(text: string, captures: readonly string[]): string {
  if (!text.includes('{')) return text;
  return text.replace(/\{(\d)\}/g, (whole, digit: string) => captures[Number(digit) - 1] ?? whole);
}
