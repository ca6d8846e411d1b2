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

/** A scan whose rows are still in scratch. Its body is nobody's to keep alive. */
interface Kept {
  readonly body: WeakRef<Uint8Array>;
  readonly skip: number;
  readonly scan: Scan;
  /** What is in the hashes of its rows beside their bytes. */
  salt: bigint;
}

const NOTHING: Scan = { items: 0, rows: 0 };

export class Scanner {
  readonly #wasm: KernelExports;
  readonly #views: Views;
  readonly #rowBytes: number;
  /** Scans of metrics by their place in scratch, the next place to be overwritten, and the place that is selected. */
  readonly #kept: (Kept | undefined)[];
  #next = 0;
  #selected = -1;
  /** Address of the selected scan's rows. */
  #rows = 0;
  #last: Scan = NOTHING;
  /** The last answer of `#copies`. */
  #copiesOf: { scan: Scan; resource: number; copies: readonly (readonly [number, number])[] } | undefined;

  constructor(wasm: KernelExports, views: Views) {
    this.#wasm = wasm;
    this.#views = views;
    this.#rowBytes = wasm.ROW_BYTES.value;
    this.#kept = new Array<undefined>(wasm.KEPT_SCANS.value).fill(undefined);
  }

  /**
   * Walks the body whole and records the rows of a metrics request from point `skip` on; free for one of the last few
   * that were walked. Throws `MalformedError`, or `CapacityError` for a body over the input limit.
   */
  scan(signal: Signal, body: Uint8Array, skip: number): Scan {
    if (signal !== 'metrics') return this.#check(signal, body);
    const place = this.#kept.findIndex((kept) => kept?.skip === skip && kept.body.deref() === body);
    if (place >= 0) return this.#select(place, this.#kept[place]!.scan);
    return this.#record(body, skip);
  }

  /** Counts the items of a request that leaves no rows. */
  #check(signal: Signal, body: Uint8Array): Scan {
    this.#last = NOTHING;
    this.#selected = -1;
    return this.#walk(signal, body, 0);
  }

  #record(body: Uint8Array, skip: number): Scan {
    const place = this.#next;
    this.#next = (place + 1) % this.#kept.length;
    this.#kept[place] = undefined;
    this.#select(place, NOTHING);
    const scan = this.#walk('metrics', body, skip);
    this.#kept[place] = { body: new WeakRef(body), skip, scan, salt: 0n };
    return this.#select(place, scan);
  }

  /** The rows at that place are what `row`, `ranges` and the kernel's own functions mean from now on. */
  #select(place: number, scan: Scan): Scan {
    this.#last = scan;
    if (place === this.#selected) return scan;
    this.#selected = place;
    this.#wasm.selectScan(place, scan.rows);
    this.#rows = this.#wasm.rowAt(0) >>> 0;
    return scan;
  }

  /** From now on the rows of the last scan tell of the series of this salt; 0: of those that their bytes alone say. */
  salt(salt: bigint): void {
    const kept = this.#kept[this.#selected];
    if (!kept || kept.salt === salt) return;
    this.#wasm.saltRows(kept.salt ^ salt);
    kept.salt = salt;
  }

  #walk(signal: Signal, body: Uint8Array, skip: number): Scan {
    const address = this.#wasm.inputFor(body.length) >>> 0;
    if (address === 0) throw new CapacityError(`a request of ${body.length} bytes is over the kernel's input limit`);
    this.#views.u8.set(body, address);
    const status = this.#call(signal, address, body.length, skip);
    if (status !== this.#wasm.Status.OK.value) {
      throw new MalformedError(reasonOf(status, this.#wasm.Status), this.#wasm.scanFailedAt());
    }
    return { items: this.#wasm.scanItems(), rows: this.#wasm.scanRows() };
  }

  #call(signal: Signal, address: number, bytes: number, skip: number): number {
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
  #copies(row: number): readonly (readonly [number, number])[] {
    if (this.#isCopy(row)) return [];
    const resource = this.#views.u32[this.#metric(row) + 6]!;
    // Rows of one resource stand together: a resource with many points is searched once, not once a point.
    if (this.#copiesOf?.scan !== this.#last || this.#copiesOf.resource !== resource) {
      this.#copiesOf = { scan: this.#last, resource, copies: this.#findCopies(row, resource) };
    }
    return this.#copiesOf.copies;
  }

  #findCopies(row: number, resource: number): (readonly [number, number])[] {
    const { u32 } = this.#views;
    const found: (readonly [number, number])[] = [];
    let last = resource;
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
