// Bands of edges in base units: one name a feature, whatever unit the sender measures in.
import { type Dimension, unitFactor } from '../../otlp/units.js';

/** The metrics whose unit is that of what was received. */
const BAND = /^px\.anomaly\.(?:observed|expected|lower|upper)$/;

const BASE: Readonly<Record<string, { readonly dimension: Dimension; readonly unit: string }>> = {
  latency: { dimension: 'time', unit: 's' },
  requests: { dimension: 'count', unit: '{request}' },
  errors: { dimension: 'count', unit: '1' },
  bytes: { dimension: 'size', unit: 'By' },
};

export const isBand = (metric: string): boolean => BAND.test(metric);

/** Base unit and factor to it; a rate stays one. As it is where the feature or its unit is not known. */
export function baseUnit(feature: string, unit: string): { readonly unit: string; readonly factor: number } {
  const base = Object.hasOwn(BASE, feature) ? BASE[feature] : undefined;
  const from = base && unitFactor(unit, base.dimension);
  if (!from) return { unit, factor: 1 };
  return { unit: from.perSecond ? `${base.unit}/s` : base.unit, factor: from.factor };
}
