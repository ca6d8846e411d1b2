// What a kernel is made with: capacities, seeds, detectors.

/** Fixed at start: every region of the kernel's memory is laid out from these. */
export interface KernelOptions {
  readonly maxSeries: number;
  readonly maxEdges: number;
  /** Service slots, all groups together. */
  readonly maxServices: number;
  /** A group is one window length in one cluster. */
  readonly maxGroups: number;
  /** A feed is one feature rule in one cluster. */
  readonly maxFeeds: number;
  /** Largest request body, bytes. */
  readonly inputLimitBytes: number;
  /** Seed of the 64-bit series hash. */
  readonly hashSeed: bigint;
  /** Seed of the isolation forest and the autoencoder, unsigned 32 bits. */
  readonly seed: number;
  readonly forest: ForestOptions;
  /** docs/detection.md, section 11; off. */
  readonly autoencoder?: boolean;
  /** Judge small counts of errors and requests by their exact probability as well; on. */
  readonly counts?: boolean;
  /** Nats off the incident evidence of bytes alone; 6. */
  readonly bytesDiscount?: number;
  /** A series without a point for so long, in event time, may give way when the table is full; 3600. */
  readonly idleSeriesSeconds?: number;
  /**
   * Room for what is remembered of resources that come again and again, bytes; 8 MiB, 0: nothing is. No result depends
   * on it.
   */
  readonly templateBytes?: number;
}

/** docs/detection.md, section 4. Sizes in vectors, refresh in windows. */
export interface ForestOptions {
  readonly enabled: boolean;
  readonly trees: number;
  readonly subsample: number;
  readonly reservoir: number;
  readonly period: number;
  readonly first: number;
  readonly refresh: number;
}
