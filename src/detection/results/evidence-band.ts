// What an anomaly's event shows: the window where that alone gives the evidence, else the mean over the span in which
// it was gathered.
import { FEATURES, type KernelApi, Kind } from '../../kernel/api.js';
import { COMPONENTS, LAM1, LAM2, SCALES } from '../../kernel/generated/constants.js';
import type { EdgeState } from '../topology/graph.js';
import { bandOf, featureOf, type ReceivedBand } from './bands.js';

/** A band, and over how many windows its observed value is the mean. */
export interface EvidenceBand extends ReceivedBand {
  readonly windows: number;
}

/** Windows that a mean with a gain speaks of: those of a plain mean that is as smooth. */
const SPANS: readonly number[] = [1, LAM1, LAM2].map((gain) => Math.round(2 / gain - 1));

/** Whether a kind says that its feature rose; undefined: it says neither. */
export function risesOf(kind: string): boolean | undefined {
  return kind.endsWith('_spike') ? true : kind.endsWith('_drop') ? false : undefined;
}

/** Whether the observed value lies beyond what was expected, and beyond the bound on that side where there is one. */
export function isBeyond({ observed, expected, lower, upper }: ReceivedBand, rises: boolean): boolean {
  const bound = rises ? upper : lower;
  const limit = Number.isFinite(bound) ? bound : expected;
  return rises ? observed > limit : observed < limit;
}

/** What is to be shown of a kind (a number in KINDS) that the edge alerts for. */
export function evidenceBand(kernel: KernelApi, edge: EdgeState, kind: number): EvidenceBand | undefined {
  const { slot } = edge;
  const feature = featureOf(kernel, slot, kind);
  const window = bandOf(kernel, edge, feature);
  if (!window || kind === Kind.TRAFFIC_PATTERN || kernel.results.present[slot] === 0) return inWindow(window);
  const rises = (kind - Kind.LATENCY_SPIKE) % 2 === 0;
  const scale = strongestScale(kernel, slot, feature, rises);
  if (scale <= 0 || (Number.isFinite(rises ? window.upper : window.lower) && isBeyond(window, rises))) {
    return inWindow(window);
  }
  const span = bandOf(kernel, edge, feature, scale)!;
  return { ...withoutSilentBound(span, rises), windows: SPANS[scale]! };
}

function inWindow(band: ReceivedBand | undefined): EvidenceBand | undefined {
  return band && { ...band, windows: 1 };
}

/** The time scale at which the feature's surprise in the direction is the largest; -1: none is in it. */
function strongestScale(kernel: KernelApi, slot: number, feature: number, rises: boolean): number {
  const { surprise } = kernel.results;
  let best = -1;
  let most = 0;
  for (let scale = 0; scale < SCALES; scale++) {
    const value = surprise[COMPONENTS * slot + SCALES * feature + scale]! * (rises ? 1 : -1);
    if (value <= most) continue;
    most = value;
    best = scale;
  }
  return best;
}

/**
 * Counts of errors and requests give evidence by their exact probability, which the bounds of smoothed values know
 * nothing of: a bound that was not reached is not what alerted.
 */
function withoutSilentBound(band: ReceivedBand, rises: boolean): ReceivedBand {
  const isCounted = band.feature === FEATURES[1] || band.feature === FEATURES[2];
  if (!isCounted || isBeyond(band, rises)) return band;
  return rises ? { ...band, upper: Number.NaN } : { ...band, lower: Number.NaN };
}
