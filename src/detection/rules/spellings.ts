// One name in its spellings: as OpenTelemetry writes it, and as the translation for Prometheus leaves it
// (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/): underscores, unit, `_total`.

import { UNIT_WORDS, wordOfUnit } from '../../otlp/unit-words.js';
import { compileGlob, type Glob, globSource } from './glob.js';

/** Every character that Prometheus' classic names may not have is an underscore. */
export function underscored(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/g, '_');
}

/** Keys are few, and every series asks for them. */
const MAX_KEYS = 4096;
const keys = new Map<string, string>();

function underscoredKey(key: string): string {
  const known = keys.get(key);
  if (known !== undefined) return known;
  if (keys.size === MAX_KEYS) keys.clear();
  const plain = underscored(key);
  keys.set(key, plain);
  return plain;
}

/** What a metric is matched by. */
export interface NamedMetric {
  readonly name: string;
  readonly unit: string;
  readonly monotonic: boolean;
}

/** The parts that the stars of a rule's name matched in any spelling of the metric; undefined: it is another metric. */
export type MetricPattern = (metric: NamedMetric) => readonly string[] | undefined;

const SUFFIXES = `(?:_(?:${UNIT_WORDS.join('|')}))?(?:_total)?`;

/**
 * `name` is a metric's name or a glob. Of OpenTelemetry's form (`isOtel`) it also matches what Prometheus makes of it:
 * `a.b` is `a_b`, `a_b_seconds`, `a_b_total`, `a_b_bytes_total`. Else it also matches a dotted metric whose translation
 * it is.
 */
export function compileMetricName(name: string, isOtel: boolean): MetricPattern {
  const exact = compileGlob(name);
  const translated = isOtel ? translationOf(name) : undefined;
  if (translated) return (metric) => exact(metric.name) ?? translated(underscored(metric.name));
  return (metric) => exact(metric.name) ?? firstMatch(exact, translationsOf(metric));
}

function translationOf(name: string): Glob {
  const expression = new RegExp(`^${globSource(name, underscored)}${SUFFIXES}$`, 's');
  return (text) => expression.exec(text)?.slice(1);
}

function firstMatch(glob: Glob, texts: readonly string[]): readonly string[] | undefined {
  for (const text of texts) {
    const captures = glob(text);
    if (captures) return captures;
  }
  return undefined;
}

/** The names that exporters give a dotted metric: with or without its unit, with or without `_total`. */
function translationsOf({ name, unit, monotonic }: NamedMetric): string[] {
  if (!name.includes('.')) return [];
  const plain = underscored(name);
  const word = wordOfUnit(unit);
  const united = word === '' || plain.endsWith(`_${word}`) ? [plain] : [plain, `${plain}_${word}`];
  return monotonic ? united.flatMap((text) => (text.endsWith('_total') ? [text] : [text, `${text}_total`])) : united;
}

/** Attributes by their underscored keys; the first of two that fall together. */
const indexes = new WeakMap<ReadonlyMap<string, unknown>, ReadonlyMap<string, string>>();

function indexOf(attributes: ReadonlyMap<string, unknown>): ReadonlyMap<string, string> {
  const known = indexes.get(attributes);
  if (known) return known;
  const index = new Map<string, string>();
  for (const key of attributes.keys()) {
    const plain = underscoredKey(key);
    if (!index.has(plain)) index.set(plain, key);
  }
  indexes.set(attributes, index);
  return index;
}

/** The value under the key in any spelling, the exact one first. Looked up once a series, never for a point. */
export function valueUnder<T>(attributes: ReadonlyMap<string, T>, key: string): T | undefined {
  const exact = attributes.get(key);
  if (exact !== undefined || attributes.size === 0) return exact;
  const spelt = indexOf(attributes).get(underscoredKey(key));
  return spelt === undefined ? undefined : attributes.get(spelt);
}
