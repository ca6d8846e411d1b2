// A state that tells of times in the future goes on at the time of the next data: nothing of what was learnt of edges is lost.
import { EdgeState, Grid, Sums } from '../layout';
import { forgetTimesOf, head } from '../series/table';
import { clockAt, edgeAt, edgesHigh, feedAt, gridAt, groupsUsed, isEdge, sumsAt } from './graph';
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
  for (let group = 0; group < groupsUsed(); group++) {
    const grid = gridAt(group);
    if (!grid.isStarted || grid.newest + grid.base <= latest) continue;
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
