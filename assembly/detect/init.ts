// Start of the detection: options and regions, once; groups as they come.
import { layOutCoder, resetCoder } from './autoencoder';
import { layOutContexts } from './context';
import { configureForest, resetForest } from './forest';
import { layOutForest } from './forest-pool';
import { options, setDefaults } from './options';
import { layOut } from './regions';
import { layOutStages } from './stages';
import { resetGroupState } from './state';

/**
 * Options of the detectors; called before the regions are laid out. False: a size is out of bounds. Sizes in vectors,
 * `refresh` in ticks of a group, `seed` unsigned 32 bits, `bytesDiscount` nats. Without a call there is neither forest
 * nor autoencoder.
 */
export function configureDetectors(
  forest: bool,
  trees: i32,
  subsample: i32,
  reservoir: i32,
  period: i32,
  first: i32,
  refresh: i32,
  autoencoder: bool,
  seed: u32,
  counts: bool,
  bytesDiscount: f64,
): bool {
  options.isSet = true;
  options.counts = counts;
  options.bytesDiscount = bytesDiscount;
  options.coder = autoencoder;
  options.seed = seed;
  return !forest || configureForest(trees, subsample, reservoir, period, first, refresh);
}

/** Lays out memory for so many slots. Called once, from the kernel's own `init`. */
export function detectInit(maxEdges: i32, maxServices: i32, maxGroups: i32): void {
  setDefaults();
  layOut(maxEdges, maxServices, maxGroups);
  layOutContexts(maxServices);
  layOutStages();
  layOutForest(maxGroups);
  layOutCoder(maxGroups);
}

/** A new group in the slot, with an empty order. Its edges must have been removed before. */
export function resetGroup(group: i32, windowSeconds: f64): void {
  resetGroupState(group, windowSeconds);
  resetForest(group);
  resetCoder(group);
}
