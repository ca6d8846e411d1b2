// How far a measured share or rate can be trusted.

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const Z95 = 1.959964;

/** Wilson's 95 % interval of a share. */
export function shareInterval(found: number, of: number): Interval {
  if (of === 0) return { low: 0, high: 1 };
  const p = found / of;
  const z2 = (Z95 * Z95) / of;
  const centre = (p + z2 / 2) / (1 + z2);
  const half = (Z95 / (1 + z2)) * Math.sqrt((p * (1 - p)) / of + z2 / (4 * of));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** P(X ≤ count) of a Poisson variable. */
function poissonBelow(count: number, mean: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  for (let i = 1; i <= count; i++) {
    term *= mean / i;
    sum += term;
  }
  return sum;
}

/** The mean at which `isAbove` turns true. */
function solve(most: number, isAbove: (mean: number) => boolean): number {
  let [low, high] = [0, most];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (isAbove(middle)) high = middle;
    else low = middle;
  }
  return low;
}

/**
 * Exact 95 % interval of a Poisson rate: `count` events in `days`. Normal beyond 500, where the exact form underflows.
 */
export function rateInterval(count: number, days: number): Interval {
  if (count > 500)
    return { low: (count - Z95 * Math.sqrt(count)) / days, high: (count + Z95 * Math.sqrt(count)) / days };
  const most = 10 * count + 20;
  const low = count === 0 ? 0 : solve(most, (mean) => 1 - poissonBelow(count - 1, mean) >= 0.025);
  return { low: low / days, high: solve(most, (mean) => poissonBelow(count, mean) <= 0.025) / days };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}
