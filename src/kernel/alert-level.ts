// What the window's length decides of an alert, as the kernel works it out.
import { type KernelExports, loadKernel } from './load.js';

let loaded: KernelExports | undefined;

function bare(): KernelExports {
  loaded ??= loadKernel();
  return loaded;
}

/** L_on of a window length, nats: one false episode an edge and week at most (docs/detection.md, section 5). */
export function alertLevel(windowSeconds: number): number {
  return bare().alertLevel(windowSeconds);
}

/** Present windows at which the evidence of an edge counts half. */
export function ageOf(windowSeconds: number): number {
  return bare().ageOf(windowSeconds);
}
