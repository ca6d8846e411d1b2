// The typed face of the kernel: what the rest of the program may ask of it. `Kernel` (kernel.ts) is the WebAssembly
// behind it, test/reference holds the slow plain-TypeScript oracle of the tests.
import type { Signal } from '../pipeline/index.js';

/** The four features of an edge and window, in the order of every array in the kernel (LAT, RATE, ERR, BYT). */
export const FEATURES = ['latency', 'requests', 'errors', 'bytes'] as const;
export type FeatureName = (typeof FEATURES)[number];

/**
 * Kinds by number: 1 + 2k for a rise of feature k, 2 + 2k for a fall. 6 (fewer errors) never alerts.
 * docs/detection.md, section 5.
 */
export const KINDS = [
  '',
  'latency_spike',
  'latency_drop',
  'throughput_spike',
  'throughput_drop',
  'error_rate_spike',
  '',
  'byte_count_spike',
  'byte_count_drop',
  'traffic_pattern',
] as const;

/** Fixed at start: every region of the kernel's memory is laid out from these. */
export interface KernelOptions {
  readonly maxSeries: number;
  readonly maxEdges: number;
  /** Service slots, all groups together. */
  readonly maxServices: number;
  /** A group is one window length in one cluster. */
  readonly maxGroups: number;
  /** A feed is one feature rule in one cluster. */
  readonly maxFeeds: number;
  /** Largest request body, bytes. */
  readonly inputLimitBytes: number;
  /** Seed of the 64-bit series hash. */
  readonly hashSeed: bigint;
  /** Seed of the isolation forest and the autoencoder, unsigned 32 bits. */
  readonly seed: number;
  readonly forest: ForestOptions;
  /** docs/detection.md, section 11; off. */
  readonly autoencoder?: boolean;
  /** Judge small counts of errors and requests by their exact probability as well; on. */
  readonly counts?: boolean;
  /** Nats off the incident evidence of bytes alone; 6. */
  readonly bytesDiscount?: number;
  /** A series without a point for so long, in event time, may give way when the table is full; 3600. */
  readonly idleSeriesSeconds?: number;
  /**
   * Room for what is remembered of resources that come again and again, bytes; 8 MiB, 0: nothing is. No result depends
   * on it.
   */
  readonly templateBytes?: number;
}

/** docs/detection.md, section 4. Sizes in vectors, refresh in windows. */
export interface ForestOptions {
  readonly enabled: boolean;
  readonly trees: number;
  readonly subsample: number;
  readonly reservoir: number;
  readonly period: number;
  readonly first: number;
  readonly refresh: number;
}

/** A request body whose structure was walked. */
export interface Scan {
  /** Data points, spans or log records. */
  readonly items: number;
  /** Rows recorded in scratch: data points of a metrics request, at most the scratch capacity from `skip` on. */
  readonly rows: number;
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
  /** Resources of the copies that Pixie made of this row (pixie.md 1.4), this row's own excluded. */
  readonly copies: readonly (readonly [number, number])[];
}

/** How the value of a series becomes a window's amount. */
export const SeriesType = { amount: 0, counter: 1, rate: 2, level: 3 } as const;

/** What a series contributes to its edge; several bits may be set. */
export const Role = {
  /** Σ sum / Σ count of a summary, histogram or exponential histogram. */
  LATENCY_SUM: 1,
  /** A gauge that is itself a (mean) latency. */
  LATENCY_LEVEL: 2,
  REQUESTS: 4,
  ERRORS: 8,
  /** The point tells of requests that were no errors: errors are known, and are 0 here. */
  ERRORS_NONE: 16,
  BYTES: 32,
  /** Errors as a share of requests. */
  ERROR_RATIO: 64,
  /** REQUESTS and ERRORS take the point's count, not its value. */
  FROM_COUNT: 128,
  /** The point is handed to TypeScript (`slowRows`): latency quantiles. */
  SLOW: 256,
} as const;

/** The answer of the feature rules for one series. */
export interface SeriesBinding {
  /** Edge slot; -1: the series is not used (unmapped, muted), and costs one table look-up a point from now on. */
  readonly edge: number;
  readonly feed: number;
  /** Clock of the sender; undefined: that of whoever has none of its own. */
  readonly clock?: number;
  /** Order of trust, 0 first, at most 254: an edge's feature listens to its lowest rank only. */
  readonly rank: number;
  readonly type: number;
  readonly roles: number;
  /** Factor to seconds or bytes. */
  readonly scale: number;
}

/** Why a fold stopped before the end of its rows. */
export type FoldStop =
  | { readonly reason: 'done' }
  /** A tick of the group is due: drive `beginClose` … `closeSlice`, then fold on from `next`. */
  | { readonly reason: 'close'; readonly group: number; readonly next: number }
  /** A clock has points held no longer: fold its requests first, oldest first, then on from `next`. */
  | { readonly reason: 'confirmed'; readonly clock: number; readonly next: number };

/** A clock of which the last fold held points back. `isFirst`: none of an earlier request. */
export interface HeldClock {
  readonly clock: number;
  readonly isFirst: boolean;
}

/** What is known of a sender's clock in its group. */
export interface ClockState {
  /** Taken off its times; 0: it is right, as far as the others tell. */
  readonly shiftNanos: bigint;
  /** Newest accepted time, aligned (0: none), and when that was received (0: in a replay). */
  readonly newestUnixNano: bigint;
  readonly receivedUnixNano: bigint;
  /** How far its last points were ahead (negative: behind), which were left out for it; 0: they were not. */
  readonly aheadNanos: bigint;
}

/** Data points by what became of them; monotonic counts since start. */
export interface FoldCounts {
  folded: number;
  late: number;
  duplicate: number;
  held: number;
  shadowed: number;
  unmapped: number;
  copies: number;
  stale: number;
  /** `NoRecordedValue` flag, NaN, negative amount. */
  noValue: number;
  /** No room in the series table. */
  refused: number;
  /** First sample of a counter, no predecessor to subtract. */
  first: number;
  /** A counter's sample of another writer than the one that is counted. */
  overlap: number;
  /** A counter's sample that fell or leapt too far to be believed at once. */
  doubtful: number;
  /** Further ahead of their receipt than is believed. */
  future: number;
}

/** What a row of `oddRows` shows; `Odd` of the kernel. */
export type OddReading = 'other writer' | 'counted writer' | 'came back' | 'leapt';

export interface OddRow {
  readonly row: number;
  readonly reading: OddReading;
  /** Of the point; 0: it has none. */
  readonly startTimeUnixNano: bigint;
}

/** A tick about to be closed. */
export interface Closing {
  readonly group: number;
  /** Tick number on the group's grid. */
  readonly tick: number;
  /** Event time of the tick's middle, Unix nanoseconds: the time of everything that is said of this window. */
  readonly timeUnixNano: bigint;
  /** Edges first seen in this tick, in no order: to be put in one by the caller, by `firstSeen` and name. */
  readonly newEdges: Uint32Array;
  /** Empty ticks before this one that were passed over as an outage (the whole group had been silent). */
  readonly skipped: number;
}

/** When an edge alerts. Changes alerting, never what is learnt. */
export interface AlertProfile {
  /** Alert level in nats by kind number (KINDS): at the default threshold the group's L_on for each. */
  readonly levels: readonly number[];
  /**
   * The same levels where a detector's own threshold differs: [components, fisher, forest, autoencoder]; factor on the
   * level.
   */
  readonly detectorFactors: readonly [number, number, number, number];
  /** Windows with fewer requests do not open an alert; 0 off. */
  readonly minRequests: number;
  /** Least change by feature that may open an alert: relative (0.2 = 20 %) and absolute in the kernel's unit; 0 off. */
  readonly minRelative: readonly [number, number, number, number];
  readonly minAbsolute: readonly [number, number, number, number];
  /** Never opens an alert. */
  readonly muted: boolean;
}

/**
 * Expected value and bounds of one feature in the kernel's unit (seconds, requests, errors per request, bytes); NaN:
 * none.
 */
export interface Band {
  readonly observed: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
}

/** Columns over edge slots, valid until the next call into the kernel that may grow its memory. */
export interface ResultColumns {
  /** 1 - 10^(-C / L_on), in [0, 1]. */
  readonly score: Float32Array;
  /** Evidence C after the age factor, nats. */
  readonly evidence: Float32Array;
  /** Twelve signed surprises an edge, kind-major: 12 e + 3 k + j. */
  readonly surprise: Float32Array;
  /** Gap evidence of a silent edge, nats. */
  readonly gap: Float32Array;
  /** 1 while the alert is on. */
  readonly on: Uint8Array;
  /** +1 opened, -1 closed in the last closed window, 0 neither. */
  readonly change: Int8Array;
  /** Kind of the open episode. */
  readonly kind: Uint8Array;
  /** 1 if the edge was seen in the last closed window. */
  readonly present: Uint8Array;
  /**
   * What set the evidence: 0–11 a component, 12–14 Fisher at scale 0–2, 15 forest, 16 autoencoder, 17 gap, 255 nothing.
   */
  readonly source: Uint8Array;
  /** The forest's raw score, NaN: none. */
  readonly forest: Float32Array;
  /** Present windows of the edge. */
  readonly age: Float32Array;
  /** Usual requests in a window. */
  readonly usual: Float32Array;
  /** Incident evidence: max(min(c[t], c[t-1]), one very strong window), nats. docs/detection.md, section 9. */
  readonly mix: Float32Array;
  /** 1 while the edge's incident channel is on. */
  readonly channel: Uint8Array;
  /** +1 the channel turned on, -1 off, in the last closed window. */
  readonly channelChange: Int8Array;
}

/** Slots that have changed, old → new. */
export interface Packed {
  readonly edges: ReadonlyMap<number, number>;
  readonly services: ReadonlyMap<number, number>;
  readonly series: ReadonlyMap<number, number>;
}

/** The kernel as the rest of the program sees it. All numbers of slots are dense, from 0. */
/** What held no numbers. */
export interface MendedNumbers {
  readonly edges: readonly number[];
  readonly groups: number;
  readonly services: number;
}

export interface KernelFace {
  // -- decoding
  /**
   * Copies the body into the input region and walks it whole, without touching any state. Calling it again with the
   * same body object and `skip` is free. Rows [skip, skip + capacity) are recorded. Throws `MalformedError` with the
   * byte offset.
   */
  scan(signal: Signal, body: Uint8Array, skip?: number): Scan;
  /**
   * Looks up (and admits) the series of every scanned row; returns the rows whose series nobody has bound yet, one a
   * series. `salt` tells series apart that have the same bytes; 0 and left out: none.
   */
  unboundRows(salt?: bigint): readonly number[];
  ranges(row: number): RowRanges;
  seriesOf(row: number): number;
  bindSeries(series: number, binding: SeriesBinding): void;
  /** Time of a scanned data point, Unix nanoseconds; 0: it has none. */
  timeOf(row: number): bigint;
  /** The rules have changed: `unboundRows` reports every series again, which keeps its predecessors. */
  unbindAll(): void;

  // -- the graph. The add functions answer the slot, -1 where there is no room.
  /** `latenessNanos` at most half a window; more is cut down to it. */
  addGroup(windowNanos: bigint, latenessNanos: bigint): number;
  addFeed(group: number, sourceRelative: boolean): number;
  /** The clock of a sender in the group; a group has one from the start for whoever has none of its own. */
  addClock(group: number): number;
  /** Gives the slot of a clock to another sender, of any group. False: it is a group's own. */
  renewClock(clock: number, group: number): boolean;
  addService(group: number): number;
  /** Frees the slot of a service that is an end of no edge. */
  removeService(service: number): void;
  /** `source` or `destination` -1: none (external, or no graph). */
  addEdge(group: number, source: number, destination: number, profile: number): number;
  /**
   * Forgets the edge; its slot is used again. Its series are forgotten, or, where it gave way to others
   * (`isDisplaced`), wait as refused ones do: what comes again is told from what is new.
   */
  removeEdge(edge: number, isDisplaced?: boolean): void;
  /** Frees the slots of a group without edges, and of its feeds. Not while it is being closed. */
  removeGroup(group: number): void;
  /** Frees the slot of a feed; its series are reported as unbound again. Not while its group is being closed. */
  removeFeed(feed: number): void;
  /**
   * There is no room for the series of the row: it costs one look-up a point, as an unused one does, and is reported as
   * unbound again after `firstWaitNanos` of event time, then after twice as long each time, ten minutes at most.
   */
  refuse(row: number, firstWaitNanos: bigint): void;
  /** The series was refused before, or its edge gave way: it has come again. */
  wasRefused(series: number): boolean;
  /**
   * Edges of any group that may give way, at most 64, the first to do so first: those seen in one window at most and
   * silent for three, to anybody; dormant ones without an open alert, the longest silent first, only where
   * `isReturning`. `nowS`: event time of who asks, Unix seconds; 0: not known.
   */
  yielding(isReturning: boolean, nowS: number): readonly number[];
  /** Windows in a row without the edge, up to the event clock. */
  silentWindows(edge: number): number;
  mayYield(edge: number, isReturning: boolean, nowS: number): boolean;
  /**
   * Its edges; the event clock when a point of it was accepted last, Unix seconds; seconds between its first and its
   * newest point.
   */
  group(group: number): { readonly edges: number; readonly touchedS: number; readonly watchedS: number };
  /** Newest accepted event time of any group, Unix seconds. */
  eventClockS(): number;
  /**
   * Highest rank that a feature (0–3) listens to, 255 at first: every one. A lower one than before discards what open
   * ticks hold of that feature.
   */
  setFeatureRank(edge: number, feature: number, rank: number): void;
  setProfile(profile: number, alert: AlertProfile): void;
  setEdgeProfile(edge: number, profile: number): void;
  /** Level L of the incident layer, nats (docs/detection.md, section 9). */
  setIncidentLevel(group: number, nats: number): void;

  // -- folding and closing
  /**
   * Folds scanned rows from `from` on into the open ticks of their edges. `request`: a number that differs between
   * requests. `clock` -1: all; else only rows of that clock, of a request that was held back: what of it was folded
   * before is not folded again. `latestUnixNano`: points beyond it are counted `future`; never later than the
   * year 2200.
   */
  fold(from: number, request: number, receivedUnixNano: bigint, clock: number, latestUnixNano?: bigint): FoldStop;
  /** Clocks of which the last call of `fold` held points back, because they were ahead: keep the request for each. */
  heldClocks(): readonly HeldClock[];
  /** Whether points of the clock are held; where not, its requests need not be kept. */
  holds(clock: number): boolean;
  /**
   * Rows of the last call of `fold` (ask before its tick is closed) whose series asked for TypeScript, with the edge
   * and open tick they belong to.
   */
  slowRows(): readonly { readonly row: number; readonly edge: number; readonly tick: number }[];
  /**
   * Rows of the last call of `fold` that show something odd about a counter, once a series: a sample of another writer,
   * the next of the one that is counted, the return from a wrong reading, a leap that stayed.
   */
  oddRows(): readonly OddRow[];
  /** Adds a latency level, seconds, with weight, to an open tick (quantiles computed in TypeScript). */
  addLevel(edge: number, tick: number, value: number, weight: number): void;
  /** Closes everything up to and including the newest tick, whatever the watermark: end of a replay. */
  flushDue(group: number): boolean;
  /**
   * Forgets the newest tick of the group, if it is the only one that is open and not whole: as after an outage, points
   * of it would come late. Whole is a tick that has one sample of each series that was in the tick before. False: it is
   * to be closed.
   */
  forgetNewest(group: number): boolean;
  beginClose(group: number): Closing;
  /** Event time of the edge's first point, Unix nanoseconds. */
  firstSeen(edge: number): bigint;
  appendOrder(group: number, edges: readonly number[]): void;
  /**
   * Works on for at most about `edges` edges (or a few trees of a forest in training); true when the tick is closed.
   */
  closeSlice(group: number, edges: number): boolean;

  // -- answers, for the tick just closed
  readonly results: ResultColumns;
  /** Edges whose alert opened or closed, or is on, in the group's order. */
  alerting(group: number): readonly number[];
  /**
   * Edges of the tick just closed: seen in it; and live, which are those, the silent of which it is still news, and the
   * newest.
   */
  seenEdges(group: number): number;
  liveEdges(group: number): number;
  /** Edges whose incident channel turned on or off. */
  channels(group: number): readonly number[];
  /** The group's edges in their order. */
  order(group: number): Uint32Array;
  wasOutage(group: number): boolean;
  band(edge: number, feature: number): Band;
  /** What the edge showed in the window just closed: latency (s), requests, errors, bytes; NaN absent. */
  windowOf(edge: number): readonly [number, number, number, number];
  /**
   * Over the last four windows, newest last: [evidence, latency and errors up, traffic down] of an edge, nats
   * (docs/detection.md, section 10).
   */
  recent(edge: number, ago: number): readonly [number, number, number];
  /**
   * The largest of each, at least 0, over the last `windows` (1–4): a view that the next call overwrites, for loops
   * over all edges.
   */
  recentPeak(edge: number, windows: number): Readonly<ArrayLike<number>>;
  counts(): FoldCounts;
  /** What a feed shows: its phase, observed period in ns (0: not known yet), ticks seen. */
  feed(feed: number): { readonly phaseUnixNano: bigint; readonly periodNanos: bigint; readonly ticks: number };
  /** The event clock when a point of the feed was accepted last, Unix seconds. */
  feedTouchedS(feed: number): number;
  clock(clock: number): ClockState;
  /** Grows whenever a clock was aligned, or found ahead and left out. */
  clockMoves(): number;
  seriesUsed(): number;
  edgesUsed(): number;
  /** Bytes of linear memory. */
  memoryBytes(): number;

  // -- other capacities; not while a closing is under way
  /** Forgets the series that were silent longest, beyond so many; how many. */
  dropSeries(most: number): number;
  /** Moves edges, services and series into the lowest slots, so that they fit into a smaller kernel. */
  pack(): Packed;
  /**
   * Takes over, in an empty kernel, what one of other capacities knows; in words, what could not come along. Throws
   * `CheckpointError`.
   */
  takeOver(other: KernelFace): readonly string[];

  // -- checkpoints; not while a closing is under way
  /**
   * Groups whose time is later go on at the time of their next data, with everything that was learnt of their edges;
   * how many.
   */
  mendTimes(latestUnixNano: bigint): number;
  /**
   * Edges, groups and services of which something was no number (NaN, an infinity) are as new ones; which edges and how
   * many of the others.
   */
  mendNumbers(): MendedNumbers;
  /** Everything that the kernel knows: restored into a kernel of the same options, it goes on bit for bit. */
  snapshot(): Uint8Array;
  /**
   * The same in pieces of a megabyte; between two of them nothing may be folded, bound or closed, but other requests be
   * scanned.
   */
  snapshotPieces(): Generator<Uint8Array>;
  /**
   * Whole or in pieces. Throws `CheckpointError` where the bytes are not a snapshot of a kernel with these capacities.
   */
  restore(snapshot: Uint8Array | readonly Uint8Array[]): void;
}
