// Which service an incident comes from: neighbourhood evidence, own evidence, and what no callee explains.
// docs/detection.md, section 10.
// A generator: of a hundred thousand services the event loop gets its turn in between.
import { type KernelApi, RECENT } from '../../kernel/api.js';
import { formatService } from '../rules/names.js';
import { mapInSlices } from '../slicing/slices.js';
import type { EdgeState, GroupState, ServiceEdges, ServiceState } from '../topology/graph.js';

export interface Ranked {
  readonly service: ServiceState;
  /** Each as a part of the largest within reach. */
  readonly neighbourhood: number;
  readonly own: number;
  readonly unexplained: number;
}

/** So many likely sources are worth keeping. */
const MOST = 20;
/** Nats at which evidence counts. */
const CAP = 15;
/** Windows before the opening that are ranked. */
const BEFORE = 1;
/** Share of the strongest outbound latency or error evidence that explains the inbound one. */
const EXPLAINED = 0.6;

type Parts = Omit<Ranked, 'service'>;

/** By edge slot, largest over the windows, capped: evidence, latency and errors up, traffic down. */
interface Evidence {
  readonly all: Float64Array;
  readonly up: Float64Array;
  readonly trafficDown: Float64Array;
}

/**
 * Likely sources among these services of a cluster, best first, over the windows since one before the opening. Evidence
 * of edges that touch none of them counts for nothing: it is another incident's, or noise.
 */
export function* rankServices(
  kernel: KernelApi,
  services: Iterable<ServiceState>,
  ticksAtOpening: ReadonlyMap<GroupState, number>,
): Generator<void, Ranked[]> {
  const among = [...services].filter(({ inbound, outbound }) => inbound.size + outbound.size > 0);
  const edges = new Set<EdgeState>();
  yield* mapInSlices(among, ({ inbound, outbound }) => {
    for (const edge of inbound) edges.add(edge);
    for (const edge of outbound) edges.add(edge);
  });
  const evidence = yield* evidenceOf(kernel, edges, ticksAtOpening);
  let hasGraph = false;
  for (const { sourceService, destinationService } of edges) {
    hasGraph = sourceService !== undefined && destinationService !== undefined;
    if (hasGraph) break;
  }
  const rows = yield* mapInSlices(among, (service) => ({ service, ...partsOf(service, evidence) }));
  return normalise(rows, hasGraph);
}

function* evidenceOf(
  kernel: KernelApi,
  edges: ReadonlySet<EdgeState>,
  ticksAtOpening: ReadonlyMap<GroupState, number>,
): Generator<void, Evidence> {
  const slots = kernel.results.sustained.length;
  const column = () => new Float64Array(slots);
  const evidence: Evidence = { all: column(), up: column(), trafficDown: column() };
  yield* mapInSlices(edges, ({ slot, group }) => {
    const since = Math.max(0, group.ticks - (ticksAtOpening.get(group) ?? 0));
    const peak = kernel.recentPeak(slot, Math.min(RECENT, since + BEFORE + 1));
    evidence.all[slot] = Math.min(peak.evidence, CAP);
    evidence.up[slot] = Math.min(peak.up, CAP);
    evidence.trafficDown[slot] = Math.min(peak.down, CAP);
  });
  return evidence;
}

/** Over edges: how many, sum, sum of squares and largest of a column. */
function over(edges: ServiceEdges, column: Float64Array): { count: number; sum: number; squares: number; max: number } {
  const result = { count: 0, sum: 0, squares: 0, max: 0 };
  for (const { slot } of edges) {
    const value = column[slot]!;
    result.count++;
    result.sum += value;
    result.squares += value * value;
    result.max = Math.max(result.max, value);
  }
  return result;
}

function partsOf({ inbound, outbound }: ServiceState, { all, up, trafficDown }: Evidence): Parts {
  const own = over(inbound, all);
  const x = mean(over(inbound, up));
  const y = over(outbound, up).max;
  const fedLess = mean(over(inbound, trafficDown));
  const feedsLess = mean(over(outbound, trafficDown));
  const unfed = outbound.size === 0 || feedsLess < 0.5 * fedLess ? fedLess : 0.5 * fedLess;
  let squares = own.squares;
  for (const { slot } of outbound) squares += all[slot]! * all[slot]!;
  return {
    neighbourhood: squares / Math.sqrt(inbound.size + outbound.size),
    own: own.max,
    unexplained: Math.max(0, x - EXPLAINED * y) + unfed + (fedLess < 0.5 * feedsLess ? 0.7 * feedsLess : 0),
  };
}

function mean({ count, sum }: { count: number; sum: number }): number {
  return count === 0 ? 0 : sum / count;
}

/** Parts of the largest. Without a call graph only a service's own evidence tells. */
function normalise(rows: readonly ({ service: ServiceState } & Parts)[], hasGraph: boolean): Ranked[] {
  const most = { neighbourhood: 1e-9, own: 1e-9, unexplained: 1e-9 };
  for (const row of rows) {
    most.neighbourhood = Math.max(most.neighbourhood, row.neighbourhood);
    most.own = Math.max(most.own, row.own);
    most.unexplained = Math.max(most.unexplained, row.unexplained);
  }
  const ranked = new TopRanked(hasGraph);
  for (const { service, neighbourhood, own, unexplained } of rows) {
    ranked.offer({
      service,
      neighbourhood: neighbourhood / most.neighbourhood,
      own: own / most.own,
      unexplained: unexplained / most.unexplained,
    });
  }
  return ranked.list;
}

/** The first of many in order, without putting all in order. */
class TopRanked {
  readonly list: Ranked[] = [];
  readonly #hasGraph: boolean;

  constructor(hasGraph: boolean) {
    this.#hasGraph = hasGraph;
  }

  offer(row: Ranked): void {
    const { list } = this;
    if (list.length === MOST && this.#compare(row, list[MOST - 1]!) >= 0) return;
    const place = list.findIndex((other) => this.#compare(row, other) < 0);
    list.splice(place < 0 ? list.length : place, 0, row);
    if (list.length > MOST) list.pop();
  }

  #compare(a: Ranked, b: Ranked): number {
    return this.#total(b) - this.#total(a) || compareNames(a.service, b.service);
  }

  #total(row: Ranked): number {
    return this.#hasGraph ? row.neighbourhood + row.own + row.unexplained : row.own;
  }
}

function compareNames(a: ServiceState, b: ServiceState): number {
  const [left, right] = [formatService(a.name), formatService(b.name)];
  return left < right ? -1 : Number(left > right);
}
