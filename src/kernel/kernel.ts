// The kernel: one WebAssembly instance behind its typed face.
import type { Signal } from '../pipeline/index.js';
import {
  COLUMN,
  configureDetectors,
  edgeOrder,
  readBand,
  readRecent,
  resultColumns,
  slotList,
  writeProfile,
} from './detect-columns.js';
import { CapacityError } from './errors.js';
import type {
  AlertProfile,
  Band,
  ClockState,
  Closing,
  FoldCounts,
  FoldStop,
  HeldClock,
  KernelFace,
  KernelOptions,
  MendedNumbers,
  OddReading,
  OddRow,
  Packed,
  ResultColumns,
  RowRanges,
  Scan,
  SeriesBinding,
} from './face.js';
import { type KernelExports, loadKernel, maxClocks } from './load.js';
import { dropSeries, type Inside, moveState, packState } from './move-state.js';
import { Scanner } from './scanner.js';
import { restoreSnapshot, snapshotPieces, takeSnapshot } from './snapshot.js';
import { Views } from './views.js';

/** Request numbers of the kernel: 31 bits, the last one marks a held batch. */
const REQUEST_MASK = 0x7fff_ffff;

/** The year 2200: whatever says more is no time, and the arithmetic of ticks stays far from the end of 64 bits. */
const LATEST = 7_258_118_400_000_000_000n;
/** Answer of `isHeld`. */
const FIRST_HELD = 2;

/** What 29,000 edges take as Pixie sends them. */
const TEMPLATE_BYTES = 8 << 20;

/** In the order of the kernel's `Odd`. */
const ODD_READINGS: readonly OddReading[] = ['other writer', 'counted writer', 'came back', 'leapt'];
const NONE_ODD: readonly OddRow[] = [];

function require(isDone: number, what: string): void {
  if (!isDone) throw new RangeError(`kernel: ${what}`);
}

export class Kernel implements KernelFace {
  readonly #wasm: KernelExports;
  readonly #options: KernelOptions;
  readonly #views: Views;
  readonly scanner: Scanner;
  #results: ResultColumns | undefined;
  #peak: Float32Array | undefined;

  /**
   * A kernel with memory laid out for the options' capacities. Throws `CapacityError` where they do not fit into 4 GiB.
   */
  static create(options: KernelOptions): Kernel {
    return new Kernel(loadKernel(), options);
  }

  private constructor(wasm: KernelExports, options: KernelOptions) {
    this.#wasm = wasm;
    this.#options = options;
    this.#views = new Views(wasm.memory);
    configureDetectors(wasm, options);
    wasm.configureSeries(
      options.maxSeries,
      options.maxFeeds,
      maxClocks(options.maxGroups),
      options.hashSeed,
      options.idleSeriesSeconds ?? 3600,
    );
    wasm.configureTemplates(options.templateBytes ?? TEMPLATE_BYTES);
    const status = wasm.init(options.maxEdges, options.maxServices, options.maxGroups, options.inputLimitBytes);
    if (status !== wasm.Status.OK.value) throw new CapacityError('the configured capacities do not fit into memory');
    this.scanner = new Scanner(wasm, this.#views);
  }

  scan(signal: Signal, body: Uint8Array, skip = 0): Scan {
    return this.scanner.scan(signal, body, skip);
  }

  unboundRows(salt = 0n): readonly number[] {
    this.scanner.salt(salt);
    const count = this.#wasm.lookUpRows();
    const list = (this.#wasm.unboundList() >>> 0) >>> 2;
    return Array.from(this.#views.u32.subarray(list, list + count));
  }

  ranges(row: number): RowRanges {
    return this.scanner.ranges(row);
  }

  seriesOf(row: number): number {
    return this.scanner.series(row);
  }

  /** Throws `RangeError` for a slot that is not in use, or an edge and a feed of different groups. */
  bindSeries(series: number, binding: SeriesBinding): void {
    const { edge, feed, clock = -1, rank, type, roles, scale } = binding;
    require(this.#wasm.bindSeries(series, edge, feed, clock, rank, type, roles, scale), `cannot bind series ${series}`);
  }

  unbindAll(): void {
    this.#wasm.unbindAll();
  }

  addGroup(windowNanos: bigint, latenessNanos: bigint): number {
    if (windowNanos <= 0n) throw new RangeError(`kernel: a window of ${windowNanos} ns`);
    return this.#wasm.addGroup(windowNanos, latenessNanos);
  }

  addFeed(group: number, sourceRelative: boolean): number {
    return this.#wasm.addFeed(group, sourceRelative);
  }

  addClock(group: number): number {
    return this.#wasm.addClock(group);
  }

  renewClock(clock: number, group: number): boolean {
    return this.#wasm.renewClock(clock, group) !== 0;
  }

  clock(clock: number): ClockState {
    return {
      shiftNanos: this.#wasm.clockShift(clock),
      newestUnixNano: this.#wasm.clockNewest(clock),
      receivedUnixNano: this.#wasm.clockReceived(clock),
      aheadNanos: this.#wasm.clockFuture(clock),
    };
  }

  mendTimes(latestUnixNano: bigint): number {
    return this.#wasm.mendTimes(latestUnixNano);
  }

  mendNumbers(): MendedNumbers {
    const wasm = this.#wasm;
    const mended = (high: number, mend: (slot: number) => number): number[] =>
      Array.from({ length: high }, (_, slot) => slot).filter((slot) => mend(slot) !== 0);
    return {
      edges: mended(wasm.edgesHigh(), wasm.mendEdge),
      groups: mended(wasm.groupsHigh(), wasm.mendGroup).length,
      services: mended(wasm.servicesHigh(), wasm.mendService).length,
    };
  }

  clockMoves(): number {
    return this.#wasm.clockMoves() >>> 0;
  }

  addService(group: number): number {
    return this.#wasm.addService(group);
  }

  removeService(service: number): void {
    require(this.#wasm.removeService(service), `no service ${service}`);
  }

  addEdge(group: number, source: number, destination: number, profile: number): number {
    return this.#wasm.addEdge(group, source, destination, profile);
  }

  removeEdge(edge: number, isDisplaced = false): void {
    require(this.#wasm.removeEdge(edge, isDisplaced), `no edge ${edge}`);
  }

  removeGroup(group: number): void {
    require(this.#wasm.removeGroup(group), `group ${group} cannot be removed`);
  }

  removeFeed(feed: number): void {
    require(this.#wasm.removeFeed(feed), `feed ${feed} cannot be removed`);
  }

  timeOf(row: number): bigint {
    return this.scanner.row(row).timeUnixNano;
  }

  refuse(row: number, firstWaitNanos: bigint): void {
    this.#wasm.refuseRow(row, firstWaitNanos);
  }

  wasRefused(series: number): boolean {
    return this.#wasm.wasRefused(series) !== 0;
  }

  yielding(isReturning: boolean, nowS: number): readonly number[] {
    const count = this.#wasm.findYielding(isReturning, nowS);
    const list = (this.#wasm.yieldingList() >>> 0) >>> 2;
    const { u32 } = this.#views;
    return Array.from({ length: count }, (_, i) => u32[list + 4 * i]!);
  }

  mayYield(edge: number, isReturning: boolean, nowS: number): boolean {
    return this.#wasm.mayYield(edge, isReturning, nowS) !== 0;
  }

  silentWindows(edge: number): number {
    return Math.round(this.#wasm.silentWindows(edge));
  }

  group(group: number): { readonly edges: number; readonly touchedS: number; readonly watchedS: number } {
    const { groupEdges, groupTouched, groupWatched } = this.#wasm;
    return { edges: groupEdges(group), touchedS: groupTouched(group), watchedS: groupWatched(group) };
  }

  eventClockS(): number {
    return this.#wasm.eventClock();
  }

  setFeatureRank(edge: number, feature: number, rank: number): void {
    require(this.#wasm.setFeatureRank(edge, feature, rank), `no feature ${feature} of an edge ${edge}`);
  }

  setProfile(profile: number, alert: AlertProfile): void {
    writeProfile(this.#wasm, this.#views.buffer, profile, alert);
  }

  setEdgeProfile(edge: number, profile: number): void {
    require(this.#wasm.setEdgeProfile(edge, profile), `no edge ${edge}`);
  }

  setIncidentLevel(group: number, nats: number): void {
    this.#wasm.setIncidentLevel(group, nats);
  }

  fold(
    from: number,
    request: number,
    receivedUnixNano: bigint,
    clock: number,
    latestUnixNano: bigint = LATEST,
  ): FoldStop {
    const latest = latestUnixNano < LATEST ? latestUnixNano : LATEST;
    const status = this.#wasm.fold(from, request & REQUEST_MASK, receivedUnixNano, latest, clock);
    if (status === this.#wasm.Status.OK.value) return { reason: 'done' };
    const [by, next] = [this.#wasm.foldStopped(), this.#wasm.foldNext()];
    if (status === this.#wasm.Status.CLOSE.value) return { reason: 'close', group: by, next };
    return { reason: 'confirmed', clock: by, next };
  }

  heldClocks(): readonly HeldClock[] {
    const held: HeldClock[] = [];
    if (this.#wasm.foldHeld() === 0) return held;
    for (let clock = 0; clock < this.#wasm.clocksHigh(); clock++) {
      const how = this.#wasm.isHeld(clock);
      if (how > 0) held.push({ clock, isFirst: how === FIRST_HELD });
    }
    return held;
  }

  holds(clock: number): boolean {
    return this.#wasm.isClaiming(clock) !== 0;
  }

  slowRows(): readonly { readonly row: number; readonly edge: number; readonly tick: number }[] {
    const list = this.#wasm.slowList() >>> 0;
    const { u32, f64 } = this.#views;
    return Array.from({ length: this.#wasm.slowCount() }, (_, i) => ({
      row: u32[(list + 16 * i) >>> 2]!,
      edge: u32[(list + 16 * i + 4) >>> 2]!,
      tick: f64[(list + 16 * i + 8) >>> 3]!,
    }));
  }

  oddRows(): readonly OddRow[] {
    const count = this.#wasm.oddCount();
    if (count === 0) return NONE_ODD;
    const list = (this.#wasm.oddList() >>> 0) >>> 2;
    const { u32 } = this.#views;
    return Array.from({ length: count }, (_, i) => {
      const row = u32[list + 2 * i]!;
      const reading = ODD_READINGS[u32[list + 2 * i + 1]!]!;
      return { row, reading, startTimeUnixNano: this.scanner.row(row).startTimeUnixNano };
    });
  }

  addLevel(edge: number, tick: number, value: number, weight: number): void {
    require(this.#wasm.addLevel(
      edge,
      tick,
      value,
      weight,
    ), `no open tick ${tick} of an edge ${edge}, or no such level`);
  }

  flushDue(group: number): boolean {
    return this.#wasm.flushDue(group) !== 0;
  }

  forgetNewest(group: number): boolean {
    return this.#wasm.forgetNewest(group) !== 0;
  }

  beginClose(group: number): Closing {
    require(this.#wasm.beginClose(group), `group ${group} has nothing to close, or is being closed`);
    const list = (this.#wasm.closingNewList() >>> 0) >>> 2;
    return {
      group,
      tick: this.#wasm.closingTick(group),
      timeUnixNano: this.#wasm.closingTime(group),
      newEdges: this.#views.u32.slice(list, list + this.#wasm.closingNew()),
      skipped: this.#wasm.closingSkipped(),
    };
  }

  firstSeen(edge: number): bigint {
    return this.#wasm.edgeFirstTime(edge);
  }

  appendOrder(_group: number, edges: readonly number[]): void {
    for (const edge of edges) require(this.#wasm.appendEdge(edge), `edge ${edge} cannot be put in order`);
  }

  closeSlice(group: number, edges: number): boolean {
    return this.#wasm.closeSlice(group, edges) !== 0;
  }

  get results(): ResultColumns {
    if (this.#results?.score.buffer !== this.#views.buffer) {
      this.#results = resultColumns(this.#wasm, this.#views.buffer, this.#options.maxEdges);
    }
    return this.#results;
  }

  alerting(_group: number): readonly number[] {
    return Array.from(slotList(this.#wasm, this.#views.buffer, COLUMN.alerting, this.#wasm.alertingCount()));
  }

  channels(_group: number): readonly number[] {
    return Array.from(slotList(this.#wasm, this.#views.buffer, COLUMN.channels, this.#wasm.channelChanges()));
  }

  seenEdges(_group: number): number {
    return this.#wasm.seenCount();
  }

  liveEdges(_group: number): number {
    return this.#wasm.liveCount();
  }

  order(group: number): Uint32Array {
    return edgeOrder(this.#wasm, this.#views.buffer, group);
  }

  wasOutage(group: number): boolean {
    return this.#wasm.wasOutage(group) !== 0;
  }

  band(edge: number, feature: number): Band {
    return readBand(this.#wasm, this.#views.buffer, edge, feature);
  }

  recent(edge: number, ago: number): readonly [number, number, number] {
    return readRecent(this.#wasm, this.#views.buffer, edge, ago);
  }

  recentPeak(edge: number, windows: number): Float32Array {
    const at = this.#wasm.recentPeak(edge, windows) >>> 0;
    if (this.#peak?.buffer !== this.#views.buffer || this.#peak.byteOffset !== at) {
      this.#peak = new Float32Array(this.#views.buffer, at, 3);
    }
    return this.#peak;
  }

  windowOf(edge: number): readonly [number, number, number, number] {
    const at = (this.#wasm.windowAt(edge) >>> 0) >>> 3;
    const [latency, requests, errors, bytes] = this.#views.f64.subarray(at, at + 4);
    return [latency!, requests!, errors!, bytes!];
  }

  counts(): FoldCounts {
    const at = (this.#wasm.foldCounts() >>> 0) >>> 3;
    const { f64 } = this.#views;
    // The kernel's order (`assembly/window/counts.ts`).
    return {
      folded: f64[at]!,
      late: f64[at + 1]!,
      duplicate: f64[at + 2]!,
      held: f64[at + 3]!,
      shadowed: f64[at + 4]!,
      unmapped: f64[at + 5]!,
      copies: f64[at + 6]!,
      stale: f64[at + 7]!,
      noValue: f64[at + 8]!,
      refused: f64[at + 9]!,
      first: f64[at + 10]!,
      overlap: f64[at + 11]!,
      doubtful: f64[at + 12]!,
      future: f64[at + 13]!,
    };
  }

  feed(feed: number): { readonly phaseUnixNano: bigint; readonly periodNanos: bigint; readonly ticks: number } {
    return {
      phaseUnixNano: this.#wasm.feedPhase(feed),
      periodNanos: BigInt(Math.round(this.#wasm.feedPeriod(feed))),
      ticks: this.#wasm.feedTicks(feed),
    };
  }

  feedTouchedS(feed: number): number {
    return this.#wasm.feedTouched(feed);
  }

  seriesUsed(): number {
    return this.#wasm.seriesUsed();
  }

  edgesUsed(): number {
    return this.#wasm.edgesUsed();
  }

  memoryBytes(): number {
    return this.#wasm.memory.buffer.byteLength;
  }

  /** ResourceMetrics that were known again when they were scanned, and those that were walked, since the start. */
  templates(): { readonly hits: number; readonly misses: number } {
    return { hits: this.#wasm.templateHits() >>> 0, misses: this.#wasm.templateMisses() >>> 0 };
  }

  /** False once anything was written behind a region: a defect of the kernel itself. */
  isIntact(): boolean {
    return this.#wasm.brokenGuard() < 0;
  }

  /** What the state depends on besides the sizes of its regions. */
  #salt(): readonly bigint[] {
    return [this.#options.hashSeed, BigInt(this.#options.seed)];
  }

  #inside(): Inside {
    return { wasm: this.#wasm, views: this.#views, options: this.#options };
  }

  dropSeries(most: number): number {
    return dropSeries(this.#inside(), most);
  }

  pack(): Packed {
    return packState(this.#inside());
  }

  takeOver(other: KernelFace): readonly string[] {
    if (!(other instanceof Kernel)) throw new TypeError('only a kernel can take another over');
    return moveState(other.#inside(), this.#inside());
  }

  snapshot(): Uint8Array {
    return takeSnapshot(this.#wasm, this.#views, this.#salt());
  }

  snapshotPieces(): Generator<Uint8Array> {
    return snapshotPieces(this.#wasm, this.#views, this.#salt());
  }

  restore(snapshot: Uint8Array | readonly Uint8Array[]): void {
    restoreSnapshot(this.#wasm, this.#views, this.#salt(), snapshot);
  }
}
