// Tables and numbers of the quality page.
import { rateInterval, shareInterval } from './stats.js';
import type { Share } from './synthetic.js';

/** A Markdown table; the first column to the left, the others to the right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map((_, i) => (i === 0 ? ':--' : '--:'))), ...rows.map(line), ''];
}

/** `0.91`; `–` of nothing. */
export function ratio({ found, of }: Share): string {
  return of === 0 ? '–' : (found / of).toFixed(2);
}

/** `0.91 (0.87–0.94)`: 95 %. */
export function ratioWithInterval(share: Share): string {
  if (share.of === 0) return '–';
  const { low, high } = shareInterval(share.found, share.of);
  return `${ratio(share)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

export function rateWithInterval(count: number, days: number): string {
  const { low, high } = rateInterval(count, days);
  return `${short(count / days)} (${short(low)}–${short(high)})`;
}

/** Three significant digits at most. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 10 ? String(Math.round(value)) : value >= 1 ? value.toFixed(1) : value.toFixed(3).replace(/0$/, '');
}
