// Slots of groups and feeds: given out, and given back with all that is in them.
import { resetGroup, setGroupLevels } from '../detect/api';
import { Feed, Grid } from '../graph/records';
import { feedAt, gridAt, head, isFeed, isGroup, maxClocks, maxFeeds, maxGroups } from '../graph/slots';
import { unbindFeed } from '../series/bind';
import { head as seriesHead } from '../series/table';
import { freeClock, takeClock } from './clock-slots';
import { ticksInit } from './ticks';

/** A group of edges with one window length, and a clock for whoever has none of its own; -1: no room. */
export function addGroup(windowNanos: i64, latenessNanos: i64): i32 {
  if (head.clocksUsed == maxClocks) return -1;
  let group = head.groupsFree;
  if (group >= 0) head.groupsFree = gridAt(group).feeds;
  else if (head.groupsHigh < maxGroups) group = head.groupsHigh++;
  else return -1;
  head.groupsUsed++;
  ticksInit(gridAt(group), windowNanos, latenessNanos);
  gridAt(group).touched = seriesHead.now;
  gridAt(group).ownClock = takeClock(group);
  resetGroup(group, <f64>windowNanos / 1e9);
  return group;
}

/** A group that was restored has the levels of its window again. */
export function renewLevels(group: i32): void {
  if (isGroup(group)) setGroupLevels(group, <f64>gridAt(group).window / 1e9);
}

/**
 * A feature rule of the group; -1: no room. `sourceRelative`: its rates may be judged relative to what the source
 * receives.
 */
export function addFeed(group: i32, sourceRelative: bool): i32 {
  if (!isGroup(group)) return -1;
  let feed = head.feedsFree;
  if (feed >= 0) head.feedsFree = feedAt(feed).next;
  else if (head.feedsHigh < maxFeeds) feed = head.feedsHigh++;
  else return -1;
  head.feedsUsed++;
  const record = feedAt(feed);
  memory.fill(changetype<usize>(record), 0, offsetof<Feed>());
  record.touched = seriesHead.now;
  record.group = group;
  record.sourceRelative = u32(sourceRelative);
  record.next = gridAt(group).feeds;
  gridAt(group).feeds = feed;
  return feed;
}

/**
 * Frees a group without edges, with its feeds and clocks. False: there is none, it has edges, or it is being closed.
 */
export function removeGroup(group: i32): bool {
  if (!isGroup(group)) return false;
  const grid = gridAt(group);
  if (grid.edges != 0 || grid.closing != 0) return false;
  while (grid.feeds >= 0) freeFeed(grid, grid.feeds);
  while (grid.clocks >= 0) freeClock(grid, grid.clocks);
  grid.window = 0;
  grid.feeds = head.groupsFree;
  head.groupsFree = group;
  head.groupsUsed--;
  return true;
}

/** Frees a feed; its series are asked about again. False: there is none, or its group is being closed. */
export function removeFeed(feed: i32): bool {
  if (!isFeed(feed)) return false;
  const grid = gridAt(feedAt(feed).group);
  if (grid.closing != 0) return false;
  unbindFeed(feed);
  freeFeed(grid, feed);
  return true;
}

function freeFeed(grid: Grid, feed: i32): void {
  if (grid.feeds == feed) grid.feeds = feedAt(feed).next;
  else {
    let before = grid.feeds;
    while (feedAt(before).next != feed) before = feedAt(before).next;
    feedAt(before).next = feedAt(feed).next;
  }
  feedAt(feed).group = -1;
  feedAt(feed).next = head.feedsFree;
  head.feedsFree = feed;
  head.feedsUsed--;
}
