// Instantiates the kernel's WebAssembly module, compiled once a process, and names what it exports.
import { readFileSync } from 'node:fs';
import { instantiateSync } from '@assemblyscript/loader';
import type { DetectExports } from './detect-columns.js';

/** `build/kernel.wasm`, seen from `build/js/src/kernel/`. */
const WASM = new URL('../../../kernel.wasm', import.meta.url);

/**
 * The part of the WebAssembly API that is used here; the compiler's library has it only together with the browser's.
 */
declare const WebAssembly: { Module: new (bytes: Uint8Array) => CompiledModule };
type CompiledModule = { readonly brand: 'WebAssembly.Module' };
interface Memory {
  readonly buffer: ArrayBuffer;
}

type Global = { readonly value: number };

/** Status numbers, as `assembly/status.ts` has them. */
export interface StatusNumbers {
  readonly OK: Global;
  readonly NO_MEMORY: Global;
  readonly TRUNCATED: Global;
  readonly VARINT: Global;
  readonly TAG: Global;
  readonly WIRE_TYPE: Global;
  readonly DEPTH: Global;
  readonly CLOSE: Global;
  readonly CONFIRMED: Global;
}

/**
 * The functions of `assembly/index.ts`. Booleans arrive as 0 or 1, 64-bit integers as bigint, addresses as signed 32
 * bits.
 */
export interface KernelExports extends DetectExports {
  readonly memory: Memory;
  readonly Status: StatusNumbers;
  configureSeries(maxSeries: number, maxFeeds: number, maxClocks: number, hashSeed: bigint, idleSeconds: number): void;
  configureTemplates(bytes: number): void;
  init(maxEdges: number, maxServices: number, maxGroups: number, inputLimitBytes: number): number;
  inputFor(bytes: number): number;
  inputAddress(): number;
  regionCount(): number;
  regionAddress(region: number): number;
  regionBytes(region: number): number;
  regionIsState(region: number): number;
  brokenGuard(): number;
  scanMetrics(address: number, bytes: number, skip: number): number;
  scanTraces(address: number, bytes: number): number;
  scanLogs(address: number, bytes: number): number;
  scanItems(): number;
  scanRows(): number;
  selectScan(scan: number, recorded: number): void;
  saltRows(change: bigint): void;
  scanFailedAt(): number;
  templateHits(): number;
  templateMisses(): number;
  rowAt(row: number): number;
  metricAt(metric: number): number;
  lookUpRows(): number;
  unboundList(): number;
  bindSeries(
    series: number,
    edge: number,
    feed: number,
    clock: number,
    rank: number,
    type: number,
    roles: number,
    scale: number,
  ): number;
  seriesUsed(): number;
  addGroup(windowNanos: bigint, latenessNanos: bigint): number;
  groupsHigh(): number;
  feedsHigh(): number;
  removeGroup(group: number): number;
  removeFeed(feed: number): number;
  groupEdges(group: number): number;
  groupTouched(group: number): number;
  groupWatched(group: number): number;
  feedTouched(feed: number): number;
  eventClock(): number;
  findYielding(isReturning: boolean, nowS: number): number;
  yieldingList(): number;
  silentWindows(edge: number): number;
  mayYield(edge: number, isReturning: boolean, nowS: number): number;
  refuseRow(row: number, firstWaitNanos: bigint): number;
  wasRefused(series: number): number;
  edgesHigh(): number;
  servicesHigh(): number;
  seriesHigh(): number;
  isEdge(slot: number): number;
  isService(slot: number): number;
  isSeries(slot: number): number;
  seriesTouched(slot: number): number;
  reclaimSeries(slot: number): number;
  moveEdge(from: number, to: number): number;
  moveService(from: number, to: number): number;
  moveSeries(from: number, to: number): number;
  trimSlots(edges: number, services: number, series: number): void;
  reindexSeries(): void;
  forgetForests(): void;
  renewForest(group: number, keepVectors: boolean): void;
  renewCoder(group: number): void;
  addFeed(group: number, sourceRelative: boolean): number;
  feedPhase(feed: number): bigint;
  feedPeriod(feed: number): number;
  feedTicks(feed: number): number;
  addClock(group: number): number;
  renewClock(clock: number, group: number): number;
  clocksHigh(): number;
  mendTimes(latest: bigint): number;
  mendEdge(edge: number): number;
  mendGroup(group: number): number;
  mendService(service: number): number;
  clockMoves(): number;
  clockShift(clock: number): bigint;
  clockNewest(clock: number): bigint;
  clockReceived(clock: number): bigint;
  clockFuture(clock: number): bigint;
  addService(group: number): number;
  removeService(service: number): number;
  unbindAll(): void;
  addEdge(group: number, source: number, destination: number, profile: number): number;
  removeEdge(edge: number, isDisplaced: boolean): number;
  setEdgeProfile(edge: number, profile: number): number;
  setFeatureRank(edge: number, feature: number, rank: number): number;
  edgesUsed(): number;
  fold(from: number, request: number, receivedUnixNano: bigint, latestUnixNano: bigint, only: number): number;
  foldNext(): number;
  foldStopped(): number;
  foldHeld(): number;
  foldCounts(): number;
  isHeld(clock: number): number;
  isClaiming(clock: number): number;
  slowCount(): number;
  slowList(): number;
  oddCount(): number;
  oddList(): number;
  addLevel(edge: number, tick: number, value: number, weight: number): number;
  flushDue(group: number): number;
  forgetNewest(group: number): number;
  beginClose(group: number): number;
  appendEdge(edge: number): number;
  closeSlice(group: number, budget: number): number;
  closingNew(): number;
  closingNewList(): number;
  closingSkipped(): number;
  closingTick(group: number): number;
  closingTime(group: number): bigint;
  edgeFirstTime(edge: number): bigint;
  /** Layout of a scanned row, byte offsets and sizes (`assembly/layout.ts`). */
  readonly KEPT_SCANS: Global;
  readonly ROW_BYTES: Global;
  readonly ROW_HASH: Global;
  readonly ROW_TIME: Global;
  readonly ROW_START_TIME: Global;
  readonly ROW_VALUE: Global;
  readonly ROW_COUNT: Global;
  readonly ROW_POINT: Global;
  readonly ROW_METRIC: Global;
  readonly ROW_SERIES: Global;
  readonly ROW_FLAGS: Global;
  readonly ROW_FLAG_COPY: Global;
  readonly ROW_FLAG_NO_VALUE: Global;
  readonly ROW_FLAG_VALUE: Global;
  readonly ROW_FLAG_COUNT: Global;
  readonly METRIC_BYTES: Global;
}

const CLOCKS_PER_GROUP = 64;
/** As many as a series can tell apart. */
const MOST_CLOCKS = 0xffff;

/** Clocks of senders that there is room for, of all groups together. */
export function maxClocks(maxGroups: number): number {
  return Math.min(CLOCKS_PER_GROUP * maxGroups, MOST_CLOCKS);
}

let compiled: CompiledModule | undefined;

/** A fresh instance with a memory of its own. Throws where the build is missing. */
export function loadKernel(): KernelExports {
  compiled ??= new WebAssembly.Module(readFileSync(WASM));
  const { instance, exports } = instantiateSync(compiled as never, {});
  // The module's own functions: the loader wraps each into one that sets an argument count first.
  const raw = (instance as { exports: object }).exports;
  return { ...raw, Status: (exports as unknown as KernelExports).Status } as KernelExports;
}
