// The alert level of the default threshold, as the kernel works it out.
import { type KernelExports, loadKernel } from './load.js';

let bare: KernelExports | undefined;

/** L_on of a window length, nats: one false episode an edge and week at most (docs/detection.md, section 5). */
export function alertLevel(windowSeconds: number): number {
  bare ??= loadKernel();
  return bare.alertLevel(windowSeconds);
}
