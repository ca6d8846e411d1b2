// Functions of the kernel. Generated from assembly/ by scripts/generate-kernel.mjs; do not edit.
import type { Views } from '../views.js';

/** Address in the memory of the kernel, as signed 32 bits. */
export type Address = number;

/** Booleans arrive as 0 or 1, 64-bit integers as bigint. */
export interface KernelFunctions {
  /** The clock of another sender of the group; -1: no room but for the own clocks of groups to come. */
  addClock(group: number): number;
  /**
   * An edge between two services of the group, -1: none; -1: no room. It takes part once it was seen and put in order.
   */
  addEdge(group: number, source: number, destination: number, profile: number): number;
  /**
   * A feature rule of the group; -1: no room. `sourceRelative`: its rates may be judged relative to what the source
   * receives.
   */
  addFeed(group: number, sourceRelative: boolean): number;
  /** A group of edges with one window length, and a clock for whoever has none of its own; -1: no room. */
  addGroup(windowNanos: bigint, latenessNanos: bigint): number;
  /** Adds a latency level, seconds, to an open tick of the edge. False: the tick is not open. */
  addLevel(edge: number, tick: number, value: number, weight: number): number;
  /** A service of the group; -1: no room. */
  addService(group: number): number;
  /** Present windows at which the evidence counts half: fewer of longer ones. */
  ageOf(windowSeconds: number): number;
  /**
   * The alert level of the default threshold 0.9, nats: ln(windows in BUDGET_DAYS) - RELAX at windows of LEVEL_WINDOW
   * or
   * less. Alerts of two windows become rarer faster than e^-L, so that a longer window takes less off the level.
   */
  alertLevel(windowSeconds: number): number;
  /** Puts the edge behind all others of its group's order. */
  appendEdge(edge: number): number;
  /**
   * The band of feature k in the window just closed, in `exchange.band`; NaN: none (the feature was never seen, the
   * source told nothing, no value can reach the bound, or the edge has not been seen for 60 windows).
   */
  band(edge: number, k: number): Address;
  /**
   * Begins to close tick closed + 1 of the group. False: no such group, nothing seen yet, or a closing is under way.
   */
  beginClose(group: number): number;
  /**
   * False: no such series, edge, feed or clock, or they are of different groups. `edge` -1: the series is not used.
   * `clock` -1: that of whoever has none of its own.
   */
  bindSeries(
    slot: number,
    edge: number,
    feed: number,
    clock: number,
    rank: number,
    type: number,
    roles: number,
    scale: number,
  ): number;
  /** The first region behind which something wrote; -1: all guards are whole. */
  brokenGuard(): number;
  clockFuture(clock: number): bigint;
  /** Grows whenever a clock was aligned or found ahead of its receipt. */
  clockMoves(): number;
  clockNewest(clock: number): bigint;
  clockReceived(clock: number): bigint;
  /**
   * What a clock shows: what is taken off its times, its newest accepted time and when that came (Unix ns, aligned),
   * how
   * far ahead it was left out, ns.
   */
  clockShift(clock: number): bigint;
  /** Slots ever used: every clock in use is below. */
  clocksHigh(): number;
  /** Begins the group's tick. The windows of its edges must have been written. */
  closeBegin(group: number, result: number): void;
  /** Works on for about `budget` edges' worth; true when the tick is closed. */
  closeEdges(group: number, budget: number, result: number): number;
  /** Works on for at most about `budget` edges' worth; true when the tick is closed. */
  closeSlice(group: number, budget: number): number;
  /** The tick being closed, or that was closed last. */
  closingTick(): Address;
  /** Address of the ResultColumns. */
  columnsAt(): Address;
  /**
   * Options of the detectors; called before the regions are laid out. False: a size is out of bounds. Sizes in
   * vectors,
   * `refresh` in ticks of a group, `seed` unsigned 32 bits, `bytesDiscount` nats. Without a call there is neither
   * forest
   * nor autoencoder.
   */
  configureDetectors(
    forest: boolean,
    trees: number,
    subsample: number,
    reservoir: number,
    period: number,
    first: number,
    refresh: number,
    autoencoder: boolean,
    seed: number,
    counts: boolean,
    bytesDiscount: number,
  ): number;
  /**
   * Options of series and clocks; called before `init`. Without a call there is no room for series, and they are
   * hashed
   * with seed 0.
   */
  configureSeries(maxSeries: number, maxFeeds: number, maxClocks: number, hashSeed: bigint, idleSeconds: number): void;
  /** Room for templates, rounded down to a power of two, at least 16 KiB; 0: none are kept. Called before `init`. */
  configureTemplates(bytes: number): void;
  /** Lays out memory for so many slots. Called once, from the kernel's own `init`. */
  detectInit(maxEdges: number, maxServices: number, maxGroups: number): void;
  edgeFirstTime(edge: number): bigint;
  /** Edge slots ever used: every edge in use is below. */
  edgesHigh(): number;
  edgesUsed(): number;
  /** Newest accepted event time of any group, Unix seconds. */
  eventClock(): number;
  /** Address of the Exchange. */
  exchangeAt(): Address;
  feedPeriod(feed: number): number;
  /**
   * What a feed shows: middle of its ticks (Unix ns; 0: not seen yet), observed period in ns, at least a window (0:
   * not
   * known), ticks in which it was seen.
   */
  feedPhase(feed: number): bigint;
  feedTicks(feed: number): number;
  feedTouched(feed: number): number;
  feedsHigh(): number;
  feedsUsed(): number;
  /** Looks for edges that may give way, the first to do so first; how many YieldingEdge are in `yieldingList`. */
  findYielding(isReturning: boolean, now: number): number;
  /**
   * True while a tick in which something was seen is still to be closed, whatever the watermark: close and ask again.
   */
  flushDue(group: number): number;
  /**
   * Folds the scanned rows from `from` on. `request`: differs between requests, below 2^31. `received`: wall clock at
   * receipt, ns. `earliest`, `latest`: no time before or beyond them is believed, ns; before `earliest` only where the
   * group has heard of later times. `only`: rows of this clock, a held request; -1: all. Answers OK at the end, or
   * CLOSE
   * or CONFIRMED with `foldNext` and `foldStopped`.
   */
  fold(from: number, request: number, received: bigint, earliest: bigint, latest: bigint, only: number): number;
  /** Address of the Counts. */
  foldCounts(): Address;
  /** Rows that the last fold held back. */
  foldHeld(): number;
  /** Row before which the last fold stopped, and the group to be closed or the clock whose held requests come first. */
  foldNext(): number;
  foldStopped(): number;
  /**
   * Scores the first `rows` of `exchange.vectors` (judged windows, clipped), in order: scores in `vectorScores` (NaN
   * before the first forest), surprises in nats in `vectorSurprises`; each vector is then offered to the period's
   * sample.
   */
  foldVectors(group: number, rows: number): void;
  /** Its calibration. */
  forestCalibration(group: number): Address;
  /** The group's compiled form: a Form (forest-compile.ts). */
  forestForm(group: number): number;
  /** Vectors that the reservoir holds. */
  forestHeld(group: number): number;
  /** Its generator. */
  forestRandom(group: number): Address;
  /** Address of a tree (forest-layout.ts). */
  forestTree(group: number, tree: number): Address;
  /** Address of a vector of the reservoir, f32[12]. */
  forestVector(group: number, place: number): Address;
  /** All trees have changed: state came from elsewhere. */
  forgetForests(): void;
  /**
   * The end of a recording, maybe in the middle of a window: forgets tick closed + 1 of the group, if it is the
   * newest,
   * as if there had been an outage. False: it is not, or it is whole.
   */
  forgetNewest(group: number): number;
  /** Edges of the group. */
  groupEdges(group: number): number;
  /**
   * The kernel's event clock, Unix seconds, when a point of the group, or of the feed, was accepted last; 0: there is
   * none.
   */
  groupTouched(group: number): number;
  /** Seconds between the first and the newest accepted point of the group. */
  groupWatched(group: number): number;
  /** Slots ever used: every group and feed in use is below. */
  groupsHigh(): number;
  groupsUsed(): number;
  /** Whether the last fold held points of the clock back. */
  heldOf(slot: number): number;
  /**
   * Lays out memory for the given capacities. Called once, before anything else; see `KernelOptions` for the meaning
   * of
   * each.
   */
  init(maxEdges: number, maxServices: number, maxGroups: number, inputLimitBytes: number): number;
  inputAddress(): Address;
  /**
   * Makes room for a body of so many bytes and returns where it goes; 0: over the limit, or no memory. Existing views
   * go
   * stale.
   */
  inputFor(bytes: number): Address;
  /** Whether the clock has points held. */
  isClaiming(slot: number): number;
  isEdge(edge: number): number;
  isSeries(slot: number): number;
  isService(service: number): number;
  /** Looks up, and admits, the series of every scanned row; how many rows `unboundList` names, one a series. */
  lookUpRows(): number;
  /**
   * Whether the edge may give way; `isReturning`: to one that was refused before. `now`: event time of who asks, Unix
   * seconds; 0: not known.
   */
  mayYield(edge: number, isReturning: boolean, now: number): number;
  /** True: something that was known of the edge was no number, and is learnt anew. */
  mendEdge(edge: number): number;
  /** The same of what the edges of a group share. */
  mendGroup(group: number): number;
  /** The same of a service. */
  mendService(service: number): number;
  /** Mends every group whose time is beyond `latest`, Unix ns; how many. Not while a closing is under way. */
  mendTimes(latest: bigint): number;
  metricAt(index: number): Address;
  /** Moves an edge into a slot that is not in use. False: there is no such edge, or the slot is in use. */
  moveEdge(from: number, to: number): number;
  /** Moves what is known of an edge, and its answers, into a slot that is not in use. */
  moveEdgeState(from: number, to: number): void;
  /** Moves a series into a slot that is not in use. */
  moveSeries(from: number, to: number): number;
  /** Moves a service into a slot that is not in use, and tells the edges that end in it. */
  moveService(from: number, to: number): number;
  /** The same for a service; edges that end in it are told by the caller. */
  moveServiceState(from: number, to: number): void;
  /** Rows of the last fold that show something odd about a counter, and where they are listed. */
  oddCount(): number;
  oddList(): Address;
  /** Puts the edge behind all others of the group. An edge stands in one order at a time. */
  orderAppend(group: number, edge: number): void;
  /** Writes the group's edge slots, u32 each, in their order; returns how many. */
  orderCopy(group: number, target: number): number;
  /** Edges in the group's order. */
  orderCount(group: number): number;
  /** Takes the edge out of its group's order; the others keep theirs. Nothing happens when it stands in none. */
  orderRemove(edge: number): void;
  /** Puts the orders of so many groups into the first chunks, as few as they need. */
  packOrders(groups: number): void;
  /** The edge's window `ago` (0 to RECENT - 1) ticks before the last closed one. */
  recent(edge: number, ago: number): Address;
  /** The largest of each over the last `windows` (1 to RECENT) ticks, in `exchange.recent`. */
  recentPeak(edge: number, windows: number): Address;
  /** Forgets a series that may come back. False: there is none. */
  reclaimSeries(slot: number): number;
  /**
   * There is no room for the row's series: it waits, at first for `firstWait` ns of event time, then for twice as long
   * each time.
   */
  refuseRow(index: number, firstWait: bigint): number;
  /** Byte address of a region, in layout order. */
  regionAddress(region: number): Address;
  regionBytes(region: number): Address;
  regionCount(): number;
  /** A Region. */
  regionNumber(region: number): number;
  /**
   * Makes the look-up anew from the records, with room for one series more: a hundred thousand take a few
   * milliseconds.
   */
  reindexSeries(): void;
  /**
   * Forgets the edge and its place in the order. `isDisplaced`: its series stay known as refused, so that whoever
   * comes
   * again is told from whoever is new; else they are forgotten. False: there is none.
   */
  removeEdge(edge: number, isDisplaced: boolean): number;
  /** Frees a feed; its series are asked about again. False: there is none, or its group is being closed. */
  removeFeed(feed: number): number;
  /**
   * Frees a group without edges, with its feeds and clocks. False: there is none, it has edges, or it is being closed.
   */
  removeGroup(group: number): number;
  /** Frees the slot of a service that is an end of no edge. */
  removeService(service: number): number;
  /**
   * The slot serves another sender, of any group; series of the one before go on under their group's own clock. False:
   * it
   * cannot.
   */
  renewClock(slot: number, group: number): number;
  /** A group's autoencoder starts anew. */
  renewCoder(group: number): void;
  /** A group's forest is gone; `keepVectors`: what it was grown from is there. */
  renewForest(group: number, keepVectors: boolean): void;
  /** A group that was restored has the levels of its window again. */
  renewLevels(group: number): void;
  /** A new edge in the slot, without a place in any order. */
  resetEdge(edge: number): void;
  /** A new group in the slot, with an empty order. Its edges must have been removed before. */
  resetGroup(group: number, windowSeconds: number): void;
  /** A new service in the slot. */
  resetService(service: number): void;
  rowAt(index: number): Address;
  /** The same bytes tell of other series than before: `change` into the hash of every scanned row. */
  saltRows(change: bigint): void;
  scanBadTextEnd(): number;
  scanBadTextStart(): number;
  /** Texts of the last logs request that are not UTF-8, and where the first of them stands in the body. */
  scanBadTexts(): number;
  /** Offset into the body at which the last scan failed. */
  scanFailedAt(): number;
  /** Data points, spans or log records of the last scan. */
  scanItems(): number;
  /** Walks a logs request; items are log records. Its texts are looked at: `scanBadTexts`. */
  scanLogs(address: number, bytes: number): number;
  /**
   * Walks a metrics request of `bytes` bytes in the input region and records rows from point `skip` on. Touches no
   * state.
   */
  scanMetrics(address: number, bytes: number, skip: number): number;
  /** Rows that the last scan recorded. */
  scanRows(): number;
  /** Walks a traces request; items are spans. */
  scanTraces(address: number, bytes: number): number;
  /**
   * Selects the place of a scan of metrics: to be overwritten by the next, or one whose `recorded` rows are wanted
   * again.
   */
  selectScan(scan: number, recorded: number): void;
  seriesHigh(): number;
  /** When the series last had a point, seconds of the event clock. */
  seriesTouched(slot: number): number;
  seriesUsed(): number;
  servicesHigh(): number;
  /** Where the edge runs. `source`, `destination`: service slots of the group, -1 none. */
  setEdge(edge: number, source: number, destination: number, profile: number, sourceRelative: boolean): void;
  setEdgeProfile(edge: number, profile: number): number;
  /** Highest rank that the feature listens to; a lower one than before discards what open ticks hold of it. */
  setFeatureRank(edge: number, feature: number, rank: number): number;
  /** Levels and age factor of a group, which its window alone decides: a state may be from a program with others. */
  setGroupLevels(group: number, windowSeconds: number): void;
  /** Level of the incident layer, nats; infinite until it is set. */
  setIncidentLevel(group: number, nats: number): void;
  /** Takes the profile that was written to `exchange.profile` as profile `id`; false when there is no such id. */
  setProfile(id: number): number;
  /** Windows for which nothing was seen of the edge, up to the newest accepted time of any group. */
  silentWindows(edge: number): number;
  /**
   * Passes over `ticks` empty ticks of a silent group: an outage for every edge, as if each tick had been closed
   * without
   * any window. Alerts and channels that end in them are reported by the next closing, which is also what tells the
   * edges.
   */
  skipTicks(group: number, ticks: bigint): void;
  slowCount(): number;
  slowList(): Address;
  /**
   * The band of feature k over the span of time scale j (0: the window just closed), in `exchange.band`: `observed` is
   * the mean over the span, as far from `expected` as the smoothed z or the sums of counts say. The window's band
   * where
   * the feature was not judged in it.
   */
  spanBand(edge: number, k: number, j: number): Address;
  /** Address of row 0 of the table to train on; rows are padded to whole vectors. */
  tableAt(): Address;
  /** The compiled form: a Form (forest-compile.ts). */
  tableForm(): number;
  /** Lays out memory, once an instance. False: a size is out of bounds or memory is short. */
  tableInit(rowCount: number, columnCount: number, treeCount: number, subsampleRows: number): number;
  /** Scores the first `count` (at most 64) rows of the block. */
  tableScore(count: number): void;
  /** Address of up to 64 rows to score. */
  tableScoreRows(): Address;
  /** Address of their scores, f64. */
  tableScores(): Address;
  /** Grows every tree; returns the rows of a subsample. */
  tableTrain(seed: number): number;
  /** ResourceMetrics read by a template, and those that were walked, since the start. */
  templateHits(): number;
  templateMisses(): number;
  /** Everything is in the lowest slots: those behind are free, and orders take as few chunks as they need. */
  trimSlots(edges: number, services: number, series: number): void;
  /**
   * Every series is unknown to the rules again: reported at its next point, with its predecessor and its edge as they
   * are
   * until then.
   */
  unbindAll(): void;
  unboundList(): Address;
  /** Whether the last closed tick of the group was an outage: the collector, not the edges, went quiet. */
  wasOutage(group: number): number;
  /** Whether there was no room for the series before. */
  wasRefused(slot: number): number;
  /** f64[FEATURES]: the edge's window. */
  windowAt(edge: number): Address;
  yieldingList(): Address;
}

/** Views of the lists whose addresses functions answer, by function; stale once the memory has grown. */
export const lists = {
  /** Address of row 0 of the table to train on; rows are padded to whole vectors. */
  tableAt: (memory: Views, at: Address, count: number): Float32Array =>
    new Float32Array(memory.buffer, at >>> 0, count),
  /** Address of their scores, f64. */
  tableScores: (memory: Views, at: Address, count: number): Float64Array =>
    new Float64Array(memory.buffer, at >>> 0, count),
  /** Address of up to 64 rows to score. */
  tableScoreRows: (memory: Views, at: Address, count: number): Float32Array =>
    new Float32Array(memory.buffer, at >>> 0, count),
  /** f64[FEATURES]: the edge's window. */
  windowAt: (memory: Views, at: Address, count: number): Float64Array =>
    new Float64Array(memory.buffer, at >>> 0, count),
  unboundList: (memory: Views, at: Address, count: number): Uint32Array =>
    new Uint32Array(memory.buffer, at >>> 0, count),
} as const;
