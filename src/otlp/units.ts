// Units and their factors to what the kernel counts in (seconds, bytes, requests); which unit a metric is in, from
// itself or its name.
import { unitOfWord } from './unit-words.js';

/** A unit as a factor, and whether it is a rate (an amount a second). */
export interface UnitFactor {
  readonly factor: number;
  readonly perSecond: boolean;
}

/** UCUM, as OTLP writes it, and the words of Prometheus and OpenMetrics. */
const TIME: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  min: 60,
  h: 3600,
  d: 86_400,
  nanoseconds: 1e-9,
  microseconds: 1e-6,
  milliseconds: 1e-3,
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
};

const SIZE: Readonly<Record<string, number>> = {
  By: 1,
  B: 1,
  bytes: 1,
  kBy: 1e3,
  MBy: 1e6,
  GBy: 1e9,
  KiBy: 1024,
  MiBy: 1024 ** 2,
  GiBy: 1024 ** 3,
  bit: 0.125,
  kbit: 125,
  Mbit: 125e3,
  kilobytes: 1e3,
  megabytes: 1e6,
  gigabytes: 1e9,
  kibibytes: 1024,
  mebibytes: 1024 ** 2,
  gibibytes: 1024 ** 3,
  bits: 0.125,
};

/** What tools write for a rate without a slash. Any other unit of a count is the name of what is counted. */
const RATES: Readonly<Record<string, string>> = {
  rps: '1/s',
  reqps: '1/s',
  qps: '1/s',
  ops: '1/s',
  cps: '1/s',
  Hz: '1/s',
  rpm: '1/min',
  reqpm: '1/min',
  opm: '1/min',
  cpm: '1/min',
  Bps: 'By/s',
  bps: 'bit/s',
};

/** Dimension of a feature: time, size, or a plain count. */
export type Dimension = 'time' | 'size' | 'count';

const NONE: UnitFactor = { factor: 1, perSecond: false };
const PERCENT: readonly string[] = ['%', 'percent', 'percentage', 'pct'];
/** A remark of UCUM behind a unit: `ms{request}`. */
const REMARK = /\{[^}]*\}$/;
/** `requests per second` is `requests/second`. */
const SPELT_RATE = / per /;

/** Undefined where the unit does not measure that dimension. An absent unit is seconds, bytes or a count. */
export function unitFactor(unit: string, dimension: Dimension): UnitFactor | undefined {
  if (unit === '') return NONE;
  if (dimension === 'time') return own(TIME, unit);
  const rate = RATES[unit] ?? unit.replace(SPELT_RATE, '/');
  const slash = rate.lastIndexOf('/');
  if (slash < 0) return amountFactor(unit, dimension);
  const amount = amountFactor(rate.slice(0, slash), dimension);
  const time = own(TIME, rate.slice(slash + 1))?.factor;
  if (amount && time === undefined && dimension === 'count') return NONE;
  return amount && time ? { factor: amount.factor / time, perSecond: true } : undefined;
}

function amountFactor(unit: string, dimension: Dimension): UnitFactor | undefined {
  if (dimension === 'size') return own(SIZE, unit);
  if (PERCENT.includes(unit)) return { factor: 0.01, perSecond: false };
  return NONE;
}

/** The unit as it is written, else without a remark, else as a word: `sec`, `Milliseconds`, `octets`. */
function own(table: Readonly<Record<string, number>>, unit: string): UnitFactor | undefined {
  const bare = unit.replace(REMARK, '');
  const known = [unit, bare, unitOfWord(bare)].find((each) => each !== '' && Object.hasOwn(table, each));
  return known === undefined ? undefined : { factor: table[known] as number, perSecond: false };
}

/** Ends of a name that say what kind of number it is, not its unit. */
const KINDS =
  /(?:(?<!per)[._-](?:total|bucket|sum|count|created|avg|average|mean|median|min|max|p\d+|quantile|histogram|summary))+$/;
const PER = /^(.*?)[._-]?per[._-]([a-z]+)$/;
/** The `Millis` of `durationMillis`. */
const CAPITALISED = /[a-z0-9]([A-Z]+[a-z]*)$/;

/**
 * The unit that the name of a metric ends in, as UCUM writes it: `ms` of `istio_request_duration_milliseconds`, `By/s`
 * of `x_bytes_per_second`; '' where it names none. `_total`, `_sum` and the like may follow.
 */
export function unitOfName(name: string): string {
  const bare = name.replace(KINDS, '');
  const rate = bare.includes('per') ? PER.exec(bare) : null;
  const time = rate ? unitOfWord(rate[2] as string) || (rate[2] as string) : '';
  if (rate && Object.hasOwn(TIME, time)) return `${lastWord(rate[1] as string) || '1'}/${time}`;
  return lastWord(bare);
}

function lastWord(name: string): string {
  const whole = name.slice(Math.max(name.lastIndexOf('_'), name.lastIndexOf('.'), name.lastIndexOf('-')) + 1);
  return unitOfWord(whole) || unitOfWord(CAPITALISED.exec(whole)?.[1] ?? '');
}

/** A metric's unit, and who says so. */
export interface KnownUnit extends UnitFactor {
  /** UCUM; '' stands for seconds, bytes or a plain count. */
  readonly unit: string;
  readonly from: 'metric' | 'name' | 'rule' | 'assumed';
}

/** What is known of a metric's unit beside the metric itself. */
export interface UnitHints {
  /** What its producer's documentation or the user says. */
  readonly known?: string | undefined;
  /** What it most likely is. */
  readonly likely?: string | undefined;
}

/** Units that say no more than "a number". */
const SILENT_UNITS: readonly string[] = ['', '1', '{}'];

/**
 * The unit of a metric: its own, else the one in its name, else a hint's that measures the dimension, else seconds,
 * bytes or a count. Undefined where its own unit does not measure the dimension. What a receiver takes and what a
 * replay reads both end here.
 */
export function unitOf(
  metric: { readonly name: string; readonly unit: string },
  dimension: Dimension,
  hints: UnitHints = {},
): KnownUnit | undefined {
  const isStated = dimension === 'count' ? metric.unit !== '' : !SILENT_UNITS.includes(metric.unit);
  if (isStated) {
    const factor = unitFactor(metric.unit, dimension);
    return factor && { unit: metric.unit, from: 'metric', ...factor };
  }
  return (
    hinted(unitOfName(metric.name), dimension, 'name') ??
    hinted(hints.known, dimension, 'rule') ??
    hinted(hints.likely, dimension, 'assumed') ?? { unit: '', from: 'assumed', ...NONE }
  );
}

function hinted(unit: string | undefined, dimension: Dimension, from: KnownUnit['from']): KnownUnit | undefined {
  // Of a count any text is a unit: only a name that says ratio, percent or a rate tells something.
  const isSilent = dimension === 'count' && !(from === 'name' && /^1$|%|\//.test(unit ?? ''));
  const factor = unit && !isSilent ? unitFactor(unit, dimension) : undefined;
  return unit && factor ? { unit, from, ...factor } : undefined;
}

/** What '' stands for. */
export const BASE_UNITS: Readonly<Record<Dimension, string>> = { time: 's', size: 'By', count: '1' };

/** The unit of a factor to seconds or bytes, so that values are told in it; undefined where no unit has that factor. */
export function unitOfFactor(factor: number, dimension: Dimension): string | undefined {
  if (dimension === 'count') return undefined;
  return Object.entries(dimension === 'time' ? TIME : SIZE).find(([, known]) => known === factor)?.[0];
}
