// Synthetic 10 s systems with a call graph. Faults of a service reach its inbound edges and, diluted, its callers; some
// hit one edge only. Benign events move many edges as well: surges at the front door, surges of one kind of call,
// deployments.
import { Random } from '../../src/simulation/random.js';
import { drawNoise, observe } from './observe.js';
import { type EdgeStream, emptyStream } from './stream.js';
import { type Courses, drawEdge, drawGraph, drawIngress, drawService } from './topology-courses.js';
import {
  addBenignEvents,
  addFault,
  addYouth,
  drawFaultTimes,
  type FullOptions,
  type SystemFault,
  type SystemOptions,
} from './topology-events.js';

export * from './topology-events.js';

export interface System {
  readonly stream: EdgeStream;
  /** -1: from outside. */
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly services: number;
  readonly faults: readonly SystemFault[];
  readonly start: number;
}

const WINDOW_SECONDS = 10;
const median = (values: Float64Array): number => Float64Array.from(values).sort()[values.length >> 1]!;

/** Expected requests of every edge, and what every service receives: from the front door downwards. */
function spreadRates({ graph, services, edges, ingress }: Courses): { rates: Float64Array[]; inbound: Float64Array[] } {
  const windows = ingress.length;
  const rates = edges.map(() => new Float64Array(windows));
  rates[0] = ingress.map(Math.exp);
  const inbound = services.map(() => new Float64Array(windows));
  const byLayer = [...services.keys()].sort((a, b) => graph.layer[a]! - graph.layer[b]! || a - b);
  for (const s of byLayer) {
    const received = inbound[s]!;
    graph.edges.forEach(([, to], e) => {
      if (to === s) for (let t = 0; t < windows; t++) received[t]! += rates[e]![t]!;
    });
    graph.edges.forEach(([from], e) => {
      if (from !== s) return;
      for (let t = 0; t < windows; t++) {
        rates[e]![t] = received[t]! * Math.exp(edges[e]!.factor[t]! + services[s]!.calls[t]!);
      }
    });
  }
  return { rates, inbound };
}

/** Latency (ms) and share of failures of every service with what its callees add: from the back upwards. */
function gather(
  courses: Courses,
  inbound: readonly Float64Array[],
): { latency: Float64Array[]; errors: Float64Array[] } {
  const { graph, services, edges, ingress } = courses;
  const windows = ingress.length;
  const latency = services.map(() => new Float64Array(windows));
  const errors = services.map(() => new Float64Array(windows));
  const byLayer = [...services.keys()].sort((a, b) => graph.layer[b]! - graph.layer[a]! || b - a);
  for (const s of byLayer) {
    const course = services[s]!;
    const usual = median(inbound[s]!);
    const out = graph.edges.flatMap(([from, to], e) =>
      from === s && edges[e]!.synchronous ? [{ to, edge: edges[e]! }] : [],
    );
    for (let t = 0; t < windows; t++) {
      let total = Math.exp(course.latency[t]! + course.gain * Math.log(inbound[s]![t]! / usual));
      let ok = 1 - Math.min(course.errors[t]!, 0.95);
      for (const { to, edge } of out) {
        const calls = Math.min(edge.usualFactor, 1);
        total += calls * latency[to]![t]! * Math.exp(edge.latency[t]!);
        ok *= 1 - calls * edge.propagation * Math.min(errors[to]![t]! + edge.errors[t]!, 1);
      }
      latency[s]![t] = total;
      errors[s]![t] = 1 - ok;
    }
  }
  return { latency, errors };
}

/** One system, its windows and its faults. */
export function system(options: SystemOptions): System {
  const full: FullOptions = { windows: 12_960, start: 4320, faults: 28, young: false, ...options };
  const { seed, windows } = full;
  const random = new Random(seed);
  const graph = drawGraph(random);
  const courses: Courses = {
    graph,
    services: graph.layer.map((_, s) => drawService(new Random(seed, 1, s), windows)),
    edges: graph.edges.map((_, e) => drawEdge(new Random(seed, 2, e), windows, e === 0)),
    ingress: drawIngress(random, windows),
  };
  const times = drawFaultTimes(random, full);
  const busy = new Uint8Array(windows);
  for (const { first, last } of times) busy.fill(1, Math.max(0, first - 25), last + 40);
  addBenignEvents(random, courses, full, busy);
  const faults = times.map(({ first, last }) => addFault(random, courses, first, last));
  if (full.young) addYouth(random, courses);
  return {
    stream: observeAll(courses, seed),
    source: graph.edges.map(([from]) => from),
    destination: graph.edges.map(([, to]) => to),
    services: graph.layer.length,
    faults,
    start: full.start,
  };
}

function observeAll(courses: Courses, seed: number): EdgeStream {
  const { graph, services, edges, ingress } = courses;
  const { rates, inbound } = spreadRates(courses);
  const { latency, errors } = gather(courses, inbound);
  const stream = emptyStream(edges.length, ingress.length, WINDOW_SECONDS);
  graph.edges.forEach(([, to], e) => {
    const random = new Random(seed, 3, e);
    const noise = drawNoise(random);
    const edge = edges[e]!;
    for (let t = 0; t < ingress.length; t++) {
      const mean = services[to]!.dark[t] ? 0 : rates[e]![t]!;
      const logLatency = Math.log(latency[to]![t]!) + edge.latency[t]!;
      const share = Math.min(errors[to]![t]! + edge.errors[t]!, 0.97);
      observe(random, mean, logLatency, share, edge.bytes[t]!, noise, stream.x, 4 * (t * edges.length + e));
    }
  });
  return stream;
}
