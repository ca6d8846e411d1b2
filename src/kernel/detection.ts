// The detection's options, profiles and answers as TypeScript has them; both the kernel and the plain driver stand on
// this.
import type { AlertProfile, ForestOptions } from './api.js';
import { type ResultColumns, viewResultColumns } from './generated/columns.js';
import { FEATURES, Kind, kindNames } from './generated/constants.js';
import type { KernelFunctions } from './generated/exports.js';
import { Band, Exchange, ProfileInput, RecentWindow } from './generated/layouts.js';
import type { Views } from './views.js';

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
  wasm: KernelFunctions,
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
export function resultColumns(wasm: KernelFunctions, views: Views, edges: number): ResultColumns {
  return viewResultColumns(views, wasm.columnsAt() >>> 0, edges);
}

/** The windows of the next tick, latency (s), requests, errors, bytes of each edge; stale once the memory has grown. */
export function windowInput(wasm: KernelFunctions, views: Views, edges: number): Float64Array {
  return Exchange.windows(views, wasm.exchangeAt() >>> 0, FEATURES * edges);
}

/** The group's edges in their order, a copy. */
export function edgeOrder(wasm: KernelFunctions, views: Views, group: number): Uint32Array {
  const order = Exchange.order(views, wasm.exchangeAt() >>> 0, wasm.orderCount(group));
  wasm.orderCopy(group, order.byteOffset);
  return order.slice();
}

/**
 * Sets an alert profile. Throws `RangeError` where the kernel has no profile of that number, or a level is not
 * positive.
 */
export function writeProfile(wasm: KernelFunctions, views: Views, profile: number, alert: AlertProfile): void {
  if (alert.levels.length !== kindNames.length) {
    throw new RangeError(`an alert profile has ${kindNames.length} levels, one a kind`);
  }
  for (const value of [...alert.levels.slice(Kind.NONE + 1), ...alert.detectorFactors]) {
    if (!(value > 0)) throw new RangeError(`alert profile: ${value} is not a level or factor above 0`);
  }
  ProfileInput.write(views, Exchange.profile(views, wasm.exchangeAt() >>> 0), {
    level: alert.levels,
    factor: alert.detectorFactors,
    minRequests: alert.minRequests,
    minRelative: alert.minRelative,
    minAbsolute: alert.minAbsolute,
    muted: alert.muted ? 1 : 0,
  });
  if (!wasm.setProfile(profile)) throw new RangeError(`no alert profile ${profile}`);
}

/** Band of a feature in the window just closed. */
export function readBand(wasm: KernelFunctions, views: Views, edge: number, feature: number): Band {
  return Band.read(views, wasm.band(edge, feature) >>> 0);
}

/** Band of a feature over the span of a time scale (0: the window just closed). */
export function readSpanBand(wasm: KernelFunctions, views: Views, edge: number, feature: number, scale: number): Band {
  return Band.read(views, wasm.spanBand(edge, feature, scale) >>> 0);
}

/** Incident evidence, latency or errors up, traffic down of an edge, `ago` (0–3) ticks before the last closed one. */
export function readRecent(
  wasm: KernelFunctions,
  views: Views,
  edge: number,
  ago: number,
): readonly [number, number, number] {
  const { evidence, up, down } = RecentWindow.read(views, wasm.recent(edge, ago) >>> 0);
  return [evidence, up, down];
}
