// Units (UCUM, as OTLP writes them) and their factors to what the kernel counts in: seconds, bytes, requests.

/** A unit as a factor, and whether it is a rate (an amount a second). */
export interface UnitFactor {
  readonly factor: number;
  readonly perSecond: boolean;
}

const TIME: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  min: 60,
  h: 3600,
  nanoseconds: 1e-9,
  microseconds: 1e-6,
  milliseconds: 1e-3,
  seconds: 1,
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
};

/** What tools write for a rate of requests without a slash. Any other unit of a count is the name of what is counted. */
const RATES: readonly string[] = ['rps', 'reqps', 'ops', 'Hz'];

/** Dimension of a feature: time, size, or a plain count. */
export type Dimension = 'time' | 'size' | 'count';

const NONE: UnitFactor = { factor: 1, perSecond: false };

/** Undefined where the unit does not measure that dimension. An absent unit is seconds, bytes or a count. */
export function unitFactor(unit: string, dimension: Dimension): UnitFactor | undefined {
  if (unit === '') return NONE;
  if (dimension === 'time') return own(TIME, unit);
  const slash = unit.lastIndexOf('/');
  if (slash < 0) return amountFactor(unit, dimension);
  const amount = amountFactor(unit.slice(0, slash), dimension);
  const time = TIME[unit.slice(slash + 1)];
  if (amount && time === undefined && dimension === 'count') return NONE;
  return amount && time ? { factor: amount.factor / time, perSecond: true } : undefined;
}

function amountFactor(unit: string, dimension: Dimension): UnitFactor | undefined {
  if (dimension === 'size') return own(SIZE, unit);
  if (unit === '%') return { factor: 0.01, perSecond: false };
  return { factor: 1, perSecond: RATES.includes(unit) };
}

function own(table: Readonly<Record<string, number>>, unit: string): UnitFactor | undefined {
  return Object.hasOwn(table, unit) ? { factor: table[unit] as number, perSecond: false } : undefined;
}
