// Weekly periods of UTC time, for rules that hold only then.
import { type PeriodConfig, WEEKDAYS } from '../config.js';

const DAY_MIN = 24 * 60;

/** Whether a Unix time, ms, lies in the period. A period past midnight belongs to the day on which it begins. */
export function isWithin(period: PeriodConfig, unixMs: number): boolean {
  const date = new Date(unixMs);
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
  const from = minutes(period.from);
  const to = minutes(period.to);
  const today = period.days.includes(WEEKDAYS[date.getUTCDay()]!);
  if (from < to) return today && minute >= from && minute < to;
  const yesterday = period.days.includes(WEEKDAYS[(date.getUTCDay() + 6) % 7]!);
  return (today && minute >= from) || (yesterday && minute < to && to % DAY_MIN !== 0);
}

function minutes(clock: string): number {
  const [hours, mins] = clock.split(':');
  return Number(hours) * 60 + Number(mins);
}
