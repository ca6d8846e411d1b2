// Which edges, groups and feeds may give their slots away when there is no room for new ones. Silence is counted in
// event time: in an edge's own windows, and while its whole group is silent by the kernel's event clock.
//
//   newcomer   seen in one window at most: gives way to anybody after three silent windows
//   dormant    silent for as many windows as it was seen, from 3 to 60; or lost in an outage: gives way to what comes again
import { GONE, LOST } from '../detect/constants';
import { edgeAt as stateAt, onColumn } from '../detect/regions';
import { Edge } from '../detect/state';
import { EdgeState, EdgeWindow } from '../layout';
import { scratch } from '../memory';
import { head } from '../series/table';
import { edgeAt, edgesHigh, feedAt, gridAt, isEdge, isFeed, isGroup } from './graph';

const PROBATION: f64 = 3;
/** Edges that one search finds at most. */
const FOUND = 64;

/** [slot i32, class i32, silence f64] of those found, in the order in which they give way. */
let list: usize = 0;
let found: i32 = 0;

const enum Yield {
  NEVER = 0,
  DORMANT = 1,
  NEWCOMER = 2,
}

export function dormantInit(): void {
  list = scratch(FOUND << 4);
}

/**
 * The kernel's event clock, Unix seconds, when a point of the group, or of the feed, was accepted last; 0: there is
 * none.
 */
export function groupTouched(group: i32): f64 {
  return isGroup(group) ? <f64>gridAt(group).touched : 0;
}
export function feedTouched(feed: i32): f64 {
  return isFeed(feed) ? <f64>feedAt(feed).touched : 0;
}

/** Edges of the group. */
export function groupEdges(group: i32): i32 {
  return isGroup(group) ? gridAt(group).edges : 0;
}

/** Seconds between the first and the newest accepted point of the group. */
export function groupWatched(group: i32): f64 {
  if (!isGroup(group) || !gridAt(group).isStarted) return 0;
  return <f64>(gridAt(group).newest - gridAt(group).phase) / 1e9;
}

/** Newest accepted event time of any group, Unix seconds. */
export function eventClock(): f64 {
  return <f64>head.now;
}

/** Windows for which the edge's whole group has been silent at that time. */
function groupWindows(record: EdgeWindow, now: u32): f64 {
  const grid = gridAt(record.group);
  return (<f64>(max(now, head.now) - grid.touched) * 1e9) / <f64>grid.window;
}

/** Windows for which nothing was seen of the edge. */
function silenceOf(edge: i32, record: EdgeWindow, now: u32): f64 {
  if (record.state & EdgeState.ORDERED) {
    const e = stateAt(edge);
    return <f64>load<f32>(e, Edge.GAP) + <f64>load<f32>(e, Edge.HELD) + groupWindows(record, now);
  }
  const grid = gridAt(record.group);
  return <f64>(grid.newest - record.firstTime) / <f64>grid.window + groupWindows(record, now);
}

function yieldOf(edge: i32, record: EdgeWindow, now: u32): Yield {
  if (load<u8>(onColumn + <usize>edge) != 0) return Yield.NEVER;
  if (!(record.state & EdgeState.ORDERED)) return silenceOf(edge, record, now) >= PROBATION ? Yield.NEWCOMER : Yield.NEVER;
  const e = stateAt(edge);
  const seen = <f64>load<f32>(e, Edge.N);
  if (seen <= 1) return silenceOf(edge, record, now) >= PROBATION ? Yield.NEWCOMER : Yield.NEVER;
  const gap = <f64>load<f32>(e, Edge.GAP);
  const lost = <f64>load<f32>(e, Edge.HELD) + groupWindows(record, now);
  return gap > min(max(seen, PROBATION), GONE) || lost > LOST ? Yield.DORMANT : Yield.NEVER;
}

/** Windows for which nothing was seen of the edge, up to the newest accepted time of any group. */
export function silentWindows(edge: i32): f64 {
  return isEdge(edge) ? silenceOf(edge, edgeAt(edge), 0) : 0;
}

/**
 * Whether the edge may give way; `isReturning`: to one that was refused before. `now`: event time of who asks, Unix
 * seconds; 0: not known.
 */
export function mayYield(edge: i32, isReturning: bool, now: u32): bool {
  if (!isEdge(edge)) return false;
  const how = yieldOf(edge, edgeAt(edge), now);
  return how == Yield.NEWCOMER || (isReturning && how == Yield.DORMANT);
}

/** Puts the edge where it belongs among those found: newcomers first, then by silence; the lower slot among equals. */
function keep(edge: i32, how: i32, silence: f64): void {
  let at = found;
  while (at > 0) {
    const before = list + ((<usize>(at - 1)) << 4);
    const its = load<i32>(before, 4);
    if (its > how || (its == how && load<f64>(before, 8) >= silence)) break;
    at--;
  }
  if (at == FOUND) return;
  if (found < FOUND) found++;
  const place = list + ((<usize>at) << 4);
  memory.copy(place + 16, place, (<usize>(found - 1 - at)) << 4);
  store<i32>(place, edge);
  store<i32>(place, how, 4);
  store<f64>(place, silence, 8);
}

/** Looks for edges that may give way, the first to do so first; how many `yieldingList` names, 16 bytes each. */
export function findYielding(isReturning: bool, now: u32): i32 {
  found = 0;
  for (let edge = 0; edge < edgesHigh(); edge++) {
    const record = edgeAt(edge);
    if (record.state == EdgeState.FREE) continue;
    const how = yieldOf(edge, record, now);
    if (how == Yield.NEVER || (how == Yield.DORMANT && !isReturning)) continue;
    keep(edge, how, silenceOf(edge, record, now) * <f64>gridAt(record.group).window);
  }
  return found;
}

export function yieldingList(): usize {
  return list;
}
