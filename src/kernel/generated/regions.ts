// Regions of the kernel's state. Generated from assembly/ by scripts/generate-kernel.mjs; do not edit.
/**
 * Regions of state, by the numbers that they have in a snapshot: a region keeps its number, so that older ones can be
 * read.
 */
export const Region = {
  /** Scratch, of any kind. */
  SCRATCH: 0,
  SERIES: 7,
  SERIES_HEAD: 8,
  GRIDS: 9,
  FEEDS: 10,
  CLOCKS: 11,
  EDGE_WINDOWS: 12,
  SERVICE_SLOTS: 13,
  GRAPH_HEAD: 14,
  COUNTS: 15,
  EDGES: 21,
  SERVICES: 22,
  GROUPS: 23,
  CHUNKS: 24,
  PROFILES: 25,
  WINDOWS: 26,
  ORDER_HEAD: 27,
  SCORE: 28,
  EVIDENCE: 29,
  SURPRISE: 30,
  GAP: 31,
  ON: 32,
  CHANGE: 33,
  KIND: 34,
  PRESENT: 35,
  SOURCE: 36,
  FOREST: 37,
  AGE: 38,
  USUAL: 39,
  SUSTAINED: 40,
  CHANNEL: 41,
  CHANNEL_CHANGE: 42,
  POOLS: 59,
  POOL_SLOTS: 60,
  TREES: 61,
  CODERS: 90,
} as const;
