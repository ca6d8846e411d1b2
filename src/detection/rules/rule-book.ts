// The rule book of a configuration: the user's rules first, then the presets in order of trust.

import type { Config, FeatureConfig, PresetConfig } from '../../processors/anomaly/config.js';
import { PRESETS } from './presets/index.js';
import { type FeatureRule, RuleBook } from './rules.js';

export function createRuleBook(config: Config): RuleBook {
  const book = new RuleBook(config.external_names);
  book.add(
    'features',
    config.features.map((feature, i) => [ruleOf(feature, i)]),
  );
  for (const preset of config.presets) {
    const changes = changesOf(preset);
    book.add(
      preset.name,
      PRESETS[preset.name].map((tier) => tier.map((rule) => ({ ...rule, ...changes }))),
    );
  }
  return book;
}

/** What a preset's entry in the configuration changes on each of its rules. */
function changesOf(preset: PresetConfig): Partial<FeatureRule> {
  const { window, source_relative, quantile, default_unit } = preset;
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
