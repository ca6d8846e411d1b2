// What a series that a rule takes contributes to its edge: the type of its values and its role bits.
import { type FeatureName, Role, SeriesType } from '../../kernel/api.js';
import { type AttributeSets, lookUp } from './attributes.js';
import type { DataKind, FeatureRule, MetricMeta, RuleFeature } from './feature-rule.js';
import type { CompiledRule } from './rules.js';

const TEMPORALITY_CUMULATIVE = 2;

/** A metric whose points carry a count and a sum. */
export function isDistribution(data: DataKind): boolean {
  return data !== 'gauge' && data !== 'sum';
}

/** A rule's word for its type. */
const TYPES = {
  amount: SeriesType.AMOUNT,
  counter: SeriesType.COUNTER,
  rate: SeriesType.RATE,
  level: SeriesType.LEVEL,
} as const;

/** What the points of a series are: the rule's own word, or what the metric says of itself. */
export function seriesType(rule: FeatureRule, metric: MetricMeta, hasStart: boolean, perSecond: boolean): number {
  if (rule.type && rule.type !== 'auto') return TYPES[rule.type];
  if (perSecond) return SeriesType.RATE;
  switch (metric.data) {
    case 'gauge':
      // Whoever lost the type on the way has kept the name: Prometheus' counters end in it.
      if (metric.name.endsWith('_total')) return SeriesType.COUNTER;
      return rule.features.some((f) => f === 'latency' || f === 'error_ratio') ? SeriesType.LEVEL : SeriesType.AMOUNT;
    case 'summary':
      // A summary has no temporality. Pixie's are of their window and have no start; scraped ones are cumulative and
      // have one.
      return hasStart ? SeriesType.COUNTER : SeriesType.AMOUNT;
    case 'sum':
      if (metric.temporality !== TEMPORALITY_CUMULATIVE) return SeriesType.AMOUNT;
      return metric.monotonic ? SeriesType.COUNTER : SeriesType.LEVEL;
    default:
      return metric.temporality === TEMPORALITY_CUMULATIVE ? SeriesType.COUNTER : SeriesType.AMOUNT;
  }
}

/** The role bits of a series under a rule. */
export function seriesRoles(
  compiled: CompiledRule,
  metric: MetricMeta,
  sets: AttributeSets,
  captures: readonly string[],
): number {
  const { rule } = compiled;
  const distribution = isDistribution(metric.data);
  let roles = 0;
  for (const feature of rule.features) roles |= featureRole(feature, rule, distribution);
  if (rule.features.includes('requests')) roles |= errorRole(compiled, sets, captures);
  const counted = roles & (Role.REQUESTS | Role.ERRORS);
  return distribution && counted ? roles | Role.FROM_COUNT : roles;
}

function featureRole(feature: RuleFeature, rule: FeatureRule, distribution: boolean): number {
  switch (feature) {
    case 'latency':
      if (!distribution) return Role.LATENCY_LEVEL;
      return rule.quantile === undefined ? Role.LATENCY_SUM : Role.SLOW;
    case 'requests':
      return Role.REQUESTS;
    case 'errors':
      return Role.ERRORS;
    case 'bytes':
      return Role.BYTES;
    case 'error_ratio':
      return Role.ERROR_RATIO;
  }
}

/** Errors are known only where one of the attributes that tell of them is there. */
function errorRole(compiled: CompiledRule, sets: AttributeSets, captures: readonly string[]): number {
  let known = compiled.rule.unmarkedSucceeded ?? false;
  for (const { holds, names } of compiled.errors) {
    if (holds(sets, captures)) return Role.ERRORS;
    known ||= names.some((name) => lookUp(sets, name, captures) !== undefined);
  }
  return known ? Role.ERRORS_NONE : 0;
}

/** The features of the kernel that role bits feed. */
export function featuresOf(roles: number): readonly FeatureName[] {
  const features: FeatureName[] = [];
  if (roles & (Role.LATENCY_SUM | Role.LATENCY_LEVEL | Role.SLOW)) features.push('latency');
  if (roles & Role.REQUESTS) features.push('requests');
  if (roles & (Role.ERRORS | Role.ERRORS_NONE | Role.ERROR_RATIO)) features.push('errors');
  if (roles & Role.BYTES) features.push('bytes');
  return features;
}
