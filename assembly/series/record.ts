// What is known of a series.

/** Bits of `Series.state`. */
export const enum SeriesState {
  FREE = 0,
  /** Admitted; nobody has said yet what it is. */
  USED = 1,
  BOUND = 2,
  /** Counter: there is a sample to subtract. */
  SAMPLED = 4,
  /** Counter: what happened up to the newest sample is known (not the first sample, not after an outage). */
  BASED = 8,
  /** Counter: the newest sample began anew by its start time. */
  RESTARTED = 16,
  /** Counter: the newest sample, or the one before, is not believed yet (`window/counters.ts`). */
  DOUBTED = 32,
  DOUBTED_BEFORE = 64,
  /** Counter: it has fallen and come back, and no two samples have followed each other since. */
  UNSTEADY = 128,
  UNSTEADY_BEFORE = 256,
  /** Counter: points with several start times were summed into the newest sample. */
  MIXED = 512,
  /** Counter: another writer was seen; the next sample of the one that is counted is to be told. */
  WATCHED = 1024,
  /** Counter: what is odd about it was told. */
  TOLD_WRITERS = 2048,
  TOLD_READING = 4096,
  /** Counter: it fell two or more samples ago, not for a restart that anybody told, and is below its old level. */
  LOW = 8192,
  LOW_BEFORE = 16384,
  /**
   * No room for its edge: asked about again once a point is not before `mark1`; `mark0`: how long it waited last, ns.
   */
  REFUSED = 0x80_0000,
  /** Counter: samples with a difference, up to 15. */
  SAMPLES = 0xf_0000,
  ONE_SAMPLE = 0x1_0000,
  /** Counter: samples in a row that say that they began anew and did not fall, up to 7. */
  RISES = 0x70_0000,
  ONE_RISE = 0x10_0000,
}

/**
 * What is known of a series. Times are newest first.
 * ```
 *            counter                          rate, level of an amount (by parity of the tick)
 * value0-2   sum, count of the newest time,   sum, samples, handed over: even tick
 *            sum of the one before
 * value3-5   count of the one before          … odd tick
 *            sum, count handed over
 * mark0-1    start time of newest, before     even tick + 1, odd tick + 1
 * ```
 */
@unmanaged
export class Series {
  hash: u64;
  time0: i64;
  time1: i64;
  time2: i64;
  time3: i64;
  request0: u32;
  request1: u32;
  request2: u32;
  request3: u32;
  value0: f64;
  value1: f64;
  value2: f64;
  value3: f64;
  value4: f64;
  value5: f64;
  mark0: i64;
  mark1: i64;
  /** Edge slot; -1: not used. Series of an edge form a list. */
  edge: i32;
  feed: u16;
  /** Clock of its sender. */
  clock: u16;
  next: i32;
  previous: i32;
  scale: f64;
  roles: u16;
  type: u8;
  rank: u8;
  state: u32;
  /** Event clock of the kernel when it was last looked at, seconds. */
  touched: u32;
  /** Look-up that reported it as unbound. */
  reported: u32;
  /** Counter: the level before the first sample that is not believed, and its time. */
  baseSum: f64;
  baseCount: f64;
  baseTime: i64;
  /** Counter: difference of the sample before the newest, and the slowly fading largest of those before it. */
  lastSum: f32;
  lastCount: f32;
  usualSum: f32;
  usualCount: f32;
}

/** Scalars of the series table; one record. */
@unmanaged
export class SeriesHead {
  /** Free slots form a list through `next`; -1 its end. */
  free: i32;
  /** Slots that were ever used. */
  high: i32;
  used: i32;
  /** Where the search for idle series goes on. */
  hand: i32;
  lookup: u32;
  /** Newest accepted time of any group, seconds; `next`: the second after it, nanoseconds. */
  now: u32;
  next: i64;
}

/** How a series' value becomes a window's amount. */
export const enum SeriesType {
  AMOUNT = 0,
  COUNTER = 1,
  RATE = 2,
  LEVEL = 3,
}

/** What a series contributes to its edge; several bits may be set. */
export const enum Role {
  /** Σ sum / Σ count of a summary, histogram or exponential histogram. */
  LATENCY_SUM = 1,
  /** A gauge that is itself a (mean) latency. */
  LATENCY_LEVEL = 2,
  REQUESTS = 4,
  ERRORS = 8,
  /** The point tells of requests that were no errors: errors are known, and are 0 here. */
  ERRORS_NONE = 16,
  BYTES = 32,
  /** Errors as a share of requests. */
  ERROR_RATIO = 64,
  /** REQUESTS and ERRORS take the point's count, not its value. */
  FROM_COUNT = 128,
  /** The point is handed to TypeScript (`slowRows`): latency quantiles. */
  SLOW = 256,
}

/** A rank that a feature listens to where it listens to every one; series have lower ones. */
export const ANY_RANK: i32 = 255;
/** Clocks of senders at most: as many as `Series.clock` can tell apart. */
export const MOST_CLOCKS: i32 = u16.MAX_VALUE;
