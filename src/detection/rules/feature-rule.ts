// A feature rule, as presets and configurations write it: which metrics say what about which edge.
import type { Condition } from './conditions.js';

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
