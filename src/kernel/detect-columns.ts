// The detection's exports and result columns as TypeScript sees them; both the kernel and the plain driver stand on
// this.
import type { AlertProfile, Band, ForestOptions, ResultColumns } from './face.js';

/** The functions of `assembly/detect/face.ts`. Addresses arrive as signed 32 bits, booleans as 0 or 1. */
export interface DetectExports {
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
  resetGroup(group: number, windowSeconds: number): void;
  resetService(service: number): void;
  resetEdge(edge: number): void;
  setEdge(edge: number, source: number, destination: number, profile: number, sourceRelative: boolean): void;
  orderAppend(group: number, edge: number): void;
  orderRemove(edge: number): void;
  orderCount(group: number): number;
  orderCopy(group: number, target: number): number;
  setProfile(profile: number): number;
  setIncidentLevel(group: number, nats: number): void;
  skipTicks(group: number, ticks: bigint): void;
  closeBegin(group: number): void;
  closeEdges(group: number, budget: number): number;
  alertingCount(): number;
  channelChanges(): number;
  seenCount(): number;
  liveCount(): number;
  detectColumn(column: number): number;
  windowAt(edge: number): number;
  wasOutage(group: number): number;
  band(edge: number, feature: number): number;
  recent(edge: number, ago: number): number;
  recentPeak(edge: number, windows: number): number;
  /** Scores `rows` vectors laid into the `vectors` column, at most 64, and offers them to the group's sample. */
  foldVectors(group: number, rows: number): void;
  /** 0 not compiled yet, 1 compiled, 2 walked as it is. */
  forestForm(group: number): number;
  tableForm(): number;
  forestTree(group: number, tree: number): number;
  forestVector(group: number, place: number): number;
  forestHeld(group: number): number;
  forestCalibration(group: number): number;
  forestRandom(group: number): number;
  tableInit(rows: number, columns: number, trees: number, subsample: number): number;
  tableAt(): number;
  tableTrain(seed: number): number;
  tableScoreRows(): number;
  tableScores(): number;
  tableScore(count: number): void;
}

/** Numbers of `detectColumn`, as `assembly/detect/columns.ts` has them. */
export const COLUMN = {
  score: 0,
  evidence: 1,
  surprise: 2,
  gap: 3,
  on: 4,
  change: 5,
  kind: 6,
  present: 7,
  source: 8,
  forest: 9,
  age: 10,
  usual: 11,
  mix: 12,
  channel: 13,
  channelChange: 14,
  alerting: 15,
  channels: 16,
  order: 17,
  profile: 18,
  window: 19,
  vectors: 20,
  vectorScores: 21,
  vectorSurprises: 22,
} as const;

/** Nats taken off the incident evidence of bytes alone: a release changes them more often than a fault does. */
export const BYTES_DISCOUNT = 6;

/** Options of the detectors, as `KernelOptions` has them. */
export interface DetectorOptions {
  readonly forest: ForestOptions;
  readonly autoencoder?: boolean;
  readonly seed?: number;
  readonly counts?: boolean;
  readonly bytesDiscount?: number;
}

/** Hands the options over; before the kernel's `init`. Throws `RangeError` where a size is out of bounds. */
export function configureDetectors(
  wasm: DetectExports,
  { forest, autoencoder = false, seed = 0, counts = true, bytesDiscount = BYTES_DISCOUNT }: DetectorOptions,
): void {
  const { enabled, trees, subsample, reservoir, period, first, refresh } = forest;
  const isTaken = wasm.configureDetectors(
    enabled,
    trees,
    subsample,
    reservoir,
    period,
    first,
    refresh,
    autoencoder,
    seed >>> 0,
    counts,
    bytesDiscount,
  );
  if (!isTaken) throw new RangeError('isolation forest: a size is out of bounds');
}

/** Views of the result columns; stale once the memory has grown. */
export function resultColumns(wasm: DetectExports, buffer: ArrayBuffer, edges: number): ResultColumns {
  const at = (column: number): number => wasm.detectColumn(column) >>> 0;
  const floats = (column: number, width = 1): Float32Array => new Float32Array(buffer, at(column), edges * width);
  const bytes = (column: number): Uint8Array => new Uint8Array(buffer, at(column), edges);
  const signs = (column: number): Int8Array => new Int8Array(buffer, at(column), edges);
  return {
    score: floats(COLUMN.score),
    evidence: floats(COLUMN.evidence),
    surprise: floats(COLUMN.surprise, 12),
    gap: floats(COLUMN.gap),
    on: bytes(COLUMN.on),
    change: signs(COLUMN.change),
    kind: bytes(COLUMN.kind),
    present: bytes(COLUMN.present),
    source: bytes(COLUMN.source),
    forest: floats(COLUMN.forest),
    age: floats(COLUMN.age),
    usual: floats(COLUMN.usual),
    mix: floats(COLUMN.mix),
    channel: bytes(COLUMN.channel),
    channelChange: signs(COLUMN.channelChange),
  };
}

/** The u32 list in a column, a copy. */
export function slotList(wasm: DetectExports, buffer: ArrayBuffer, column: number, count: number): Uint32Array {
  return new Uint32Array(buffer, wasm.detectColumn(column) >>> 0, count).slice();
}

/** The group's edges in their order, a copy. */
export function edgeOrder(wasm: DetectExports, buffer: ArrayBuffer, group: number): Uint32Array {
  const count = wasm.orderCopy(group, wasm.detectColumn(COLUMN.order));
  return slotList(wasm, buffer, COLUMN.order, count);
}

/**
 * Sets an alert profile. Throws `RangeError` where the kernel has no profile of that number, or a level is not
 * positive.
 */
export function writeProfile(wasm: DetectExports, buffer: ArrayBuffer, profile: number, alert: AlertProfile): void {
  if (alert.levels.length !== 10) throw new RangeError('an alert profile has ten levels');
  for (const value of [...alert.levels.slice(1), ...alert.detectorFactors]) {
    if (!(value > 0)) throw new RangeError(`alert profile: ${value} is not a level or factor above 0`);
  }
  const at = wasm.detectColumn(COLUMN.profile) >>> 0;
  new Float64Array(buffer, at, 23).set([
    ...alert.levels,
    ...alert.detectorFactors,
    alert.minRequests,
    ...alert.minRelative,
    ...alert.minAbsolute,
  ]);
  new Int32Array(buffer, at + 184, 1)[0] = alert.muted ? 1 : 0;
  if (!wasm.setProfile(profile)) throw new RangeError(`no alert profile ${profile}`);
}

/** Band of a feature in the window just closed. */
export function readBand(wasm: DetectExports, buffer: ArrayBuffer, edge: number, feature: number): Band {
  const [observed, expected, lower, upper] = new Float64Array(buffer, wasm.band(edge, feature) >>> 0, 4);
  return { observed: observed!, expected: expected!, lower: lower!, upper: upper! };
}

/** Incident evidence, latency and errors up, traffic down of an edge, `ago` (0–3) ticks before the last closed one. */
export function readRecent(
  wasm: DetectExports,
  buffer: ArrayBuffer,
  edge: number,
  ago: number,
): readonly [number, number, number] {
  const [evidence, loud, down] = new Float32Array(buffer, wasm.recent(edge, ago) >>> 0, 3);
  return [evidence!, loud!, down!];
}
