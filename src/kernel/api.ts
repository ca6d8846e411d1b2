// The typed face of the kernel: what the rest of the program may ask of it. `Kernel` (kernel.ts) is the WebAssembly
// behind it, test/reference holds the slow plain-TypeScript oracle of the tests.
import type { Signal } from '../pipeline/index.js';
import type { ResultColumns } from './generated/columns.js';
import type { Band, Counts, RecentWindow } from './generated/layouts.js';
import type { Scan } from './scan-api.js';

export type { ResultColumns } from './generated/columns.js';
export { ANY_RANK, Kind, RECENT, Role, SCALES, SeriesType, Source, WARM } from './generated/constants.js';
export type { Band, RecentWindow } from './generated/layouts.js';
export { type AlertKind, FEATURES, type FeatureName, featureOfKind, KINDS, kindOfChange } from './kinds.js';
export type { ForestOptions, KernelOptions } from './options.js';
export type {
  BadTexts,
  BelievedTimes,
  Fold,
  FoldStop,
  HeldClock,
  OddReading,
  OddRow,
  RowRanges,
  Scan,
} from './scan-api.js';

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

/** Data points by outcome; monotonic counts since start. */
export type FoldCounts = { -readonly [name in keyof Counts]: number };

/** A tick being closed, and what it comes to. */
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
  /** Puts edges behind all others of the group's order. */
  append(edges: readonly number[]): void;
  /**
   * Works on for at most about `edges` edges (or a few trees of a forest in training); true when the tick is closed.
   */
  work(edges: number): boolean;
  /** Once the tick is closed: edges whose alert opened or closed, or is on, in the group's order. */
  readonly alerting: readonly number[];
  /** Edges whose incident channel turned on or off. */
  readonly channels: readonly number[];
  /** Edges that were seen in it; and live, which are those, the silent of which it is still news, and the newest. */
  readonly seen: number;
  readonly live: number;
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

/** Slots that have changed, old → new. */
export interface Packed {
  readonly edges: ReadonlyMap<number, number>;
  readonly services: ReadonlyMap<number, number>;
  readonly series: ReadonlyMap<number, number>;
}

/** What held no numbers. */
export interface MendedNumbers {
  readonly edges: readonly number[];
  readonly groups: number;
  readonly services: number;
}

/** The kernel as the rest of the program sees it. All numbers of slots are dense, from 0. */
export interface KernelApi {
  // -- decoding
  /**
   * Copies the body into the input region and walks it whole, without touching any state. Calling it again with the
   * same body object and `skip` is free. Rows [skip, skip + capacity) are recorded. Throws `MalformedError` with the
   * byte offset.
   */
  scan(signal: Signal, body: Uint8Array, skip?: number): Scan;
  bindSeries(series: number, binding: SeriesBinding): void;
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
  /** Whether points of the clock are held; where not, its requests need not be kept. */
  holds(clock: number): boolean;
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
  /** Begins to close the oldest open tick of the group. One closing at a time. */
  beginClose(group: number): Closing;
  /** Event time of the edge's first point, Unix nanoseconds. */
  firstSeen(edge: number): bigint;

  // -- answers, for the tick just closed
  readonly results: ResultColumns;
  /** The group's edges in their order. */
  order(group: number): Uint32Array;
  wasOutage(group: number): boolean;
  band(edge: number, feature: number): Band;
  /**
   * The band over the span of a time scale: what the feature was on average, and the bounds beyond which that scale
   * alone would alert. Scale 0 is the window just closed.
   */
  spanBand(edge: number, feature: number, scale: number): Band;
  /** What the edge showed in the window just closed: latency (s), requests, errors, bytes; NaN absent. */
  windowOf(edge: number): readonly [number, number, number, number];
  /**
   * Over the last four windows, newest last: [evidence, latency and errors up, traffic down] of an edge, nats
   * (docs/detection.md, section 10).
   */
  recent(edge: number, ago: number): readonly [number, number, number];
  /** The largest of each, at least 0, over the last `windows` (1–4). */
  recentPeak(edge: number, windows: number): RecentWindow;
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
  takeOver(other: KernelApi): readonly string[];

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
