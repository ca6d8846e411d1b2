// The page in Prometheus' text format 0.0.4.
import { escapeHelp, formatValue } from './names.js';
import type { Family, HistogramSample, Sample, Series, SummarySample } from './series.js';

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The families as text. `timestamps`: with the time of each point. */
export function exposition(families: readonly Family[], timestamps: boolean): string {
  return families.map((family) => familyText(family, timestamps)).join('');
}

function familyText(family: Family, timestamps: boolean): string {
  const { name, type, help } = family;
  const lines = [`# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`];
  for (const series of family.series.values()) lines.push(seriesText(family, series, timestamps));
  return lines.join('');
}

function seriesText({ name, type }: Family, { labels, value }: Series, timestamps: boolean): string {
  const at = timestamps && value.timeMs > 0 ? ` ${value.timeMs}` : '';
  const line = (sample: string, of: string, number: number): string =>
    `${sample}${of === '' ? '' : `{${of}}`} ${formatValue(number)}${at}\n`;
  if (type === 'histogram') return histogramText(name, labels, value as HistogramSample, line);
  if (type === 'summary') return summaryText(name, labels, value as SummarySample, line);
  return line(name, labels, (value as Sample).value);
}

type Line = (sample: string, labels: string, value: number) => string;

const withLabel = (labels: string, more: string): string => (labels === '' ? more : `${labels},${more}`);

function histogramText(name: string, labels: string, value: HistogramSample, line: Line): string {
  let below = 0;
  let text = '';
  value.bounds.forEach((bound, i) => {
    below += value.counts[i] ?? 0;
    text += line(`${name}_bucket`, withLabel(labels, `le="${formatValue(bound)}"`), below);
  });
  text += line(`${name}_bucket`, withLabel(labels, 'le="+Inf"'), value.count);
  if (value.sum !== undefined) text += line(`${name}_sum`, labels, value.sum);
  return text + line(`${name}_count`, labels, value.count);
}

function summaryText(name: string, labels: string, value: SummarySample, line: Line): string {
  const quantiles = value.quantiles.map(({ quantile, value: at }) =>
    line(name, withLabel(labels, `quantile="${formatValue(quantile)}"`), at),
  );
  return quantiles.join('') + line(`${name}_sum`, labels, value.sum) + line(`${name}_count`, labels, value.count);
}
