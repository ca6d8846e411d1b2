// Attributes of OTLP messages as plain values, and references to them as rules write them.
import type { opentelemetry } from '#proto';
import { ownText } from '../../otlp/own-text.js';
import { valueUnder } from './spellings.js';

type WireAttribute = opentelemetry.proto.common.v1.IKeyValue;
type WireValue = opentelemetry.proto.common.v1.IAnyValue;

export type AttributeValue = string | number | boolean;
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** Longest string that is kept of anything a sender names, bytes of UTF-8 as a bound on characters. */
export const MAX_STRING = 256;

export const NO_ATTRIBUTES: Attributes = new Map();

const decoder = new TextDecoder();

/** Stands for bytes that are no UTF-8. */
export const REPLACEMENT = '\ufffd';

/** Later keys win, as in the Collector's maps. Values without a plain form (maps, empty values) are left out. */
export function readAttributes(list: readonly WireAttribute[] | null | undefined): Attributes {
  if (!list || list.length === 0) return NO_ATTRIBUTES;
  const attributes = new Map<string, AttributeValue>();
  for (const { key, value } of list) {
    const plain = value ? plainValue(value) : undefined;
    if (key && plain !== undefined) attributes.set(key, plain);
  }
  return attributes;
}

/**
 * Pixie sends a string that is not UTF-8 as bytes; an array of strings becomes the array text that Pixie writes itself.
 */
function plainValue(value: WireValue): AttributeValue | undefined {
  if (value.stringValue !== null && value.stringValue !== undefined) return bounded(value.stringValue);
  if (value.boolValue !== null && value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== null && value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== null && value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue) return bounded(decoder.decode((value.bytesValue as Uint8Array).subarray(0, MAX_STRING + 4)));
  return value.arrayValue ? arrayText(value.arrayValue.values ?? []) : undefined;
}

/** As many of the strings, in sorted order, as the bound has room for; all of them as they came where it has room. */
function arrayText(values: readonly WireValue[]): string | undefined {
  const strings: string[] = [];
  for (const { stringValue } of values) {
    if (typeof stringValue !== 'string') return undefined;
    strings.push(stringValue);
  }
  const text = fittingText(strings);
  return text.isWhole ? text.text : fittingText(strings.sort(byCodeUnit)).text;
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The JSON of the first strings, of MAX_STRING bytes at most; of none but the first where that alone is too long. */
function fittingText(strings: readonly string[]): { readonly text: string; readonly isWhole: boolean } {
  let text = '';
  for (const each of strings) {
    const json = JSON.stringify(bounded(each, MAX_STRING - 4));
    if (text !== '' && Buffer.byteLength(text) + Buffer.byteLength(json) + 3 > MAX_STRING)
      return { text: ownText(`[${text}]`), isWhole: false };
    text = text === '' ? json : `${text},${json}`;
  }
  return { text: ownText(`[${text}]`), isWhole: true };
}

/** Cut at a character, so that the bytes of UTF-8 do not exceed the bound; what is cut owns its memory. */
export function bounded(text: string, most: number = MAX_STRING): string {
  if (text.length * 3 <= most) return text;
  // A character has a byte at least.
  if (text.length <= most && Buffer.byteLength(text) <= most) return text;
  let end = Math.min(text.length, most);
  while (Buffer.byteLength(text.slice(0, end)) > most) end--;
  const last = text.charCodeAt(end - 1);
  return ownText(text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end));
}

/**
 * The first text that stands for bytes that are no UTF-8, as `name=value`; undefined where there is none. `bytes`: what
 * was decoded.
 */
export function replacedIn(attributes: Attributes, bytes: Uint8Array): string | undefined {
  for (const [name, value] of attributes) {
    const isSuspect = name.includes(REPLACEMENT) || (typeof value === 'string' && value.includes(REPLACEMENT));
    if (isSuspect && !holdsReplacement(bytes)) return `${name}=${value}`;
  }
  return undefined;
}

/** Whether somebody before us has replaced what was wrong: then it is UTF-8 now. */
export function holdsReplacement(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(REPLACEMENT);
}

/** Everything a data point carries in attributes. */
export interface AttributeSets {
  readonly point: Attributes;
  readonly resource: Attributes;
  readonly scope: Attributes;
}

/**
 * Where a rule looks for a value: `name` in point, resource, scope in this order; `resource:name` in one of them only.
 */
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
 * The attribute's value under any spelling of its name (`span.kind`, `span_kind`); undefined where it is absent.
 * `captures` are put in for `{1}`, `{2}`.
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
