// State that holds what is no number: what is learnt of it starts again, its place among the others stays.
import { Numbers } from '../numbers';
import { coderIsSound, resetCoder } from './autoencoder';
import { Edge } from './edge';
import { restartForest } from './forest';
import { mendVectors } from './forest-pool';
import { Group, Service } from './group';
import { columns, edgeAt, groupAt, serviceAt } from './regions';
import { resetEdge, resetGroupState, resetService } from './state';

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
function isSoundEdge(e: Edge): bool {
  const at = changetype<usize>(e);
  return (
    areNats(at, at + offsetof<Edge>('s2_0')) &&
    areFinite32(at + offsetof<Edge>('s2_0'), at + offsetof<Edge>('pending')) &&
    areFinite32(at + offsetof<Edge>('recent0'), at + offsetof<Edge>('context')) &&
    areFinite32(at + offsetof<Edge>('rateSeen1'), at + offsetof<Edge>())
  );
}

function mendAnswer(column: Numbers<f32>, edge: i32): void {
  if (!isFinite32(column.at(edge))) column[edge] = 0;
}

/** True: the edge is as a new one. */
export function mendEdgeState(edge: i32): bool {
  const e = edgeAt(edge);
  mendAnswer(columns.score, edge);
  mendAnswer(columns.evidence, edge);
  mendAnswer(columns.sustained, edge);
  if (isSoundEdge(e)) return false;
  const source = e.source;
  const destination = e.destination;
  const profile = e.profile;
  const sourceRelative = e.sourceRelative;
  const group = e.group;
  const chunk = e.chunk;
  resetEdge(edge);
  e.source = source;
  e.destination = destination;
  e.profile = profile;
  e.sourceRelative = sourceRelative;
  e.group = group;
  e.chunk = chunk;
  return true;
}

/** True: the service is as a new one. */
export function mendServiceState(service: i32): bool {
  const v = serviceAt(service);
  const at = changetype<usize>(v);
  if (areFinite64(at, at + offsetof<Service>('tick')) && isFinite64(at + offsetof<Service>('lnInflow'))) return false;
  resetService(service);
  return true;
}

/** Where what a group's edges do not share begins: ticks, forest and order. */
const REST: usize = offsetof<Group>('tick');

/** True: what the group's edges share is as at the start. Its order, its levels and its trees stay. */
export function mendGroupState(group: i32, windowSeconds: f64): bool {
  const g = groupAt(group);
  const at = changetype<usize>(g);
  const isSound = areFinite64(at, at + offsetof<Group>('incidentLevel')) && coderIsSound(group);
  const level = g.incidentLevel;
  const hasMendedVectors = mendVectors(group);
  if (isSound && level == level) return hasMendedVectors;
  memory.copy(kept, at + REST, offsetof<Group>() - REST);
  resetGroupState(group, windowSeconds);
  memory.copy(at + REST, kept, offsetof<Group>() - REST);
  // The caller sets it again where it has one.
  if (level == level) g.incidentLevel = level;
  g.coderLearnt = 0;
  resetCoder(group);
  restartForest(group);
  return true;
}

/** Room for the rest of a group. */
const kept: usize = memory.data(<i32>offsetof<Group>() - <i32>REST, 8);
