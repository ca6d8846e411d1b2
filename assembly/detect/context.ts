// Before the edges of a tick are judged: what every service received, and whether the collector rather than the edges
// went quiet.
// Specified in docs/detection.md, sections 2.1, 2.3 and 3.
import { Numbers } from '../numbers';
import { Chunk } from './chunk';
import { GONE, LOST, NF, OUT, OUT_L, OUT_N, RATE, WARM } from './constants';
import { Edge } from './edge';
import { silence } from './gap';
import { Group, Service } from './group';
import { credible, isPresent } from './presence';
import { edgeAt, list, serviceAt, windowAt } from './regions';

/** What the pass over a group's order has found so far. */
@unmanaged
class Pass {
  /** Services that received something in the tick being closed. */
  services: Numbers<u32>;
  serviceCount: i32;
  /** Warm edges that are not dormant, those that speak, those silent against their habit. */
  live: i32;
  present: i32;
  silent: i32;
  /** Sum of what was prefetched: the loads must not be dropped. */
  prefetched: u32;
}

const pass = changetype<Pass>(memory.data(offsetof<Pass>(), 16));

export function layOutContexts(maxServices: i32): void {
  pass.services = list<u32>(<usize>maxServices);
}

/** Adds an edge's requests to what its destination received. */
function feed(destination: i32, requests: f64, tick: i64): void {
  const v = serviceAt(destination);
  if (v.tick != tick) {
    v.tick = tick;
    v.inflow = 0;
    pass.services[pass.serviceCount] = destination;
    pass.serviceCount++;
  }
  v.inflow += requests;
}

/** Excess of the inflow over its slow level, then the level learns. */
function foldLoad(v: Service): void {
  const inflow = v.inflow;
  const y = Math.log(inflow + 0.5);
  const c = v.windows + 1;
  const m = c == 1 ? y : v.level;
  const d = y - m;
  v.lnInflow = y;
  v.load = max(0, d - 2 / Math.sqrt(inflow + 1));
  v.windows = c;
  v.level = m + max(1 / c, 1 / NF) * min(max(d, -1), 1);
}

const enum Liveness {
  /** Not warm, or dormant. */
  NONE = -1,
  /** Silent, as is its habit. */
  QUIET = 0,
  PRESENT = 1,
  /** Silent against its habit. */
  SILENT = 2,
}

function liveness(e: Edge, x: Numbers<f64>): Liveness {
  if (<f64>e.windows < WARM) return Liveness.NONE;
  if (isPresent(x)) return Liveness.PRESENT;
  const gap = <f64>e.gap;
  if (gap >= GONE || <f64>e.held > LOST) return Liveness.NONE;
  return silence(e, gap + 1) > OUT_L ? Liveness.SILENT : Liveness.QUIET;
}

/**
 * Begins the pass over the group's order that finds the inflow of the services and whether the tick is an outage (more
 * than half of the warm edges that speak or should speak are silent), on the state before this tick.
 */
export function startContexts(): void {
  pass.serviceCount = 0;
  pass.live = 0;
  pass.present = 0;
  pass.silent = 0;
}

/**
 * Asks for what `foldContexts` reads of the records of a chunk, all at once: one after the other, each would be a walk
 * to memory.
 */
function prefetch(chunk: Chunk): void {
  let sum: u32 = 0;
  for (let i = 0; i < chunk.count; i++) {
    const e = edgeAt(chunk.edges[i]);
    sum += <u32>e.destination + reinterpret<u32>(e.windows);
  }
  pass.prefetched += sum;
}

/** One chunk of the order. */
export function foldContexts(g: Group, chunk: Chunk): void {
  const tick = g.tick;
  prefetch(chunk);
  for (let i = 0; i < chunk.count; i++) {
    const edge = chunk.edges[i];
    const e = edgeAt(edge);
    const x = windowAt(edge);
    const requests = x[RATE];
    const destination = e.destination;
    if (requests == requests && destination >= 0) feed(destination, credible(e, requests), tick);
    const state = liveness(e, x);
    pass.live += i32(state >= Liveness.QUIET);
    pass.present += i32(state == Liveness.PRESENT);
    pass.silent += i32(state == Liveness.SILENT);
  }
}

/** The pass is over: services and the group's `outage`, and nothing else, know of it. */
export function endContexts(g: Group): void {
  for (let i = 0; i < pass.serviceCount; i++) foldLoad(serviceAt(pass.services[i]));
  const outage = pass.live >= OUT_N && <f64>pass.silent > OUT * <f64>(pass.present + pass.silent);
  g.outage = i32(outage);
}
