// New edges, services and groups in their slots, and what is told of them from outside.
import {
  AGE,
  AGE_SLOPE,
  B0,
  BUDGET_DAYS,
  COMPONENTS,
  LEVEL_SLOPE,
  LEVEL_WINDOW,
  LONG_SLOPE,
  LONG_WINDOW,
  Q0,
  RELAX,
} from './constants';
import { Edge } from './edge';
import { Group, Service } from './group';

import { MAX_PROFILES, takeProfile } from './profile';
import { edgeAt, exchange, groupAt, profileAt, serviceAt, setPassedOver } from './regions';

/** A new edge in the slot, without a place in any order. */
export function resetEdge(edge: i32): void {
  const e = edgeAt(edge);
  memory.fill(changetype<usize>(e), 0, offsetof<Edge>());
  for (let i = 0; i < COMPONENTS; i++) {
    e.q[i] = Q0;
    e.b[i] = B0;
  }
  for (let k = 0; k < 4; k++) e.z[k] = f32.NaN;
  e.context = -1;
  e.source = -1;
  e.destination = -1;
  e.group = -1;
  e.chunk = -1;
}

/** Where the edge runs. `source`, `destination`: service slots of the group, -1 none. */
export function setEdge(edge: i32, source: i32, destination: i32, profile: i32, sourceRelative: bool): void {
  const e = edgeAt(edge);
  e.source = source;
  e.destination = destination;
  e.profile = profile;
  e.sourceRelative = i32(sourceRelative);
}

/** A new service in the slot. */
export function resetService(service: i32): void {
  const v = serviceAt(service);
  memory.fill(changetype<usize>(v), 0, offsetof<Service>());
  v.tick = -1;
}

/**
 * The alert level of the default threshold 0.9, nats: ln(windows in BUDGET_DAYS) - RELAX at windows of LEVEL_WINDOW or
 * less. Alerts of two windows become rarer faster than e^-L, so that a longer window takes less off the level.
 */
export function alertLevel(windowSeconds: f64): f64 {
  const level = Math.log((BUDGET_DAYS * 86400) / min(windowSeconds, LEVEL_WINDOW)) - RELAX;
  const longer = min(max(windowSeconds, LEVEL_WINDOW), LONG_WINDOW) / LEVEL_WINDOW;
  return level - LEVEL_SLOPE * Math.log(longer) - LONG_SLOPE * Math.log(max(windowSeconds / LONG_WINDOW, 1));
}

/** Present windows at which the evidence counts half: fewer of longer ones. */
export function ageOf(windowSeconds: f64): f64 {
  return AGE * Math.pow(max(windowSeconds / LEVEL_WINDOW, 1), -AGE_SLOPE);
}

/** Levels and age factor of a group, which its window alone decides: a state may be from a program with others. */
export function setGroupLevels(group: i32, windowSeconds: f64): void {
  const g = groupAt(group);
  const level = alertLevel(windowSeconds);
  g.level = level;
  g.decay = Math.LN10 / level;
  g.age = <f32>ageOf(windowSeconds);
}

/** The part of a group that is neither order nor forest nor autoencoder. */
export function resetGroupState(group: i32, windowSeconds: f64): void {
  const g = groupAt(group);
  setPassedOver(group, 0);
  memory.fill(changetype<usize>(g), 0, offsetof<Group>());
  for (let i = 0; i < COMPONENTS; i++) g.b[i] = B0;
  setGroupLevels(group, windowSeconds);
  g.incidentLevel = Infinity;
  g.first = -1;
  g.last = -1;
}

/** Whether the last closed tick of the group was an outage: the collector, not the edges, went quiet. */
export function wasOutage(group: i32): bool {
  return groupAt(group).outage != 0;
}

/** Takes the profile that was written to `exchange.profile` as profile `id`; false when there is no such id. */
export function setProfile(id: i32): bool {
  if (<u32>id >= <u32>MAX_PROFILES) return false;
  takeProfile(profileAt(id), exchange.profile);
  return true;
}

/** Level of the incident layer, nats; infinite until it is set. */
export function setIncidentLevel(group: i32, nats: f64): void {
  groupAt(group).incidentLevel = nats;
}
