// Serialised string attributes that were needed before: reports tell of the same services again and again.
import { opentelemetry } from '#proto';

const { KeyValue } = opentelemetry.proto.common.v1;

/** A hundred bytes each; beyond so many, all are forgotten. */
const MOST_KEPT = 10_000;

export class AttributeBytes {
  readonly #byKey = new Map<string, Map<string, Uint8Array>>();
  #kept = 0;

  /** The serialised KeyValue. */
  of(key: string, value: string): Uint8Array {
    return this.#byKey.get(key)?.get(value) ?? this.#serialise(key, value);
  }

  #serialise(key: string, value: string): Uint8Array {
    const bytes = KeyValue.encode({ key, value: { stringValue: value } }).finish();
    if (this.#kept++ >= MOST_KEPT) this.#forget();
    this.#valuesOf(key).set(value, bytes);
    return bytes;
  }

  #valuesOf(key: string): Map<string, Uint8Array> {
    const values = this.#byKey.get(key) ?? new Map<string, Uint8Array>();
    this.#byKey.set(key, values);
    return values;
  }

  #forget(): void {
    this.#byKey.clear();
    this.#kept = 1;
  }
}
