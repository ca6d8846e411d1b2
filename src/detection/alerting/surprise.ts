// Reads the kernel's surprises: three time scales a feature, signed.
const SCALES = 3;

/** The signed surprise of a feature at the time scale where it is largest. */
export function largestSurprise(surprise: Float32Array, slot: number, feature: number): number {
  let largest = 0;
  for (let scale = 0; scale < SCALES; scale++) {
    const value = surprise[12 * slot + SCALES * feature + scale]!;
    if (Math.abs(value) > Math.abs(largest)) largest = value;
  }
  return largest;
}
