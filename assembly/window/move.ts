// Other capacities: edges, services and series move into the lowest slots, before their regions are copied into shorter
// ones.
import { moveEdgeState, moveServiceState, packOrders, setEdge } from '../detect/api';
import { EdgeState } from '../graph/records';
import {
  copyEdge,
  edgeAt,
  edgesHigh,
  freeService,
  gridAt,
  groupsHigh,
  isEdge,
  isService,
  takeService,
  trimGraph,
} from '../graph/slots';
import { fillSeries, moveSeriesRecord, seriesAt } from '../series/table';

/** Moves an edge into a slot that is not in use. False: there is no such edge, or the slot is in use. */
export function moveEdge(from: i32, to: i32): bool {
  if (!isEdge(from) || isEdge(to)) return false;
  copyEdge(from, to);
  for (let series = edgeAt(to).series; series >= 0; series = seriesAt(series).next) seriesAt(series).edge = to;
  if (edgeAt(to).state & EdgeState.NEW) renameNew(from, to);
  moveEdgeState(from, to);
  edgeAt(from).state = EdgeState.FREE;
  return true;
}

/** In the list of its group's new edges. */
function renameNew(from: i32, to: i32): void {
  const grid = gridAt(edgeAt(to).group);
  if (grid.newEdges == from) {
    grid.newEdges = to;
    return;
  }
  let before = grid.newEdges;
  while (edgeAt(before).next != from) before = edgeAt(before).next;
  edgeAt(before).next = to;
}

/** Moves a service into a slot that is not in use, and tells the edges that end in it. */
export function moveService(from: i32, to: i32): bool {
  if (!isService(from) || isService(to)) return false;
  takeService(to);
  freeService(from);
  moveServiceState(from, to);
  for (let edge = 0; edge < edgesHigh(); edge++) {
    if (!isEdge(edge)) continue;
    const record = edgeAt(edge);
    if (record.source != from && record.destination != from) continue;
    if (record.source == from) record.source = to;
    if (record.destination == from) record.destination = to;
    setEdge(edge, record.source, record.destination, record.profile, record.isRelative != 0);
  }
  return true;
}

/** Moves a series into a slot that is not in use. */
export function moveSeries(from: i32, to: i32): bool {
  if (!moveSeriesRecord(from, to)) return false;
  const series = seriesAt(to);
  if (series.edge < 0) return true;
  if (series.previous >= 0) seriesAt(series.previous).next = to;
  else edgeAt(series.edge).series = to;
  if (series.next >= 0) seriesAt(series.next).previous = to;
  return true;
}

/** Everything is in the lowest slots: those behind are free, and orders take as few chunks as they need. */
export function trimSlots(edges: i32, services: i32, series: i32): void {
  trimGraph(edges, services);
  fillSeries(series);
  packOrders(groupsHigh());
}
