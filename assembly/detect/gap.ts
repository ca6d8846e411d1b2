// Missing windows: each edge learns its own habit of being silent.
// Specified in docs/detection.md, section 3.
import { BUSY, BYT, COUNT_GAP, GONE, LAT, LOST, PRES, RATE, REOPEN, SETTLED, WARM } from './constants';
import { restartRateCounts } from './counts';
import { Edge } from './state';

/** Decay of the presence counts in a window: 1 - 1/PRES. */
const KEEP: f64 = 1 - 1 / PRES;

/** Evidence, nats, of the r-th silent window in a row against the edge's own habit; 0 when dormant or lost. */
export function silence(e: usize, r: f64): f64 {
  if (<f64>load<f32>(e, Edge.N) < 1 || r > GONE || <f64>load<f32>(e, Edge.HELD) > LOST) return 0;
  const off = (<f64>load<f32>(e, Edge.G01) + 0.5) / (<f64>load<f32>(e, Edge.NP) + 1);
  const stay = (<f64>load<f32>(e, Edge.G00) + 0.25) / (<f64>load<f32>(e, Edge.NA) + 1);
  const longer = r > 1 ? -(r - 1) * Math.log(min(stay, 0.999)) : 0;
  return -Math.log(off) + min(longer, 5);
}

/** A silent window: returns the gap evidence. In an outage, and for an edge lost in one, the silence does not grow. */
export function foldSilent(e: usize, outage: bool): f64 {
  if (<f64>load<f32>(e, Edge.N) < 1) return 0;
  const held = load<f32>(e, Edge.HELD);
  if (outage || <f64>held > LOST) {
    store<f32>(e, held + 1, Edge.HELD);
    return 0;
  }
  const gap = load<f32>(e, Edge.GAP) + 1;
  store<f32>(e, gap, Edge.GAP);
  if (<f64>load<f32>(e, Edge.NBAR) >= BUSY) store<u8>(e, 1, Edge.GROSS + RATE);
  return silence(e, gap);
}

/** At most so many samples count for level and scale of feature k from now on: they open again. */
function reopen(e: usize, k: i32, samples: f64): void {
  const at = e + ((<usize>k) << 2);
  store<f32>(at, <f32>min(<f64>load<f32>(at, Edge.C), samples), Edge.C);
}

/** A silence of `gap` windows is over, or there was none: the chain's counts learn. */
function foldChain(e: usize, gap: f64): void {
  const np = <f64>load<f32>(e, Edge.NP);
  const g01 = <f64>load<f32>(e, Edge.G01);
  const g00 = <f64>load<f32>(e, Edge.G00);
  const na = <f64>load<f32>(e, Edge.NA);
  const began = gap > 0;
  store<f32>(e, <f32>(began ? g01 + 1 : g01 * KEEP), Edge.G01);
  store<f32>(e, <f32>(began ? g00 + (gap - 1) : g00 * KEEP), Edge.G00);
  store<f32>(e, <f32>(began ? na + gap : na * KEEP), Edge.NA);
  store<f32>(e, <f32>(began ? np + 1 : np * KEEP + 1), Edge.NP);
}

/** A present window: the chain's counts (frozen in an outage), reopening after a long silence and after the warm-up. */
export function foldPresence(e: usize, outage: bool): void {
  const n = <f64>load<f32>(e, Edge.N);
  const gap = <f64>load<f32>(e, Edge.GAP);
  if (n > 0 && gap + <f64>load<f32>(e, Edge.HELD) > GONE) {
    for (let k = 0; k < 4; k++) reopen(e, k, SETTLED);
  }
  if (gap + <f64>load<f32>(e, Edge.HELD) > COUNT_GAP) restartRateCounts(e);
  store<f32>(e, 0, Edge.HELD);
  if (!outage) {
    if (n > 0) foldChain(e, gap);
    store<f32>(e, 0, Edge.GAP);
  }
  if (n == WARM) {
    // A warm-up inflates the scale; errors keep theirs.
    reopen(e, LAT, REOPEN);
    reopen(e, RATE, REOPEN);
    reopen(e, BYT, REOPEN);
  }
  store<f32>(e, <f32>(n + 1), Edge.N);
}
