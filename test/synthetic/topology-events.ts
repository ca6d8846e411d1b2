// What happens to a synthetic system: faults, surges, deployments, and the first hours.
import type { Random } from '../../src/simulation/random.js';
import type { Courses, EdgeCourse, Graph, ServiceCourse } from './topology-courses.js';

export const SERVICE_KINDS = [
  'lat2',
  'lat3',
  'lat5',
  'err2',
  'err5',
  'err20',
  'out50',
  'out10',
  'crash',
  'dark',
] as const;
export const EDGE_KINDS = ['Elat3', 'Eerr10', 'Erate10'] as const;
export type SystemKind = (typeof SERVICE_KINDS)[number] | (typeof EDGE_KINDS)[number];

export interface SystemFault {
  readonly first: number;
  readonly last: number;
  /** The faulty service; of an edge's fault, its destination. */
  readonly service: number;
  /** -1 unless the fault is one edge's. */
  readonly edge: number;
  readonly kind: SystemKind;
}

export interface SystemOptions {
  readonly seed: number;
  readonly windows?: number;
  /** First window that is scored. */
  readonly start?: number;
  /** Most faults. */
  readonly faults?: number;
  /** The first hours of a system: services warm up, traffic ramps up, deployments are frequent, faults come early. */
  readonly young?: boolean;
}

export type FullOptions = Required<SystemOptions>;

const add = (values: Float64Array, first: number, last: number, amount: number): void => {
  for (let t = first; t <= Math.min(last, values.length - 1); t++) values[t]! += amount;
};

/** When faults happen: at random distances. */
export function drawFaultTimes(
  random: Random,
  { windows, start, faults, young }: FullOptions,
): { first: number; last: number }[] {
  const times: { first: number; last: number }[] = [];
  for (let t = young ? random.integer(70, 300) : start + 100; t < windows - 120 && times.length < faults; ) {
    times.push({ first: t, last: t + random.integer(3, 13) - 1 });
    t += random.integer(200, 400);
  }
  return times;
}

export function addBenignEvents(
  random: Random,
  { ingress, edges, services, graph }: Courses,
  options: FullOptions,
  busy: Uint8Array,
): void {
  const { windows, young } = options;
  const place = (length: number): number | undefined => {
    for (let i = 0; i < 50; i++) {
      const at = random.integer(young ? 60 : 400, windows - 150);
      if (!busy.subarray(at - 5, at + length + 25).includes(1)) return at;
    }
    return undefined;
  };
  const [surges, flows, deployments] = young ? [1, 1, 3] : [9, 6, 12];
  for (let i = 0; i < surges; i++) {
    const length = random.integer(20, 90);
    const at = place(length);
    const ramp = random.integer(2, 7);
    const height = random.between(Math.log(1.3), Math.log(3));
    if (at === undefined) continue;
    for (let k = 0; k < length; k++) ingress[at + k]! += height * Math.min(k / ramp, (length - 1 - k) / ramp, 1);
  }
  for (let i = 0; i < flows; i++) {
    const length = random.integer(20, 60);
    const at = place(length);
    const edge = edges[random.integer(1, edges.length)]!;
    const height = random.between(Math.log(1.3), Math.log(2));
    if (at !== undefined) add(edge.factor, at, at + length - 1, height);
  }
  for (let i = 0; i < deployments; i++) {
    const at = place(20);
    if (at !== undefined) deploy(random, random.integer(0, services.length), at, services, edges, graph);
  }
}

/** A restart's blip and a small lasting shift. */
function deploy(
  random: Random,
  service: number,
  at: number,
  services: readonly ServiceCourse[],
  edges: readonly EdgeCourse[],
  graph: Graph,
): void {
  const { latency, errors } = services[service]!;
  const end = latency.length - 1;
  add(latency, at, end, random.normal() * 0.1);
  graph.edges.forEach(([, to], e) => {
    if (to === service) add(edges[e]!.bytes, at, end, random.normal() * 0.12);
  });
  add(latency, at, at + 1, random.between(0, Math.log(1.4)));
  add(errors, at, at + 1, random.between(0, 0.004));
}

export function addFault(random: Random, courses: Courses, first: number, last: number): SystemFault {
  const { graph, services, edges } = courses;
  if (random.chance(0.75)) {
    let kind = random.pick(SERVICE_KINDS);
    const service = random.integer(0, services.length);
    if (kind.startsWith('out') && !graph.edges.some(([from]) => from === service)) kind = 'lat3';
    afflictService(services[service]!, kind, first, last);
    return { first, last, service, edge: -1, kind };
  }
  const kind = random.pick(EDGE_KINDS);
  const edge = random.integer(0, edges.length);
  const course = edges[edge]!;
  if (kind === 'Elat3') add(course.latency, first, last, Math.log(3));
  else if (kind === 'Eerr10') add(course.errors, first, last, 0.1);
  else add(course.factor, first, last, Math.log(0.1));
  return { first, last, service: graph.edges[edge]![1], edge, kind };
}

function afflictService(course: ServiceCourse, kind: SystemKind, first: number, last: number): void {
  const amount = Number(kind.slice(3));
  if (kind.startsWith('lat')) add(course.latency, first, last, Math.log(amount));
  else if (kind.startsWith('err')) add(course.errors, first, last, amount / 100);
  else if (kind.startsWith('out')) add(course.calls, first, last, Math.log(amount / 100));
  else if (kind === 'dark') course.dark.fill(1, first, last + 1);
  else {
    add(course.errors, first, last, 0.5);
    add(course.calls, first, last, Math.log(0.3));
    add(course.latency, first, last, Math.log(0.6));
  }
}

/** Half of the services warm up, the traffic of half of the systems ramps up. */
export function addYouth(random: Random, { services, ingress }: Courses): void {
  for (const { latency } of services) {
    const warmth = random.chance(0.5) ? random.between(Math.log(1.5), Math.log(5)) : 0;
    const constant = random.between(10, 20);
    for (let t = 0; t < latency.length; t++) latency[t]! += warmth * Math.exp(-t / constant);
  }
  const ramp = random.pick([60, 120]);
  if (!random.chance(0.5)) return;
  for (let t = 0; t < ingress.length; t++) ingress[t]! += Math.log(Math.min(1, 0.1 + (0.9 * t) / ramp));
}
