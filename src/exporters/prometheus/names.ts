// Names of OpenTelemetry as names of Prometheus (OpenTelemetry specification, "Prometheus and OpenMetrics
// Compatibility").
import { withoutNul } from '../../telemetry/label-names.js';

/** UCUM units as words. A unit that is not here is used as it is. */
const UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    d: 'days',
    h: 'hours',
    min: 'minutes',
    s: 'seconds',
    ms: 'milliseconds',
    us: 'microseconds',
    ns: 'nanoseconds',
    By: 'bytes',
    KiBy: 'kibibytes',
    MiBy: 'mebibytes',
    GiBy: 'gibibytes',
    TiBy: 'tibibytes',
    KBy: 'kilobytes',
    MBy: 'megabytes',
    GBy: 'gigabytes',
    TBy: 'terabytes',
    m: 'meters',
    V: 'volts',
    A: 'amperes',
    J: 'joules',
    W: 'watts',
    g: 'grams',
    Cel: 'celsius',
    Hz: 'hertz',
    '%': 'percent',
    '1': '',
  }),
);

/** Units behind a slash. */
const PER: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ns: 'nanosecond',
    us: 'microsecond',
    ms: 'millisecond',
    s: 'second',
    m: 'minute',
    min: 'minute',
    h: 'hour',
    d: 'day',
    w: 'week',
    mo: 'month',
    y: 'year',
  }),
);

export type PrometheusType = 'gauge' | 'counter' | 'histogram' | 'summary';

const words = (text: string): string[] => text.split(/[^a-zA-Z0-9:]+/).filter(Boolean);

/** `{request}` is an annotation, no unit. */
const unitWords = (unit: string, table: ReadonlyMap<string, string>): string[] =>
  /[{}]/.test(unit) ? [] : words(table.get(unit) ?? unit);

/** The words that a unit adds to a name: `By/s` → bytes, per, second. */
function unitSuffix(unit: string): string[] {
  const [main = '', per] = unit.split('/', 2).map((part) => part.trim());
  const denominator = per === undefined ? [] : unitWords(per, PER);
  return [...unitWords(main, UNITS), ...(denominator.length > 0 ? ['per', ...denominator] : [])];
}

/** The unit as the word or words that end a name: `By/s` → bytes_per_second. */
export function unitName(unit: string, type: PrometheusType): string {
  return type === 'gauge' && unit === '1' ? 'ratio' : unitSuffix(unit).join('_');
}

/** Whether the words are somewhere in the name already, as a run. */
function includesRun(name: readonly string[], run: readonly string[]): boolean {
  return `_${name.join('_')}_`.includes(`_${run.join('_')}_`);
}

/**
 * A metric's name: words joined by `_`, then the unit and `total` (counters) or `ratio` (gauges of unit 1) where
 * `suffixes` asks for them and the name does not say so already.
 */
export function metricName(
  name: string,
  unit: string,
  type: PrometheusType,
  options: { readonly suffixes: boolean; readonly namespace: string },
): string {
  let parts = [...words(options.namespace), ...words(name)];
  if (options.suffixes) {
    const suffix = unitSuffix(unit);
    const without = (word: string): string[] => parts.filter((part) => part !== word);
    if (type === 'counter') parts = without('total');
    if (suffix.length > 0 && !includesRun(parts, suffix)) parts.push(...suffix);
    if (type === 'counter') parts.push('total');
    if (type === 'gauge' && unit === '1') parts = [...without('ratio'), 'ratio'];
  }
  const joined = parts.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined || '_';
}

export function escapeLabel(value: string): string {
  return withoutNul(value).replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

export function escapeHelp(text: string): string {
  return withoutNul(text).replace(/[\\\n]/g, (char) => (char === '\n' ? '\\n' : '\\\\'));
}

/** A sample's value as the text format writes it. */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
