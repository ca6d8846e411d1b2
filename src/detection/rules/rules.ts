// Feature rules: which metrics say what about which edge. Presets are lists of them; the configuration may add its own.
import { ANY_RANK, type FeatureName, Role, SeriesType } from '../../kernel/api.js';
import type { Dimension } from '../../otlp/units.js';
import { type AttributeReference, type AttributeSets, lookUp, parseReference } from './attributes.js';
import { type Condition, compileConditions, type Predicate } from './conditions.js';
import { compileGlob, type Glob } from './glob.js';
import { compilePlaceholders, type Placeholder } from './placeholders.js';
import { compileMetricName, type MetricPattern } from './spellings.js';

export const DATA_KINDS = ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'] as const;
export type DataKind = (typeof DATA_KINDS)[number];

/** What a rule may feed. `error_ratio`: errors as a share of the requests of the same edge. */
export const RULE_FEATURES = ['latency', 'requests', 'errors', 'bytes', 'error_ratio'] as const;
export type RuleFeature = (typeof RULE_FEATURES)[number];

export const RULE_TYPES = ['auto', 'amount', 'counter', 'rate', 'level'] as const;
export type RuleType = (typeof RULE_TYPES)[number];

/** Attribute names by what they are to be equal to. */
export type Where = Readonly<Record<string, Condition>>;

/** Lists of attributes; the first that is not empty wins. */
export interface EndLists {
  readonly service: readonly string[];
  readonly namespace: readonly string[];
  /** Names that stand for nobody in particular, beside those that never name anybody ("user" of a service graph). */
  readonly external?: readonly string[];
  /** Where this holds, such a name is a service's after all. */
  readonly externalUnless?: Where;
  /** Attributes whose `ns/name` gives a service that is named alone its namespace (`job` of Prometheus). */
  readonly jobs?: readonly string[];
  /** A host without dots is in the namespace of the source, as Kubernetes' DNS has it. */
  readonly besideSource?: boolean;
}

/** A rule as presets and configurations write it. */
export interface FeatureRule {
  readonly name: string;
  /** Names or globs of metrics. */
  readonly metric: readonly string[];
  /**
   * `otel`: the names are OpenTelemetry's, and match what Prometheus makes of them. `written`: as they are. Default:
   * dotted ones are OpenTelemetry's.
   */
  readonly names?: 'otel' | 'written';
  readonly scope?: string;
  /** Only metrics of these units. */
  readonly unit?: readonly string[];
  readonly data?: readonly DataKind[];
  readonly where?: Where;
  /** Empty: the metric is known and says nothing about edges. */
  readonly features: readonly RuleFeature[];
  /**
   * Which points of a rule that feeds requests are errors: any of these. Unknown where none of the attributes is there.
   */
  readonly errors?: readonly Where[];
  /** The producer marks errors alone: a request without a mark has succeeded. */
  readonly unmarkedSucceeded?: boolean;
  readonly type?: RuleType;
  /** Factor to seconds, bytes or requests; stands in for the unit's own. */
  readonly scale?: number;
  /** Unit of a metric that names none, by its producer's documentation or by the user's word. */
  readonly knownUnit?: string;
  /** The same as a guess, which the log tells. */
  readonly likelyUnit?: string;
  /** Globs of names that are external, beside those of the configuration. */
  readonly externalNames?: readonly string[];
  readonly source: EndLists;
  readonly destination: EndLists;
  /** The rule does not apply where no destination is named. */
  readonly destinationRequired?: boolean;
  /** Who reports; takes the place of the end that the lists do not name, the destination first. */
  readonly self?: EndLists;
  /** The reporter is the other end where this holds: `source` and `destination` change places. */
  readonly swap?: Where;
  /** The end that reports, where the rule is about one. A swapped row comes from the server. */
  readonly end?: 'client' | 'server';
  /** A run of one script, a flush of one connector: points whose times belong together. `{1}` as in references. */
  readonly feed: string;
  readonly windowMs: number;
  readonly sourceRelative: boolean;
  /** Latency is this quantile instead of the mean. */
  readonly quantile?: number;
}

/** Rules of equal rank feed a feature together. */
export type Tier = readonly FeatureRule[];

interface CompiledEnd {
  readonly service: readonly AttributeReference[];
  readonly namespace: readonly AttributeReference[];
  readonly external: readonly string[];
  readonly externalUnless: Predicate | undefined;
  readonly jobs: readonly AttributeReference[];
  readonly besideSource: boolean;
}

export interface CompiledRule {
  readonly rule: FeatureRule;
  readonly preset: string;
  readonly rank: number;
  readonly where: Predicate;
  readonly swap: Predicate | undefined;
  readonly errors: readonly { readonly holds: Predicate; readonly names: readonly AttributeReference[] }[];
  readonly source: CompiledEnd;
  readonly destination: CompiledEnd;
  readonly self: CompiledEnd | undefined;
  /** Names that stand for nobody. */
  readonly isPlaceholder: Placeholder;
}

/** The identity of a metric as rules see it. */
export interface MetricMeta {
  readonly name: string;
  readonly unit: string;
  readonly scope: string;
  readonly data: DataKind;
  /** 0 unspecified, 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly monotonic: boolean;
}

export interface Candidate {
  readonly compiled: CompiledRule;
  readonly captures: readonly string[];
}

/** Two ranks a tier: the client's end and the server's. */
export const MAX_TIERS: number = Math.floor(ANY_RANK / 2);

interface RuleEntry {
  readonly compiled: CompiledRule;
  readonly patterns: readonly MetricPattern[];
  readonly scope: Glob | undefined;
}

/** All rules in order of trust. */
export class RuleBook {
  readonly #entries: RuleEntry[] = [];
  readonly #cache = new Map<string, readonly Candidate[]>();
  readonly #externalNames: readonly string[];
  /** Of rules that name none of their own: they share what names were parsed. */
  readonly #isPlaceholder: Placeholder;
  #tiers = 0;

  /** `externalNames`: globs of names that are external under every rule. */
  constructor(externalNames: readonly string[] = []) {
    this.#externalNames = externalNames;
    this.#isPlaceholder = compilePlaceholders(externalNames);
  }

  add(preset: string, tiers: readonly Tier[]): void {
    for (const tier of tiers) {
      if (this.#tiers === MAX_TIERS) throw new RangeError(`more than ${MAX_TIERS} ranks of feature rules`);
      for (const rule of tier) {
        const names = rule.externalNames ?? [];
        const isPlaceholder =
          names.length === 0 ? this.#isPlaceholder : compilePlaceholders([...names, ...this.#externalNames]);
        this.#entries.push(compileEntry(rule, preset, this.#tiers * 2, isPlaceholder));
      }
      this.#tiers++;
    }
  }

  /** Rules that may apply to the metric, best first, before their attribute predicates are asked. */
  candidates(metric: MetricMeta): readonly Candidate[] {
    const key = `${metric.name}\0${metric.unit}\0${metric.scope}\0${metric.data}\0${metric.monotonic}`;
    const known = this.#cache.get(key);
    if (known) return known;
    const found = this.#entries.flatMap((entry) => matchEntry(entry, metric));
    if (this.#cache.size >= 10_000) this.#cache.clear();
    this.#cache.set(key, found);
    return found;
  }
}

function compileEntry(rule: FeatureRule, preset: string, rank: number, isPlaceholder: Placeholder): RuleEntry {
  const compiled: CompiledRule = {
    rule,
    preset,
    rank,
    where: compileConditions(rule.where ?? {}),
    swap: rule.swap && compileConditions(rule.swap),
    errors: (rule.errors ?? []).map((where) => ({
      holds: compileConditions(where),
      names: Object.keys(where).map(parseReference),
    })),
    source: compileEnd(rule.source),
    destination: compileEnd(rule.destination),
    self: rule.self && compileEnd(rule.self),
    isPlaceholder,
  };
  const patterns = rule.metric.map((name) =>
    compileMetricName(name, rule.names === undefined ? name.includes('.') : rule.names === 'otel'),
  );
  return { compiled, patterns, scope: rule.scope ? compileGlob(rule.scope) : undefined };
}

function compileEnd(end: EndLists): CompiledEnd {
  return {
    service: end.service.map(parseReference),
    namespace: end.namespace.map(parseReference),
    external: end.external ?? [],
    externalUnless: end.externalUnless && compileConditions(end.externalUnless),
    jobs: (end.jobs ?? []).map(parseReference),
    besideSource: end.besideSource ?? false,
  };
}

function matchEntry({ compiled, patterns, scope }: RuleEntry, metric: MetricMeta): Candidate[] {
  const { rule } = compiled;
  if (rule.data && !rule.data.includes(metric.data)) return [];
  if (rule.unit && !rule.unit.includes(metric.unit)) return [];
  if (scope && !scope(metric.scope)) return [];
  for (const pattern of patterns) {
    const captures = pattern(metric);
    if (captures) return [{ compiled, captures }];
  }
  return [];
}

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

/** What the unit of the rule's metric measures. */
export function dimensionOf(rule: FeatureRule): Dimension {
  if (rule.features.includes('latency')) return 'time';
  return rule.features.includes('bytes') ? 'size' : 'count';
}
