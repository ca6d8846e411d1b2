// State that holds what is no number: what is learnt of it starts again, its place among the others stays.
import { coderIsSound, resetCoder } from './autoencoder';
import { mendVectors, restartForest } from './forest';
import { edgeAt, evidenceColumn, groupAt, mixColumn, scoreColumn, serviceAt } from './regions';
import { Edge, Group, resetEdge, resetGroupState, resetService, Service } from './state';

// @ts-ignore: decorator
@inline
function isFinite64(at: usize): bool {
  return abs(load<f64>(at)) < Infinity;
}

// @ts-ignore: decorator
@inline
function isFinite32(at: usize): bool {
  return abs(load<f32>(at)) < <f32>Infinity;
}

/** Whether every f64 of [at, end) is a number. */
export function areFinite64(at: usize, end: usize): bool {
  for (; at < end; at += 8) if (!isFinite64(at)) return false;
  return true;
}

/** Whether every f32 of [at, end) is a number. */
export function areFinite32(at: usize, end: usize): bool {
  for (; at < end; at += 4) if (!isFinite32(at)) return false;
  return true;
}

/** No logarithm, and nothing in nats, is ever so large. */
const MOST_NATS: f64 = 1e6;

function areNats(at: usize, end: usize): bool {
  for (; at < end; at += 8) if (!(abs(load<f64>(at)) < MOST_NATS)) return false;
  return true;
}

/** What the last window was judged against may be NaN; what is learnt may not. */
function isSoundEdge(at: usize): bool {
  return (
    areNats(at, at + Edge.S2) &&
    areFinite32(at + Edge.S2, at + Edge.PENDING) &&
    areFinite32(at + Edge.RECENT, at + Edge.CTX) &&
    areFinite32(at + Edge.RATE_SUMS, at + Edge.BYTES)
  );
}

function mendAnswer(column: usize, edge: i32): void {
  const at = column + ((<usize>edge) << 2);
  if (!isFinite32(at)) store<f32>(at, 0);
}

/** True: the edge is as a new one. */
export function mendEdgeState(edge: i32): bool {
  const at = edgeAt(edge);
  mendAnswer(scoreColumn, edge);
  mendAnswer(evidenceColumn, edge);
  mendAnswer(mixColumn, edge);
  if (isSoundEdge(at)) return false;
  // Ends, profile, group and chunk: three words each of two.
  const ends = load<u64>(at, Edge.SOURCE);
  const judged = load<u64>(at, Edge.PROFILE);
  const place = load<u64>(at, Edge.GROUP);
  resetEdge(edge);
  store<u64>(at, ends, Edge.SOURCE);
  store<u64>(at, judged, Edge.PROFILE);
  store<u64>(at, place, Edge.GROUP);
  return true;
}

/** True: the service is as a new one. */
export function mendServiceState(service: i32): bool {
  const at = serviceAt(service);
  if (areFinite64(at, at + Service.STAMP) && isFinite64(at + Service.LN_INFLOW)) return false;
  resetService(service);
  return true;
}

/** True: what the group's edges share is as at the start. Its order, its levels and its trees stay. */
export function mendGroupState(group: i32, windowSeconds: f64): bool {
  const at = groupAt(group);
  const isSound = areFinite64(at, at + Group.INCIDENT_LEVEL) && coderIsSound(group);
  const level = load<f64>(at, Group.INCIDENT_LEVEL);
  const hasMendedVectors = mendVectors(group);
  if (isSound && level == level) return hasMendedVectors;
  const rest = at + Group.TICK;
  const restBytes = Group.BYTES - Group.TICK;
  memory.copy(kept, rest, restBytes);
  resetGroupState(group, windowSeconds);
  memory.copy(rest, kept, restBytes);
  // The caller sets it again where it has one.
  if (level == level) store<f64>(at, level, Group.INCIDENT_LEVEL);
  store<i32>(at, 0, Group.CODER_LEARNT);
  resetCoder(group);
  restartForest(group);
  return true;
}

const kept: usize = memory.data(<i32>(Group.BYTES - Group.TICK), 8);
