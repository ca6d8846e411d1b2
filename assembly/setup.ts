// Start of the kernel: every region laid out once, in the order of the memory map.
import { detectInit } from './detect/face';
import { finishLayout } from './memory';
import { Status } from './status';

/** Lays out memory for the given capacities. Called once, before anything else; see `KernelOptions` for the meaning of each. */
export function init(maxEdges: i32, maxServices: i32, maxGroups: i32, inputLimitBytes: i32): i32 {
  detectInit(maxEdges, maxServices, maxGroups);
  return finishLayout(inputLimitBytes) ? Status.OK : Status.NO_MEMORY;
}
