// Everything that detection needs to be told. Who embeds it maps its own configuration to this. Durations are
// milliseconds.
import type { AlertSettings } from './alerting/settings.js';
import type { ReportSettings } from './results/settings.js';
import type { RuleSettings } from './rules/settings.js';

/** Settings in texts to compare: `rules` maps data to edges and features, `config` is all that decides. */
export interface SettingsTexts {
  readonly rules: string;
  readonly config: string;
}

/** What there is room for. */
export interface Capacities {
  readonly maxSeries: number;
  readonly maxEdges: number;
  readonly maxGroups: number;
  /** The largest request that can be learnt from, bytes. */
  readonly maxRequestBytes: number;
}

/** What the kernel is made for, besides its capacities. */
export interface ModelSettings {
  readonly seed: number;
  readonly forest: { readonly enabled: boolean; readonly trees: number; readonly subsample: number };
  readonly autoencoder: boolean;
  /** Small counts are judged by their exact probability as well. */
  readonly counts: boolean;
}

export interface DetectionSettings {
  readonly rules: RuleSettings;
  readonly alerting: AlertSettings;
  readonly incidents: {
    /** Budget of false incidents. */
    readonly maxPerDay: number;
    /** Nats off the evidence of bytes alone. */
    readonly bytesDiscount: number;
  };
  readonly results: ReportSettings;
  readonly learning: {
    /** How far ahead of its receipt a point is believed; 0: however far. */
    readonly maxFutureMs: number;
    /** How far behind its receipt a point is believed beside others that are not; 0: however far. */
    readonly maxPastMs: number;
    /** How long a span waits for those around it, event time, and how many may wait. */
    readonly spans: { readonly waitMs: number; readonly maxWaiting: number };
  };
  readonly model: ModelSettings;
  readonly capacities: Capacities;
  /** What a state is compared with that was made under other settings. */
  readonly texts: SettingsTexts;
}
