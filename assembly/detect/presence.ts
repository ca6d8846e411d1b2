// What a window says at all, and what is believed of it.
import { BYT, CMIN, CREDIBLE, LAT, RATE } from './constants';
import { Edge } from './edge';
import { larger, smaller } from './extremes';
import { Numbers } from '../numbers';

/** An error count alone cannot be judged: such a window is missing. */
export function isPresent(x: Numbers<f64>): bool {
  const latency = x[LAT];
  const requests = x[RATE];
  const bytes = x[BYT];
  return latency == latency || requests == requests || bytes == bytes;
}

/**
 * What is believed of n requests in a window: one absurd count may not decide what is usual for days. NaN stays NaN.
 */
export function credible(e: Edge, n: f64): f64 {
  const age = <f64>e.windows;
  if (age < CMIN) return n;
  const most = smaller(age, CREDIBLE) * larger(<f64>e.usual, 1);
  return n > most ? most : n;
}
