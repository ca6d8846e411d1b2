// Missing windows: each edge learns its own habit of being silent.
// Specified in docs/detection.md, section 3.
import { BUSY, BYT, COUNT_GAP, GONE, LAT, LOST, PRES, RATE, REOPEN, SETTLED, WARM } from './constants';
import { restartRateCounts } from './counts';
import { Edge } from './edge';

/** Decay of the presence counts in a window: 1 - 1/PRES. */
const KEEP: f64 = 1 - 1 / PRES;

/** Evidence, nats, of the r-th silent window in a row against the edge's own habit; 0 when dormant or lost. */
export function silence(e: Edge, r: f64): f64 {
  if (<f64>e.windows < 1 || r > GONE || <f64>e.held > LOST) return 0;
  const off = (<f64>e.gaps + 0.5) / (<f64>e.presents + 1);
  const stay = (<f64>e.stays + 0.25) / (<f64>e.absents + 1);
  const longer = r > 1 ? -(r - 1) * Math.log(min(stay, 0.999)) : 0;
  return -Math.log(off) + min(longer, 5);
}

/** A silent window: returns the gap evidence. In an outage, and for an edge lost in one, the silence does not grow. */
export function foldSilent(e: Edge, outage: bool): f64 {
  if (<f64>e.windows < 1) return 0;
  const held = e.held;
  if (outage || <f64>held > LOST) {
    e.held = held + 1;
    return 0;
  }
  const gap = e.gap + 1;
  e.gap = gap;
  if (<f64>e.usual >= BUSY) e.gross[RATE] = 1;
  return silence(e, gap);
}

/** At most so many samples count for level and scale of feature k from now on: they open again. */
function reopen(e: Edge, k: i32, samples: f64): void {
  e.samples[k] = <f32>min(<f64>e.samples[k], samples);
}

/** A silence of `gap` windows is over, or there was none: the chain's counts learn. */
function foldChain(e: Edge, gap: f64): void {
  const presents = <f64>e.presents;
  const gaps = <f64>e.gaps;
  const stays = <f64>e.stays;
  const absents = <f64>e.absents;
  const began = gap > 0;
  e.gaps = <f32>(began ? gaps + 1 : gaps * KEEP);
  e.stays = <f32>(began ? stays + (gap - 1) : stays * KEEP);
  e.absents = <f32>(began ? absents + gap : absents * KEEP);
  e.presents = <f32>(began ? presents + 1 : presents * KEEP + 1);
}

/** A present window: the chain's counts (frozen in an outage), reopening after a long silence and after the warm-up. */
export function foldPresence(e: Edge, outage: bool): void {
  const n = <f64>e.windows;
  const gap = <f64>e.gap;
  if (n > 0 && gap + <f64>e.held > GONE) {
    for (let k = 0; k < 4; k++) reopen(e, k, SETTLED);
  }
  if (gap + <f64>e.held > COUNT_GAP) restartRateCounts(e);
  e.held = 0;
  if (!outage) {
    if (n > 0) foldChain(e, gap);
    e.gap = 0;
  }
  if (n == WARM) {
    // A warm-up inflates the scale; errors keep theirs.
    reopen(e, LAT, REOPEN);
    reopen(e, RATE, REOPEN);
    reopen(e, BYT, REOPEN);
  }
  e.windows = <f32>(n + 1);
}
