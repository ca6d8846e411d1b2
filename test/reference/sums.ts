// The slow plain-TypeScript oracle of an edge's window: samples of its series into four numbers. For tests only.
import { Role, type SeriesBinding, SeriesType } from '../../src/kernel/api.js';
import type { CounterSample } from './counters.js';

export interface Sample {
  request: string;
  time: bigint;
  sum: number;
  count: number;
  hasValue: boolean;
  hasCount: boolean;
  start: bigint;
  /** Points of this series and time that were summed. */
  points: number;
  tick: bigint;
  isLate: boolean;
  /** Counter: what is known of it besides (`counters.ts`). */
  counter: CounterSample | undefined;
}

export const FEATURE_ROLES: readonly number[] = [
  Role.LATENCY_SUM | Role.LATENCY_LEVEL | Role.SLOW,
  Role.REQUESTS,
  Role.ERRORS | Role.ERRORS_NONE | Role.ERROR_RATIO,
  Role.BYTES,
];

/** No window of a service has more of anything. */
const put = (value: number): number => Math.fround(Math.min(value, 1e18));

export class EdgeSums {
  readonly latency = { reports: 0, sum: 0, count: 0 };
  readonly level = { sum: 0, weight: 0 };
  readonly requests = { reports: 0, sum: 0 };
  readonly errors = { reports: 0, sum: 0 };
  readonly bytes = { reports: 0, sum: 0 };
  readonly ratio = { reports: 0, sum: 0, weight: 0 };

  addSeries(binding: SeriesBinding, samples: readonly Sample[], heard: readonly boolean[], seconds: number): void {
    const { type, roles } = binding;
    const isLevel = (roles & (Role.LATENCY_LEVEL | Role.ERROR_RATIO | Role.SLOW)) !== 0;
    if ((type === SeriesType.RATE || type === SeriesType.LEVEL) && !isLevel && !samples.some((s) => s.count > 0)) {
      if (samples.length === 0) return;
      const mean = samples.reduce((sum, sample) => sum + sample.sum, 0) / samples.length;
      this.#add(binding, mean * (type === SeriesType.RATE ? seconds : 1), 0, true, 1, heard);
      return;
    }
    for (const sample of samples) {
      if (type === SeriesType.COUNTER) {
        const { counter } = sample;
        if (!counter?.isTold) continue;
        const { sum, count } = counter;
        this.#add(binding, sum, count, sample.hasValue, count, heard);
      } else {
        // Levels of one time are averaged like those of different times.
        this.#add(binding, sample.sum, sample.count, sample.hasValue, sample.count || sample.points, heard);
      }
    }
  }

  #add(
    b: SeriesBinding,
    sum: number,
    count: number,
    hasValue: boolean,
    weight: number,
    heard: readonly boolean[],
  ): void {
    const { roles } = b;
    const scaled = sum * b.scale;
    const amount = (roles & Role.FROM_COUNT) !== 0 ? count : scaled;
    if (heard[0] && (roles & Role.LATENCY_SUM) !== 0 && hasValue) {
      this.latency.reports++;
      this.latency.sum += scaled;
      this.latency.count += count;
    }
    if (heard[0] && (roles & Role.LATENCY_LEVEL) !== 0 && hasValue) {
      this.level.sum += scaled;
      this.level.weight += weight;
    }
    if (heard[1]) {
      this.requests.reports++;
      this.requests.sum += amount;
    }
    if (heard[2] && (roles & (Role.ERRORS | Role.ERRORS_NONE)) !== 0) {
      this.errors.reports++;
      if ((roles & Role.ERRORS) !== 0) this.errors.sum += amount;
    }
    if (heard[2] && (roles & Role.ERROR_RATIO) !== 0) {
      this.ratio.reports++;
      this.ratio.sum += scaled;
      this.ratio.weight += weight;
    }
    if (heard[3]) {
      if (b.type !== SeriesType.COUNTER || sum !== 0) this.bytes.reports++;
      this.bytes.sum += scaled;
    }
  }

  window(): readonly [number, number, number, number] {
    const n = this.requests.sum;
    if (this.requests.reports > 0 && !(n > 0)) return [NaN, NaN, NaN, NaN];
    let latency = NaN;
    if (this.latency.reports > 0 && this.latency.count > 0) latency = this.latency.sum / this.latency.count;
    else if (this.latency.reports > 0 && n > 0) latency = this.latency.sum / n;
    else if (this.level.weight > 0) latency = this.level.sum / this.level.weight;
    let errors = NaN;
    if (this.errors.reports > 0) errors = this.errors.sum;
    else if (this.ratio.reports > 0 && n > 0) errors = (this.ratio.sum / this.ratio.weight) * n;
    const bytes = this.bytes.sum > 0 || (this.bytes.reports > 0 && n > 0) ? this.bytes.sum : NaN;
    return [put(latency), n > 0 ? put(n) : NaN, put(errors), put(bytes)];
  }
}
