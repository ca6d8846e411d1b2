// Time zones by their IANA names, and what the clock on the wall shows there.
import { z } from 'zod';
import { hint } from './apply.js';
import './schema.js';

/** Offsets change at most this often: every zone of today is whole quarters of an hour away from UTC, ms. */
const QUARTER_MS = 900_000;
/** Quarters remembered a zone: several clusters, each at an event time of its own, ask in turns. */
const QUARTERS = 256;

function formatOf(name: string): Intl.DateTimeFormat {
  const two = '2-digit';
  const parts = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
  return new Intl.DateTimeFormat('en-US', { timeZone: name, calendar: 'gregory', hourCycle: 'h23', ...parts });
}

/** One zone. Asking `Intl` costs microseconds, so that an answer is kept for its quarter of an hour. */
class TimeZone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** Throws RangeError where there is no such zone. */
  constructor(name: string) {
    this.#format = formatOf(name);
  }

  /** What is added to a Unix time, ms, for a Date whose UTC fields read as the local clock. */
  offsetAt(unixMs: number): number {
    const quarter = Math.floor(unixMs / QUARTER_MS);
    const known = this.#offsets.get(quarter);
    if (known !== undefined) return known;
    if (this.#offsets.size === QUARTERS) this.#offsets.clear();
    const offset = this.#ask(quarter * QUARTER_MS);
    this.#offsets.set(quarter, offset);
    return offset;
  }

  #ask(unixMs: number): number {
    const parts = this.#format.formatToParts(unixMs);
    const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return local - unixMs;
  }
}

const zones = new Map<string, TimeZone>();

/**
 * A Date whose UTC fields are what the clock in `zone` shows at the Unix time, ms. Throws RangeError for an unknown
 * zone.
 */
export function localTime(zone: string, unixMs: number): Date {
  if (zone === 'UTC') return new Date(unixMs);
  const known = zones.get(zone) ?? new TimeZone(zone);
  zones.set(zone, known);
  return new Date(unixMs + known.offsetAt(unixMs));
}

function isTimeZone(name: string): boolean {
  try {
    // Newer versions of V8 take offsets, such as +02:00: those know no daylight-saving time, so that no one may mean
    // them.
    return /^[a-z]/i.test(name) && Boolean(formatOf(name));
  } catch {
    return false;
  }
}

/** The name of a time zone in a configuration. */
export const timeZone: z.ZodType<string, string> = z
  .string()
  .superRefine((name, ctx) => {
    if (isTimeZone(name)) return;
    const known = hint(name, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
    const message = `expected the IANA name of a time zone such as "Europe/Berlin", got ${JSON.stringify(name)}${known}`;
    ctx.addIssue({ code: 'custom', message });
  })
  .meta({ typeName: 'time zone' });
