// Streaming tail calibration of a bounded score, all edges of a group together: 99 % quantile and exponential excess
// over it.
// Specified in docs/detection.md, section 4.
import { LMAX } from './constants';

/** Nats at the quantile. */
const LN100: f64 = 4.605;

@unmanaged
export class Calibration {
  /** 99 % quantile, and mean excess over it. */
  quantile: f64;
  excess: f64;
  /** Scores seen. */
  scores: f64;
}

export function startCalibration(calibration: Calibration, quantile: f64, excess: f64): void {
  calibration.quantile = quantile;
  calibration.excess = excess;
  calibration.scores = 0;
}

/** Surprise of the score f, nats; the calibration learns. */
export function calibrate(calibration: Calibration, f: f64): f64 {
  const q = calibration.quantile;
  const b = calibration.excess;
  const n = calibration.scores + 1;
  const step = max(0.3 / (1 + n * 0.01), 2e-4) * 0.1;
  calibration.scores = n;
  if (f <= q) {
    calibration.quantile = q - step * 0.01;
    return min((f / q) * LN100, LN100);
  }
  calibration.quantile = q + step * 0.99;
  calibration.excess = b + max(1 / (20 + n * 0.01), 5e-4) * (min(f - q, 5 * b) - b);
  return min(LN100 + (f - q) / b, LMAX);
}
