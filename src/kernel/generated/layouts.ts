// Records of the kernel's memory. Generated from assembly/ by scripts/generate-kernel.mjs; do not edit.
import type { Views } from '../views.js';

/** What a feature was expected to be: in the unit received; NaN: none. */
export interface Band {
  readonly observed: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
}

/** Fields of the record at an address. */
export const Band = {
  BYTES: 32,
  observed: (memory: Views, at: number): number => memory.f64[at >>> 3]!,
  expected: (memory: Views, at: number): number => memory.f64[(at + 8) >>> 3]!,
  lower: (memory: Views, at: number): number => memory.f64[(at + 16) >>> 3]!,
  upper: (memory: Views, at: number): number => memory.f64[(at + 24) >>> 3]!,
  read: (memory: Views, at: number): Band => ({
    observed: Band.observed(memory, at),
    expected: Band.expected(memory, at),
    lower: Band.lower(memory, at),
    upper: Band.upper(memory, at),
  }),
} as const;

/** The tick being closed, and what that comes to. */
export interface ClosingTick {
  readonly alertingCount: number;
  readonly channelCount: number;
  /** Edges that were seen. */
  readonly seen: number;
  /** Edges that are live: seen, silent for not too long to tell, or not seen in any window yet. */
  readonly live: number;
  /** Trees are to be grown once the contexts are known. */
  readonly isTraining: number;
  readonly newCount: number;
  readonly group: number;
  /** Outage ticks passed over before it. */
  readonly skipped: number;
  /** Its number, and the time of its middle as the senders tell it, Unix ns. */
  readonly tick: number;
  readonly time: bigint;
}

/** Fields of the record at an address. */
export const ClosingTick = {
  BYTES: 68,
  /** Edges whose alert is on or changed, and those whose incident channel changed, in the group's order. */
  alerting: (memory: Views, at: number, count: number): Uint32Array =>
    new Uint32Array(memory.buffer, memory.u32[at >>> 2]!, count),
  channels: (memory: Views, at: number, count: number): Uint32Array =>
    new Uint32Array(memory.buffer, memory.u32[(at + 4) >>> 2]!, count),
  alertingCount: (memory: Views, at: number): number => memory.i32[(at + 8) >>> 2]!,
  channelCount: (memory: Views, at: number): number => memory.i32[(at + 12) >>> 2]!,
  seen: (memory: Views, at: number): number => memory.i32[(at + 16) >>> 2]!,
  live: (memory: Views, at: number): number => memory.i32[(at + 20) >>> 2]!,
  isTraining: (memory: Views, at: number): number => memory.u8[at + 24]!,
  /** Edges first seen in it, in no order. */
  newEdges: (memory: Views, at: number, count: number): Uint32Array =>
    new Uint32Array(memory.buffer, memory.u32[(at + 28) >>> 2]!, count),
  newCount: (memory: Views, at: number): number => memory.i32[(at + 32) >>> 2]!,
  group: (memory: Views, at: number): number => memory.i32[(at + 36) >>> 2]!,
  skipped: (memory: Views, at: number): number => memory.f64[(at + 40) >>> 3]!,
  tick: (memory: Views, at: number): number => memory.f64[(at + 48) >>> 3]!,
  time: (memory: Views, at: number): bigint => memory.i64[(at + 56) >>> 3]!,
  /** The order being filled. */
  order: (memory: Views, at: number, count: number): Uint32Array =>
    new Uint32Array(memory.buffer, memory.u32[(at + 64) >>> 2]!, count),
  read: (memory: Views, at: number): ClosingTick => ({
    alertingCount: ClosingTick.alertingCount(memory, at),
    channelCount: ClosingTick.channelCount(memory, at),
    seen: ClosingTick.seen(memory, at),
    live: ClosingTick.live(memory, at),
    isTraining: ClosingTick.isTraining(memory, at),
    newCount: ClosingTick.newCount(memory, at),
    group: ClosingTick.group(memory, at),
    skipped: ClosingTick.skipped(memory, at),
    tick: ClosingTick.tick(memory, at),
    time: ClosingTick.time(memory, at),
  }),
} as const;

export interface Counts {
  readonly folded: number;
  readonly late: number;
  readonly duplicate: number;
  readonly held: number;
  readonly shadowed: number;
  readonly unmapped: number;
  readonly copies: number;
  readonly stale: number;
  /** `NoRecordedValue` flag, NaN, negative amount. */
  readonly noValue: number;
  /** No room in the series table. */
  readonly refused: number;
  /** First sample of a counter, no predecessor to subtract. */
  readonly first: number;
  /** A counter's sample of another writer than the one that is counted. */
  readonly overlap: number;
  /** A counter's sample that fell or leapt too far to be believed at once. */
  readonly doubtful: number;
  /** Further ahead of their receipt than is believed. */
  readonly future: number;
  /** Further behind their receipt than is believed, while others told of later times. */
  readonly past: number;
}

/** Fields of the record at an address. */
export const Counts = {
  BYTES: 120,
  folded: (memory: Views, at: number): number => memory.f64[at >>> 3]!,
  late: (memory: Views, at: number): number => memory.f64[(at + 8) >>> 3]!,
  duplicate: (memory: Views, at: number): number => memory.f64[(at + 16) >>> 3]!,
  held: (memory: Views, at: number): number => memory.f64[(at + 24) >>> 3]!,
  shadowed: (memory: Views, at: number): number => memory.f64[(at + 32) >>> 3]!,
  unmapped: (memory: Views, at: number): number => memory.f64[(at + 40) >>> 3]!,
  copies: (memory: Views, at: number): number => memory.f64[(at + 48) >>> 3]!,
  stale: (memory: Views, at: number): number => memory.f64[(at + 56) >>> 3]!,
  noValue: (memory: Views, at: number): number => memory.f64[(at + 64) >>> 3]!,
  refused: (memory: Views, at: number): number => memory.f64[(at + 72) >>> 3]!,
  first: (memory: Views, at: number): number => memory.f64[(at + 80) >>> 3]!,
  overlap: (memory: Views, at: number): number => memory.f64[(at + 88) >>> 3]!,
  doubtful: (memory: Views, at: number): number => memory.f64[(at + 96) >>> 3]!,
  future: (memory: Views, at: number): number => memory.f64[(at + 104) >>> 3]!,
  past: (memory: Views, at: number): number => memory.f64[(at + 112) >>> 3]!,
  read: (memory: Views, at: number): Counts => ({
    folded: Counts.folded(memory, at),
    late: Counts.late(memory, at),
    duplicate: Counts.duplicate(memory, at),
    held: Counts.held(memory, at),
    shadowed: Counts.shadowed(memory, at),
    unmapped: Counts.unmapped(memory, at),
    copies: Counts.copies(memory, at),
    stale: Counts.stale(memory, at),
    noValue: Counts.noValue(memory, at),
    refused: Counts.refused(memory, at),
    first: Counts.first(memory, at),
    overlap: Counts.overlap(memory, at),
    doubtful: Counts.doubtful(memory, at),
    future: Counts.future(memory, at),
    past: Counts.past(memory, at),
  }),
} as const;

/** What is written and read from outside besides the columns. */
export interface Exchange {
  readonly profile: number;
  readonly band: number;
  readonly recent: number;
}

/** Fields of the record at an address. */
export const Exchange = {
  BYTES: 32,
  /** f64[maxEdges][FEATURES]: the windows being closed; NaN absent. Filled before `closeBegin`. */
  windows: (memory: Views, at: number, count: number): Float64Array =>
    new Float64Array(memory.buffer, memory.u32[at >>> 2]!, count),
  /** u32[maxEdges]: room for an order. */
  order: (memory: Views, at: number, count: number): Uint32Array =>
    new Uint32Array(memory.buffer, memory.u32[(at + 4) >>> 2]!, count),
  profile: (memory: Views, at: number): number => memory.u32[(at + 8) >>> 2]!,
  band: (memory: Views, at: number): number => memory.u32[(at + 12) >>> 2]!,
  recent: (memory: Views, at: number): number => memory.u32[(at + 16) >>> 2]!,
  /** Vectors of the judged edges of a block, clipped; the forest's score and surprise of each. */
  vectors: (memory: Views, at: number, count: number): Float32Array =>
    new Float32Array(memory.buffer, memory.u32[(at + 20) >>> 2]!, 12 * count),
  vectorScores: (memory: Views, at: number, count: number): Float64Array =>
    new Float64Array(memory.buffer, memory.u32[(at + 24) >>> 2]!, count),
  vectorSurprises: (memory: Views, at: number, count: number): Float64Array =>
    new Float64Array(memory.buffer, memory.u32[(at + 28) >>> 2]!, count),
  read: (memory: Views, at: number): Exchange => ({
    profile: Exchange.profile(memory, at),
    band: Exchange.band(memory, at),
    recent: Exchange.recent(memory, at),
  }),
} as const;

/** Where the parts around a scanned data point lie in the body. */
export interface MetricSpan {
  readonly start: number;
  readonly end: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly unitStart: number;
  readonly unitEnd: number;
  readonly resourceStart: number;
  readonly resourceEnd: number;
  readonly scopeStart: number;
  readonly scopeEnd: number;
  readonly temporality: number;
  readonly isMonotonic: number;
}

/** Fields of the record at an address. */
export const MetricSpan = {
  BYTES: 48,
  start: (memory: Views, at: number): number => memory.u32[at >>> 2]!,
  end: (memory: Views, at: number): number => memory.u32[(at + 4) >>> 2]!,
  nameStart: (memory: Views, at: number): number => memory.u32[(at + 8) >>> 2]!,
  nameEnd: (memory: Views, at: number): number => memory.u32[(at + 12) >>> 2]!,
  unitStart: (memory: Views, at: number): number => memory.u32[(at + 16) >>> 2]!,
  unitEnd: (memory: Views, at: number): number => memory.u32[(at + 20) >>> 2]!,
  resourceStart: (memory: Views, at: number): number => memory.u32[(at + 24) >>> 2]!,
  resourceEnd: (memory: Views, at: number): number => memory.u32[(at + 28) >>> 2]!,
  scopeStart: (memory: Views, at: number): number => memory.u32[(at + 32) >>> 2]!,
  scopeEnd: (memory: Views, at: number): number => memory.u32[(at + 36) >>> 2]!,
  temporality: (memory: Views, at: number): number => memory.u32[(at + 40) >>> 2]!,
  isMonotonic: (memory: Views, at: number): number => memory.u32[(at + 44) >>> 2]!,
  read: (memory: Views, at: number): MetricSpan => ({
    start: MetricSpan.start(memory, at),
    end: MetricSpan.end(memory, at),
    nameStart: MetricSpan.nameStart(memory, at),
    nameEnd: MetricSpan.nameEnd(memory, at),
    unitStart: MetricSpan.unitStart(memory, at),
    unitEnd: MetricSpan.unitEnd(memory, at),
    resourceStart: MetricSpan.resourceStart(memory, at),
    resourceEnd: MetricSpan.resourceEnd(memory, at),
    scopeStart: MetricSpan.scopeStart(memory, at),
    scopeEnd: MetricSpan.scopeEnd(memory, at),
    temporality: MetricSpan.temporality(memory, at),
    isMonotonic: MetricSpan.isMonotonic(memory, at),
  }),
} as const;

/** A row that shows something odd about a counter. */
export interface OddRow {
  readonly row: number;
  readonly why: number;
}

/** Fields of the record at an address. */
export const OddRow = {
  BYTES: 8,
  row: (memory: Views, at: number): number => memory.u32[at >>> 2]!,
  why: (memory: Views, at: number): number => memory.i32[(at + 4) >>> 2]!,
  read: (memory: Views, at: number): OddRow => ({
    row: OddRow.row(memory, at),
    why: OddRow.why(memory, at),
  }),
} as const;

/** An alert profile as it is set. */
export interface ProfileInput {
  /** Level in nats by kind. */
  readonly level: ArrayLike<number>;
  /**
   * Factor on the level by detector: components, Fisher, forest, autoencoder; infinite: the detector does not alert.
   */
  readonly factor: ArrayLike<number>;
  /** Windows with fewer requests open nothing. */
  readonly minRequests: number;
  /** Least change of a feature that may open, relative and absolute. */
  readonly minRelative: ArrayLike<number>;
  readonly minAbsolute: ArrayLike<number>;
  /** 1: never opens. */
  readonly muted: number;
}

/** Fields of the record at an address. */
export const ProfileInput = {
  BYTES: 188,
  level: (memory: Views, at: number): Float64Array => memory.f64.subarray(at >>> 3, (at + 80) >>> 3),
  factor: (memory: Views, at: number): Float64Array => memory.f64.subarray((at + 80) >>> 3, (at + 112) >>> 3),
  minRequests: (memory: Views, at: number): number => memory.f64[(at + 112) >>> 3]!,
  minRelative: (memory: Views, at: number): Float64Array => memory.f64.subarray((at + 120) >>> 3, (at + 152) >>> 3),
  minAbsolute: (memory: Views, at: number): Float64Array => memory.f64.subarray((at + 152) >>> 3, (at + 184) >>> 3),
  muted: (memory: Views, at: number): number => memory.i32[(at + 184) >>> 2]!,
  write: (memory: Views, at: number, fields: ProfileInput): void => {
    memory.f64.set(fields.level, at >>> 3);
    memory.f64.set(fields.factor, (at + 80) >>> 3);
    memory.f64[(at + 112) >>> 3] = fields.minRequests;
    memory.f64.set(fields.minRelative, (at + 120) >>> 3);
    memory.f64.set(fields.minAbsolute, (at + 152) >>> 3);
    memory.i32[(at + 184) >>> 2] = fields.muted;
  },
} as const;

/** What the ranking of causes remembers of a window. */
export interface RecentWindow {
  /** Incident evidence, nats. */
  readonly evidence: number;
  /** Latency or errors up. */
  readonly up: number;
  /** Traffic down. */
  readonly down: number;
}

/** Fields of the record at an address. */
export const RecentWindow = {
  BYTES: 12,
  evidence: (memory: Views, at: number): number => memory.f32[at >>> 2]!,
  up: (memory: Views, at: number): number => memory.f32[(at + 4) >>> 2]!,
  down: (memory: Views, at: number): number => memory.f32[(at + 8) >>> 2]!,
  read: (memory: Views, at: number): RecentWindow => ({
    evidence: RecentWindow.evidence(memory, at),
    up: RecentWindow.up(memory, at),
    down: RecentWindow.down(memory, at),
  }),
} as const;

/** A scanned data point: one cache line. Offsets are into the body. */
export interface Row {
  readonly hash: bigint;
  readonly time: bigint;
  readonly startTime: bigint;
  readonly value: number;
  readonly count: number;
  readonly pointStart: number;
  readonly pointEnd: number;
  /** Number of its MetricSpan. */
  readonly metric: number;
  /** Slot of its series; -1: no room, or a copy. Before it is looked up: a guess, -1: none. */
  readonly series: number;
  readonly flags: number;
  /** Address of the TemplateRow that keeps the guess for the next time; 0: none does. */
  readonly template: number;
}

/** Fields of the record at an address. */
export const Row = {
  BYTES: 64,
  hash: (memory: Views, at: number): bigint => memory.u64[at >>> 3]!,
  time: (memory: Views, at: number): bigint => memory.u64[(at + 8) >>> 3]!,
  startTime: (memory: Views, at: number): bigint => memory.u64[(at + 16) >>> 3]!,
  value: (memory: Views, at: number): number => memory.f64[(at + 24) >>> 3]!,
  count: (memory: Views, at: number): number => memory.f64[(at + 32) >>> 3]!,
  pointStart: (memory: Views, at: number): number => memory.u32[(at + 40) >>> 2]!,
  pointEnd: (memory: Views, at: number): number => memory.u32[(at + 44) >>> 2]!,
  metric: (memory: Views, at: number): number => memory.u32[(at + 48) >>> 2]!,
  series: (memory: Views, at: number): number => memory.i32[(at + 52) >>> 2]!,
  flags: (memory: Views, at: number): number => memory.u32[(at + 56) >>> 2]!,
  template: (memory: Views, at: number): number => memory.u32[(at + 60) >>> 2]!,
  read: (memory: Views, at: number): Row => ({
    hash: Row.hash(memory, at),
    time: Row.time(memory, at),
    startTime: Row.startTime(memory, at),
    value: Row.value(memory, at),
    count: Row.count(memory, at),
    pointStart: Row.pointStart(memory, at),
    pointEnd: Row.pointEnd(memory, at),
    metric: Row.metric(memory, at),
    series: Row.series(memory, at),
    flags: Row.flags(memory, at),
    template: Row.template(memory, at),
  }),
} as const;

/** A row whose series asked for TypeScript. */
export interface SlowRow {
  readonly row: number;
  readonly edge: number;
  readonly tick: number;
}

/** Fields of the record at an address. */
export const SlowRow = {
  BYTES: 16,
  row: (memory: Views, at: number): number => memory.u32[at >>> 2]!,
  edge: (memory: Views, at: number): number => memory.i32[(at + 4) >>> 2]!,
  tick: (memory: Views, at: number): number => memory.f64[(at + 8) >>> 3]!,
  read: (memory: Views, at: number): SlowRow => ({
    row: SlowRow.row(memory, at),
    edge: SlowRow.edge(memory, at),
    tick: SlowRow.tick(memory, at),
  }),
} as const;

/** An edge that may give way. */
export interface YieldingEdge {
  readonly edge: number;
  readonly how: number;
  /** Nanoseconds. */
  readonly silence: number;
}

/** Fields of the record at an address. */
export const YieldingEdge = {
  BYTES: 16,
  edge: (memory: Views, at: number): number => memory.i32[at >>> 2]!,
  how: (memory: Views, at: number): number => memory.i32[(at + 4) >>> 2]!,
  silence: (memory: Views, at: number): number => memory.f64[(at + 8) >>> 3]!,
  read: (memory: Views, at: number): YieldingEdge => ({
    edge: YieldingEdge.edge(memory, at),
    how: YieldingEdge.how(memory, at),
    silence: YieldingEdge.silence(memory, at),
  }),
} as const;
