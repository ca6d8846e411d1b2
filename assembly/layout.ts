// Records of the front half.

/** Bits of `Row.flags`; the low byte is the field number of Metric.data. */
export const enum RowFlag {
  DATA = 0xff,
  /** The point's NO_RECORDED_VALUE flag. */
  NO_VALUE = 0x100,
  /** `value` is on the wire (a gauge's or sum's value; sum of the others). */
  VALUE = 0x200,
  /** `count` exists: histogram, exponential histogram, summary. */
  COUNT = 0x400,
  /** Pixie's copy of the row of an earlier resource. */
  COPY = 0x800,
}

/** A scanned data point: one cache line. Offsets are into the body. */
@unmanaged
export class Row {
  hash: u64;
  time: u64;
  startTime: u64;
  value: f64;
  count: f64;
  pointStart: u32;
  pointEnd: u32;
  /** Number of its MetricSpan. */
  metric: u32;
  /** Slot of its series; -1: no room, or a copy. Before it is looked up: a guess, -1: none. */
  series: i32;
  flags: u32;
  /** Address of the TemplateRow that keeps the guess for the next time; 0: none does. */
  template: u32;
}

/** Where the parts around a scanned data point lie in the body. */
@unmanaged
export class MetricSpan {
  start: u32;
  end: u32;
  nameStart: u32;
  nameEnd: u32;
  unitStart: u32;
  unitEnd: u32;
  resourceStart: u32;
  resourceEnd: u32;
  scopeStart: u32;
  scopeEnd: u32;
  temporality: u32;
  isMonotonic: u32;
}

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

/**
 * Tick grid of a group; a free slot has window 0, and `feeds` leads to the next one. Times are Unix nanoseconds as its
 * senders' clocks are aligned, ticks count from the first accepted point's.
 */
@unmanaged
export class Grid {
  window: i64;
  lateness: i64;
  /** A point so far ahead of the watermark is not believed at once where one sender alone tells the time. */
  ahead: i64;
  /** Middle of tick 0. */
  phase: i64;
  newest: i64;
  /** Last closed tick. */
  closed: i64;
  /** A point from this time on closes tick closed + 1; least i64 before the first point. */
  dueAt: i64;
  /** Empty ticks up to this one are an outage. */
  outageEnd: i64;
  /** Counters whose last sample is older start again: they span an outage. */
  resumedAt: i64;
  /** Outage ticks passed over since the last closing. */
  skipped: i64;
  /** Last tick in which anything was seen. */
  lastTick: i64;
  /** A jump that was believed: newest time before it, and how far it went; 0: none of late. */
  jumpFrom: i64;
  jumpBy: i64;
  /** What results add to aligned times: where every clock with a say is off, the least of what is taken off. */
  base: i64;
  /** Clocks that claim to be ahead. */
  claims: i32;
  /** 1 once the first point was accepted. */
  isStarted: u32;
  /** Points seen in the open tick of either parity. */
  points0: u32;
  points1: u32;
  /** First of the edges seen but not in the order yet; first feed; -1: none. */
  newEdges: i32;
  feeds: i32;
  /** Where the closing stands (window/close.ts), and the next edge of the order to be filled. */
  closing: i32;
  filled: i32;
  edges: i32;
  /** Last of its clocks; the first one made is that of whoever has none of its own. */
  clocks: i32;
  ownClock: i32;
  /** Event clock of the kernel when a point was accepted last, seconds. */
  touched: u32;
}

/**
 * The clock of a sender in a group; group -1: a free slot. Times are aligned, Unix nanoseconds, unless they are said to
 * be as sent.
 */
@unmanaged
export class Clock {
  group: i32;
  /** Next clock of the group; -1: the last. */
  next: i32;
  /** What is taken off its times; 0: it is right, as far as the others tell. */
  shift: i64;
  /** Newest accepted time; 0: none yet. When it came (wall clock; 0 in a replay). */
  newest: i64;
  received: i64;
  /** How far it was ahead of all others when the last tick was closed. */
  lead: i64;
  /** First and newest time of the requests that are held because they are ahead of the others; 0: none are. */
  claim: i64;
  claimNewest: i64;
  /** Newest time of the others when the first of them came. */
  claimFrom: i64;
  /** Of the held requests, points from this time on (as sent) were held. */
  heldFrom: i64;
  /** Points up to here were confirmed. */
  trustedUntil: i64;
  /** First and newest late time in a row, and the group's newest time at the first; 0: the last one was in time. */
  lateSince: i64;
  lateNewest: i64;
  lateFrom: i64;
  /** How far its points were ahead of their receipt when they were left out for it; 0: they were not. */
  future: i64;
  /** Requests of the first and of the last held point. */
  claimRequest: u32;
  heldRequest: u32;
}

/** A feature rule in a cluster. */
@unmanaged
export class Feed {
  /** -1: a free slot. */
  group: i32;
  /** Next feed of the group, or of the free slots. */
  next: i32;
  sourceRelative: u32;
  isStarted: u32;
  /** Middle of a tick: `phase` before `switchAt`, `nextPhase` from then on. */
  phase: i64;
  nextPhase: i64;
  switchAt: i64;
  /** Times [from, to) fall into `tick`, whose middle is `middle`: the last answer, kept. */
  from: i64;
  to: i64;
  tick: i64;
  middle: i64;
  /** Sum of distances from the middle, and points, in the open tick of either parity. */
  offset0: i64;
  offset1: i64;
  points0: u32;
  points1: u32;
  /** Ticks in a row whose mean distance stayed beyond a quarter of a window, signed. */
  streak: i32;
  /** Event clock of the kernel when a point was accepted last, seconds. */
  touched: u32;
  /** Ticks in which it was seen. */
  ticks: i64;
  firstTime: i64;
  /** Idle series of this feed were reclaimed: a new one may be an old one. */
  hasReclaimed: i64;
  /** Shortest time since the same series' point before, in the open tick of either parity; 0: none. */
  gap0: i64;
  gap1: i64;
  /** Observed period, ns, and what it was before the last closing; 0: not known yet. */
  period: f64;
  periodBefore: f64;
}

/** Bits of `EdgeWindow.state`. */
export const enum EdgeState {
  FREE = 0,
  USED = 1,
  /** Seen, waits for its place in the order. */
  NEW = 2,
  ORDERED = 4,
}

/** What the front half knows of an edge; two `Sums` follow, one for the open tick of either parity. */
@unmanaged
export class EdgeWindow {
  group: i32;
  /** Next of the group's new edges, or of the free slots. */
  next: i32;
  /** First series bound to it; -1: none. */
  series: i32;
  state: u32;
  /** Ranks that latency, requests, errors and bytes listen to, a byte each; 255: any. */
  ranks: u32;
  source: i32;
  destination: i32;
  profile: i32;
  /** Rank of the feed that says whether rates may be judged relative to the source; 255: none yet. */
  relativeRank: u32;
  isRelative: u32;
  firstTime: i64;
  firstTick: i64;
}

/** Amounts of an edge in one tick, byte offsets: compensated sums, f64 sum and f64 error each. */
export const enum Sums {
  LATENCY = 0,
  LATENCY_COUNT = 16,
  LEVEL = 32,
  LEVEL_WEIGHT = 48,
  REQUESTS = 64,
  ERRORS = 80,
  TRAFFIC = 96,
  RATIO = 112,
  RATIO_WEIGHT = 128,
  /** u32: SumFlag. */
  FLAGS = 144,
  BYTES = 152,
}

/** What was reported at all. */
export const enum SumFlag {
  LATENCY = 1,
  LEVEL = 2,
  REQUESTS = 4,
  ERRORS = 8,
  TRAFFIC = 16,
  RATIO = 32,
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

