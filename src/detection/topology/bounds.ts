// Bounds that bit: how often, and what each kept out last.
import type { Comer } from './room.js';

/** Bounds that bit, by name of the bound; monotonic. */
export interface BoundCounts {
  groups: number;
  feeds: number;
  services: number;
  edges: number;
  /** Edges, groups and feeds that gave way to others. */
  evicted: number;
  evictedGroups: number;
  evictedFeeds: number;
  /** Series whose edge already has another window length. */
  otherWindow: number;
  /** Senders whose clocks are not told apart. */
  clocks: number;
}

export class Bounds {
  readonly counts: BoundCounts = {
    groups: 0,
    feeds: 0,
    services: 0,
    edges: 0,
    evicted: 0,
    evictedGroups: 0,
    evictedFeeds: 0,
    otherWindow: 0,
    clocks: 0,
  };
  /** What each bound kept out last, for people. */
  readonly examples: Map<keyof BoundCounts, string> = new Map();

  /** Something gave way to something else. */
  evicted(bound: 'evicted' | 'evictedGroups' | 'evictedFeeds', example: string): void {
    this.counts[bound]++;
    this.examples.set(bound, example);
  }

  /** There is no room. What is refused again and again counts once. */
  refused(bound: 'groups' | 'feeds' | 'edges' | 'otherWindow', { isReturning }: Comer, example: string): void {
    if (!isReturning) this.counts[bound]++;
    this.examples.set(bound, example);
  }
}
