// Start of the kernel: every region laid out once, in the order of the memory map.
import { detectInit } from './detect/face';
import { finishLayout } from './memory';
import { rowsInit } from './otlp/rows';
import { hashInit } from './series/hash';
import { knownInit } from './series/known';
import { Status } from './status';
import { structureInit } from './wire/structure';

/** Options of decoding; called before `init`. Without a call series are hashed with seed 0. */
export function configureDecoding(hashSeed: u64): void {
  hashInit(hashSeed);
}

/** Lays out memory for the given capacities. Called once, before anything else; see `KernelOptions` for the meaning of each. */
export function init(maxEdges: i32, maxServices: i32, maxGroups: i32, inputLimitBytes: i32): i32 {
  structureInit();
  knownInit();
  rowsInit();
  detectInit(maxEdges, maxServices, maxGroups);
  return finishLayout(inputLimitBytes) ? Status.OK : Status.NO_MEMORY;
}
