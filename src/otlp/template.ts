// Requests made of blocks that are the same but for a few numbers. OTLP writes times, counts, sums and values in fixed
// 64 bits, so a block is encoded once, with placeholders, and afterwards copied with its numbers filled in.
import { opentelemetry } from '#proto';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
type IResourceMetrics = opentelemetry.proto.metrics.v1.IResourceMetrics;

type HoleKind = 'time' | 'double' | 'integer';
const HOLE_KINDS: readonly HoleKind[] = ['time', 'double', 'integer'];

interface Hole {
  readonly kind: HoleKind;
  /** Index into the row's values; of no meaning for times. */
  readonly value: number;
  /** Offset of the 8 bytes. */
  readonly at: number;
}

/** A ResourceMetrics with its tag, as it stands in a request. */
export interface Template {
  readonly bytes: Uint8Array;
  readonly holes: readonly Hole[];
}

/** Upper half of every placeholder: ends in a byte that no UTF-8 text contains, and is a finite double. */
const MARK = 0x5afef1ff;
const KIND_SHIFT = 24;

const mark = (kind: HoleKind, value: number): number => (HOLE_KINDS.indexOf(kind) << KIND_SHIFT) | value;

/** The type says bigint where protobufjs takes two halves as well. */
function whole(low: number): never {
  return { low, high: MARK, unsigned: true } as never;
}

/** Stands for the request's time in a fixed 64-bit field. */
export const TIME: never = whole(mark('time', 0));

/** Stands for the row's value of that index in a fixed 64-bit integer field. */
export function integer(value: number): never {
  return whole(mark('integer', value));
}

/** Stands for the row's value of that index in a double field. */
export function double(value: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setUint32(0, mark('double', value), true);
  bits.setUint32(4, MARK, true);
  return bits.getFloat64(0, true);
}

/** Encodes a block whose numbers are `TIME`, `integer(i)` and `double(i)`. */
export function template(block: IResourceMetrics): Template {
  const bytes = ExportMetricsServiceRequest.encode({ resourceMetrics: [block] }).finish();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const holes: Hole[] = [];
  for (let at = 0; at + 8 <= bytes.length; at++) {
    if (view.getUint32(at + 4, true) !== MARK) continue;
    const low = view.getUint32(at, true);
    holes.push({ kind: HOLE_KINDS[low >>> KIND_SHIFT] as HoleKind, value: low & ((1 << KIND_SHIFT) - 1), at });
    at += 7;
  }
  return { bytes: Uint8Array.from(bytes), holes };
}

const FIRST_BYTES = 64 * 1024;

/** One request in the making. */
export class TemplateWriter {
  private bytes = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.bytes.buffer);
  private end = 0;

  get length(): number {
    return this.end;
  }

  /** Appends the block with its holes filled. `values` are those of the row. */
  append(block: Template, timeUnixNano: bigint, values: ArrayLike<number>): void {
    const start = this.end;
    this.reserve(block.bytes.length);
    this.bytes.set(block.bytes, start);
    this.end += block.bytes.length;
    for (const { kind, value, at } of block.holes) {
      if (kind === 'time') this.view.setBigUint64(start + at, timeUnixNano, true);
      else if (kind === 'double') this.view.setFloat64(start + at, values[value]!, true);
      else this.writeInteger(start + at, values[value]!);
    }
  }

  /** The request, in memory of its own; the writer is empty again. */
  take(): Uint8Array {
    const request = this.bytes.slice(0, this.end);
    this.end = 0;
    return request;
  }

  /** Two's complement in two halves; exact for safe integers. */
  private writeInteger(at: number, value: number): void {
    this.view.setInt32(at, value | 0, true);
    this.view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000) | 0, true);
  }

  private reserve(more: number): void {
    if (this.end + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.end + more));
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
