// Numbers and enums of the kernel. Generated from assembly/ by scripts/generate-kernel.mjs; do not edit.
/** Present windows of LEVEL_WINDOW at which the evidence counts half. */
export const AGE = 200;

/** Age factor of gross changes and of the silence of a busy edge: n / (n + min(AGE, factor n)). */
export const AGE_GROSS = 0.05;

export const AGE_SILENT = 0.3;

/** A rank that a feature listens to where it listens to every one; series have lower ones. */
export const ANY_RANK = 255;

/** Rows scored together, and rows that walk together. */
export const BLOCK_ROWS = 64;

/** Signed surprises of an edge and window, feature-major: 3 k + j. */
export const COMPONENTS = 12;

export const FEATURES = 4;

/** What an edge shows in a window. */
export const Feature = {
  /** Seconds, mean. */
  LATENCY: 0,
  REQUESTS: 1,
  ERRORS: 2,
  BYTES: 3,
} as const;

/** Names of Feature by number. */
export const featureNames = [
  'latency',
  'requests',
  'errors',
  'bytes',
] as const;

export const Form = {
  /** Not made. */
  NONE: 0,
  READY: 1,
  /** More columns, levels or batches than fit: trees are walked as they are. */
  UNFIT: 2,
} as const;

/** Names of Form by number. */
export const formNames = [
  'none',
  'ready',
  'unfit',
] as const;

/** What the last fold held back of a clock. */
export const Held = {
  NOTHING: 0,
  /** More points of a clock that had some held before. */
  MORE: 1,
  FIRST: 2,
} as const;

/** Names of Held by number. */
export const heldNames = [
  'nothing',
  'more',
  'first',
] as const;

/**
 * Scans whose records are kept side by side, so that a request that comes while another is being learnt from is walked
 * once, not twice. A scan touches only as much as it has points.
 */
export const KEPT_SCANS = 8;

/** What an alert is about: a rise and a fall of each feature, in their order, and what no feature alone explains. */
export const Kind = {
  NONE: 0,
  LATENCY_SPIKE: 1,
  LATENCY_DROP: 2,
  THROUGHPUT_SPIKE: 3,
  THROUGHPUT_DROP: 4,
  ERROR_RATE_SPIKE: 5,
  /** Never alerts. */
  ERROR_RATE_DROP: 6,
  BYTE_COUNT_SPIKE: 7,
  BYTE_COUNT_DROP: 8,
  TRAFFIC_PATTERN: 9,
} as const;

/** Names of Kind by number. */
export const kindNames = [
  'none',
  'latency_spike',
  'latency_drop',
  'throughput_spike',
  'throughput_drop',
  'error_rate_spike',
  'error_rate_drop',
  'byte_count_spike',
  'byte_count_drop',
  'traffic_pattern',
] as const;

export const LAM1 = 0.3;

export const LAM2 = 0.1;

/** Most alert profiles; profile 0 and every one that was never set is the default threshold. */
export const MAX_PROFILES = 4096;

/** Most rows of a subsample. */
export const MAX_SUBSAMPLE = 4096;

/** Clocks of senders at most: as many as `Series.clock` can tell apart. */
export const MOST_CLOCKS = 65535;

/**
 * Messages that one request may consist of, those within messages included. What anybody sends has twenty bytes and
 * more for each; 64 MiB of empty ones, which are some kilobytes of gzip, would hold the event loop for a second.
 */
export const MOST_MESSAGES = 8388608;

/** Why a row is told to TypeScript. */
export const Odd = {
  /** Another writer's, left out. */
  OTHER_WRITER: 0,
  /** Of the writer that is counted, the first after the other's. */
  COUNTED_WRITER: 1,
  /** The reading before it was wrong, and left out. */
  CAME_BACK: 2,
  /** It goes on from a leap of the reading before, which is not counted. */
  LEAPT: 3,
} as const;

/** Names of Odd by number. */
export const oddNames = [
  'other_writer',
  'counted_writer',
  'came_back',
  'leapt',
] as const;

/** Windows kept for the ranking of root causes. */
export const RECENT = 4;

/** Bits of a request's number. */
export const REQUEST_MASK = 2147483647;

/** What a series contributes to its edge; several bits may be set. */
export const Role = {
  /** Σ sum / Σ count of a summary, histogram or exponential histogram. */
  LATENCY_SUM: 1,
  /** A gauge that is itself a (mean) latency. */
  LATENCY_LEVEL: 2,
  REQUESTS: 4,
  ERRORS: 8,
  /** The point tells of requests that were no errors: errors are known, and are 0 here. */
  ERRORS_NONE: 16,
  BYTES: 32,
  /** Errors as a share of requests. */
  ERROR_RATIO: 64,
  /** REQUESTS and ERRORS take the point's count, not its value. */
  FROM_COUNT: 128,
  /** The point is handed to TypeScript (`slowRows`): latency quantiles. */
  SLOW: 256,
} as const;

/** Bits of `Row.flags`; the low byte is the field number of Metric.data. */
export const RowFlag = {
  DATA: 255,
  /** The point's NO_RECORDED_VALUE flag. */
  NO_VALUE: 256,
  /** `value` is on the wire (a gauge's or sum's value; sum of the others). */
  VALUE: 512,
  /** `count` exists: histogram, exponential histogram, summary. */
  COUNT: 1024,
  /** Pixie's copy of the row of an earlier resource. */
  COPY: 2048,
} as const;

/** Instant, gain LAM1, gain LAM2. */
export const SCALES = 3;

/** How a series' value becomes a window's amount. */
export const SeriesType = {
  AMOUNT: 0,
  COUNTER: 1,
  RATE: 2,
  LEVEL: 3,
} as const;

/** Names of SeriesType by number. */
export const seriesTypeNames = [
  'amount',
  'counter',
  'rate',
  'level',
] as const;

/** What set the evidence of a window: a component by its number, or one of these. */
export const Source = {
  /** Fisher's combination at the first of the three scales; the others follow. */
  FISHER: 12,
  FOREST: 15,
  AUTOENCODER: 16,
  GAP: 17,
  NONE: 255,
} as const;

export const Status = {
  OK: 0,
  /** The regions of the asked capacities do not fit into memory. */
  NO_MEMORY: 1,
  /** A length, fixed field or varint reaches past the end of its message. */
  TRUNCATED: 2,
  /** A varint is longer than its type allows. */
  VARINT: 3,
  /** A tag with field number 0, or one that does not fit into 32 bits. */
  TAG: 4,
  /** Wire type 6 or 7, or an end-group tag without its start. */
  WIRE_TYPE: 5,
  /** Messages or groups nested deeper than 100. */
  DEPTH: 6,
  /** fold: a tick is due. */
  CLOSE: 7,
  /** fold: held requests of a clock come first. */
  CONFIRMED: 8,
  /** A request consists of more messages than anybody sends. */
  MESSAGES: 9,
} as const;

/** Names of Status by number. */
export const statusNames = [
  'ok',
  'no_memory',
  'truncated',
  'varint',
  'tag',
  'wire_type',
  'depth',
  'close',
  'confirmed',
  'messages',
] as const;

/** Present windows before an edge may alert or is counted in an outage. */
export const WARM = 60;
