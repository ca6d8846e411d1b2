// The page, in Prometheus' text format 0.0.4 or in OpenMetrics 1.0. Names and labels are the same in both.
import { type Format, OPEN_METRICS } from './formats.js';
import { escapeHelp, escapeLabel, formatValue } from './names.js';
import type { Family, HistogramSample, Sample, Series, SummarySample } from './series.js';

/** The families as text. `timestamps`: with the time of each point. */
export function exposition(families: readonly Family[], timestamps: boolean, format: Format): string {
  const page = new ExpositionPage(format, timestamps, new Set(families.map(({ name }) => name)));
  return families.map((family) => page.family(family)).join('') + (format === OPEN_METRICS ? '# EOF\n' : '');
}

type ExpositionLine = (sample: string, labels: string, value: number) => string;

const withLabel = (labels: string, more: string): string => (labels === '' ? more : `${labels},${more}`);

class ExpositionPage {
  private readonly open: boolean;
  private readonly timestamps: boolean;
  /** Names that no other family may go by. */
  private readonly names: Set<string>;

  constructor(format: Format, timestamps: boolean, names: Set<string>) {
    this.open = format === OPEN_METRICS;
    this.timestamps = timestamps;
    this.names = names;
  }

  family(family: Family): string {
    const lines = [this.open ? this.openHead(family) : textHead(family)];
    for (const series of family.series.values()) lines.push(this.series(family, series));
    return lines.join('');
  }

  /**
   * OpenMetrics names a counter without its `_total`, and `target_info` without `_info`. Where that would be another
   * family's name, or the suffix is not there, the name stays and the type goes.
   */
  private openHead({ name, type, help, unit }: Family): string {
    const isInfo = name === 'target_info';
    const suffix = type === 'counter' ? '_total' : isInfo ? '_info' : '';
    const base = name.slice(0, name.length - suffix.length);
    const fits = suffix === '' || (name.endsWith(suffix) && base !== '' && !this.names.has(base));
    const family = fits ? base : name;
    this.names.add(family);
    const openType = !fits ? 'unknown' : isInfo ? 'info' : type;
    const ofUnit = unit !== '' && !isInfo && family.endsWith(`_${unit}`) ? `# UNIT ${family} ${unit}\n` : '';
    return `# TYPE ${family} ${openType}\n${ofUnit}# HELP ${family} ${escapeLabel(help)}\n`;
  }

  private series({ name, type }: Family, { labels, value }: Series): string {
    const at = this.timestamps && value.timeMs > 0 ? ` ${this.open ? value.timeMs / 1000 : value.timeMs}` : '';
    const line: ExpositionLine = (sample, of, number) =>
      `${sample}${of === '' ? '' : `{${of}}`} ${formatValue(number)}${at}\n`;
    if (type === 'histogram') return this.histogram(name, labels, value as HistogramSample, line);
    if (type === 'summary') return this.summary(name, labels, value as SummarySample, line);
    return line(name, labels, (value as Sample).value);
  }

  private histogram(name: string, labels: string, value: HistogramSample, line: ExpositionLine): string {
    let below = 0;
    let text = '';
    value.bounds.forEach((bound, i) => {
      below += value.counts[i] ?? 0;
      text += line(`${name}_bucket`, withLabel(labels, `le="${this.bound(bound)}"`), below);
    });
    text += line(`${name}_bucket`, withLabel(labels, 'le="+Inf"'), value.count);
    if (value.sum !== undefined) text += line(`${name}_sum`, labels, value.sum);
    return text + line(`${name}_count`, labels, value.count);
  }

  private summary(name: string, labels: string, value: SummarySample, line: ExpositionLine): string {
    const quantiles = value.quantiles.map(({ quantile, value: at }) =>
      line(name, withLabel(labels, `quantile="${this.bound(quantile)}"`), at),
    );
    return quantiles.join('') + line(`${name}_sum`, labels, value.sum) + line(`${name}_count`, labels, value.count);
  }

  /** OpenMetrics, "Canonical Numbers": a whole number shows that it is a float. */
  private bound(value: number): string {
    const text = formatValue(value);
    return this.open && /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
}

function textHead({ name, type, help }: Family): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}
