// Values of our own events and metrics as the code generated from proto/ wants them.
import type { opentelemetry } from '#proto';

type IAnyValue = opentelemetry.proto.common.v1.IAnyValue;
type IKeyValue = opentelemetry.proto.common.v1.IKeyValue;

/** Numbers are doubles; whole numbers by nature are `{ int }`. */
export type OwnValue = string | number | boolean | { readonly int: number } | readonly string[];

/** Attributes in their order, without those that are undefined or NaN. */
export function keyValues(attributes: Readonly<Record<string, OwnValue | undefined>>): IKeyValue[] {
  const list: IKeyValue[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && !Number.isNaN(value)) list.push({ key, value: anyValue(value) });
  }
  return list;
}

function anyValue(value: OwnValue): IAnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { doubleValue: value };
  if ('int' in value) return { intValue: long(BigInt(Math.round(value.int))) };
  return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } };
}

type Long = NonNullable<opentelemetry.proto.logs.v1.ILogRecord['timeUnixNano']>;

/** The two halves as protobufjs wants them. */
export function long(value: bigint): Long {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return { low, high, unsigned: true } as Long;
}
