// What the rest of the program may ask of a scanned request.
import type { SlowRow } from './generated/layouts.js';

/**
 * A request body whose structure was walked, and the readers of its rows. They work while the rows are in scratch,
 * which those of the last few metrics requests are, and throw `RangeError` then.
 */
export interface Scan {
  /** Data points, spans or log records. */
  readonly items: number;
  /** Of a logs request: strings that are not UTF-8. */
  readonly badTexts: BadTexts | undefined;
  /** Rows recorded in scratch: data points of a metrics request, at most the scratch capacity from `skip` on. */
  readonly rows: number;
  /**
   * Looks up (and admits) the series of every row; returns the rows whose series nobody has bound yet, one a series.
   * `salt` tells series apart that have the same bytes; 0 and left out: none.
   */
  unboundRows(salt?: bigint): readonly number[];
  ranges(row: number): RowRanges;
  /** Slot of the row's series; -1: not looked up, a duplicate, or no room. */
  seriesOf(row: number): number;
  /** Time of a data point, Unix nanoseconds; 0: it has none. */
  timeOf(row: number): bigint;
  /**
   * There is no room for the series of the row: it costs one look-up a point, as an unused one does, and is reported as
   * unbound again after
   * `firstWaitNanos` of event time, then after twice as long each time, ten minutes at most.
   */
  refuse(row: number, firstWaitNanos: bigint): void;
  /**
   * Folds rows from `from` on into the open ticks of their edges. `request`: a number that differs between requests.
   * `clock` -1: all; else only rows of that clock, of a request that was held back: what of it was folded before is not
   * folded again.
   */
  fold(from: number, request: number, receivedUnixNano: bigint, clock: number, believed?: BelievedTimes): Fold;
}

/** Strings of a request that are not UTF-8. */
export interface BadTexts {
  readonly count: number;
  /** Where the first of them stands in the body: [start, end). */
  readonly first: readonly [number, number];
}

/** Which times of points are believed; those left out are not bounded, but for the year 2200. */
export interface BelievedTimes {
  /** Points before it are counted `past`, where others of their group have told a time that is not before it. */
  readonly earliestUnixNano?: bigint | undefined;
  /** Points beyond it are counted `future`. */
  readonly latestUnixNano?: bigint | undefined;
}

/** The bytes that a scanned data point consists of: [start, end) offsets into the request body. */
export interface RowRanges {
  readonly resource: readonly [number, number];
  readonly scope: readonly [number, number];
  /** The whole Metric message, data points included: with many points, read what follows instead. */
  readonly metric: readonly [number, number];
  /** Metric.name and Metric.unit, UTF-8. */
  readonly name: readonly [number, number];
  readonly unit: readonly [number, number];
  /** AggregationTemporality: 0 unspecified, 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly point: readonly [number, number];
  /** Field number of Metric.data: 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary. */
  readonly data: number;
  /** Resources of the duplicates that Pixie made of this row, this row's own excluded. */
  readonly duplicates: readonly (readonly [number, number])[];
}

/** Why a fold stopped before the end of its rows. */
export type FoldStop =
  | { readonly reason: 'done' }
  /** A tick of the group is due: drive `beginClose` … `closeSlice`, then fold on from `next`. */
  | { readonly reason: 'close'; readonly group: number; readonly next: number }
  /** A clock has points held no longer: fold its requests first, oldest first, then on from `next`. */
  | { readonly reason: 'confirmed'; readonly clock: number; readonly next: number };

/** What a fold came to. */
export interface Fold {
  readonly stop: FoldStop;
  /** Clocks of which it held points back, because they were ahead: keep the request for each. */
  readonly held: readonly HeldClock[];
  /** Rows whose series asked for TypeScript, with the edge and open tick they belong to. */
  readonly slowRows: readonly SlowRow[];
  /**
   * Rows that show something odd about a counter, once a series: a sample of another writer, the next of the one that
   * is counted, the return from a wrong reading, a leap that stayed.
   */
  readonly oddRows: readonly OddRow[];
}

/** A clock of which a fold held points back. `isFirst`: none of an earlier request. */
export interface HeldClock {
  readonly clock: number;
  readonly isFirst: boolean;
}

/** What a row of `oddRows` shows. */
export type OddReading = 'other writer' | 'counted writer' | 'came back' | 'leapt';

export interface OddRow {
  readonly row: number;
  readonly reading: OddReading;
  /** Of the point; 0: it has none. */
  readonly startTimeUnixNano: bigint;
}
