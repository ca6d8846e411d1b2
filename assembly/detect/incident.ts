// An edge's incident channel: evidence over two windows against the incident layer's level, and what the ranking of
// causes remembers. Specified in docs/detection.md, sections 8 to 10.
import { CHANNEL_OFF, ERR, KOFF, LAT, RATE, RECENT, SCALES, WARM, XL } from './constants';
import { channelWeight, incidentEvidence } from './evidence';
import { larger, largerLane, smaller } from './extremes';
import { channelChangeColumn, channelColumn, channelList, edgeAt, groupAt, mixColumn, recentOut } from './regions';
import { Edge, Group } from './state';

/** Channels that turned on or off in the closing, in the group's order. */
let changes: i32 = 0;

export function startChannels(): void {
  changes = 0;
}

/** Entries of `channelList`. */
export function channelCount(): i32 {
  return changes;
}

/** [scales 0 and 1, scales 1 and 2] of feature k: the larger of each pair, and 0. */
// @ts-ignore: decorator
@inline
function largest(surprise: usize, k: usize): v128 {
  const at = surprise + k * (SCALES << 3);
  return f64x2.pmax(f64x2.pmax(f64x2.splat(0), v128.load(at)), v128.load(at, 8));
}

/** The same of the falls. */
// @ts-ignore: decorator
@inline
function largestFall(surprise: usize, k: usize): v128 {
  const at = surprise + k * (SCALES << 3);
  return f64x2.pmax(f64x2.pmax(f64x2.splat(0), f64x2.neg(v128.load(at))), f64x2.neg(v128.load(at, 8)));
}

/** Keeps evidence, latency and errors up, traffic down of the window. */
function remember(e: usize, tick: i64, C: f64, surprise: usize, gap: f64): void {
  const at = e + <usize>(tick & (RECENT - 1)) * 12;
  store<f32>(at, <f32>C, Edge.RECENT);
  store<f32>(at, <f32>largerLane(f64x2.pmax(largest(surprise, LAT), largest(surprise, ERR))), Edge.RECENT + 4);
  store<f32>(at, <f32>larger(gap, largerLane(largestFall(surprise, RATE))), Edge.RECENT + 8);
}

/** Whether the channel is on after this window: +1 turned on, -1 off, 0 neither. */
function turn(e: usize, isOn: bool, c: f64, mix: f64, level: f64, n: f64): i32 {
  const low: f64 = c < CHANNEL_OFF * level ? <f64>load<f32>(e, Edge.CHANNEL_LOW) + 1 : 0;
  store<f32>(e, <f32>low, Edge.CHANNEL_LOW);
  const stays = isOn && low < KOFF;
  if (mix >= level && !stays && n >= WARM) {
    store<f32>(e, 0, Edge.CHANNEL_LOW);
    return isOn ? 0 : 1;
  }
  return isOn && !stays ? -1 : 0;
}

/** Folds one window of one edge into its channel and columns. */
export function foldChannel(
  g: usize,
  edge: i32,
  e: usize,
  surprise: usize,
  K: i32,
  gap: f64,
  gross: bool,
  present: bool,
): void {
  const n = <f64>load<f32>(e, Edge.N);
  const C = incidentEvidence(surprise, K, gap);
  remember(e, load<i64>(g, Group.TICK), C, surprise, gap);
  const plain = C * channelWeight(n, false, present);
  const c = gross ? C * channelWeight(n, true, present) : plain;
  const before = <f64>load<f32>(e, Edge.PREV);
  // NaN of the window before stays one, as it would with min and max.
  const mix = larger(smaller(c, before), plain - XL) + 0 * before;
  store<f32>(e, <f32>c, Edge.PREV);
  const at = <usize>edge;
  const was = load<u8>(channelColumn + at) != 0;
  let change = turn(e, was, c, mix, load<f64>(g, Group.INCIDENT_LEVEL), n);
  if (change != 0) store<u8>(channelColumn + at, u8(change > 0));
  if (change == 0) change = load<i8>(e, Edge.PENDING_CHANNEL);
  store<i8>(e, 0, Edge.PENDING_CHANNEL);
  store<f32>(mixColumn + (at << 2), <f32>mix);
  store<i8>(channelChangeColumn + at, <i8>change);
  if (change == 0) return;
  store<u32>(channelList + ((<usize>changes) << 2), edge);
  changes++;
}

/** The channel over `ticks` empty windows that were passed over: no evidence in any of them. */
export function skipChannel(edge: i32, e: usize, tick: i64, ticks: i64): void {
  for (let i: i64 = 0; i < min<i64>(ticks, RECENT); i++) {
    const at = e + <usize>((tick + i) & (RECENT - 1)) * 12;
    store<u64>(at, 0, Edge.RECENT);
    store<u32>(at, 0, Edge.RECENT + 8);
  }
  const low = <f64>load<f32>(e, Edge.CHANNEL_LOW) + <f64>ticks;
  store<f32>(e, 0, Edge.PREV);
  store<f32>(e, <f32>low, Edge.CHANNEL_LOW);
  if (load<u8>(channelColumn + <usize>edge) == 0 || low < KOFF) return;
  store<u8>(channelColumn + <usize>edge, 0);
  store<i8>(e, -1, Edge.PENDING_CHANNEL);
}

/** Level of the incident layer, nats; infinite until it is set. */
export function setIncidentLevel(group: i32, nats: f64): void {
  store<f64>(groupAt(group), nats, Group.INCIDENT_LEVEL);
}

/**
 * Incident evidence, latency and errors up, traffic down of the edge `ago` (0–3) ticks before the last closed one:
 * f32[3] at the address returned.
 */
export function recent(edge: i32, ago: i32): usize {
  const e = edgeAt(edge);
  const tick = load<i64>(groupAt(load<i32>(e, Edge.GROUP)), Group.TICK) - 1 - <i64>ago;
  memory.copy(recentOut, e + Edge.RECENT + <usize>(tick & (RECENT - 1)) * 12, 12);
  return recentOut;
}

/** The largest of what `recent` answers over the last `windows` (1–4) ticks: f32[3] at the address returned. */
export function recentPeak(edge: i32, windows: i32): usize {
  const e = edgeAt(edge);
  const tick = load<i64>(groupAt(load<i32>(e, Edge.GROUP)), Group.TICK) - 1;
  for (let part: usize = 0; part < 12; part += 4) {
    let peak: f32 = 0;
    for (let ago: i64 = 0; ago < <i64>windows; ago++) {
      peak = max(peak, load<f32>(e + Edge.RECENT + <usize>((tick - ago) & (RECENT - 1)) * 12 + part));
    }
    store<f32>(recentOut + part, peak);
  }
  return recentOut;
}
