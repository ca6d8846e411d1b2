// A scanned request: the readers of its rows, and its folding. They work while its rows are in scratch.
import type { BadTexts, BelievedTimes, Fold, FoldStop, HeldClock, OddReading, OddRow, RowRanges, Scan } from './api.js';
import { Held, Odd, REQUEST_MASK, RowFlag, Status } from './generated/constants.js';
import { lists } from './generated/exports.js';
import { MetricSpan, OddRow as OddEntry, Row, SlowRow } from './generated/layouts.js';
import type { KernelExports } from './load.js';
import type { Views } from './views.js';

/** The year 2200: whatever says more is no time, and the arithmetic of ticks stays far from the end of 64 bits. */
const LATEST = 7_258_118_400_000_000_000n;

/** What the kernel's numbers say. */
const READINGS: ReadonlyMap<number, OddReading> = new Map<number, OddReading>([
  [Odd.OTHER_WRITER, 'other writer'],
  [Odd.COUNTED_WRITER, 'counted writer'],
  [Odd.CAME_BACK, 'came back'],
  [Odd.LEAPT, 'leapt'],
]);
const NONE_HELD: readonly HeldClock[] = [];
const NONE_SLOW: readonly SlowRow[] = [];
const NONE_ODD: readonly OddRow[] = [];

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

/** Where the rows of scans are. */
export interface Scratch {
  readonly wasm: KernelExports;
  readonly views: Views;
  /**
   * Makes the scan's rows those that the kernel works on; their address. Throws `RangeError` where they are no longer
   * in scratch.
   */
  select(scan: Scan): number;
}

export class KernelScan implements Scan {
  readonly items: number;
  readonly badTexts: BadTexts | undefined;
  readonly rows: number;
  readonly #scratch: Scratch;
  /** What is in the hashes of the rows beside their bytes. */
  #salt = 0n;
  /** The last answer of `#duplicates`, and the resource that it is of. */
  #duplicatesOf: { resource: number; duplicates: readonly (readonly [number, number])[] } | undefined;

  constructor(scratch: Scratch, items: number, rows: number, badTexts?: BadTexts) {
    this.#scratch = scratch;
    this.items = items;
    this.rows = rows;
    this.badTexts = badTexts;
  }

  /** Address of the row's record. */
  #at(row: number): number {
    if (!(row >= 0 && row < this.rows)) throw new RangeError(`no scanned row ${row}`);
    return this.#scratch.select(this) + row * Row.BYTES;
  }

  #isDuplicate(row: number): boolean {
    return (Row.flags(this.#scratch.views, this.#at(row)) & RowFlag.COPY) !== 0;
  }

  /** Address of the record of the row's metric. */
  #metric(row: number): number {
    const { wasm, views } = this.#scratch;
    return wasm.metricAt(Row.metric(views, this.#at(row))) >>> 0;
  }

  row(row: number): ScannedRow {
    const { hash, time, startTime, value, count, flags } = Row.read(this.#scratch.views, this.#at(row));
    return {
      hash,
      timeUnixNano: time,
      startTimeUnixNano: startTime,
      value: flags & RowFlag.VALUE ? value : undefined,
      count: flags & RowFlag.COUNT ? count : undefined,
      isCopy: (flags & RowFlag.COPY) !== 0,
      hasNoRecordedValue: (flags & RowFlag.NO_VALUE) !== 0,
    };
  }

  timeOf(row: number): bigint {
    return Row.time(this.#scratch.views, this.#at(row));
  }

  seriesOf(row: number): number {
    return Row.series(this.#scratch.views, this.#at(row));
  }

  ranges(row: number): RowRanges {
    const { views } = this.#scratch;
    const span = MetricSpan.read(views, this.#metric(row));
    const { pointStart, pointEnd, flags } = Row.read(views, this.#at(row));
    return {
      metric: [span.start, span.end],
      name: [span.nameStart, span.nameEnd],
      unit: [span.unitStart, span.unitEnd],
      resource: [span.resourceStart, span.resourceEnd],
      scope: [span.scopeStart, span.scopeEnd],
      temporality: span.temporality,
      isMonotonic: span.isMonotonic === 1,
      point: [pointStart, pointEnd],
      data: flags & RowFlag.DATA,
      duplicates: this.#duplicates(row),
    };
  }

  /** Resources of the duplicates behind the row's own: rows of its resource first, then those of each duplicate. */
  #duplicates(row: number): readonly (readonly [number, number])[] {
    if (this.#isDuplicate(row)) return [];
    const resource = MetricSpan.resourceStart(this.#scratch.views, this.#metric(row));
    // Rows of one resource stand together: a resource with many points is searched once, not once a point.
    if (this.#duplicatesOf?.resource !== resource) {
      this.#duplicatesOf = { resource, duplicates: this.#findDuplicates(row, resource) };
    }
    return this.#duplicatesOf.duplicates;
  }

  #findDuplicates(row: number, resource: number): (readonly [number, number])[] {
    const { views } = this.#scratch;
    const found: (readonly [number, number])[] = [];
    let last = resource;
    for (let next = row + 1; next < this.rows; next++) {
      const at = this.#metric(next);
      const start = MetricSpan.resourceStart(views, at);
      if (start === last) continue;
      if (!this.#isDuplicate(next)) break;
      last = start;
      found.push([start, MetricSpan.resourceEnd(views, at)]);
    }
    return found;
  }

  unboundRows(salt = 0n): readonly number[] {
    const { wasm, views } = this.#scratch;
    this.#scratch.select(this);
    if (salt !== this.#salt) wasm.saltRows(salt ^ this.#salt);
    this.#salt = salt;
    const count = wasm.lookUpRows();
    return Array.from(lists.unboundList(views, wasm.unboundList(), count));
  }

  refuse(row: number, firstWaitNanos: bigint): void {
    this.#scratch.select(this);
    this.#scratch.wasm.refuseRow(row, firstWaitNanos);
  }

  fold(
    from: number,
    request: number,
    receivedUnixNano: bigint,
    clock: number,
    { earliestUnixNano: earliest = 0n, latestUnixNano = LATEST }: BelievedTimes = {},
  ): Fold {
    const { wasm } = this.#scratch;
    const latest = latestUnixNano < LATEST ? latestUnixNano : LATEST;
    this.#scratch.select(this);
    const status = wasm.fold(from, request & REQUEST_MASK, receivedUnixNano, earliest, latest, clock);
    return { stop: this.#stopOf(status), held: this.#held(), slowRows: this.#slowRows(), oddRows: this.#oddRows() };
  }

  #stopOf(status: number): FoldStop {
    if (status === Status.OK) return { reason: 'done' };
    const { wasm } = this.#scratch;
    const [by, next] = [wasm.foldStopped(), wasm.foldNext()];
    if (status === Status.CLOSE) return { reason: 'close', group: by, next };
    return { reason: 'confirmed', clock: by, next };
  }

  #held(): readonly HeldClock[] {
    const { wasm } = this.#scratch;
    if (wasm.foldHeld() === 0) return NONE_HELD;
    const held: HeldClock[] = [];
    for (let clock = 0; clock < wasm.clocksHigh(); clock++) {
      const how = wasm.heldOf(clock);
      if (how !== Held.NOTHING) held.push({ clock, isFirst: how === Held.FIRST });
    }
    return held;
  }

  #slowRows(): readonly SlowRow[] {
    const { wasm, views } = this.#scratch;
    const count = wasm.slowCount();
    if (count === 0) return NONE_SLOW;
    const list = wasm.slowList() >>> 0;
    return Array.from({ length: count }, (_, i) => SlowRow.read(views, list + i * SlowRow.BYTES));
  }

  #oddRows(): readonly OddRow[] {
    const { wasm, views } = this.#scratch;
    const count = wasm.oddCount();
    if (count === 0) return NONE_ODD;
    const list = wasm.oddList() >>> 0;
    return Array.from({ length: count }, (_, i) => {
      const { row, why } = OddEntry.read(views, list + i * OddEntry.BYTES);
      return { row, reading: READINGS.get(why)!, startTimeUnixNano: Row.startTime(views, this.#at(row)) };
    });
  }
}
