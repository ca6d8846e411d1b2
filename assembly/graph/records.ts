// Groups, clocks of senders, feeds and edges, as they lie in memory.

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

