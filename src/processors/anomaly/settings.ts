// Maps the user's configuration to what detection needs to be told.
import type { AlertRule, AlertSettings } from '../../detection/alerting/settings.js';
import type { FeatureRule } from '../../detection/rules/feature-rule.js';
import type { DetectionSettings } from '../../detection/settings.js';
import type { AlertRuleConfig, Config, FeatureConfig, PresetConfig } from './config.js';
import { configTexts } from './config-texts.js';

const MIB = 1024 * 1024;

export function detectionSettings(config: Config): DetectionSettings {
  const { detectors, incidents, traces } = config;
  const { enabled, trees, subsample } = detectors.isolation_forest;
  return {
    rules: {
      presets: config.presets.map((preset) => ({ name: preset.name, changes: changesOf(preset) })),
      features: config.features.map(ruleOf),
      externalNames: config.external_names,
      mute: config.mute,
    },
    alerting: alertSettings(config),
    incidents: { maxPerDay: incidents.max_per_day, bytesDiscount: incidents.bytes_discount },
    results: {
      exportIntervalMs: config.export_interval,
      exportTop: config.export_top,
      exportBands: config.export_bands,
      ongoingEvents: config.ongoing_events,
      pixieUi: config.pixie_ui,
    },
    learning: {
      maxFutureMs: config.max_future,
      maxPastMs: config.max_past,
      spans: { waitMs: traces.wait, maxWaiting: traces.max_waiting },
    },
    model: {
      seed: config.seed,
      forest: { enabled, trees, subsample },
      autoencoder: detectors.autoencoder.enabled,
      counts: detectors.zscore.counts,
    },
    capacities: {
      maxSeries: config.max_series,
      maxEdges: config.max_edges,
      maxGroups: config.max_groups,
      maxRequestBytes: config.max_request_size_mib * MIB,
    },
    texts: configTexts(config),
  };
}

/** Alerting alone: when an edge alerts. */
export function alertSettings(config: Config): AlertSettings {
  const { zscore, isolation_forest, autoencoder, new_edge } = config.detectors;
  const { enabled, learn_for, allow } = new_edge;
  return {
    threshold: config.threshold,
    thresholds: config.thresholds,
    minRequests: config.min_requests,
    minDeviation: config.min_deviation,
    rules: config.rules.map(alertRule),
    detectors: { zscore, isolation_forest, autoencoder },
    newEdge: { enabled, learnForMs: learn_for, allow },
    coolDownMs: config.cool_down,
  };
}

function alertRule({ match, mute, threshold, min_requests, schedule }: AlertRuleConfig): AlertRule {
  return { match, mute, threshold, minRequests: min_requests, schedule };
}

/** What a preset's entry in the configuration changes on each of its rules. */
function changesOf({ window, source_relative, quantile, default_unit }: PresetConfig): Partial<FeatureRule> {
  return {
    ...(window === undefined ? {} : { windowMs: window }),
    ...(source_relative === undefined ? {} : { sourceRelative: source_relative }),
    ...(quantile === undefined ? {} : { quantile }),
    ...(default_unit === undefined ? {} : { knownUnit: default_unit }),
  };
}

function list<T>(given: T | T[]): T[] {
  return Array.isArray(given) ? given : [given];
}

function ruleOf(feature: FeatureConfig, index: number): FeatureRule {
  const { edge } = feature;
  const name = feature.name ?? `features[${index}]`;
  return {
    name,
    metric: list(feature.metric),
    features: list(feature.feature),
    where: feature.where,
    errors: feature.errors ? list(feature.errors.where) : [],
    type: feature.type,
    externalNames: feature.external_names,
    source: { service: edge.source, namespace: edge.src_namespace },
    destination: { service: edge.destination, namespace: edge.namespace },
    feed: feature.feed ?? name,
    windowMs: feature.window,
    sourceRelative: feature.source_relative,
    ...(feature.scope === undefined ? {} : { scope: feature.scope }),
    ...(feature.unit === undefined ? {} : { unit: list(feature.unit) }),
    ...(feature.data === undefined ? {} : { data: list(feature.data) }),
    ...(feature.scale === undefined ? {} : { scale: feature.scale }),
    ...(feature.default_unit === undefined ? {} : { knownUnit: feature.default_unit }),
    ...(feature.swap === undefined ? {} : { swap: feature.swap }),
    ...(feature.end === undefined ? {} : { end: feature.end }),
    ...(feature.quantile === undefined ? {} : { quantile: feature.quantile }),
  };
}
