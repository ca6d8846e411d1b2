// Start of the detection: regions and options, once; groups as they come.
import { layOut } from './regions';
import { resetGroupState } from './state';

/** Lays out memory for so many slots. Called once, before anything else. `seed`: unsigned 32 bits. */
export function detectInit(maxEdges: i32, maxServices: i32, maxGroups: i32): void {
  layOut(maxEdges, maxServices, maxGroups);
}

/** A new group in the slot, with an empty order. Its edges must have been removed before. */
export function resetGroup(group: i32, windowSeconds: f64): void {
  resetGroupState(group, windowSeconds);
}
