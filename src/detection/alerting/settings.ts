// What alerting needs to be told. Durations are milliseconds.
import type { DetectorName } from '../sender-settings.js';

/** Below, the two-window rule would alert daily on every edge; above, on nothing. */
export const THRESHOLD_RANGE = { min: 0.8, max: 0.999 } as const;

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** A weekly period of local time; past midnight where `to` is not after `from`. */
export interface Period {
  readonly days: readonly (typeof WEEKDAYS)[number][];
  readonly from: string;
  readonly to: string;
  /** IANA name. */
  readonly timezone: string;
}

/** Globs. */
export interface AlertMatch {
  readonly source: string;
  readonly destination: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly kind: string;
}

/** An exception for the edges and kinds that the globs match. */
export interface AlertRule {
  readonly match: AlertMatch;
  readonly mute: boolean;
  readonly threshold?: number | undefined;
  readonly minRequests?: number | undefined;
  /** Undefined: always. */
  readonly schedule?: readonly Period[] | undefined;
}

/** Least change that may open an alert, in the feature's unit; latency: ms. */
export interface MinDeviation {
  readonly relative: number;
  readonly absolute: number;
}

export interface NewEdgeSettings {
  readonly enabled: boolean;
  readonly learnForMs: number;
  /** Globs of edges that are never unexpected. */
  readonly allow: readonly { readonly source: string; readonly destination: string }[];
}

export interface DetectorSettings {
  readonly enabled: boolean;
  readonly threshold?: number | undefined;
}

export interface AlertSettings {
  readonly threshold: number;
  /** By kind. */
  readonly thresholds: Readonly<Partial<Record<string, number>>>;
  readonly minRequests: number;
  readonly minDeviation: Readonly<Record<'latency' | 'requests' | 'errors' | 'bytes', MinDeviation>>;
  /** Later ones win. */
  readonly rules: readonly AlertRule[];
  readonly detectors: Readonly<Record<Exclude<DetectorName, 'new_edge'>, DetectorSettings>>;
  readonly newEdge: NewEdgeSettings;
  /** After an anomaly of an edge, no new event of the same kind for so long. */
  readonly coolDownMs: number;
}
