// Starting and stopping the instances of a graph: downstream first on the way up, receivers first on the way down, in
// bounded time.
import { type Exporter, UndeliveredError } from '../pipeline/index.js';
import type { Graph, Node } from './graph.js';
import { nodeName } from './graph.js';

/** Something that did not end as it should. */
export interface Leftover {
  readonly name: string;
  readonly reason: string;
}

/**
 * How much of the time for a shutdown may have passed when each kind must be done. The rest is left to those behind it.
 */
const SHARE = { receivers: 0.4, stages: 0.6, exporters: 0.95, extensions: 1 } as const;

/**
 * What each one gets even when those before it have used up everything, as a share: most need no more than a turn of
 * the event loop.
 */
const LEAST_SHARE = 0.02;

/**
 * Time for a whole shutdown, ms. With the least shares of those that come last it stays below ten seconds, but for
 * exporters that still have something to deliver (`Component.shutdownMs`).
 */
export const SHUTDOWN_MS = 9_000;

/**
 * Nodes with everything downstream before them. Circles of stages that several pipelines share in other orders are cut
 * somewhere.
 */
function downstreamFirst(roots: readonly Node[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const next of node.downstream) visit(next);
    order.push(node);
  };
  for (const root of roots) visit(root);
  return order;
}

/** Everything of a graph in the order of starting: extensions, then from the exporters to the receivers. */
export function startOrder(graph: Graph): Node[] {
  const inner = downstreamFirst([...graph.connectors, ...graph.processors, ...graph.exporters]);
  // A connector is both: what it feeds comes before it, what feeds it after.
  const flow = downstreamFirst(graph.receivers).filter((node) => node.kind !== 'receiver');
  const rest = inner.filter((node) => !flow.includes(node));
  return [...graph.extensions, ...flow, ...rest, ...graph.receivers];
}

/**
 * Starts nodes one after the other. When one fails, `onFailure` is called, it and those before it are shut down, and
 * the error names it.
 */
export async function startAll(
  nodes: readonly Node[],
  withinMs: number,
  onFailure: () => void = () => {},
): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    try {
      await node.component.start();
    } catch (cause) {
      onFailure();
      const deadline = performance.now() + withinMs;
      for (const one of nodes.slice(0, index + 1).toReversed()) await stop(one, deadline - performance.now());
      throw new Error(`${nodeName(node)} cannot start: ${(cause as Error).message}`, { cause });
    }
  }
}

/** Shuts one node down; what is left is said, never thrown. Without time left it is told, but not waited for. */
async function stop(node: Node, waitMs: number): Promise<Leftover | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Leftover>((resolve) => {
    const reason = `was not done after ${(Math.max(0, waitMs) / 1000).toFixed(1)} s`;
    timer = setTimeout(() => resolve({ name: nodeName(node), reason }), Math.max(0, waitMs));
  });
  const done = async (): Promise<undefined> => node.component.shutdown(waitMs) as Promise<undefined>;
  try {
    return await Promise.race([done(), late]);
  } catch (error) {
    if (error instanceof UndeliveredError) return { name: nodeName(node), reason: error.message };
    return { name: nodeName(node), reason: `failed to shut down: ${(error as Error).message}` };
  } finally {
    clearTimeout(timer);
  }
}

export interface StopOptions {
  /** Time for all of it, ms. */
  readonly totalMs: number;
  /** Nodes that are stopped; default: all. */
  readonly only?: (node: Node) => boolean;
  /** Called before each one is shut down, when nothing reaches it any more. */
  readonly before?: (node: Node) => void;
  /** Those that may take longer (`Component.shutdownMs`) get it, beyond `totalMs`. */
  readonly patient?: boolean;
  /** Given: exporters that linger are not waited for. Called with what will have been left of each. */
  readonly linger?: (left: Promise<Leftover | undefined>) => void;
}

/**
 * Shuts nodes down: receivers together, then stages from the front, then exporters together, then extensions from the
 * last. Each phase has its share of the time. Returns what was left.
 */
export async function stopAll(
  graph: Graph,
  { totalMs, only = () => true, before = () => {}, patient = false, linger }: StopOptions,
): Promise<Leftover[]> {
  const begun = performance.now();
  const leftovers: (Leftover | undefined)[] = [];
  const together = async (nodes: readonly Node[], share: number): Promise<void> => {
    const stopping = nodes.filter(only).map((node) => {
      before(node);
      const { shutdownMs = 0 } = node.component;
      if (linger && (node.component as Exporter).lingers === true) return linger(stop(node, shutdownMs));
      const waitMs = Math.max(begun + totalMs * share - performance.now(), totalMs * LEAST_SHARE);
      return stop(node, patient ? Math.max(waitMs, shutdownMs) : waitMs);
    });
    leftovers.push(...(await Promise.all(stopping)).map((left) => left ?? undefined));
  };
  await together(graph.receivers, SHARE.receivers);
  const stages = startOrder(graph).filter((node) => node.kind === 'processor' || node.kind === 'connector');
  for (const node of stages.toReversed()) await together([node], SHARE.stages);
  await together(graph.exporters, SHARE.exporters);
  for (const node of graph.extensions.toReversed()) await together([node], SHARE.extensions);
  return leftovers.filter((one) => one !== undefined);
}
