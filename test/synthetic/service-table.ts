// Windows of services' calls as a table for `replay --csv`: a small call graph with noise, and what changes in it when.
// The same text each time.
import { normal, seeded } from './edge-windows.js';

/** Monday 2025-09-15 00:00 UTC, Unix seconds. */
export const TABLE_START = 1_757_894_400;

export interface TableEdge {
  readonly namespace: string;
  /** '': from outside. */
  readonly source: string;
  readonly destination: string;
  readonly perSecond: number;
  /** Seconds. */
  readonly latency: number;
  /** Errors per request. */
  readonly errors: number;
  /** Bytes per request. */
  readonly bytes: number;
}

/** Factors, and what is added to the error rate. */
export interface TableChange {
  readonly rate?: number;
  readonly latency?: number;
  readonly bytes?: number;
  readonly errors?: number;
}

export interface TableOptions {
  /** Callers first: what a service sends follows what it received. */
  readonly edges: readonly TableEdge[];
  readonly hours: number;
  readonly windowSeconds: number;
  readonly seed: number;
  /** `t`: seconds since the start, at the end of the window. */
  readonly change?: (edge: TableEdge, t: number) => TableChange;
}

/** [namespace, source, destination, requests a second, latency, error rate, bytes a request]. */
export type TableRow = readonly [string, string, string, number, number, number, number];

export function tableEdges(rows: readonly TableRow[]): TableEdge[] {
  return rows.map(([namespace, source, destination, perSecond, latency, errors, bytes]) => ({
    namespace,
    source,
    destination,
    perSecond,
    latency,
    errors,
    bytes,
  }));
}

function poisson(random: () => number, mean: number): number {
  if (mean <= 0) return 0;
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let p = random(); p > limit; p *= random()) count++;
  return count;
}

const HEADER = 'time,namespace,src_service,dst_service,latency,requests,errors,bytes';

export function serviceTable({ edges, hours, windowSeconds, seed, change }: TableOptions): string {
  const random = seeded(seed);
  const spread = (sigma: number) => Math.exp(sigma * normal(random));
  const lines = [HEADER];
  for (let t = windowSeconds; t <= hours * 3600; t += windowSeconds) {
    const received = new Map<string, { count: number; usual: number }>();
    const level = spread(0.03);
    for (const edge of edges) {
      const { rate = 1, latency = 1, bytes = 1, errors = 0 } = change?.(edge, t) ?? {};
      const from = received.get(`${edge.namespace}/${edge.source}`);
      const mean = from ? (from.count * edge.perSecond) / from.usual : edge.perSecond * windowSeconds * level;
      const n = poisson(random, mean * rate * spread(0.03));
      const to = `${edge.namespace}/${edge.destination}`;
      const before = received.get(to) ?? { count: 0, usual: 0 };
      received.set(to, { count: before.count + n, usual: before.usual + edge.perSecond });
      const noise = n > 0 ? 1 / Math.sqrt(n) : 0;
      const seconds = edge.latency * latency * spread(0.07) * spread(0.8 * noise);
      const size = edge.bytes * bytes * spread(0.04) * spread(0.5 * noise);
      const failed = Math.min(n, poisson(random, n * Math.min(1, edge.errors + errors)));
      if (n === 0) continue;
      lines.push(
        `${TABLE_START + t},${edge.namespace},${edge.source},${edge.destination},` +
          `${seconds.toFixed(6)},${n},${failed},${Math.round(n * size)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
