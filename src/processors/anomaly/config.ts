// Configuration of the anomaly processor, checked and with defaults filled in. Durations are milliseconds.

import type { AlertRule, MinDeviation } from '../../detection/alerting/settings.js';
import type { Condition } from '../../detection/rules/conditions.js';
import type { DataKind, RuleFeature, RuleType } from '../../detection/rules/feature-rule.js';
import type { MuteSettings } from '../../detection/rules/mutes.js';
import type { PresetName } from '../../detection/rules/presets/index.js';
import { KINDS } from '../../kernel/api.js';

/** Kinds that an edge's alert can have. */
export const ALERT_KINDS: readonly string[] = KINDS.filter((kind) => kind !== '');

/** One or a list of the same. */
export type OneOrMore<T> = T | T[];

export interface PresetConfig {
  readonly name: PresetName;
  readonly window?: number | undefined;
  readonly source_relative?: boolean | undefined;
  readonly quantile?: number | undefined;
  readonly default_unit?: string | undefined;
}

export type WhereConfig = Record<string, Condition>;

export interface FeatureConfig {
  readonly name?: string | undefined;
  readonly metric: OneOrMore<string>;
  readonly scope?: string | undefined;
  readonly unit?: OneOrMore<string> | undefined;
  readonly data?: OneOrMore<DataKind> | undefined;
  readonly where: WhereConfig;
  readonly feature: OneOrMore<RuleFeature>;
  readonly errors?: { readonly where: OneOrMore<WhereConfig> } | undefined;
  readonly type: RuleType;
  readonly scale?: number | undefined;
  readonly default_unit?: string | undefined;
  readonly external_names: readonly string[];
  readonly edge: {
    readonly source: string[];
    readonly destination: string[];
    readonly src_namespace: string[];
    readonly namespace: string[];
  };
  readonly swap?: WhereConfig | undefined;
  readonly end?: 'client' | 'server' | undefined;
  readonly feed?: string | undefined;
  readonly window: number;
  readonly source_relative: boolean;
  readonly quantile?: number | undefined;
}

export interface DetectorConfig {
  readonly enabled: boolean;
  readonly threshold?: number | undefined;
}

export interface NewEdgeConfig {
  readonly enabled: boolean;
  readonly learn_for: number;
  readonly allow: readonly { readonly source: string; readonly destination: string }[];
}

/** As detection has it, in the words of the configuration. */
export interface AlertRuleConfig extends Omit<AlertRule, 'minRequests'> {
  readonly min_requests?: number | undefined;
}

export interface Config {
  readonly presets: readonly PresetConfig[];
  readonly features: readonly FeatureConfig[];
  /** Globs of names that stand for nobody. */
  readonly external_names: readonly string[];
  readonly threshold: number;
  /** By kind. */
  readonly thresholds: Readonly<Partial<Record<string, number>>>;
  readonly min_requests: number;
  readonly min_deviation: {
    readonly latency: MinDeviation;
    readonly requests: MinDeviation;
    readonly errors: MinDeviation;
    readonly bytes: MinDeviation;
  };
  readonly cool_down: number;
  /** ms; 0: however far. */
  readonly max_future: number;
  readonly max_past: number;
  readonly rules: readonly AlertRuleConfig[];
  readonly detectors: {
    readonly zscore: DetectorConfig & { readonly counts: boolean };
    readonly isolation_forest: DetectorConfig & { readonly trees: number; readonly subsample: number };
    readonly autoencoder: DetectorConfig;
    readonly new_edge: NewEdgeConfig;
  };
  readonly incidents: { readonly max_per_day: number; readonly bytes_discount: number };
  /** Spans of a traces pipeline: how long one waits for its partner, ms of event time, and how many may wait. */
  readonly traces: { readonly wait: number; readonly max_waiting: number };
  readonly export_interval: number;
  readonly export_top: number;
  readonly export_bands: 'anomalous' | 'all';
  readonly ongoing_events: boolean;
  readonly score_attributes: boolean;
  readonly mute: MuteSettings;
  readonly default_cluster: string;
  readonly pixie_ui?: string | undefined;
  readonly storage?: string | undefined;
  readonly checkpoint_interval: number;
  readonly max_series: number;
  readonly max_edges: number;
  readonly max_groups: number;
  readonly max_request_size_mib: number;
  readonly max_learning_backlog_mib: number;
  readonly seed: number;
}
