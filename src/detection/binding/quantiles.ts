// Latency as a quantile: distributions of a tick are merged here and reach the kernel as one level when the tick is
// due. An approximation: histograms are merged by bucket, summaries by the count-weighted mean of their logarithms.
import { type Fold, type KernelApi, type Packed, type Scan, SeriesType } from '../../kernel/api.js';
import type { DataKind } from '../rules/feature-rule.js';
import type { GroupState } from '../topology/graph.js';
import { type Bucket, bucketsSince, quantileOf, readShape, type Shape } from './buckets.js';

/** A series that is read as a quantile. */
export interface SlowSeries {
  readonly quantile: number;
  readonly type: number;
  /** Factor to seconds. */
  readonly scale: number;
  readonly data: DataKind;
  readonly group: GroupState;
}

interface Merged {
  readonly buckets: Bucket[];
  logSum: number;
  logWeight: number;
  readonly series: SlowSeries;
}

interface ShapeReading {
  readonly buckets: readonly Bucket[];
  readonly startUnixNano: string;
}

type GroupedShapes<T extends { group: GroupState }> = Omit<T, 'group'> & { readonly group: number };
type SavedMerged = Omit<Merged, 'series'> & { readonly series: GroupedShapes<SlowSeries> };

/** Series and edges by kernel slot, groups by theirs. */
export interface SavedQuantiles {
  readonly series: readonly (readonly [series: number, slow: GroupedShapes<SlowSeries>])[];
  readonly readings: readonly (readonly [series: number, reading: ShapeReading])[];
  readonly merged: readonly (readonly [group: number, tick: number, edge: number, merged: SavedMerged])[];
}

/** Least latency whose logarithm is taken, seconds. */
const LEAST = 1e-9;

export class Quantiles {
  readonly #kernel: KernelApi;
  /** By kernel slot. */
  readonly #series = new Map<number, SlowSeries>();
  readonly #readings = new Map<number, ShapeReading>();
  /** By group, tick and edge. */
  readonly #merged = new Map<GroupState, Map<number, Map<number, Merged>>>();

  constructor(kernel: KernelApi) {
    this.#kernel = kernel;
  }

  /** `slow` undefined: the series is not read as a quantile. */
  bind(series: number, slow: SlowSeries | undefined): void {
    this.#readings.delete(series);
    if (slow) this.#series.set(series, slow);
    else this.#series.delete(series);
  }

  /** The kernel has moved edges and series into other slots. */
  renumber({ edges, series }: Packed): void {
    for (const map of [this.#series, this.#readings] as Map<number, unknown>[]) {
      for (const [from, to] of series) {
        const moved = map.get(from);
        map.delete(to);
        map.delete(from);
        if (moved !== undefined) map.set(to, moved);
      }
    }
    for (const ticks of this.#merged.values()) {
      for (const byEdge of ticks.values()) {
        for (const [from, to] of edges) {
          const moved = byEdge.get(from);
          byEdge.delete(to);
          byEdge.delete(from);
          if (moved) byEdge.set(to, moved);
        }
      }
    }
  }

  save(): SavedQuantiles {
    const grouped = (slow: SlowSeries) => ({ ...slow, group: slow.group.slot });
    const merged: (readonly [number, number, number, SavedMerged])[] = [];
    for (const [group, ticks] of this.#merged) {
      for (const [tick, edges] of ticks) {
        for (const [edge, one] of edges) merged.push([group.slot, tick, edge, { ...one, series: grouped(one.series) }]);
      }
    }
    return {
      series: [...this.#series].map(([series, slow]) => [series, grouped(slow)]),
      readings: [...this.#readings],
      merged,
    };
  }

  restore(saved: SavedQuantiles, groups: readonly (GroupState | undefined)[]): void {
    const ungrouped = (slow: GroupedShapes<SlowSeries>): SlowSeries => ({ ...slow, group: groups[slow.group]! });
    for (const [series, slow] of saved.series) this.#series.set(series, ungrouped(slow));
    for (const [series, reading] of saved.readings) this.#readings.set(series, reading);
    for (const [group, tick, edge, one] of saved.merged) {
      const ticks = entry(this.#merged, groups[group]!, () => new Map<number, Map<number, Merged>>());
      const edges = entry(ticks, tick, () => new Map<number, Merged>());
      edges.set(edge, { ...one, series: ungrouped(one.series) });
    }
  }

  /** The group is gone. */
  forgetGroup(group: GroupState): void {
    this.forget(group);
    for (const [series, slow] of this.#series) {
      if (slow.group !== group) continue;
      this.#series.delete(series);
      this.#readings.delete(series);
    }
  }

  /** Takes in the rows of a fold that asked for it. */
  note(body: Uint8Array, scan: Scan, rows: Fold['slowRows']): void {
    for (const { row, edge, tick } of rows) {
      const slot = scan.seriesOf(row);
      const series = this.#series.get(slot);
      if (!series) continue;
      const [start, end] = scan.ranges(row).point;
      const shape = readShape(series.data, body.subarray(start, end), series.quantile);
      if (shape) this.#merge(this.#mergedAt(series, tick, edge), slot, shape);
    }
  }

  #mergedAt(series: SlowSeries, tick: number, edge: number): Merged {
    const ticks = entry(this.#merged, series.group, () => new Map<number, Map<number, Merged>>());
    const edges = entry(ticks, tick, () => new Map<number, Merged>());
    return entry(edges, edge, () => ({ buckets: [], logSum: 0, logWeight: 0, series }));
  }

  #merge(merged: Merged, slot: number, shape: Shape): void {
    if (shape.form === 'quantile') {
      const seconds = Math.max(shape.value * merged.series.scale, LEAST);
      merged.logSum += shape.count * Math.log(seconds);
      merged.logWeight += shape.count;
      return;
    }
    const change = merged.series.type === SeriesType.COUNTER ? this.#change(slot, shape) : shape.buckets;
    for (const bucket of change) addBucket(merged.buckets, bucket);
  }

  /** A first reading tells nothing of its window; after a reset everything happened since. */
  #change(slot: number, reading: ShapeReading): readonly Bucket[] {
    const before = this.#readings.get(slot);
    this.#readings.set(slot, reading);
    if (!before) return [];
    if (before.startUnixNano !== reading.startUnixNano) return reading.buckets;
    return bucketsSince(before.buckets, reading.buckets) ?? reading.buckets;
  }

  /** Lets go of what a group's open ticks have. */
  forget(group: GroupState): void {
    this.#merged.delete(group);
  }

  /** Hands over what a group's oldest open tick has: it is about to be closed. */
  due(group: GroupState): void {
    const ticks = this.#merged.get(group);
    if (!ticks) return;
    const due = group.ticks === 0 ? Math.min(...ticks.keys()) : group.tick + 1;
    for (const [tick, edges] of ticks) {
      if (tick > due) continue;
      ticks.delete(tick);
      if (tick === due) for (const [edge, merged] of edges) this.#level(edge, tick, merged);
    }
  }

  #level(edge: number, tick: number, { buckets, logSum, logWeight, series }: Merged): void {
    const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    const value = quantileOf(buckets, series.quantile) * series.scale;
    if (count > 0 && value >= 0) this.#kernel.addLevel(edge, tick, value, count);
    if (logWeight > 0) this.#kernel.addLevel(edge, tick, Math.exp(logSum / logWeight), logWeight);
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function addBucket(buckets: Bucket[], { lower, upper, count }: Bucket): void {
  const same = buckets.find((bucket) => bucket.lower === lower && bucket.upper === upper);
  if (same) same.count += count;
  else buckets.push({ lower, upper, count });
}
