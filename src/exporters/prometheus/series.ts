// What is exposed: families of series with their newest values, bounded in number and forgotten when they fall silent.
import type { PrometheusType } from './names.js';

export interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

export interface HistogramSample {
  readonly timeMs: number;
  readonly sum: number | undefined;
  readonly count: number;
  /** Upper bounds without the last, infinite one. */
  readonly bounds: readonly number[];
  /** Not cumulative; one more than `bounds`. */
  readonly counts: readonly number[];
}

export interface SummarySample {
  readonly timeMs: number;
  readonly sum: number;
  readonly count: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export type Value = Sample | HistogramSample | SummarySample;

export interface Series {
  /** `a="1",b="2"`, escaped; empty without labels. */
  labels: string;
  value: Value;
  /** Monotonic, ms. */
  seenAt: number;
}

export interface Family {
  readonly name: string;
  readonly type: PrometheusType;
  readonly help: string;
  /** The word that the name ends with, if it is its unit; may be empty. */
  readonly unit: string;
  /** By their keys. */
  readonly series: Map<string, Series>;
}

/** Why a point is not exposed. */
export type SeriesRefusal = 'series_limit' | 'type_conflict';

/** What a point is put under. */
export interface Place {
  readonly name: string;
  readonly type: PrometheusType;
  readonly help: string;
  readonly unit: string;
  readonly labels: string;
  /** What tells the series from others of its family; default: its labels. */
  readonly key?: string;
}

/** The names that a family's samples go by. */
function sampleNames(name: string, type: PrometheusType): string[] {
  if (type === 'histogram') return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
  return type === 'summary' ? [name, `${name}_sum`, `${name}_count`] : [name];
}

export class SeriesStore {
  private readonly families = new Map<string, Family>();
  /** Sample name → name of the family that it belongs to. */
  private readonly taken = new Map<string, string>();
  private count = 0;

  constructor(
    private readonly maxSeries: number,
    private readonly expirationMs: number,
  ) {}

  /** Series now held. */
  get size(): number {
    return this.count;
  }

  /**
   * Puts the newest value of a series; one older than the last changes nothing. `merge` adds to the last one instead
   * (deltas).
   */
  put<V extends Value>(place: Place, now: number, value: V, merge?: (last: V) => V): SeriesRefusal | undefined {
    const known = this.families.get(place.name);
    if (!known && this.count >= this.maxSeries) return 'series_limit';
    const family = known ?? this.addFamily(place);
    if (family?.type !== place.type) return 'type_conflict';
    const { labels, key = labels } = place;
    const series = family.series.get(key);
    if (!series) return this.addSeries(family, key, { labels, value, seenAt: now });
    series.labels = labels;
    series.seenAt = now;
    if (merge) series.value = merge(series.value as V);
    else if (value.timeMs >= series.value.timeMs) series.value = value;
    return undefined;
  }

  /** Forgets one series: its sender says that it is gone. */
  remove(name: string, labels: string): void {
    const family = this.families.get(name);
    if (family?.series.delete(labels)) this.count--;
    if (family?.series.size === 0) this.removeFamily(family);
  }

  /** Forgets what has not been seen for the time of expiration. */
  expire(now: number): void {
    for (const family of this.families.values()) {
      for (const [key, series] of family.series)
        if (now - series.seenAt > this.expirationMs && family.series.delete(key)) this.count--;
      if (family.series.size === 0) this.removeFamily(family);
    }
  }

  /** The families by name. */
  sorted(): Family[] {
    return [...this.families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private addSeries(family: Family, key: string, series: Series): SeriesRefusal | undefined {
    if (this.count >= this.maxSeries) return 'series_limit';
    this.count++;
    family.series.set(key, series);
    return undefined;
  }

  /** Undefined where a sample name belongs to another family: a gauge `x_count` beside a histogram `x`. */
  private addFamily({ name, type, help, unit }: Place): Family | undefined {
    const names = sampleNames(name, type);
    if (names.some((one) => this.taken.has(one))) return undefined;
    const family: Family = { name, type, help, unit, series: new Map() };
    this.families.set(name, family);
    for (const one of names) this.taken.set(one, name);
    return family;
  }

  private removeFamily(family: Family): void {
    this.families.delete(family.name);
    for (const one of sampleNames(family.name, family.type)) this.taken.delete(one);
  }
}
