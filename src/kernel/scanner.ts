// Walks request bodies in the kernel and reads back the rows of the last scan.
import type { Signal } from '../pipeline/index.js';
import { CapacityError, MalformedError, reasonOf } from './errors.js';
import type { RowRanges, Scan } from './face.js';
import type { KernelExports } from './load.js';
import type { Views } from './views.js';

/** What a scan recorded of one data point. */
export interface ScannedRow {
  readonly hash: bigint;
  readonly timeUnixNano: bigint;
  readonly startTimeUnixNano: bigint;
  /** Value of a number point, sum of the others; undefined where it is not on the wire. */
  readonly value: number | undefined;
  /** Undefined for number points. */
  readonly count: number | undefined;
  readonly isCopy: boolean;
  readonly hasNoRecordedValue: boolean;
}

export class Scanner {
  readonly #wasm: KernelExports;
  readonly #views: Views;
  readonly #rows: number;
  readonly #rowBytes: number;
  #body: Uint8Array | undefined;
  #signal: Signal | undefined;
  #skip = 0;
  #last: Scan = { items: 0, rows: 0 };

  constructor(wasm: KernelExports, views: Views) {
    this.#wasm = wasm;
    this.#views = views;
    this.#rows = wasm.rowAt(0) >>> 0;
    this.#rowBytes = wasm.ROW_BYTES.value;
  }

  /**
   * Walks the body whole and records the rows of a metrics request from point `skip` on; free when the last scan was the same.
   * Throws `MalformedError`, or `CapacityError` for a body over the input limit.
   */
  scan(signal: Signal, body: Uint8Array, skip: number): Scan {
    if (this.#body === body && this.#signal === signal && this.#skip === skip) return this.#last;
    this.#body = undefined;
    const address = this.#wasm.inputFor(body.length) >>> 0;
    if (address === 0) throw new CapacityError(`a request of ${body.length} bytes is over the kernel's input limit`);
    this.#views.u8.set(body, address);
    const status = this.#walk(signal, address, body.length, skip);
    if (status !== this.#wasm.Status.OK.value) {
      throw new MalformedError(reasonOf(status, this.#wasm.Status), this.#wasm.scanFailedAt());
    }
    this.#last = { items: this.#wasm.scanItems(), rows: this.#wasm.scanRows() };
    this.#body = body;
    this.#signal = signal;
    this.#skip = skip;
    return this.#last;
  }

  #walk(signal: Signal, address: number, bytes: number, skip: number): number {
    switch (signal) {
      case 'metrics':
        return this.#wasm.scanMetrics(address, bytes, skip);
      case 'traces':
        return this.#wasm.scanTraces(address, bytes);
      case 'logs':
        return this.#wasm.scanLogs(address, bytes);
    }
  }

  /** Rows that the last scan recorded. */
  get rows(): number {
    return this.#last.rows;
  }

  #at(row: number, offset: { readonly value: number }): number {
    if (!(row >= 0 && row < this.#last.rows)) throw new RangeError(`no scanned row ${row}`);
    return this.#rows + row * this.#rowBytes + offset.value;
  }

  #flags(row: number): number {
    return this.#views.u32[this.#at(row, this.#wasm.ROW_FLAGS) >>> 2]!;
  }

  #isCopy(row: number): boolean {
    return (this.#flags(row) & this.#wasm.ROW_FLAG_COPY.value) !== 0;
  }

  /** First word of the row's metric record, index into `u32`. */
  #metric(row: number): number {
    const metric = this.#views.u32[this.#at(row, this.#wasm.ROW_METRIC) >>> 2]!;
    return (this.#wasm.metricAt(metric) >>> 0) >>> 2;
  }

  row(row: number): ScannedRow {
    const { u64, f64 } = this.#views;
    const flags = this.#flags(row);
    const has = (flag: { readonly value: number }): boolean => (flags & flag.value) !== 0;
    return {
      hash: u64[this.#at(row, this.#wasm.ROW_HASH) >>> 3]!,
      timeUnixNano: u64[this.#at(row, this.#wasm.ROW_TIME) >>> 3]!,
      startTimeUnixNano: u64[this.#at(row, this.#wasm.ROW_START_TIME) >>> 3]!,
      value: has(this.#wasm.ROW_FLAG_VALUE) ? f64[this.#at(row, this.#wasm.ROW_VALUE) >>> 3]! : undefined,
      count: has(this.#wasm.ROW_FLAG_COUNT) ? f64[this.#at(row, this.#wasm.ROW_COUNT) >>> 3]! : undefined,
      isCopy: has(this.#wasm.ROW_FLAG_COPY),
      hasNoRecordedValue: has(this.#wasm.ROW_FLAG_NO_VALUE),
    };
  }

  /** Slot of the row's series; -1: not looked up, a copy, or no room. */
  series(row: number): number {
    return this.#views.i32[this.#at(row, this.#wasm.ROW_SERIES) >>> 2]!;
  }

  ranges(row: number): RowRanges {
    const { u32 } = this.#views;
    const m = this.#metric(row);
    const p = this.#at(row, this.#wasm.ROW_POINT) >>> 2;
    const pair = (at: number): readonly [number, number] => [u32[at]!, u32[at + 1]!];
    return {
      metric: pair(m),
      name: pair(m + 2),
      unit: pair(m + 4),
      resource: pair(m + 6),
      scope: pair(m + 8),
      temporality: u32[m + 10]!,
      isMonotonic: u32[m + 11] === 1,
      point: pair(p),
      data: this.#flags(row) & 0xff,
      copies: this.#copies(row),
    };
  }

  /** Resources of the copies behind the row's own: rows of its resource first, then those of each copy. */
  #copies(row: number): (readonly [number, number])[] {
    const { u32 } = this.#views;
    const found: (readonly [number, number])[] = [];
    if (this.#isCopy(row)) return found;
    let last = u32[this.#metric(row) + 6]!;
    for (let next = row + 1; next < this.#last.rows; next++) {
      const at = this.#metric(next) + 6;
      if (u32[at] === last) continue;
      if (!this.#isCopy(next)) break;
      last = u32[at]!;
      found.push([last, u32[at + 1]!]);
    }
    return found;
  }
}
