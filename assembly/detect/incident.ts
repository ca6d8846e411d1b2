// An edge's incident channel: evidence over two windows against the incident layer's level, and what the ranking of
// causes remembers.
// Specified in docs/detection.md, sections 8 to 10.
import { Judged, Weighed } from './block';
import { CHANNEL_OFF, ERR, KOFF, LAT, RATE, RECENT, SCALES, WARM, XL } from './constants';
import { Edge, RecentWindow } from './edge';
import { channelWeight, incidentEvidence } from './evidence';
import { larger, largerLane, smaller } from './extremes';
import { Group } from './group';
import { columns, edgeAt, exchange, groupAt } from './regions';
import { TickResult } from './result';

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
function remember(e: Edge, tick: i64, C: f64, judged: Judged): void {
  const window = e.recentOf(tick);
  const surprise = judged.surprise.at(0);
  window.evidence = <f32>C;
  window.up = <f32>largerLane(f64x2.pmax(largest(surprise, LAT), largest(surprise, ERR)));
  window.down = <f32>larger(judged.gap, largerLane(largestFall(surprise, RATE)));
}

/** Whether the channel is on after this window: +1 turned on, -1 off, 0 neither. */
function turn(e: Edge, isOn: bool, c: f64, sustained: f64, level: f64, n: f64): i32 {
  const low: f64 = c < CHANNEL_OFF * level ? <f64>e.channelLow + 1 : 0;
  e.channelLow = <f32>low;
  const stays = isOn && low < KOFF;
  if (sustained >= level && !stays && n >= WARM) {
    e.channelLow = 0;
    return isOn ? 0 : 1;
  }
  return isOn && !stays ? -1 : 0;
}

/** Folds one window of one edge into its channel and columns. `gross`: its change is. */
export function foldChannel(
  g: Group,
  edge: i32,
  e: Edge,
  judged: Judged,
  weighed: Weighed,
  gross: bool,
  result: TickResult,
): void {
  const n = <f64>e.windows;
  const C = incidentEvidence(judged, weighed);
  remember(e, g.tick, C, judged);
  const plain = C * channelWeight(n, false, judged.isPresent, <f64>g.age);
  const c = gross ? C * channelWeight(n, true, judged.isPresent, <f64>g.age) : plain;
  const before = <f64>e.before;
  // NaN of the window before stays one, as it would with min and max.
  const sustained = larger(smaller(c, before), plain - XL) + 0 * before;
  e.before = <f32>c;
  let change = turn(e, columns.channel[edge] != 0, c, sustained, g.incidentLevel, n);
  if (change != 0) columns.channel[edge] = u8(change > 0);
  if (change == 0) change = e.pendingChannel;
  e.pendingChannel = 0;
  columns.sustained[edge] = <f32>sustained;
  columns.channelChange[edge] = <i8>change;
  if (change == 0) return;
  result.channels[result.channelCount] = edge;
  result.channelCount++;
}

/** The channel over `ticks` empty windows that were passed over: no evidence in any of them. */
export function skipChannel(edge: i32, e: Edge, tick: i64, ticks: i64): void {
  for (let i: i64 = 0; i < min<i64>(ticks, RECENT); i++) {
    const window = e.recentOf(tick + i);
    window.evidence = 0;
    window.up = 0;
    window.down = 0;
  }
  const low = <f64>e.channelLow + <f64>ticks;
  e.before = 0;
  e.channelLow = <f32>low;
  if (columns.channel[edge] == 0 || low < KOFF) return;
  columns.channel[edge] = 0;
  e.pendingChannel = -1;
}

/** The edge's window `ago` (0 to RECENT - 1) ticks before the last closed one. */
export function recent(edge: i32, ago: i32): RecentWindow {
  const e = edgeAt(edge);
  return e.recentOf(groupAt(e.group).tick - 1 - <i64>ago);
}

/** The largest of each over the last `windows` (1 to RECENT) ticks, in `exchange.recent`. */
export function recentPeak(edge: i32, windows: i32): RecentWindow {
  const peak = exchange.recent;
  peak.evidence = 0;
  peak.up = 0;
  peak.down = 0;
  for (let ago = 0; ago < windows; ago++) {
    const window = recent(edge, ago);
    peak.evidence = max(peak.evidence, window.evidence);
    peak.up = max(peak.up, window.up);
    peak.down = max(peak.down, window.down);
  }
  return peak;
}
