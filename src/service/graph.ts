// Instances of components, wired into pipelines from the exporters back to the receivers.
import type { ConfiguredComponent, ConfiguredPipeline, GatewayConfig } from '../config/gateway-config.js';
import type { AnyFactory, Settings } from '../config/settings.js';
import type {
  Component,
  Connector,
  Consumer,
  Exporter,
  Extension,
  InstanceOf,
  Kind,
  Ledger,
  Processor,
  Receiver,
  Signal,
} from '../pipeline/index.js';
import { SIGNALS } from '../pipeline/index.js';
import type { ItemsRole, PipelineItems, Tally } from '../telemetry/pipeline-items.js';
import { counted } from './counted.js';
import { fanOut } from './fan-out.js';
import { fingerprint } from './fingerprint.js';
import { SwitchableConsumer } from './switchable-consumer.js';

/** One instance in the graph. */
export interface Node<C extends Component = Component> {
  readonly kind: Kind;
  readonly key: string;
  readonly component: C;
  readonly fingerprint: string;
  /** Whom it hands batches to. */
  readonly downstream: Set<Node>;
}

export interface ReceiverNode extends Node<Receiver> {
  /** What the receiver delivers into; stays the same for the life of the receiver. */
  readonly consumers: ReadonlyMap<Signal, SwitchableConsumer>;
}

/** What the service gives to a graph. */
export interface GraphHost {
  settings(component: ConfiguredComponent, extension: (id: string) => Extension | undefined): Settings;
  readonly ledger: Ledger;
  /** Undefined: items between components are not counted. */
  readonly items: PipelineItems | undefined;
}

export interface Graph {
  readonly receivers: readonly ReceiverNode[];
  readonly processors: readonly Node<Processor>[];
  readonly connectors: readonly Node<Connector>[];
  readonly exporters: readonly Node<Exporter>[];
  /** In the order of `service::extensions`. */
  readonly extensions: readonly Node<Extension>[];
  /** Where each receiver's signals lead to in this graph, once `open` is called. */
  readonly targets: ReadonlyMap<SwitchableConsumer, Consumer>;
}

/** How messages name an instance. */
export function nodeName(node: Pick<Node, 'kind' | 'key'>): string {
  return `${node.kind} ${node.key}`;
}

/** What of a graph a factory has made. */
export function instancesOf(factory: AnyFactory, graph: Graph | undefined, config: GatewayConfig): readonly Node[] {
  const { kind } = factory;
  const nodes: readonly Node[] = graph?.[`${kind}s`] ?? [];
  return nodes.filter(({ key }) => config.components[kind].get(key)?.factory === factory);
}

class Builder {
  private readonly config: GatewayConfig;
  private readonly host: GraphHost;
  private readonly reusable: ReadonlyMap<string, Node>;
  private readonly nodes: Map<string, Node> = new Map();
  private readonly heads: Map<string, { consumer: Consumer; first: readonly Node[] }> = new Map();
  private readonly wired: Set<string> = new Set();

  constructor(config: GatewayConfig, host: GraphHost, reusable: ReadonlyMap<string, Node>) {
    this.config = config;
    this.host = host;
    this.reusable = reusable;
  }

  build(): Graph {
    const extensions = this.config.extensions.map((key) => this.node('extension', key));
    for (const pipeline of this.config.pipelines) this.head(pipeline);
    const receivers: ReceiverNode[] = [];
    const targets = new Map<SwitchableConsumer, Consumer>();
    for (const key of this.config.components.receiver.keys()) {
      const reading = this.config.pipelines.filter((pipeline) => pipeline.receivers.includes(key));
      if (reading.length > 0) receivers.push(this.receiver(key, reading, targets));
    }
    const made = <K extends Kind>(kind: K): Node<InstanceOf[K]>[] => {
      return [...this.nodes.values()].filter((node) => node.kind === kind) as Node<InstanceOf[K]>[];
    };
    return {
      receivers,
      processors: made('processor'),
      connectors: made('connector'),
      exporters: made('exporter'),
      extensions,
      targets,
    };
  }

  /** The instance of an id: one that may be used again, or a new one. */
  private node<K extends Kind>(kind: K, key: string, more: unknown = undefined): Node<InstanceOf[K]> {
    const name = nodeName({ kind, key });
    const known = this.nodes.get(name);
    if (known) return known as Node<InstanceOf[K]>;
    const configured = this.config.components[kind].get(key);
    if (!configured) throw new Error(`${name} is not configured`);
    const print = printOf(this.config, configured, more);
    const old = this.reusable.get(name);
    const component = old?.fingerprint === print ? old.component : this.create(kind, configured);
    const node: Node = { kind, key, component, fingerprint: print, downstream: new Set() };
    this.nodes.set(name, node);
    return node as Node<InstanceOf[K]>;
  }

  private create(kind: Kind, configured: ConfiguredComponent): Component {
    const extension = (id: string): Extension | undefined => {
      return this.config.extensions.includes(id) ? this.node('extension', id).component : undefined;
    };
    try {
      return configured.factory.create(this.host.settings(configured, extension), configured.config);
    } catch (cause) {
      throw new Error(`${nodeName({ kind, key: configured.key })} cannot be made: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  private tally(role: ItemsRole, key: string, pipeline: string, signal: Signal): Tally[] {
    return this.host.items ? [this.host.items.tally(role, key, pipeline, signal)] : [];
  }

  /** The consumer in front of a pipeline, and the instances that it leads to first. */
  private head(pipeline: ConfiguredPipeline): { consumer: Consumer; first: readonly Node[] } {
    const known = this.heads.get(pipeline.key);
    if (known) return known;
    const ends = pipeline.exporters.map((key) => this.end(key, pipeline));
    let consumer = fanOut(ends.map((end) => end.consumer));
    let first: readonly Node[] = ends.map((end) => end.node);
    for (const key of pipeline.processors.toReversed()) {
      const node = this.node('processor', key);
      for (const next of first) node.downstream.add(next);
      const next = counted(consumer, this.tally('processor_produced', key, pipeline.key, pipeline.signal));
      const stage = node.component.stage(pipeline.key, pipeline.signal, next);
      consumer = counted(stage, this.tally('processor_consumed', key, pipeline.key, pipeline.signal));
      first = [node];
    }
    const head = { consumer, first };
    this.heads.set(pipeline.key, head);
    return head;
  }

  /** An exporter, or the side of a connector that takes. */
  private end(key: string, pipeline: ConfiguredPipeline): { consumer: Consumer; node: Node } {
    const { key: name, signal } = pipeline;
    if (this.config.components.connector.has(key)) {
      const node = this.connector(key);
      return {
        node,
        consumer: counted(node.component.consumer(signal), this.tally('connector_consumed', key, name, signal)),
      };
    }
    const node = this.node('exporter', key);
    return { node, consumer: counted(node.component, this.tally('exporter_consumed', key, name, signal)) };
  }

  private connector(key: string): Node<Connector> {
    const node = this.node('connector', key);
    if (this.wired.has(key)) return node;
    this.wired.add(key);
    const reading = this.config.pipelines.filter((pipeline) => pipeline.receivers.includes(key));
    for (const signal of new Set(reading.map((pipeline) => pipeline.signal))) {
      const next = this.lead(
        node,
        reading.filter((pipeline) => pipeline.signal === signal),
      );
      node.component.deliver(signal, counted(next, this.tally('connector_produced', key, '', signal)));
    }
    return node;
  }

  private receiver(
    key: string,
    reading: readonly ConfiguredPipeline[],
    targets: Map<SwitchableConsumer, Consumer>,
  ): ReceiverNode {
    const signals = SIGNALS.filter((signal) => reading.some((pipeline) => pipeline.signal === signal));
    const node = this.node('receiver', key, signals);
    const old = this.reusable.get(nodeName(node)) as ReceiverNode | undefined;
    const consumers =
      old?.component === node.component
        ? old.consumers
        : new Map(signals.map((signal) => [signal, new SwitchableConsumer(this.host.ledger)]));
    for (const [signal, consumer] of consumers) {
      const next = this.lead(
        node,
        reading.filter((pipeline) => pipeline.signal === signal),
      );
      targets.set(consumer, counted(next, this.tally('receiver_produced', key, '', signal)));
      if (consumers !== old?.consumers) node.component.deliver(signal, consumer);
    }
    return { ...node, consumers };
  }

  /** What leads from an instance into pipelines. */
  private lead(node: Node, pipelines: readonly ConfiguredPipeline[]): Consumer {
    const heads = pipelines.map((pipeline) => this.head(pipeline));
    for (const next of heads.flatMap((head) => head.first)) node.downstream.add(next);
    return fanOut(heads.map((head) => head.consumer));
  }
}

function printOf(config: GatewayConfig, configured: ConfiguredComponent, more?: unknown): string {
  return fingerprint(configured.raw, configured.factory.type, config.telemetry.resource, more);
}

/** Whether the extensions of a configuration are those of a graph, unchanged. */
function sameExtensions(config: GatewayConfig, graph: Graph): boolean {
  const prints = config.extensions.map((key) => {
    const configured = config.components.extension.get(key);
    return configured && printOf(config, configured);
  });
  return (
    prints.length === graph.extensions.length && graph.extensions.every((node, i) => node.fingerprint === prints[i])
  );
}

/**
 * Makes the instances of a configuration and wires them; starts nothing. Receivers, exporters and extensions of
 * `previous` that would be made just the same are used again, unless an extension changes, since others may hold on to
 * it.
 */
export function buildGraph(config: GatewayConfig, host: GraphHost, previous?: Graph): Graph {
  const kept =
    previous && sameExtensions(config, previous)
      ? [...previous.receivers, ...previous.exporters, ...previous.extensions]
      : [];
  return new Builder(config, host, new Map(kept.map((node) => [nodeName(node), node]))).build();
}
