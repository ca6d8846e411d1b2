// What the detection's numbers stand for: features, kinds of anomalies, sources of evidence.

/** What an edge shows in a window. */
export const enum Feature {
  /** Seconds, mean. */
  LATENCY,
  REQUESTS,
  ERRORS,
  BYTES,
}

/** What set the evidence of a window: a component by its number, or one of these. */
export const enum Source {
  /** Fisher's combination at the first of the three scales; the others follow. */
  FISHER = 12,
  FOREST = 15,
  AUTOENCODER = 16,
  GAP = 17,
  NONE = 255,
}

/** What an alert is about: a rise and a fall of each feature, in their order, and what no feature alone explains. */
export const enum Kind {
  NONE,
  LATENCY_SPIKE,
  LATENCY_DROP,
  THROUGHPUT_SPIKE,
  THROUGHPUT_DROP,
  ERROR_RATE_SPIKE,
  /** Never alerts. */
  ERROR_RATE_DROP,
  BYTE_COUNT_SPIKE,
  BYTE_COUNT_DROP,
  TRAFFIC_PATTERN,
}
