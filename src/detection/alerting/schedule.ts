// Weekly periods of local time, for rules that hold only then.
import { localTime } from '../../config/time-zone.js';
import { type Period, WEEKDAYS } from './settings.js';

const DAY_MIN = 24 * 60;

/**
 * Whether the clock of the period's zone shows a time within the period at a Unix time, ms. A period past midnight
 * belongs to the day on which it begins. What the clock skips in spring is skipped; the hour that it shows twice in
 * autumn counts twice.
 */
export function isWithin(period: Period, unixMs: number): boolean {
  const date = localTime(period.timezone, unixMs);
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
