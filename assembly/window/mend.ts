// Mends state that cannot be right. One that tells of times in the future goes on at the time of the next data, with
// everything that was learnt of edges; what is no number is learnt anew, where it is found and nowhere else.
import { areFinite32, areFinite64, mendEdgeState, mendGroupState, mendServiceState } from '../detect/mend';
import { EdgeState, Grid, Sums } from '../graph/records';
import {
  clockAt,
  edgeAt,
  edgesHigh,
  feedAt,
  gridAt,
  groupsHigh,
  isEdge,
  isGroup,
  isService,
  sumsAt,
} from '../graph/slots';
import { forgetValues } from '../series/links';
import { Series, SeriesState } from '../series/record';
import { forgetTimesOf, head, seriesAt } from '../series/table';
import { ticksRestart } from './ticks';

function mendClocks(grid: Grid): void {
  for (let slot = grid.clocks; slot >= 0; slot = clockAt(slot).next) {
    const clock = clockAt(slot);
    clock.shift = 0;
    clock.newest = 0;
    clock.lead = 0;
    clock.claim = 0;
    clock.trustedUntil = 0;
    clock.lateSince = 0;
  }
}

function mendFeeds(grid: Grid): void {
  for (let slot = grid.feeds; slot >= 0; slot = feedAt(slot).next) {
    const feed = feedAt(slot);
    feed.isStarted = 0;
    feed.offset0 = 0;
    feed.offset1 = 0;
    feed.points0 = 0;
    feed.points1 = 0;
    feed.streak = 0;
    feed.gap0 = 0;
    feed.gap1 = 0;
  }
}

/** What open ticks hold is of no time. */
function mendEdges(group: i32, tick: i64): void {
  for (let edge = 0; edge < edgesHigh(); edge++) {
    if (!isEdge(edge) || edgeAt(edge).group != group) continue;
    memory.fill(sumsAt(edge, 0), 0, Sums.BYTES);
    memory.fill(sumsAt(edge, 1), 0, Sums.BYTES);
    if (edgeAt(edge).state & EdgeState.NEW) edgeAt(edge).firstTick = tick;
  }
}

/** Mends every group whose time is beyond `latest`, Unix ns; how many. Not while a closing is under way. */
export function mendTimes(latest: i64): i32 {
  let mended = 0;
  for (let group = 0; group < groupsHigh(); group++) {
    const grid = gridAt(group);
    if (!isGroup(group) || !grid.isStarted || grid.newest + grid.base <= latest) continue;
    ticksRestart(grid);
    mendClocks(grid);
    mendFeeds(grid);
    mendEdges(group, grid.closed + 1);
    forgetTimesOf(group);
    mended++;
  }
  if (mended > 0) head.now = min(head.now, <u32>(latest / 1_000_000_000));
  return mended;
}

/** True: it is read from its next point on, and where what it counts in is no number, asked about again. */
function mendSeries(series: Series): bool {
  const at = changetype<usize>(series);
  const isSound =
    areFinite64(at + offsetof<Series>('value0'), at + offsetof<Series>('mark0')) &&
    areFinite64(at + offsetof<Series>('baseSum'), at + offsetof<Series>('baseTime')) &&
    areFinite32(at + offsetof<Series>('lastSum'), at + offsetof<Series>());
  const isScaled = abs(series.scale) < Infinity;
  if (isSound && isScaled) return false;
  forgetValues(series);
  if (!isScaled) series.state &= ~SeriesState.BOUND;
  return true;
}

function mendSums(sums: usize): bool {
  if (areFinite64(sums, sums + Sums.FLAGS)) return false;
  memory.fill(sums, 0, Sums.BYTES);
  return true;
}

/** True: something that was known of the edge was no number, and is learnt anew. */
export function mendEdge(edge: i32): bool {
  if (!isEdge(edge)) return false;
  let isMended = mendEdgeState(edge);
  for (let slot = edgeAt(edge).series; slot >= 0; slot = seriesAt(slot).next)
    if (mendSeries(seriesAt(slot))) isMended = true;
  for (let parity = 0; parity < 2; parity++) if (mendSums(sumsAt(edge, parity))) isMended = true;
  return isMended;
}

/** The same of what the edges of a group share. */
export function mendGroup(group: i32): bool {
  if (!isGroup(group)) return false;
  const grid = gridAt(group);
  let isMended = mendGroupState(group, <f64>grid.window / 1e9);
  for (let slot = grid.feeds; slot >= 0; slot = feedAt(slot).next) {
    const feed = feedAt(slot);
    if (abs(feed.period) < Infinity && abs(feed.periodBefore) < Infinity) continue;
    feed.period = 0;
    feed.periodBefore = 0;
    isMended = true;
  }
  return isMended;
}

/** The same of a service. */
export function mendService(service: i32): bool {
  return isService(service) && mendServiceState(service);
}
