// Before the edges of a tick are judged: what every service received, and whether the collector rather than the edges
// went quiet. Specified in docs/detection.md, sections 2.1, 2.3 and 3.
import { BYT, GONE, LAT, LOST, NF, OUT, OUT_L, OUT_N, RATE, WARM } from './constants';
import { credible } from './baseline';
import { silence } from './gap';
import { Chunk } from './order';
import { edgeAt, serviceAt, touchedServices, windowAt } from './regions';
import { Edge, Group, Service } from './state';

/** An error count alone cannot be judged: such a window is missing. */
export function isPresent(x: usize): bool {
  const latency = load<f64>(x, LAT << 3);
  const requests = load<f64>(x, RATE << 3);
  const bytes = load<f64>(x, BYT << 3);
  return latency == latency || requests == requests || bytes == bytes;
}

/** Adds an edge's requests to what its destination received; returns the services touched so far. */
function feed(destination: i32, requests: f64, tick: i64, touched: i32): i32 {
  const v = serviceAt(destination);
  if (load<i64>(v, Service.STAMP) != tick) {
    store<i64>(v, tick, Service.STAMP);
    store<f64>(v, 0, Service.INFLOW);
    store<i32>(touchedServices + ((<usize>touched) << 2), destination);
    touched++;
  }
  store<f64>(v, load<f64>(v, Service.INFLOW) + requests, Service.INFLOW);
  return touched;
}

/** Excess of the inflow over its slow level, then the level learns. */
function foldLoad(v: usize): void {
  const inflow = load<f64>(v, Service.INFLOW);
  const y = Math.log(inflow + 0.5);
  const c = load<f64>(v, Service.LOAD_C) + 1;
  const m = c == 1 ? y : load<f64>(v, Service.LOAD_M);
  const d = y - m;
  store<f64>(v, y, Service.LN_INFLOW);
  store<f64>(v, max(0, d - 2 / Math.sqrt(inflow + 1)), Service.LOAD);
  store<f64>(v, c, Service.LOAD_C);
  store<f64>(v, m + max(1 / c, 1 / NF) * min(max(d, -1), 1), Service.LOAD_M);
}

/** 1 present, 2 silent against its habit, 0 neither, for a warm edge that is not dormant; -1 for others. */
function liveness(e: usize, x: usize): i32 {
  if (<f64>load<f32>(e, Edge.N) < WARM) return -1;
  if (isPresent(x)) return 1;
  const gap = <f64>load<f32>(e, Edge.GAP);
  if (gap >= GONE || <f64>load<f32>(e, Edge.HELD) > LOST) return -1;
  return silence(e, gap + 1) > OUT_L ? 2 : 0;
}

/**
 * Services that received something; warm edges that are not dormant, those that speak, those silent against their
 * habit.
 */
let touched: i32 = 0;
let live: i32 = 0;
let present: i32 = 0;
let silent: i32 = 0;

/**
 * Begins the pass over the group's order that finds the inflow of the services and whether the tick is an outage (more
 * than half of the warm edges that speak or should speak are silent), on the state before this tick.
 */
export function startContexts(): void {
  touched = 0;
  live = 0;
  present = 0;
  silent = 0;
}

/** Sum of what was asked for: the loads must not be dropped. */
let asked: u32 = 0;

/**
 * Asks for what `foldContexts` reads of the records of a chunk, all at once: one after the other, each would be a walk
 * to memory.
 */
function ask(edges: usize, limit: usize): void {
  for (let cursor = edges; cursor < limit; cursor += 4) {
    const e = edgeAt(load<i32>(cursor));
    asked += load<u32>(e, Edge.DESTINATION) + load<u32>(e, Edge.N);
  }
}

/** One chunk of the order. */
export function foldContexts(g: usize, chunk: usize): void {
  const tick = load<i64>(g, Group.TICK);
  const limit = chunk + Chunk.EDGES + ((<usize>load<i32>(chunk, Chunk.COUNT)) << 2);
  ask(chunk + Chunk.EDGES, limit);
  for (let cursor = chunk + Chunk.EDGES; cursor < limit; cursor += 4) {
    const edge = load<i32>(cursor);
    const e = edgeAt(edge);
    const x = windowAt(edge);
    const requests = load<f64>(x, RATE << 3);
    const destination = load<i32>(e, Edge.DESTINATION);
    if (requests == requests && destination >= 0) {
      touched = feed(destination, credible(e, requests), tick, touched);
    }
    const state = liveness(e, x);
    live += i32(state >= 0);
    present += i32(state == 1);
    silent += i32(state == 2);
  }
}

/** The pass is over: services and the group's OUTAGE, and nothing else, know of it. */
export function endContexts(g: usize): void {
  for (let i = 0; i < touched; i++) foldLoad(serviceAt(load<i32>(touchedServices + ((<usize>i) << 2))));
  const outage = live >= OUT_N && <f64>silent > OUT * <f64>(present + silent);
  store<i32>(g, i32(outage), Group.OUTAGE);
}
