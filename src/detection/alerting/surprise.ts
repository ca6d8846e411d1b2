// Reads the kernel's surprises: three time scales a feature, signed.
import { COMPONENTS, SCALES } from '../../kernel/generated/constants.js';

/** The signed surprise of a feature at the time scale where it is largest. */
export function largestSurprise(surprise: Float32Array, slot: number, feature: number): number {
  let largest = 0;
  for (let scale = 0; scale < SCALES; scale++) {
    const value = surprise[COMPONENTS * slot + SCALES * feature + scale]!;
    if (Math.abs(value) > Math.abs(largest)) largest = value;
  }
  return largest;
}
