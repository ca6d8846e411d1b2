// From one graph to the next: starts what is new in it, stops what it does not have.
import type { Component } from '../pipeline/index.js';
import type { Graph, Node } from './graph.js';
import { handOver } from './hand-over.js';
import { type Leftover, startAll, startOrder, stopAll } from './lifecycle.js';

/** Time that a reload gives to what it takes away, ms: requests wait meanwhile. */
const RELOAD_STOP_MS = 5_000;

/**
 * Starts what `isNew` in a graph, and lets data in before the receivers start. `limitMs`: for what has to be stopped
 * again. `onFailure` is called before that.
 */
export async function startGraph(
  graph: Graph,
  isNew: (node: Node) => boolean,
  limitMs: number,
  onFailure: () => void = () => {},
): Promise<void> {
  const nodes = startOrder(graph).filter(isNew);
  const inner = nodes.filter((node) => node.kind !== 'receiver');
  await startAll(inner, limitMs, onFailure);
  for (const [consumer, target] of graph.targets) consumer.open(target);
  try {
    await startAll(
      nodes.filter((node) => node.kind === 'receiver'),
      limitMs,
      onFailure,
    );
  } catch (error) {
    for (const consumer of graph.targets.keys()) consumer.hold();
    await stopAll({ ...graph, receivers: [] }, { totalMs: limitMs, only: isNew });
    throw error;
  }
}

/** Components that both have. */
export function keptBetween(old: Graph, graph: Graph): Set<Component> {
  const before = new Set(startOrder(old).map((node) => node.component));
  return new Set(startOrder(graph).flatMap((node) => (before.has(node.component) ? node.component : [])));
}

/** Stops what the new graph does not have; processors hand over first. What was not done in time. */
export function stopOld(
  old: Graph,
  graph: Graph,
  kept: ReadonlySet<Component>,
  linger: (left: Promise<Leftover | undefined>) => void,
): Promise<readonly Leftover[]> {
  for (const node of old.receivers)
    if (kept.has(node.component)) for (const consumer of node.consumers.values()) consumer.hold();
  return stopAll(old, {
    totalMs: RELOAD_STOP_MS,
    only: (node) => !kept.has(node.component),
    before: (node) => handOver(node, graph),
    linger,
  });
}
