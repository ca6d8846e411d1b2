// Slots of services and edges: given out, and given back with the edge's series.
import { orderRemove, resetEdge, resetService, setEdge } from '../detect/api';
import { EdgeState, EdgeWindow } from '../graph/records';
import { noteRequests } from '../graph/requests';
import {
  EDGE_BYTES,
  edgeAt,
  gridAt,
  head,
  isEdge,
  isGroup,
  isService,
  maxEdges,
  maxServices,
  services,
} from '../graph/slots';
import { forgetSeriesOf } from '../series/links';
import { ANY_RANK, Role } from '../series/record';
import { refuseSeriesOf } from '../series/refuse';
import { seriesAt } from '../series/table';

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
