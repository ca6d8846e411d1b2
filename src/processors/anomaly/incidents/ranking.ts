// Which service an incident comes from: neighbourhood evidence, own evidence, and what no callee explains. Detection, section 10.
import type { KernelFace } from '../../../kernel/face.js';
import type { ClusterState, EdgeState, GroupState } from '../graph/graph.js';
import type { ServiceState } from '../graph/services.js';
import { formatService } from '../rules/names.js';

export interface Ranked {
  readonly service: ServiceState;
  /** Each as a part of the largest in the cluster. */
  readonly neighbourhood: number;
  readonly own: number;
  readonly unexplained: number;
}

/** Nats at which evidence counts. */
const CAP = 15;
/** Windows before the opening that are ranked, and the windows that the kernel remembers. */
const BEFORE = 1;
const REMEMBERED = 4;
/** Share of the strongest outbound latency or error evidence that explains the inbound one. */
const EXPLAINED = 0.6;

interface Evidence {
  /** Largest over the windows, capped: evidence, latency and errors up, traffic down. */
  readonly all: number;
  readonly loud: number;
  readonly down: number;
}

/** Services of the cluster, best first, over the windows since one before the opening. */
export function rankServices(
  kernel: KernelFace,
  cluster: ClusterState,
  ticksAtOpening: ReadonlyMap<GroupState, number>,
): Ranked[] {
  const evidence = new Map<EdgeState, Evidence>();
  for (const edge of cluster.edges) evidence.set(edge, evidenceOf(kernel, edge, ticksAtOpening));
  const rows = [...cluster.services]
    .filter((service) => service.inbound.size + service.outbound.size > 0)
    .map((service) => ({ service, ...partsOf(service, evidence) }));
  const hasGraph = [...cluster.edges].some((edge) => edge.sourceService && edge.destinationService);
  return normalise(rows, hasGraph);
}

function evidenceOf(
  kernel: KernelFace,
  { slot, group }: EdgeState,
  ticksAtOpening: ReadonlyMap<GroupState, number>,
): Evidence {
  const since = Math.max(0, group.ticks - (ticksAtOpening.get(group) ?? 0));
  const windows = Math.min(REMEMBERED, since + BEFORE + 1);
  let [all, loud, down] = [0, 0, 0];
  for (let ago = 0; ago < windows; ago++) {
    const [a, l, d] = kernel.recent(slot, ago);
    all = Math.max(all, a);
    loud = Math.max(loud, l);
    down = Math.max(down, d);
  }
  return { all: Math.min(all, CAP), loud: Math.min(loud, CAP), down: Math.min(down, CAP) };
}

type Parts = Omit<Ranked, 'service'>;

function partsOf({ inbound, outbound }: ServiceState, evidence: ReadonlyMap<EdgeState, Evidence>): Parts {
  const into = [...inbound].map((edge) => evidence.get(edge)!);
  const out = [...outbound].map((edge) => evidence.get(edge)!);
  const around = [...into, ...out];
  const x = mean(into.map((e) => e.loud));
  const y = largest(out.map((e) => e.loud));
  const fedLess = mean(into.map((e) => e.down));
  const feedsLess = mean(out.map((e) => e.down));
  const unfed = out.length === 0 || feedsLess < 0.5 * fedLess ? fedLess : 0.5 * fedLess;
  return {
    neighbourhood: around.reduce((sum, { all }) => sum + all * all, 0) / Math.sqrt(around.length),
    own: largest(into.map((e) => e.all)),
    unexplained: Math.max(0, x - EXPLAINED * y) + unfed + (fedLess < 0.5 * feedsLess ? 0.7 * feedsLess : 0),
  };
}

/** Parts of the largest. Without a call graph only a service's own evidence tells. */
function normalise(rows: readonly ({ service: ServiceState } & Parts)[], hasGraph: boolean): Ranked[] {
  const tops = (['neighbourhood', 'own', 'unexplained'] as const).map((part) => largest(rows.map((row) => row[part])));
  const share = (value: number, top: number) => value / Math.max(top, 1e-9);
  const total = (row: Ranked) => (hasGraph ? row.neighbourhood + row.own + row.unexplained : row.own);
  return rows
    .map((row) => ({
      service: row.service,
      neighbourhood: share(row.neighbourhood, tops[0]!),
      own: share(row.own, tops[1]!),
      unexplained: share(row.unexplained, tops[2]!),
    }))
    .sort((a, b) => total(b) - total(a) || compareNames(a.service, b.service));
}

function compareNames(a: ServiceState, b: ServiceState): number {
  const [left, right] = [formatService(a.name), formatService(b.name)];
  return left < right ? -1 : Number(left > right);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function largest(values: readonly number[]): number {
  let top = 0;
  for (const value of values) top = Math.max(top, value);
  return top;
}
