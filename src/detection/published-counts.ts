// Passes the kernel's and the dictionary's counts on as increments.
import type { FoldCounts } from '../kernel/api.js';
import type { AnomalyEvents } from '../telemetry/anomaly-events.js';
import type { BoundCounts } from './topology/bounds.js';

/** What each bound kept out last, for people. */
type Examples = ReadonlyMap<keyof BoundCounts, string>;

export class PublishedCounts {
  #points: FoldCounts | undefined;
  #bounds: Record<string, number> = {};

  /** These were counted before. */
  resume(points: FoldCounts, bounds: BoundCounts): void {
    this.#points = { ...points };
    this.#bounds = { ...bounds };
  }

  publish(points: FoldCounts, bounds: BoundCounts, examples: Examples, events: AnomalyEvents): void {
    for (const name of Object.keys(points) as (keyof FoldCounts)[]) {
      const more = points[name] - (this.#points?.[name] ?? 0);
      if (more > 0) events.points(name, more);
    }
    for (const [name, count] of Object.entries(bounds)) {
      const more = count - (this.#bounds[name] ?? 0);
      if (more > 0) events.bound(name, more, examples.get(name as keyof BoundCounts));
    }
    this.resume(points, bounds);
  }
}
