// Feature rules: which metrics say what about which edge. Presets are lists of them; the configuration may add its own.
import { ANY_RANK } from '../../kernel/api.js';
import type { Dimension } from '../../otlp/units.js';
import { type AttributeReference, parseReference } from './attributes.js';
import { compileConditions, type Predicate } from './conditions.js';
import type { EndLists, FeatureRule, MetricMeta, Tier } from './feature-rule.js';
import { compileGlob, type Glob } from './glob.js';
import { compilePlaceholders, type Placeholder } from './placeholders.js';
import { compileMetricName, type MetricPattern } from './spellings.js';

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

/** What the unit of the rule's metric measures. */
export function dimensionOf(rule: FeatureRule): Dimension {
  if (rule.features.includes('latency')) return 'time';
  return rule.features.includes('bytes') ? 'size' : 'count';
}
