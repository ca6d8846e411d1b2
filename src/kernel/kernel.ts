// The kernel: one WebAssembly instance behind its typed face.
import type { Signal } from '../pipeline/index.js';
import type {
  AlertProfile,
  ClockState,
  Closing,
  FoldCounts,
  KernelApi,
  KernelOptions,
  MendedNumbers,
  Packed,
  SeriesBinding,
} from './api.js';
import { KernelClosing } from './closing.js';
import {
  configureDetectors,
  edgeOrder,
  readBand,
  readRecent,
  readSpanBand,
  resultColumns,
  writeProfile,
} from './detection.js';
import { CapacityError } from './errors.js';
import type { ResultColumns } from './generated/columns.js';
import { FEATURES, Status } from './generated/constants.js';
import { lists } from './generated/exports.js';
import { type Band, Counts, RecentWindow, YieldingEdge } from './generated/layouts.js';
import { type KernelExports, loadKernel, maxClocks } from './load.js';
import { dropSeries, type Inside, moveState, packState } from './move-state.js';
import type { KernelScan } from './scan.js';
import { Scanner } from './scanner.js';
import { restoreSnapshot, snapshotPieces, takeSnapshot } from './snapshot.js';
import { Views } from './views.js';

/** What 29,000 edges take as Pixie sends them. */
const TEMPLATE_BYTES = 8 << 20;

function require(isDone: number, what: string): void {
  if (!isDone) throw new RangeError(`kernel: ${what}`);
}

export class Kernel implements KernelApi {
  readonly #wasm: KernelExports;
  readonly #options: KernelOptions;
  readonly #views: Views;
  readonly #scanner: Scanner;
  #results: ResultColumns | undefined;

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
    if (status !== Status.OK) throw new CapacityError('the configured capacities do not fit into memory');
    this.#scanner = new Scanner(wasm, this.#views);
  }

  scan(signal: Signal, body: Uint8Array, skip = 0): KernelScan {
    return this.#scanner.scan(signal, body, skip);
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

  wasRefused(series: number): boolean {
    return this.#wasm.wasRefused(series) !== 0;
  }

  yielding(isReturning: boolean, nowS: number): readonly number[] {
    const count = this.#wasm.findYielding(isReturning, nowS);
    const list = this.#wasm.yieldingList() >>> 0;
    return Array.from({ length: count }, (_, i) => YieldingEdge.edge(this.#views, list + i * YieldingEdge.BYTES));
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
    writeProfile(this.#wasm, this.#views, profile, alert);
  }

  setEdgeProfile(edge: number, profile: number): void {
    require(this.#wasm.setEdgeProfile(edge, profile), `no edge ${edge}`);
  }

  setIncidentLevel(group: number, nats: number): void {
    this.#wasm.setIncidentLevel(group, nats);
  }

  holds(clock: number): boolean {
    return this.#wasm.isClaiming(clock) !== 0;
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
    return new KernelClosing(this.#wasm, this.#views, group);
  }

  firstSeen(edge: number): bigint {
    return this.#wasm.edgeFirstTime(edge);
  }

  get results(): ResultColumns {
    if (this.#results?.score.buffer !== this.#views.buffer) {
      this.#results = resultColumns(this.#wasm, this.#views, this.#options.maxEdges);
    }
    return this.#results;
  }

  order(group: number): Uint32Array {
    return edgeOrder(this.#wasm, this.#views, group);
  }

  wasOutage(group: number): boolean {
    return this.#wasm.wasOutage(group) !== 0;
  }

  band(edge: number, feature: number): Band {
    return readBand(this.#wasm, this.#views, edge, feature);
  }

  spanBand(edge: number, feature: number, scale: number): Band {
    return readSpanBand(this.#wasm, this.#views, edge, feature, scale);
  }

  recent(edge: number, ago: number): readonly [number, number, number] {
    return readRecent(this.#wasm, this.#views, edge, ago);
  }

  recentPeak(edge: number, windows: number): RecentWindow {
    return RecentWindow.read(this.#views, this.#wasm.recentPeak(edge, windows) >>> 0);
  }

  windowOf(edge: number): readonly [number, number, number, number] {
    const [latency, requests, errors, bytes] = lists.windowAt(this.#views, this.#wasm.windowAt(edge), FEATURES);
    return [latency!, requests!, errors!, bytes!];
  }

  counts(): FoldCounts {
    return Counts.read(this.#views, this.#wasm.foldCounts() >>> 0);
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

  takeOver(other: KernelApi): readonly string[] {
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
