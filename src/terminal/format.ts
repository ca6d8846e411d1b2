// Quantities as people read them.

/** `12 h`, `3.5 min`, `45 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds >= 48 * 3600) return `${trim(seconds / 86_400)} d`;
  if (seconds >= 5400) return `${trim(seconds / 3600)} h`;
  if (seconds >= 90) return `${trim(seconds / 60)} min`;
  return `${trim(seconds)} s`;
}

/** At most three significant digits, no zeros behind the point. */
export function trim(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return String(Number(value.toFixed(Math.min(digits, 20))));
}

/** `2026-11-24 15:04:05` of Unix seconds, UTC. */
export function formatTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** `1,234,567`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 edge`, `1,234 edges`; `many` where the plural is another word. */
export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A quantity with its unit, times in the unit that reads best; '' of undefined. Unit `1` is a share. */
export function formatQuantity(value: number | undefined, unit = ''): string {
  if (value === undefined) return '';
  switch (unit) {
    case 's':
      return value < 1 ? `${trim(value * 1000)} ms` : `${trim(value)} s`;
    case 'ms':
      return formatQuantity(value / 1e3, 's');
    case 'us':
      return formatQuantity(value / 1e6, 's');
    case 'ns':
      return formatQuantity(value / 1e9, 's');
    case '1':
      return `${trim(100 * value)} %`;
    default:
      return unit === '' || unit.startsWith('{') ? trim(value) : `${trim(value)} ${unit}`;
  }
}
