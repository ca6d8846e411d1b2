// Slots of groups, feeds, services and edges: given out densely, and used again once they are free.
import { orderRemove, resetEdge, resetGroup, resetService, setEdge } from '../detect/api';
import { ANY_RANK, Clock, EdgeState, EdgeWindow, Feed, Grid, Role, Sums } from '../layout';
import { Region, reserve } from '../memory';
import { forgetSeriesOf, refuseSeriesOf, unbindFeed } from '../series/bind';
import { head as seriesHead, moveSeriesClock, seriesAt } from '../series/table';
import { ticksInit } from './ticks';

const EDGE_BYTES: usize = offsetof<EdgeWindow>() + 2 * Sums.BYTES;

let grids: usize = 0;
let feeds: usize = 0;
let clocks: usize = 0;
let edges: usize = 0;
/** i32[maxServices]: next free service slot; -1 its end, -2 in use. */
let services: usize = 0;
let maxGroups: i32 = 0;
let maxFeeds: i32 = 0;
let maxClocks: i32 = 0;
let maxEdges: i32 = 0;
let maxServices: i32 = 0;

/** Scalars of the graph; one record. */
@unmanaged
class GraphHead {
  /** Slots ever used, first free slot (-1: none), slots in use. */
  groupsHigh: i32;
  groupsFree: i32;
  groupsUsed: i32;
  feedsHigh: i32;
  feedsFree: i32;
  feedsUsed: i32;
  edgesHigh: i32;
  edgesFree: i32;
  edgesUsed: i32;
  servicesHigh: i32;
  servicesFree: i32;
  clocksHigh: i32;
  clocksFree: i32;
  clocksUsed: i32;
  /** Times that a clock was aligned, or found ahead of its receipt. */
  clockMoves: u32;
}
let head: GraphHead = changetype<GraphHead>(0);

export function configureGraph(feedCapacity: i32, clockCapacity: i32): void {
  maxFeeds = feedCapacity;
  maxClocks = clockCapacity;
}

export function graphInit(edgeCapacity: i32, serviceCapacity: i32, groupCapacity: i32): void {
  maxEdges = edgeCapacity;
  maxServices = serviceCapacity;
  maxGroups = groupCapacity;
  grids = reserve(Region.GRIDS, <usize>maxGroups * offsetof<Grid>());
  feeds = reserve(Region.FEEDS, <usize>maxFeeds * offsetof<Feed>());
  clocks = reserve(Region.CLOCKS, <usize>maxClocks * offsetof<Clock>());
  edges = reserve(Region.EDGE_WINDOWS, <usize>maxEdges * EDGE_BYTES);
  services = reserve(Region.SERVICE_SLOTS, <usize>maxServices << 2);
  head = changetype<GraphHead>(reserve(Region.GRAPH_HEAD, offsetof<GraphHead>()));
  head.groupsFree = -1;
  head.feedsFree = -1;
  head.clocksFree = -1;
  head.edgesFree = -1;
  head.servicesFree = -1;
}

// @ts-ignore: decorator
@inline
export function gridAt(group: i32): Grid {
  return changetype<Grid>(grids + <usize>group * offsetof<Grid>());
}

// @ts-ignore: decorator
@inline
export function feedAt(feed: i32): Feed {
  return changetype<Feed>(feeds + <usize>feed * offsetof<Feed>());
}

// @ts-ignore: decorator
@inline
export function clockAt(clock: i32): Clock {
  return changetype<Clock>(clocks + <usize>clock * offsetof<Clock>());
}

// @ts-ignore: decorator
@inline
export function edgeAt(edge: i32): EdgeWindow {
  return changetype<EdgeWindow>(edges + <usize>edge * EDGE_BYTES);
}

/** Sums of the edge in an open tick. */
// @ts-ignore: decorator
@inline
export function sumsAt(edge: i32, tick: i64): usize {
  return edges + <usize>edge * EDGE_BYTES + offsetof<EdgeWindow>() + (<usize>tick & 1) * Sums.BYTES;
}

export function groupsUsed(): i32 {
  return head.groupsUsed;
}

/** Slots ever used: every group and feed in use is below. */
export function groupsHigh(): i32 {
  return head.groupsHigh;
}

export function feedsUsed(): i32 {
  return head.feedsUsed;
}

export function feedsHigh(): i32 {
  return head.feedsHigh;
}

/** Slots ever used: every clock in use is below. */
export function clocksHigh(): i32 {
  return head.clocksHigh;
}

/** Grows whenever a clock was aligned or found ahead of its receipt. */
export function clockMoves(): u32 {
  return head.clockMoves;
}
export function noteMove(): void {
  head.clockMoves++;
}

export function edgesUsed(): i32 {
  return head.edgesUsed;
}

/** Edge slots ever used: every edge in use is below. */
export function edgesHigh(): i32 {
  return head.edgesHigh;
}

export function isGroup(group: i32): bool {
  return group >= 0 && group < head.groupsHigh && gridAt(group).window != 0;
}

export function isFeed(feed: i32): bool {
  return feed >= 0 && feed < head.feedsHigh && feedAt(feed).group >= 0;
}

export function isClock(clock: i32): bool {
  return clock >= 0 && clock < head.clocksHigh && clockAt(clock).group >= 0;
}

export function isEdge(edge: i32): bool {
  return edge >= 0 && edge < head.edgesHigh && edgeAt(edge).state != EdgeState.FREE;
}

export function isService(service: i32): bool {
  return service >= 0 && service < head.servicesHigh && load<i32>(services + ((<usize>service) << 2)) == -2;
}

export function servicesHigh(): i32 {
  return head.servicesHigh;
}

// -- other capacities (move.ts)
export function copyEdge(from: i32, to: i32): void {
  memory.copy(changetype<usize>(edgeAt(to)), changetype<usize>(edgeAt(from)), EDGE_BYTES);
}

export function takeService(service: i32): void {
  store<i32>(services + ((<usize>service) << 2), -2);
}

export function freeService(service: i32): void {
  store<i32>(services + ((<usize>service) << 2), -1);
}

/** All edges and services are in the first slots. */
export function trimGraph(edgeCount: i32, serviceCount: i32): void {
  head.edgesHigh = edgeCount;
  head.edgesFree = -1;
  head.servicesHigh = serviceCount;
  head.servicesFree = -1;
}

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

/** The clock of another sender of the group; -1: no room but for the own clocks of groups to come. */
export function addClock(group: i32): i32 {
  if (!isGroup(group) || maxClocks - head.clocksUsed <= maxGroups - head.groupsUsed) return -1;
  return takeClock(group);
}

function takeClock(group: i32): i32 {
  let slot = head.clocksFree;
  if (slot >= 0) head.clocksFree = clockAt(slot).next;
  else slot = head.clocksHigh++;
  head.clocksUsed++;
  startClock(slot, group);
  return slot;
}

function startClock(slot: i32, group: i32): void {
  const clock = clockAt(slot);
  memory.fill(changetype<usize>(clock), 0, offsetof<Clock>());
  clock.group = group;
  clock.next = gridAt(group).clocks;
  gridAt(group).clocks = slot;
}

function unlinkClock(grid: Grid, slot: i32): void {
  if (clockAt(slot).claim != 0) grid.claims--;
  if (grid.clocks == slot) grid.clocks = clockAt(slot).next;
  else {
    let before = grid.clocks;
    while (clockAt(before).next != slot) before = clockAt(before).next;
    clockAt(before).next = clockAt(slot).next;
  }
}

/**
 * The slot serves another sender, of any group; series of the one before go on under their group's own clock. False: it
 * cannot.
 */
export function renewClock(slot: i32, group: i32): bool {
  if (!isClock(slot) || !isGroup(group)) return false;
  const grid = gridAt(clockAt(slot).group);
  if (grid.ownClock == slot) return false;
  moveSeriesClock(slot, grid.ownClock);
  unlinkClock(grid, slot);
  startClock(slot, group);
  return true;
}

function freeClock(grid: Grid, slot: i32): void {
  unlinkClock(grid, slot);
  const clock = clockAt(slot);
  memory.fill(changetype<usize>(clock), 0, offsetof<Clock>());
  clock.group = -1;
  clock.next = head.clocksFree;
  head.clocksFree = slot;
  head.clocksUsed--;
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

/** A service of the group; -1: no room. */
export function addService(group: i32): i32 {
  if (!isGroup(group)) return -1;
  let service = head.servicesFree;
  if (service >= 0) head.servicesFree = load<i32>(services + ((<usize>service) << 2));
  else if (head.servicesHigh < maxServices) service = head.servicesHigh++;
  else return -1;
  store<i32>(services + ((<usize>service) << 2), -2);
  resetService(service);
  return service;
}

/** Frees the slot of a service that is an end of no edge. */
export function removeService(service: i32): bool {
  if (!isService(service)) return false;
  store<i32>(services + ((<usize>service) << 2), head.servicesFree);
  head.servicesFree = service;
  return true;
}

/**
 * An edge between two services of the group, -1: none; -1: no room. It takes part once it was seen and put in order.
 */
export function addEdge(group: i32, source: i32, destination: i32, profile: i32): i32 {
  if (!isGroup(group)) return -1;
  if ((source >= 0 && !isService(source)) || (destination >= 0 && !isService(destination))) return -1;
  let edge = head.edgesFree;
  if (edge >= 0) head.edgesFree = edgeAt(edge).next;
  else if (head.edgesHigh < maxEdges) edge = head.edgesHigh++;
  else return -1;
  memory.fill(changetype<usize>(edgeAt(edge)), 0, EDGE_BYTES);
  const record = edgeAt(edge);
  record.group = group;
  record.next = -1;
  record.series = -1;
  record.state = EdgeState.USED;
  record.ranks = 0xffff_ffff;
  record.source = source;
  record.destination = destination;
  record.profile = profile;
  record.relativeRank = ANY_RANK;
  // Until it is seen: when it was made.
  record.firstTime = gridAt(group).newest;
  head.edgesUsed++;
  gridAt(group).edges++;
  resetEdge(edge);
  setEdge(edge, source, destination, profile, false);
  return edge;
}

export function setEdgeProfile(edge: i32, profile: i32): bool {
  if (!isEdge(edge)) return false;
  const record = edgeAt(edge);
  record.profile = profile;
  setEdge(edge, record.source, record.destination, profile, record.isRelative != 0);
  return true;
}

/**
 * A series of this feed reports the edge's requests: the most trusted such feed says whether rates may be relative to
 * the source.
 */
export function noteRequests(edge: i32, feed: i32, rank: u32): void {
  const record = edgeAt(edge);
  if (rank > record.relativeRank) return;
  record.relativeRank = rank;
  record.isRelative = feedAt(feed).sourceRelative;
  setEdge(edge, record.source, record.destination, record.profile, record.isRelative != 0);
}

/** The feed of requests changed: asks the edge's series again. */
export function renewRelative(edge: i32): void {
  edgeAt(edge).relativeRank = ANY_RANK;
  for (let slot = edgeAt(edge).series; slot >= 0; slot = seriesAt(slot).next) {
    const series = seriesAt(slot);
    if (series.roles & Role.REQUESTS) noteRequests(edge, series.feed, series.rank);
  }
}

function unlinkNew(edge: i32, record: EdgeWindow): void {
  const grid = gridAt(record.group);
  if (grid.newEdges == edge) {
    grid.newEdges = record.next;
    return;
  }
  let before = grid.newEdges;
  while (edgeAt(before).next != edge) before = edgeAt(before).next;
  edgeAt(before).next = record.next;
}

/**
 * Forgets the edge and its place in the order. `isDisplaced`: its series stay known as refused, so that whoever comes
 * again is told from whoever is new; else they are forgotten. False: there is none.
 */
export function removeEdge(edge: i32, isDisplaced: bool): bool {
  if (!isEdge(edge)) return false;
  const record = edgeAt(edge);
  if (isDisplaced) refuseSeriesOf(edge, gridAt(record.group).window / 2);
  else forgetSeriesOf(edge);
  if (record.state & EdgeState.NEW) unlinkNew(edge, record);
  orderRemove(edge);
  gridAt(record.group).edges--;
  record.state = EdgeState.FREE;
  record.next = head.edgesFree;
  head.edgesFree = edge;
  head.edgesUsed--;
  return true;
}
