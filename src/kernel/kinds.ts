// Features and kinds of anomalies by their numbers in the kernel.
import { featureNames, Kind, kindNames } from './generated/constants.js';

/** The four features of an edge and window, in the order of every array in the kernel. */
export const FEATURES: typeof featureNames = featureNames;
export type FeatureName = (typeof FEATURES)[number];

export type AlertKind = Exclude<(typeof kindNames)[number], 'none' | 'error_rate_drop'>;

/** Names of the kinds by number; empty: never alerts. docs/detection.md, section 5. */
export const KINDS: readonly (AlertKind | '')[] = kindNames.map((kind) => (isAlert(kind) ? kind : ''));

function isAlert(kind: (typeof kindNames)[number]): kind is AlertKind {
  return kind !== kindNames[Kind.NONE] && kind !== kindNames[Kind.ERROR_RATE_DROP];
}

/** Kinds of a rise and of a fall, by feature. */
const RISES: readonly number[] = [
  Kind.LATENCY_SPIKE,
  Kind.THROUGHPUT_SPIKE,
  Kind.ERROR_RATE_SPIKE,
  Kind.BYTE_COUNT_SPIKE,
];
const FALLS: readonly number[] = [Kind.LATENCY_DROP, Kind.THROUGHPUT_DROP, Kind.ERROR_RATE_DROP, Kind.BYTE_COUNT_DROP];

/** Name of the kind of a feature's change, by its sign; empty: never alerts. */
export function kindOfChange(feature: number, change: number): AlertKind | '' {
  return KINDS[(change < 0 ? FALLS : RISES)[feature]!]!;
}

/** Feature that a kind is about; -1: no single one. */
export function featureOfKind(kind: number): number {
  return Math.max(RISES.indexOf(kind), FALLS.indexOf(kind));
}
