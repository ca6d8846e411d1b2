// What a checkpoint holds beside the kernel's memory, without what is no number: one such value would spoil all that is
// worked out from it.

import type { SavedQuantiles } from '../binding/quantiles.js';
import type { SavedDetector } from '../detector-parts.js';
import type { SavedIncidents } from '../incidents/incidents.js';
import type { SavedCluster, SavedDictionary, SavedGroup } from '../topology/saved-dictionary.js';

/** Counts what it mends. */
class Mender {
  count = 0;

  /** 0 in place of what is no number. */
  number(value: number): number {
    if (Number.isFinite(value)) return value;
    this.count++;
    return 0;
  }

  column(values: Float64Array): Float64Array {
    return values.map((value) => this.number(value));
  }

  /** Those of whose numbers every one is one; the others are worked out anew. */
  sound<T>(items: readonly T[], numbersOf: (item: T) => readonly number[]): readonly T[] {
    const sound = items.filter((item) => numbersOf(item).every(Number.isFinite));
    this.count += items.length - sound.length;
    return sound;
  }

  cluster(saved: SavedCluster): SavedCluster {
    const { firstMs, lastMs, knownMs } = saved;
    return {
      ...saved,
      firstMs: this.number(firstMs),
      lastMs: this.number(lastMs),
      knownMs: this.column(knownMs),
    };
  }

  group(saved: SavedGroup): SavedGroup {
    const { tick, ticks, scoredMs } = saved;
    return { ...saved, tick: this.number(tick), ticks: this.number(ticks), scoredMs: this.number(scoredMs) };
  }

  dictionary(saved: SavedDictionary): SavedDictionary {
    const { clusters, groups, services, edges } = saved;
    return {
      ...saved,
      clusters: clusters.map((cluster) => this.cluster(cluster)),
      groups: groups.map((group) => this.group(group)),
      services: { ...services, tick: this.column(services.tick) },
      edges: {
        ...edges,
        firstTick: this.column(edges.firstTick),
        rest: edges.rest.map(([edge, { episode, lastEndMs, ...rest }]) => [
          edge,
          {
            ...rest,
            ...(episode && {
              episode: {
                ...episode,
                startedMs: this.number(episode.startedMs),
                topScore: this.number(episode.topScore),
              },
            }),
            ...(lastEndMs && { lastEndMs: this.sound(lastEndMs, ([, ms]) => [ms]) }),
          },
        ]),
      },
    };
  }

  incidents(saved: SavedIncidents): SavedIncidents {
    return {
      ...saved,
      open: this.sound(saved.open, ({ openedMs, level }) => [openedMs, level]).map((one) => ({
        ...one,
        ranking: this.sound(one.ranking, ({ service: _, ...parts }) =>
          Object.values(parts).filter((part) => typeof part === 'number'),
        ),
      })),
      levels: this.sound(saved.levels, ([, , level]) => [level]),
    };
  }

  /** The last bucket of a histogram has no end: only counts and sums are looked at. */
  quantiles(saved: SavedQuantiles): SavedQuantiles {
    return {
      ...saved,
      readings: this.sound(saved.readings, ([, { buckets }]) => buckets.map(({ count }) => count)),
      merged: this.sound(saved.merged, ([, , , { buckets, logSum, logWeight }]) => [
        logSum,
        logWeight,
        ...buckets.map(({ count }) => count),
      ]),
    };
  }
}

/** How many values were none. */
export function mendSaved(saved: SavedDetector): { readonly saved: SavedDetector; readonly count: number } {
  const mender = new Mender();
  const mended = {
    ...saved,
    dictionary: mender.dictionary(saved.dictionary),
    incidents: mender.incidents(saved.incidents),
    quantiles: mender.quantiles(saved.quantiles),
  };
  return { saved: mended, count: mender.count };
}
