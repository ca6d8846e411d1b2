// Attribute values, attribute lists and times as text, shared by the views of the debug exporter.
import type { opentelemetry } from '#proto';

type AnyValue = opentelemetry.proto.common.v1.AnyValue.$Properties;
type KeyValue = opentelemetry.proto.common.v1.KeyValue.$Properties;

/** A value as JSON would write it, strings bare. */
export function valueText(value: AnyValue | null | undefined): string {
  if (!value) return '';
  if (value.stringValue != null) return value.stringValue;
  if (value.intValue != null) return String(value.intValue);
  if (value.doubleValue != null) return String(value.doubleValue);
  if (value.boolValue != null) return String(value.boolValue);
  if (value.arrayValue) return `[${(value.arrayValue.values ?? []).map(valueText).join(', ')}]`;
  if (value.kvlistValue) return `{${attributesText(value.kvlistValue.values)}}`;
  return value.bytesValue ? Buffer.from(value.bytesValue).toString('base64') : '';
}

/** `key=value` with spaces between; values with spaces in quotes. */
export function attributesText(attributes: readonly KeyValue[] | null | undefined): string {
  const one = ({ key, value }: KeyValue): string => {
    const text = valueText(value);
    return `${key}=${/^[^\s"]+$/.test(text) ? text : JSON.stringify(text)}`;
  };
  return (attributes ?? []).map(one).join(' ');
}

/** The value of a key; undefined where it is missing. */
export function attribute(attributes: readonly KeyValue[] | null | undefined, key: string): string | undefined {
  const found = attributes?.find((one) => one.key === key);
  return found && valueText(found.value);
}

/** RFC 3339 with nanoseconds left out; empty for 0. */
export function timeText(unixNano: { toString(): string } | number | null | undefined): string {
  const nanos = BigInt(String(unixNano ?? 0));
  return nanos === 0n ? '' : new Date(Number(nanos / 1_000_000n)).toISOString();
}

/** Bytes of a trace or span id in hex. */
export function idText(id: Uint8Array | null | undefined): string {
  return Buffer.from(id ?? []).toString('hex');
}
