// What an instance of an earlier configuration gives to its successor.
import type { Component, Exporter, Processor } from '../pipeline/index.js';
import { type Graph, type Node, nodeName } from './graph.js';

/** Gives what an old processor knows, or an old exporter holds, to the one of the same id in another graph. */
export function handOver(old: Node, graph: Graph): void {
  if (old.kind === 'processor') adopt(graph.processors, old as Node<Processor>);
  if (old.kind === 'exporter') adopt(graph.exporters, old as Node<Exporter>);
}

function adopt<C extends Component & { adopt?(previous: C): void }>(
  successors: readonly Node<C>[],
  old: Node<C>,
): void {
  const successor = successors.find((node) => nodeName(node) === nodeName(old));
  if (successor && successor.component !== old.component) successor.component.adopt?.(old.component);
}
