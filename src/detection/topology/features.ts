// What the features of edges listen to. Tens of thousands of edges hear the same: they share one object.
import { type FeatureName, Role, SeriesType } from '../../kernel/api.js';
import type { Mapped } from '../rules/resolve.js';
import type { FeatureState, Features, FeedState } from './graph.js';

export const NO_FEATURES: Features = {};

/** Units are the senders' words: so many sets are remembered, then all are anew, lest they fill the memory. */
const MAX_SHARED = 10_000;

/**
 * How a feature was received, from the series that brought it. Counts of a distribution, and errors, are not in its
 * unit.
 */
export function featureState(mapped: Mapped, feed: FeedState, feature: FeatureName): FeatureState {
  const { rank, type, roles, rule } = mapped;
  const isOwn = feature === 'errors' && !(roles & Role.ERROR_RATIO);
  const isCount = feature === 'requests' && (roles & Role.FROM_COUNT) !== 0;
  return {
    rank,
    feed,
    scale: isOwn || isCount ? 1 : mapped.scale,
    unit: isOwn ? '1' : isCount ? '{request}' : mapped.unit,
    type: isOwn ? SeriesType.LEVEL : type,
    rule: `${rule.preset}/${rule.rule.name}`,
  };
}

/** Makes one object of equal sets. */
export class SharedFeatures {
  /** What becomes of a set when a feature listens to something: by set, then by what that is. */
  readonly #next = new Map<Features, Map<string, Features>>();
  #size = 0;

  /** The features with one of them set. */
  with(features: Features, name: FeatureName, state: FeatureState): Features {
    const { rank, feed, scale, unit, type, rule } = state;
    const key = JSON.stringify([name, feed.slot, rank, scale, type, unit, rule]);
    return this.#next.get(features)?.get(key) ?? this.#add(features, key, { ...features, [name]: state });
  }

  /** Nothing is shared with what was there before: slots of feeds are used again. */
  clear(): void {
    this.#next.clear();
    this.#size = 0;
  }

  #add(features: Features, key: string, next: Features): Features {
    if (this.#size === MAX_SHARED) this.clear();
    this.#size++;
    const known = this.#next.get(features);
    if (known) known.set(key, next);
    else this.#next.set(features, new Map([[key, next]]));
    return next;
  }
}
