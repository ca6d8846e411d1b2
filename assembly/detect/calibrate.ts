// Streaming tail calibration of a bounded score, all edges of a group together: 99 % quantile and exponential excess
// over it. Specified in docs/detection.md, section 4.
import { LMAX } from './constants';

/** Nats at the quantile. */
const LN100: f64 = 4.605;

/** f64[3]: quantile, mean excess, scores seen. */
export function startCalibration(cal: usize, quantile: f64, excess: f64): void {
  store<f64>(cal, quantile);
  store<f64>(cal, excess, 8);
  store<f64>(cal, 0, 16);
}

/** Surprise of the score f, nats; the calibration learns. */
export function calibrate(cal: usize, f: f64): f64 {
  const q = load<f64>(cal);
  const b = load<f64>(cal, 8);
  const n = load<f64>(cal, 16) + 1;
  const step = max(0.3 / (1 + n * 0.01), 2e-4) * 0.1;
  store<f64>(cal, n, 16);
  if (f <= q) {
    store<f64>(cal, q - step * 0.01);
    return min((f / q) * LN100, LN100);
  }
  store<f64>(cal, q + step * 0.99);
  store<f64>(cal, b + max(1 / (20 + n * 0.01), 5e-4) * (min(f - q, 5 * b) - b), 8);
  return min(LN100 + (f - q) / b, LMAX);
}
