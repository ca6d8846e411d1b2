// Expected value and bounds of an edge's feature, in the unit received.
import { FEATURES, type FeatureName, featureOfKind, type KernelApi, SeriesType } from '../../kernel/api.js';
import { largestSurprise } from '../alerting/surprise.js';
import type { EdgeState, FeatureState } from '../topology/graph.js';

/** Expected value and bounds of a feature in the unit received; NaN: none. */
export interface ReceivedBand {
  readonly feature: FeatureName;
  readonly unit: string;
  readonly observed: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
}

/** Feature that a kind is about; for a joint anomaly the one with the largest surprise. */
export function featureOf(kernel: KernelApi, slot: number, kind: number): number {
  const own = featureOfKind(kind);
  if (own >= 0) return own;
  const { surprise } = kernel.results;
  let top = 0;
  for (let feature = 1; feature < FEATURES.length; feature++) {
    const value = Math.abs(largestSurprise(surprise, slot, feature));
    if (value > Math.abs(largestSurprise(surprise, slot, top))) top = feature;
  }
  return top;
}

/**
 * A feature's band in the window just closed, or over the span of a slower time scale; undefined where the edge does
 * not have the feature.
 */
export function bandOf(kernel: KernelApi, edge: EdgeState, feature: number, scale = 0): ReceivedBand | undefined {
  const name = FEATURES[feature]!;
  const state = edge.features[name];
  if (!state) return undefined;
  const factor = receivedFactor(state, edge.group.windowMs);
  const { observed, expected, lower, upper } = kernel.spanBand(edge.slot, feature, scale);
  return {
    feature: name,
    unit: state.unit,
    observed: observed * factor,
    expected: expected * factor,
    lower: meansSomething(name, lower, expected) ? lower * factor : Number.NaN,
    upper: meansSomething(name, upper, expected) ? upper * factor : Number.NaN,
  };
}

/** So many times away from what is expected a bound says nothing: "expected 30 ms, 1 ns to 90 ms". */
const FAR = 1000;

/** Whether values beyond a bound can be told from none: it is within reach, and there is something beyond it. */
function meansSomething(feature: FeatureName, bound: number, expected: number): boolean {
  if (feature === 'errors') return bound > 0 && bound < 1;
  return bound > 0 && !(bound < expected / FAR) && !(bound > expected * FAR);
}

/** From the kernel's unit to the received one: a rate was multiplied by the window's seconds. */
function receivedFactor({ scale, type }: FeatureState, windowMs: number): number {
  return type === SeriesType.RATE ? 1000 / (windowMs * scale) : 1 / scale;
}
