// Mends a restored detector: numbers that are none, and times that are not yet.
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { Detector } from '../detector.js';
import { edgeText } from '../topology/graph.js';

/**
 * What is no number would be learnt from for ever, and never be left again. `more`: values that were found beside the
 * kernel's.
 */
function mendNumbers({ kernel, edges, incidents }: Detector, events: AnomalyEvents, more: number): void {
  const mended = kernel.mendNumbers();
  if (mended.groups > 0) incidents.renewLevels();
  const total = mended.edges.length + mended.groups + mended.services + more;
  if (total === 0) return;
  const names = mended.edges.flatMap((slot) => edges.bySlot[slot] ?? []).map(edgeText);
  events.numbersMended(total, names);
}

/**
 * A state from before the bound on the future, or from a machine whose clock was ahead, may tell of times that are not
 * yet. `maxFutureNanos` 0: there is no bound.
 */
function mendTimes({ kernel, edges }: Detector, events: AnomalyEvents, maxFutureNanos: bigint): void {
  if (maxFutureNanos === 0n) return;
  const nowMs = Date.now();
  const mended = kernel.mendTimes(BigInt(nowMs) * 1_000_000n + maxFutureNanos);
  if (mended === 0) return;
  edges.notBeyond(nowMs);
  events.timesMended(mended);
}

/** `numbers`: values that were found to be none beside the kernel's. `maxFutureNanos` 0: there is no bound. */
export function mendDetector(
  detector: Detector,
  events: AnomalyEvents,
  { numbers, maxFutureNanos }: { readonly numbers: number; readonly maxFutureNanos: bigint },
): void {
  mendNumbers(detector, events, numbers);
  mendTimes(detector, events, maxFutureNanos);
}
