// What the detection knows of edges, services and groups: one record each, so that closing an edge touches its own few
// cache lines.
import { B0, BUDGET_DAYS, COMPONENTS, Q0, RELAX } from './constants';
import { edgeAt, groupAt, passedOverBy, serviceAt } from './regions';

/**
 * Record of an edge, byte offsets. Levels, tails' quantiles and mean excesses are f64, the rest f32
 * (docs/detection.md, section 7).
 * ```
 *   0 M[4] f64 | 32 Q[12] f64 | 128 B[12] f64 | 224 S2 C RUN [4] | 272 SMOOTH[4][2] | 304 NX RL [12] | 400 scalars
 * 468 RECENT[4][3] | 520 what the last window was judged against | 624 graph | 648 counts
 * ```
 */
export const enum Edge {
  /** Level of the transformed value by feature (errors: unused). */
  M = 0,
  /** Running 99 % quantile of the weighted z, by component. */
  Q = 32,
  /** Mean excess over Q, by component. */
  B = 128,
  /** Variance of the transformed value (errors: overdispersion). */
  S2 = 224,
  /** Samples folded, by feature. */
  C = 240,
  /** Signed run of |z| > CLIP, by feature. */
  RUN = 256,
  /** Smoothed z by feature and slow scale: 2 k + j - 1. */
  SMOOTH = 272,
  /** Exceedances by component. */
  NX = 304,
  /** Run of surprises above LCAL by component. */
  RL = 352,
  /** Decayed errors and requests. */
  KE = 400,
  NE = 404,
  /** Usual requests in a window. */
  NBAR = 408,
  /** 1 once the rate is judged relative to the source. */
  RELATIVE = 412,
  /** Present windows. */
  N = 416,
  /** Silent windows in a row without outage windows; outage windows in the present silence. */
  GAP = 420,
  HELD = 424,
  /** Gaps begun; silent windows followed by another one; present windows, silent windows (all decayed). */
  G01 = 428,
  G00 = 432,
  NP = 436,
  NA = 440,
  /** Consecutive windows at the alert level; below OFF while on. */
  UP = 444,
  LOW = 448,
  /** Incident evidence after the age factor in the window before; windows below CHANNEL_OFF. */
  PREV = 452,
  CHANNEL_LOW = 456,
  /** i8: a change of alert and of channel that happened in ticks passed over, not reported yet. */
  PENDING = 460,
  PENDING_CHANNEL = 461,
  /** u8[4]: the change of the last window is gross, by feature; silence of a busy edge: RATE. */
  GROSS = 462,
  /** f32[4][3]: incident evidence, latency and errors up, traffic down; by tick & 3. */
  RECENT = 468,
  /** f64: requests the source received; -1 rate absolute; NaN not known. */
  CTX = 520,
  /** f64[4]: level (errors: rate) before the last window. */
  LOC = 528,
  /** f32[4] each: z (NaN: not judged), standard deviation, and the instant scale's q and b' before the last window. */
  Z = 560,
  SD = 576,
  JQ = 592,
  JB = 608,
  /** i32: service slots, -1 none; alert profile; 1 if the rate may be judged relative to the source. */
  SOURCE = 624,
  DESTINATION = 628,
  PROFILE = 632,
  SOURCE_RELATIVE = 636,
  /** i32: group, chunk of its order; -1 none. */
  GROUP = 640,
  CHUNK = 644,
  /** f32[4] each: faded sums of requests and of errors: seen, expected with LAM1, then with LAM2. */
  RATE_SUMS = 648,
  ERROR_SUMS = 664,
  /**
   * f32[2] each: requests sent and received by the source, of which the share is learnt; excess over counting, mean
   * squared.
   */
  SHARE = 680,
  SPREAD = 688,
  BYTES = 704,
}

/** Record of a service, byte offsets. INFLOW and LOAD hold for the tick in STAMP only. */
export const enum Service {
  /** f64: requests received in the window. */
  INFLOW = 0,
  /** f64: slow level of ln(inflow + .5), and windows in it. */
  LOAD_M = 8,
  LOAD_C = 16,
  /** f64: excess of the window over LOAD_M, nats, at least 0. */
  LOAD = 24,
  /** i64: tick of the group in which an inbound edge last reported a count; -1 never: not fed. */
  STAMP = 32,
  /** f64: ln(inflow + .5) of the tick in STAMP. */
  LN_INFLOW = 40,
  BYTES = 64,
}

/** Record of a group, byte offsets. */
export const enum Group {
  /** f64[12]: mean excess over all edges of the group, by component. */
  B_POP = 0,
  /** f64[3]: quantile, mean excess, count of the forest's calibration; then the same of the autoencoder's. */
  FOREST_CAL = 96,
  CODER_CAL = 120,
  /** f64: running median of the autoencoder's error. */
  CODER_MEDIAN = 144,
  /** f64: L_on, nats; ln 10 / L_on. */
  LEVEL = 152,
  DECAY = 160,
  /** f64: level of the incident layer, nats. */
  INCIDENT_LEVEL = 168,
  /** i64: ticks closed or passed over. */
  TICK = 176,
  /** i64: start of the forest's period: the generator of period p was seeded by (seed, p). */
  PERIOD = 184,
  /** u32[4]: xoshiro128** state. */
  RNG = 192,
  /** i32: vectors held by the reservoir, offered in this period, rows of a tree's subsample (0: no forest yet). */
  HELD = 208,
  OFFERED = 212,
  PSI = 216,
  /** i32: 1 if the last closed tick was an outage. */
  OUTAGE = 220,
  /** i32: first and last chunk of the order, -1 none; edges in it. */
  FIRST = 224,
  LAST = 228,
  COUNT = 232,
  /** i32: where the closing stands: Closing, next tree to grow, chunk and position in it. */
  PHASE = 236,
  TREE = 240,
  CHUNK = 244,
  POSITION = 248,
  /** i32: windows the autoencoder has learnt from. */
  CODER_LEARNT = 252,
  BYTES = 256,
}

/** A new edge in the slot, without a place in any order. */
export function resetEdge(edge: i32): void {
  const at = edgeAt(edge);
  memory.fill(at, 0, Edge.BYTES);
  for (let i = 0; i < COMPONENTS; i++) {
    store<f64>(at + ((<usize>i) << 3), Q0, Edge.Q);
    store<f64>(at + ((<usize>i) << 3), B0, Edge.B);
  }
  for (let k = 0; k < 4; k++) store<f32>(at + ((<usize>k) << 2), f32.NaN, Edge.Z);
  store<f64>(at, -1, Edge.CTX);
  store<i32>(at, -1, Edge.SOURCE);
  store<i32>(at, -1, Edge.DESTINATION);
  store<i32>(at, -1, Edge.GROUP);
  store<i32>(at, -1, Edge.CHUNK);
}

/** Where the edge runs. `source`, `destination`: service slots of the group, -1 none. */
export function setEdge(edge: i32, source: i32, destination: i32, profile: i32, sourceRelative: bool): void {
  const at = edgeAt(edge);
  store<i32>(at, source, Edge.SOURCE);
  store<i32>(at, destination, Edge.DESTINATION);
  store<i32>(at, profile, Edge.PROFILE);
  store<i32>(at, i32(sourceRelative), Edge.SOURCE_RELATIVE);
}

/** A new service in the slot. */
export function resetService(service: i32): void {
  const at = serviceAt(service);
  memory.fill(at, 0, Service.BYTES);
  store<i64>(at, -1, Service.STAMP);
}

/** The alert level of the default threshold 0.9: ln(windows in BUDGET_DAYS) - RELAX, nats. */
export function alertLevel(windowSeconds: f64): f64 {
  return Math.log((BUDGET_DAYS * 86400) / windowSeconds) - RELAX;
}

/** The part of a group that is neither order nor forest nor autoencoder. */
export function resetGroupState(group: i32, windowSeconds: f64): void {
  const at = groupAt(group);
  store<i64>(passedOverBy(group), 0);
  memory.fill(at, 0, Group.BYTES);
  for (let i = 0; i < COMPONENTS; i++) store<f64>(at + ((<usize>i) << 3), B0, Group.B_POP);
  const level = alertLevel(windowSeconds);
  store<f64>(at, level, Group.LEVEL);
  store<f64>(at, Math.LN10 / level, Group.DECAY);
  store<f64>(at, Infinity, Group.INCIDENT_LEVEL);
  store<i32>(at, -1, Group.FIRST);
  store<i32>(at, -1, Group.LAST);
}

/** Whether the last closed tick of the group was an outage: the collector, not the edges, went quiet. */
export function wasOutage(group: i32): bool {
  return load<i32>(groupAt(group), Group.OUTAGE) != 0;
}
