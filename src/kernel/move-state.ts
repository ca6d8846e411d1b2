// A kernel's state into one of other capacities: region by region, each as far as it is used.

import type { KernelOptions, Packed } from './api.js';
import { CheckpointError } from './errors.js';
import { Region as StateRegion } from './generated/regions.js';
import { type KernelExports, maxClocks } from './load.js';
import { clear, type Region, stateRegions, usedPages } from './snapshot.js';
import type { Views } from './views.js';

/** What the isolation forests were grown from. */
const VECTORS: readonly number[] = [StateRegion.POOLS, StateRegion.POOL_SLOTS];

/** A kernel as this file sees it. */
export interface Inside {
  readonly wasm: KernelExports;
  readonly views: Views;
  readonly options: KernelOptions;
}

/** Of what there is a number of, and how it must be called when there are too many. */
function checkRoom({ wasm }: Inside, { maxGroups, maxFeeds, maxEdges, maxServices, maxSeries }: KernelOptions): void {
  const needs = [
    [wasm.groupsHigh(), maxGroups, 'groups (window lengths times clusters)'],
    [wasm.feedsHigh(), maxFeeds, 'feeds'],
    [wasm.clocksHigh(), maxClocks(maxGroups), 'clocks of senders'],
    [wasm.edgesHigh(), maxEdges, 'edges'],
    [wasm.servicesHigh(), maxServices, 'services'],
    [wasm.seriesHigh(), maxSeries, 'series'],
  ] as const;
  for (const [used, room, what] of needs)
    if (used > room) throw new CheckpointError(`it holds ${used} ${what}, and there is room for ${room}`);
}

/**
 * Copies everything; answers in words what could not come along. Throws `CheckpointError` before anything is changed.
 */
export function moveState(from: Inside, to: Inside): string[] {
  checkRoom(from, to.options);
  const sources = stateRegions(from.wasm);
  const [old, now] = [from.options.forest, to.options.forest];
  const keepsVectors = old.enabled && now.enabled && old.reservoir === now.reservoir && old.period === now.period;
  const keepsTrees = keepsVectors && old.trees === now.trees && old.subsample === now.subsample;
  for (const [number, target] of stateRegions(to.wasm)) {
    const source = sources.get(number);
    if (!source || (number === StateRegion.TREES && !keepsTrees)) continue;
    if (VECTORS.includes(number) && !keepsVectors) continue;
    copy(from, source, to, target);
  }
  to.wasm.reindexSeries();
  to.wasm.forgetForests();
  return [...renewForests(to, keepsTrees, keepsVectors), ...renewCoders(from, to)];
}

/** Copies the pages that hold anything, as far as they fit: what is not written costs no memory. */
function copy(from: Inside, source: Region, to: Inside, target: Region): void {
  clear(new Map([[0, target]]), to.views);
  const part = { ...source, bytes: Math.min(source.bytes, target.bytes) };
  for (const page of usedPages(new Map([[0, part]]), from.views)) {
    if (!page) continue;
    const { address, length } = page;
    to.views.u8.set(from.views.u8.subarray(address, address + length), target.address + address - source.address);
  }
}

function renewForests({ wasm, options }: Inside, keepsTrees: boolean, keepsVectors: boolean): string[] {
  if (keepsTrees) return [];
  for (let group = 0; group < wasm.groupsHigh(); group++) wasm.renewForest(group, keepsVectors);
  return options.forest.enabled ? ['the isolation forests, which grow anew'] : ['the isolation forests, which are off'];
}

function renewCoders(from: Inside, { wasm, options }: Inside): string[] {
  if (from.options.autoencoder === options.autoencoder) return [];
  if (!options.autoencoder) return ['the autoencoders, which are off'];
  for (let group = 0; group < wasm.groupsHigh(); group++) wasm.renewCoder(group);
  return [];
}

/** Moves what is in use into the lowest slots, without a gap. */
function pack(
  high: number,
  isUsed: (slot: number) => boolean,
  move: (from: number, to: number) => void,
): Map<number, number> {
  const moves = new Map<number, number>();
  let free = 0;
  for (let last = high - 1; ; last--) {
    while (free < last && isUsed(free)) free++;
    if (free >= last) return moves;
    if (!isUsed(last)) continue;
    move(last, free);
    moves.set(last, free);
  }
}

/** Leaves no gap among edges, services and series; which have changed their slots. */
export function packState({ wasm }: Inside): Packed {
  const [edgeSlots, serviceSlots, seriesSlots] = [wasm.edgesHigh(), wasm.servicesHigh(), wasm.seriesHigh()];
  const used = (high: number, isUsed: (slot: number) => number) =>
    Array.from({ length: high }, (_, slot) => isUsed(slot)).filter((one) => one !== 0).length;
  const counts = [
    used(edgeSlots, wasm.isEdge),
    used(serviceSlots, wasm.isService),
    used(seriesSlots, wasm.isSeries),
  ] as const;
  const moves = {
    series: pack(seriesSlots, (slot) => wasm.isSeries(slot) !== 0, wasm.moveSeries),
    services: pack(serviceSlots, (slot) => wasm.isService(slot) !== 0, wasm.moveService),
    edges: pack(edgeSlots, (slot) => wasm.isEdge(slot) !== 0, wasm.moveEdge),
  };
  wasm.trimSlots(...counts);
  return moves;
}

/** Forgets the series that were silent longest, beyond so many; how many. */
export function dropSeries({ wasm }: Inside, most: number): number {
  const slots = Array.from({ length: wasm.seriesHigh() }, (_, slot) => slot).filter((slot) => wasm.isSeries(slot));
  const excess = slots
    .sort((a, b) => wasm.seriesTouched(a) - wasm.seriesTouched(b) || a - b)
    .slice(0, Math.max(0, slots.length - most));
  for (const slot of excess) wasm.reclaimSeries(slot);
  return excess.length;
}
