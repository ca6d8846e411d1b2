// Durations as the Collector writes them ("30s", "1m30s", "500ms"), read into milliseconds.
import { z } from 'zod';
import './schema.js';

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds of a Go duration without sign; undefined where the text is none. `0` needs no unit. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  let total = 0;
  let end = 0;
  while (end < text.length) {
    PART.lastIndex = end;
    const part = PART.exec(text);
    if (!part) return undefined;
    total += Number(part[1]) * (UNIT_MS[part[2] as string] as number);
    end = PART.lastIndex;
  }
  // The sum of binary fractions (1.1ms) must not show: a nanosecond is the smallest unit.
  return end === 0 ? undefined : Math.round(total * 1e6) / 1e6;
}

/** A duration as a user would write it, in the largest units that hold it exactly: 90000 as `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const size = UNIT_MS[unit] as number;
    const count = unit === 'ms' ? Math.round(rest * 1e6) / 1e6 : Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** A duration of a configuration: text with units, or 0. Output: ms. */
export const duration: z.ZodType<number, string | number> = z
  .union([z.string(), z.number()])
  .transform((value, ctx) => {
    const ms = parseDuration(String(value));
    if (ms !== undefined) return ms;
    ctx.addIssue({
      code: 'custom',
      message: `expected a duration such as "30s" or "1m30s", got ${JSON.stringify(value)}`,
    });
    return z.NEVER;
  })
  .meta({ typeName: 'duration', write: formatDuration });

/** A duration longer than 0. Output: ms. */
export const positiveDuration: z.ZodType<number, string | number> = duration.refine((ms) => ms > 0, {
  message: 'must be longer than 0',
});
