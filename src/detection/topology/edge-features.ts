// Which feed each feature of an edge listens to: the most trusted one; whatever else tells of it is shadowed.
import { ANY_RANK, FEATURES, type KernelApi } from '../../kernel/api.js';
import type { Mapped } from '../rules/resolve.js';
import { featuresOf } from '../rules/series-roles.js';
import { featureState, NO_FEATURES, SharedFeatures } from './features.js';
import type { EdgeState, FeedState } from './graph.js';

export class EdgeFeatures {
  readonly shared: SharedFeatures = new SharedFeatures();
  readonly #kernel: KernelApi;

  constructor(kernel: KernelApi) {
    this.#kernel = kernel;
  }

  /** The edge hears a series of this feed. */
  listen(edge: EdgeState, feed: FeedState, mapped: Mapped): void {
    for (const feature of featuresOf(mapped.roles)) {
      const current = edge.features[feature];
      if (!current || mapped.rank < current.rank) {
        this.#kernel.setFeatureRank(edge.slot, FEATURES.indexOf(feature), mapped.rank);
        edge.features = this.shared.with(edge.features, feature, featureState(mapped, feed, feature));
        if (current && current.feed !== feed) shadow(edge, feature, current.feed);
      } else if (mapped.rank > current.rank) {
        shadow(edge, feature, feed);
      }
    }
  }

  /** Features that listened to the feed listen to whatever comes next. */
  forgetFeed(feed: FeedState): void {
    for (const edge of feed.group.cluster.edges) {
      if (edge.group !== feed.group) continue;
      for (const [feature, name] of FEATURES.entries()) {
        edge.shadowed?.get(name)?.delete(feed);
        if (edge.features[name]?.feed !== feed) continue;
        const { [name]: _, ...rest } = edge.features;
        edge.features = rest;
        this.#kernel.setFeatureRank(edge.slot, feature, ANY_RANK);
      }
    }
  }

  /** The rules have changed: every feature listens to whatever comes, until the new rules say what. */
  forgetAll(edges: readonly (EdgeState | undefined)[]): void {
    for (const edge of edges) {
      if (!edge) continue;
      edge.features = NO_FEATURES;
      edge.shadowed = undefined;
      for (let feature = 0; feature < FEATURES.length; feature++) {
        this.#kernel.setFeatureRank(edge.slot, feature, ANY_RANK);
      }
    }
  }
}

function shadow(edge: EdgeState, feature: (typeof FEATURES)[number], feed: FeedState): void {
  edge.shadowed ??= new Map();
  const feeds = edge.shadowed.get(feature) ?? new Set();
  feeds.add(feed);
  edge.shadowed.set(feature, feeds);
}
