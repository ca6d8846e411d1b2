// Slots of groups, feeds, services and edges: given out densely, and used again once they are free.
import { Region, reserve } from '../memory';
import { Clock, EdgeState, EdgeWindow, Feed, Grid, Sums } from './records';

export const EDGE_BYTES: usize = offsetof<EdgeWindow>() + 2 * Sums.BYTES;

let grids: usize = 0;
let feeds: usize = 0;
let clocks: usize = 0;
let edges: usize = 0;
/** i32[maxServices]: next free service slot; -1 its end, -2 in use. */
export let services: usize = 0;
export let maxGroups: i32 = 0;
export let maxFeeds: i32 = 0;
export let maxClocks: i32 = 0;
export let maxEdges: i32 = 0;
export let maxServices: i32 = 0;

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
export let head: GraphHead = changetype<GraphHead>(0);

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
