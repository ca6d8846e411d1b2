// The shop's traffic, window by window: a daily cycle, drifting rates and latencies, Poisson counts, lognormal
// latencies, errors, bytes.
import type { Effect, Fault } from './faults.js';
import { Drift, Random } from './random.js';
import { EDGES, type Edge, INGRESS_PER_SECOND, SERVICES, type ShopService, serviceNamed } from './shop.js';

/** What one edge carried in one window. */
export interface EdgeWindow {
  readonly edge: Edge;
  readonly requests: number;
  readonly errors: number;
  /** Mean, seconds. */
  readonly latency: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface TrafficOptions {
  readonly seed: number;
  readonly windowSeconds: number;
}

const SECONDS_A_DAY = 86_400;
/** Traffic between its least and its most varies by this part of its mean. */
const DAILY_SWING = 0.35;
/** Time of day with the mean traffic on the way up, as a part of the day. */
const MORNING = 0.3;
/** How much latency grows with load: exponent on the rate against its usual one. */
const LOAD_EXPONENT = 0.12;

/** Slow and quick drift of a logarithm, in deviations. */
class Wander {
  private readonly slow: Drift;
  private readonly quick: Drift;

  constructor(random: Random, memory: number, slow: number, quick: number) {
    this.slow = new Drift(random, memory, slow);
    this.quick = new Drift(random, 0.4, quick);
  }

  next(): number {
    return this.slow.next() + this.quick.next();
  }
}

/** One service: its drifts, and what this window brings it. */
class SimulatedService {
  readonly random: Random;
  private readonly latencyDrift: Wander;
  private readonly errorDrift: Drift;
  requestsPerSecond = 0;
  usualPerSecond = 0;
  latency = 0;
  errorShare = 0;

  constructor(
    readonly service: ShopService,
    seed: number,
    index: number,
  ) {
    this.random = new Random(seed, 1, index);
    this.latencyDrift = new Wander(this.random, 0.95, this.random.between(0.02, 0.06), this.random.between(0, 0.03));
    this.errorDrift = new Drift(this.random, 0.9, this.random.chance(0.3) ? 0.5 : 0.1);
  }

  /** Own latency and failures of this window, before what its callees add. */
  begin(effects: readonly Effect[]): void {
    this.requestsPerSecond = 0;
    this.latency = this.service.ownLatency * Math.exp(this.latencyDrift.next());
    this.errorShare = this.service.errorShare * Math.exp(this.errorDrift.next());
    for (const effect of effects) {
      if (effect.on !== 'service' || effect.service !== this.service.name) continue;
      this.latency *= effect.latency ?? 1;
      this.errorShare += effect.errors ?? 0;
    }
  }

  /** Busy services are slower. */
  applyLoad(): void {
    if (this.usualPerSecond > 0 && this.requestsPerSecond > 0) {
      this.latency *= (this.requestsPerSecond / this.usualPerSecond) ** LOAD_EXPONENT;
    }
  }
}

/** One edge: its drifts and its spread from request to request. */
class SimulatedEdge {
  readonly random: Random;
  private readonly rateDrift: Wander;
  readonly latencySpread: number;
  readonly byteSpread: number;
  readonly slowShare: number;
  requestsPerSecond = 0;

  constructor(
    readonly edge: Edge,
    seed: number,
    index: number,
  ) {
    this.random = new Random(seed, 2, index);
    this.rateDrift = new Wander(this.random, 0.97, this.random.between(0.01, 0.04), this.random.between(0, 0.03));
    this.latencySpread = this.random.between(0.4, 0.9);
    this.byteSpread = this.random.between(0.2, 0.8);
    this.slowShare = this.random.chance(0.3) ? this.random.scaled(2e-4, 2e-3) : 0;
  }

  rateFactor(): number {
    return Math.exp(this.rateDrift.next());
  }
}

interface EdgeEffect {
  readonly latency: number;
  readonly requests: number;
  readonly bytes: number;
  readonly errors: number;
}

function effectOn(edge: Edge, effects: readonly Effect[]): EdgeEffect {
  let [latency, requests, bytes, errors] = [1, 1, 1, 0];
  for (const effect of effects) {
    if (effect.on !== 'edge' || effect.source !== edge.source || effect.destination !== edge.destination) continue;
    latency *= effect.latency ?? 1;
    requests *= effect.requests ?? 1;
    bytes *= effect.bytes ?? 1;
    errors += effect.errors ?? 0;
  }
  return { latency, requests, bytes, errors };
}

/** The shop as it runs. Deterministic: the same options, times and faults give the same windows. */
export class ShopTraffic {
  private readonly services: readonly SimulatedService[];
  private readonly edges: readonly SimulatedEdge[];
  private readonly newEdges = new Map<string, SimulatedEdge>();
  private readonly ingress: Wander;
  private readonly windowSeconds: number;
  private readonly seed: number;

  constructor({ seed, windowSeconds }: TrafficOptions) {
    this.seed = seed;
    this.windowSeconds = windowSeconds;
    this.services = SERVICES.map((service, i) => new SimulatedService(service, seed, i));
    this.edges = EDGES.map((edge, i) => new SimulatedEdge(edge, seed, i));
    this.ingress = new Wander(new Random(seed, 0), 0.97, 0.04, 0.03);
    this.settleUsualRates();
  }

  /**
   * The window that ends at this time (Unix seconds). Edges without requests are left out, as an exporter leaves them
   * out.
   */
  next(endSeconds: number, faults: readonly Fault[]): EdgeWindow[] {
    const effects = faults.map((fault) => fault.effect);
    for (const state of this.services) state.begin(effects);
    const edges = [...this.edges, ...this.called(effects)];
    this.spreadRequests(edges, endSeconds, effects);
    for (const state of this.services) state.applyLoad();
    this.gatherFromCallees(edges, effects);
    return edges.map((edge) => this.observe(edge, effects)).filter((window) => window.requests > 0);
  }

  private stateOf(name: string): SimulatedService {
    return this.services[SERVICES.indexOf(serviceNamed(name))] as SimulatedService;
  }

  /** Without drift or cycle: what latency is relative to. */
  private settleUsualRates(): void {
    for (const { edge } of this.edges) {
      const inbound = edge.source === undefined ? INGRESS_PER_SECOND : this.stateOf(edge.source).usualPerSecond;
      this.stateOf(edge.destination).usualPerSecond += inbound * edge.calls;
    }
  }

  private called(effects: readonly Effect[]): SimulatedEdge[] {
    return effects.flatMap((effect) => {
      if (effect.on !== 'new_edge') return [];
      const { source, destination, perSecond } = effect;
      const key = `${source} ${destination}`;
      const calls = perSecond / this.stateOf(source).usualPerSecond;
      const edge = { source, destination, calls, requestBytes: 500, responseBytes: 300 };
      const state = this.newEdges.get(key) ?? new SimulatedEdge(edge, this.seed, EDGES.length + this.newEdges.size);
      this.newEdges.set(key, state);
      return [state];
    });
  }

  /** From the front door downwards. EDGES and SERVICES list callers first. */
  private spreadRequests(edges: readonly SimulatedEdge[], endSeconds: number, effects: readonly Effect[]): void {
    const phase = 2 * Math.PI * (endSeconds / SECONDS_A_DAY - MORNING);
    const ingress = INGRESS_PER_SECOND * (1 + DAILY_SWING * Math.sin(phase)) * Math.exp(this.ingress.next());
    for (const state of this.services) {
      for (const edge of edges) {
        if (edge.edge.destination !== state.service.name) continue;
        const { source, calls } = edge.edge;
        const inbound = source === undefined ? ingress : this.stateOf(source).requestsPerSecond;
        edge.requestsPerSecond = inbound * calls * edge.rateFactor() * effectOn(edge.edge, effects).requests;
        state.requestsPerSecond += edge.requestsPerSecond;
      }
    }
  }

  /** From the back upwards: callers wait for those they call, and fail with half of their failures. */
  private gatherFromCallees(edges: readonly SimulatedEdge[], effects: readonly Effect[]): void {
    for (const state of [...this.services].reverse()) {
      for (const { edge } of edges) {
        if (edge.source !== state.service.name) continue;
        const callee = this.stateOf(edge.destination);
        const effect = effectOn(edge, effects);
        const calls = Math.min(edge.calls, 1);
        state.latency += calls * callee.latency * effect.latency;
        state.errorShare += 0.5 * calls * Math.min(1, callee.errorShare + effect.errors);
      }
    }
  }

  private observe(state: SimulatedEdge, effects: readonly Effect[]): EdgeWindow {
    const { edge, random } = state;
    const callee = this.stateOf(edge.destination);
    const effect = effectOn(edge, effects);
    const requests = random.poisson(state.requestsPerSecond * this.windowSeconds);
    const spread = state.latencySpread / Math.sqrt(Math.max(requests, 1));
    const typical = callee.latency * effect.latency;
    const slow = random.poisson(requests * state.slowShare);
    const slowPart = (slow / Math.max(requests, 1)) * 15 * random.lognormal(0.6);
    const bytes = effect.bytes * random.lognormal(state.byteSpread / Math.sqrt(Math.max(requests, 1)));
    return {
      edge,
      requests,
      errors: random.binomial(requests, Math.min(0.97, callee.errorShare + effect.errors)),
      latency: typical * (random.lognormal(spread) + slowPart),
      requestBytes: Math.round(requests * edge.requestBytes * bytes),
      responseBytes: Math.round(requests * edge.responseBytes * bytes),
    };
  }
}
