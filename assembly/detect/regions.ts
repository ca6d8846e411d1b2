// Where everything of the detection lies. All capacities are fixed by `layOut`; nothing is allocated later. What is
// never written costs no memory: regions of groups that do not exist stay untouched pages.

import { reserve, scratch } from '../memory';
import { COMPONENTS, FEATURES } from './constants';
import { Chunk, chunksFor } from './order';
import { Profile } from './profile';
import { Edge, Group, Service } from './state';

/** Most alert profiles; profile 0 and every one that was never set is the default threshold. */
export const MAX_PROFILES = 4096;
/** Edges that go through the stages together: one chunk of the order. */
export const BLOCK = 64;

let edges: usize = 0;
let services: usize = 0;
let groups: usize = 0;
let chunks: usize = 0;
let profiles: usize = 0;

/**
 * f64[maxEdges][4]: latency, requests, errors, bytes of the window being closed; NaN absent. Filled before
 * `closeBegin`.
 */
export let windowInput: usize = 0;
/** u32[2]: free chunk + 1, chunks ever used. */
export let orderHead: usize = 0;

// Result columns over edge slots, in the order of `Column` (face.ts).
export let scoreColumn: usize = 0;
export let evidenceColumn: usize = 0;
export let surpriseColumn: usize = 0;
export let gapColumn: usize = 0;
export let onColumn: usize = 0;
export let changeColumn: usize = 0;
export let kindColumn: usize = 0;
export let presentColumn: usize = 0;
export let sourceColumn: usize = 0;
export let forestColumn: usize = 0;
export let ageColumn: usize = 0;
export let usualColumn: usize = 0;
export let mixColumn: usize = 0;
export let channelColumn: usize = 0;
export let channelChangeColumn: usize = 0;
/**
 * u32 lists of the last closing: edges whose alert is on or changed; edges whose channel changed; the group's order.
 */
export let alertingList: usize = 0;
export let channelList: usize = 0;
export let orderList: usize = 0;
/** f64[4]: observed, expected, lower, upper. f32[3]: what `recent` answers. An alert profile being set. */
export let bandOut: usize = 0;
export let recentOut: usize = 0;
export let profileInput: usize = 0;

// Scratch of one block.
/** f64[64][12] surprises, f64[64] gap evidence, f64[64] forest surprise, i32[64] features judged. */
export let blockSurprise: usize = 0;
export let blockGap: usize = 0;
export let blockForest: usize = 0;
export let blockKinds: usize = 0;
/** u8[64]: the edge was seen; f32[64][12]: vectors of the judged edges, clipped. */
export let blockPresent: usize = 0;
export let blockVectors: usize = 0;
/** f64[64] each: the forest's score and surprise of those vectors. */
export let vectorScores: usize = 0;
export let vectorSurprises: usize = 0;

/**
 * i64 by group: ticks passed over that its edges have not been told of. Between `skipTicks` and the end of the next
 * closing's contexts.
 */
let passedOver: usize = 0;

/** u32 list: services that received something in the tick being closed. */
export let touchedServices: usize = 0;

/** Lays out every region but the forests' and the autoencoders'. */
export function layOut(maxEdges: i32, maxServices: i32, maxGroups: i32): void {
  const n = <usize>maxEdges;
  edges = reserve(n * Edge.BYTES);
  services = reserve(<usize>maxServices * Service.BYTES);
  groups = reserve(<usize>maxGroups * Group.BYTES);
  chunks = reserve(<usize>chunksFor(maxEdges, maxGroups) * Chunk.BYTES);
  profiles = reserve(MAX_PROFILES * Profile.BYTES);
  windowInput = reserve(n * FEATURES * 8);
  orderHead = reserve(8);
  layOutColumns(n);
  alertingList = scratch(n * 4);
  channelList = scratch(n * 4);
  orderList = scratch(n * 4);
  bandOut = scratch(32);
  recentOut = scratch(12);
  profileInput = scratch(Profile.BYTES);
  passedOver = scratch((<usize>maxGroups) << 3);
  touchedServices = scratch(<usize>maxServices * 4);
  blockSurprise = scratch(BLOCK * COMPONENTS * 8);
  blockGap = scratch(BLOCK * 8);
  blockForest = scratch(BLOCK * 8);
  blockKinds = scratch(BLOCK * 4);
  blockPresent = scratch(BLOCK);
  blockVectors = scratch(BLOCK * COMPONENTS * 4);
  vectorScores = scratch(BLOCK * 8);
  vectorSurprises = scratch(BLOCK * 8);
}

function layOutColumns(n: usize): void {
  scoreColumn = reserve(n * 4);
  evidenceColumn = reserve(n * 4);
  surpriseColumn = reserve(n * COMPONENTS * 4);
  gapColumn = reserve(n * 4);
  onColumn = reserve(n);
  changeColumn = reserve(n);
  kindColumn = reserve(n);
  presentColumn = reserve(n);
  sourceColumn = reserve(n);
  forestColumn = reserve(n * 4);
  ageColumn = reserve(n * 4);
  usualColumn = reserve(n * 4);
  mixColumn = reserve(n * 4);
  channelColumn = reserve(n);
  channelChangeColumn = reserve(n);
}

export function edgeAt(edge: i32): usize {
  return edges + <usize>edge * Edge.BYTES;
}

export function serviceAt(service: i32): usize {
  return services + <usize>service * Service.BYTES;
}

export function groupAt(group: i32): usize {
  return groups + <usize>group * Group.BYTES;
}

export function passedOverBy(group: i32): usize {
  return passedOver + ((<usize>group) << 3);
}

export function chunkAt(chunk: i32): usize {
  return chunks + <usize>chunk * Chunk.BYTES;
}

export function profileAt(profile: i32): usize {
  return profiles + <usize>profile * Profile.BYTES;
}

export function windowAt(edge: i32): usize {
  return windowInput + ((<usize>edge) << 5);
}
