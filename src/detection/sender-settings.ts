// What a sender has set about the alerting of its clusters, and what a request says of its sender.
import type { AuthData } from '../pipeline/index.js';

/** Detectors by the names of the configuration and of the `x-pxanomaly-detectors` header. */
export const DETECTORS = ['zscore', 'isolation_forest', 'autoencoder', 'new_edge'] as const;
export type DetectorName = (typeof DETECTORS)[number];

export interface SenderSettings {
  readonly threshold?: number;
  readonly exportIntervalMs?: number;
  readonly incidentsPerDay?: number;
  /** Only these may open an alert. */
  readonly detectors?: ReadonlySet<DetectorName>;
}

export const NO_SETTINGS: SenderSettings = {};

/** What a request's headers say. */
export interface Sender {
  /** The settings' text: equal for equal settings. '' where there are none. */
  readonly key: string;
  readonly settings: SenderSettings;
  /** Cluster of data that names none. */
  readonly cluster: string;
  /** Tells its series apart from equal ones of other clusters; 0: the default cluster. */
  readonly salt: bigint;
  /** Whose token it showed, where that names clusters. */
  readonly auth?: AuthData;
}
