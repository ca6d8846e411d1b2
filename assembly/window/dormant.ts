// Which edges, groups and feeds may give their slots away when there is no room for new ones. Silence is counted in
// event time: in an edge's own windows, and while its whole group is silent by the kernel's event clock.
//
//   newcomer   seen in one window at most: gives way to anybody after three silent windows
//   dormant    silent for as many windows as it was seen, from 3 to 60; or lost in an outage: gives way to what comes again
import { GONE, LOST } from '../detect/constants';
import { columns, edgeAt as stateAt } from '../detect/regions';
import { EdgeState, EdgeWindow } from '../graph/records';
import { edgeAt, edgesHigh, feedAt, gridAt, isEdge, isFeed, isGroup } from '../graph/slots';
import { scratch } from '../memory';
import { head } from '../series/table';

const PROBATION: f64 = 3;
/** Edges that one search finds at most. */
const FOUND = 64;

const enum Yield {
  NEVER = 0,
  DORMANT = 1,
  NEWCOMER = 2,
}

/** An edge that may give way. */
@unmanaged
export class YieldingEdge {
  edge: i32;
  how: i32;
  /** Nanoseconds. */
  silence: f64;
}

/** YieldingEdge[FOUND], in the order in which they give way. */
let list: usize = 0;
let found: i32 = 0;

// @ts-ignore: decorator
@inline
function foundAt(place: i32): YieldingEdge {
  return changetype<YieldingEdge>(list + <usize>place * offsetof<YieldingEdge>());
}

export function dormantInit(): void {
  list = scratch(FOUND * offsetof<YieldingEdge>());
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
    return <f64>e.gap + <f64>e.held + groupWindows(record, now);
  }
  const grid = gridAt(record.group);
  return <f64>(grid.newest - record.firstTime) / <f64>grid.window + groupWindows(record, now);
}

function yieldOf(edge: i32, record: EdgeWindow, now: u32): Yield {
  if (columns.on[edge] != 0) return Yield.NEVER;
  if (!(record.state & EdgeState.ORDERED))
    return silenceOf(edge, record, now) >= PROBATION ? Yield.NEWCOMER : Yield.NEVER;
  const e = stateAt(edge);
  const seen = <f64>e.windows;
  if (seen <= 1) return silenceOf(edge, record, now) >= PROBATION ? Yield.NEWCOMER : Yield.NEVER;
  const gap = <f64>e.gap;
  const lost = <f64>e.held + groupWindows(record, now);
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
function keep(edge: i32, how: Yield, silence: f64): void {
  let at = found;
  while (at > 0) {
    const before = foundAt(at - 1);
    if (before.how > how || (before.how == how && before.silence >= silence)) break;
    at--;
  }
  if (at == FOUND) return;
  if (found < FOUND) found++;
  const place = foundAt(at);
  const behind = changetype<usize>(foundAt(at + 1));
  memory.copy(behind, changetype<usize>(place), <usize>(found - 1 - at) * offsetof<YieldingEdge>());
  place.edge = edge;
  place.how = how;
  place.silence = silence;
}

/** Looks for edges that may give way, the first to do so first; how many YieldingEdge are in `yieldingList`. */
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
