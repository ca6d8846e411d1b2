// A running configuration: start, reload without losing what detectors know, shut down in bounded time.
import { randomUUID } from 'node:crypto';
import { bindOptions } from '../config/endpoint.js';
import type { ConfiguredComponent, GatewayConfig } from '../config/gateway-config.js';
import type { AnyFactory, Settings } from '../config/settings.js';
import {
  type Component,
  type Exporter,
  type Extension,
  Ledger,
  ledgerLimits,
  type Processor,
} from '../pipeline/index.js';
import { createTelemetry, type Logger, type Telemetry } from '../telemetry/index.js';
import { registerLedger } from '../telemetry/ledger-metrics.js';
import { createLogging, type Logging } from '../telemetry/logging.js';
import { type MetricsEndpoint, serveMetrics } from '../telemetry/metrics-endpoint.js';
import { PipelineItems } from '../telemetry/pipeline-items.js';
import { registerProcessMetrics, registerTargetInfo } from '../telemetry/process-metrics.js';
import { ownResource, stableInstanceId } from '../telemetry/resource.js';
import { buildGraph, type Graph, type GraphHost, instancesOf, type Node, nodeName } from './graph.js';
import { type Leftover, SHUTDOWN_MS, startAll, startOrder, stopAll } from './lifecycle.js';
import { memoryBytes } from './memory.js';
import { ownPages } from './own-pages.js';
import { ownPorts } from './own-ports.js';
import { type StatusDocument, statusDocument } from './status.js';

/** Time that a reload gives to what it takes away, ms: requests wait meanwhile. */
const RELOAD_STOP_MS = 5_000;

export interface ServiceOptions {
  readonly version: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `service.instance.id`; default: the pod's name, else the host's with a port of ours, else a fresh UUID. */
  readonly instanceId?: string;
  /** A logger of the caller's, in place of `service::telemetry::logs`. */
  readonly log?: Logger;
  /** Time for a shutdown, ms. */
  readonly shutdownMs?: number;
  /** What configurations may name: their commands are served. */
  readonly components?: readonly AnyFactory[];
}

type State = 'made' | 'running' | 'stopped';

/** Addresses in use, by section and id (`receivers::otlp`), then by protocol. */
export type Addresses = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class Service {
  readonly telemetry: Telemetry;
  private readonly options: ServiceOptions;
  private readonly instanceId: string;
  private readonly logging: Logging | undefined;
  private readonly items: PipelineItems;
  private readonly ledger: Ledger = new Ledger(ledgerLimits(memoryBytes()));
  private config: GatewayConfig;
  private graph: Graph | undefined;
  /** Exporters of earlier configurations that still deliver what they had taken. */
  private readonly lingering: Set<Promise<void>> = new Set();
  /** What such ones had to give up. */
  private readonly lost: Leftover[] = [];
  private endpoints: MetricsEndpoint[] = [];
  private state: State = 'made';
  private readonly startedMs: number = Date.now();
  /** Start, reload and shutdown follow one another. */
  private turn: Promise<unknown> = Promise.resolve();

  /** Opens the log; throws when one of its files cannot be written. */
  constructor(config: GatewayConfig, options: ServiceOptions) {
    this.config = config;
    this.options = options;
    this.instanceId = options.instanceId ?? stableInstanceId(ownPorts(config), options.env) ?? randomUUID();
    this.logging = options.log ? undefined : createLogging(config.telemetry.logs, this.resource(config));
    this.telemetry = createTelemetry({ log: options.log ?? (this.logging as Logging).log });
    this.items = new PipelineItems(this.telemetry);
    registerProcessMetrics(this.telemetry);
    registerLedger(this.telemetry, this.ledger);
  }

  /** Resolves when every pipeline runs. Rejects, with everything shut down again, when a component cannot start. */
  start(): Promise<void> {
    return this.inTurn(async () => {
      if (this.state !== 'made') throw new Error('the service was started before');
      this.telemetry.log.info({ version: this.options.version, pipelines: this.config.pipelines.length }, 'starting');
      try {
        await this.openEndpoints(this.config);
        const graph = buildGraph(this.config, this.host(this.config));
        await this.bringUp(graph, () => true);
        this.settle(this.config, graph, () => true);
      } catch (error) {
        this.state = 'stopped';
        await this.closeEndpoints();
        this.logging?.close();
        throw error;
      }
      this.telemetry.log.info({ listening: this.addresses() }, 'ready');
    });
  }

  /** Stops receivers, drains, stops the rest. Returns what was not done in time. A second call does nothing. */
  shutdown(): Promise<readonly Leftover[]> {
    return this.inTurn(async () => {
      const wasRunning = this.state === 'running';
      this.state = 'stopped';
      if (!wasRunning || !this.graph) return [];
      this.telemetry.log.info('shutting down');
      for (const node of this.graph.extensions) node.component.ready?.(false);
      const { shutdownMs } = this.options;
      const patient = shutdownMs === undefined;
      const stopped = await stopAll(this.graph, { totalMs: shutdownMs ?? SHUTDOWN_MS, patient });
      await Promise.all(this.lingering);
      const leftovers = [...this.lost, ...stopped];
      for (const { name, reason } of leftovers) this.telemetry.log.error({ component: name }, `shutdown: ${reason}`);
      await this.closeEndpoints();
      this.telemetry.log.info({ clean: leftovers.length === 0 }, 'stopped');
      this.logging?.close();
      return leftovers;
    });
  }

  /**
   * Goes over to another configuration. Receivers, exporters and extensions that stay the same go on; processors hand
   * what they know to their successors. When the new one cannot start, the old one is brought back and the promise
   * rejects.
   */
  reload(next: GatewayConfig): Promise<void> {
    return this.inTurn(async () => {
      const old = this.graph;
      if (this.state !== 'running' || !old) throw new Error('the service is not running');
      const graph = buildGraph(next, this.host(next), old);
      await this.retune(next, this.config);
      const kept = this.keptBetween(old, graph);
      await this.takeDown(old, graph, kept);
      try {
        await this.replace(graph, kept, old);
      } catch (error) {
        await this.retune(this.config, next);
        const outcome = this.running ? 'the one before is back' : 'and neither can the one before';
        this.telemetry.log.error({ err: error }, `the new configuration cannot start; ${outcome}`);
        throw error;
      }
      this.settle(next, graph, (node) => !kept.has(node.component));
      this.telemetry.log.info({ kept: kept.size, listening: this.addresses() }, 'configuration reloaded');
    });
  }

  /**
   * False before `start`, after `shutdown`, and after a reload that could not even bring the old configuration back.
   */
  get running(): boolean {
    return this.state === 'running';
  }

  addresses(): Addresses {
    const nodes = this.graph ? startOrder(this.graph) : [];
    const entries = nodes.flatMap((node) => {
      const addresses = node.component.addresses?.();
      return addresses ? [[`${node.kind}s::${node.key}`, addresses] as const] : [];
    });
    const own = this.endpoints.map(
      (endpoint, i) => [`service::telemetry::metrics${i > 0 ? `::${i}` : ''}`, { http: endpoint.address }] as const,
    );
    return Object.fromEntries([...entries, ...own]);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => {});
    return done;
  }

  private resource(config: GatewayConfig): Record<string, string> {
    return ownResource(this.options.version, this.instanceId, this.options.env, config.telemetry.resource);
  }

  private host(config: GatewayConfig): GraphHost {
    const resource = this.resource(config);
    registerTargetInfo(this.telemetry, resource);
    const { level } = config.telemetry.metrics;
    return {
      ledger: this.ledger,
      items: level === 'normal' || level === 'detailed' ? this.items : undefined,
      settings: (component: ConfiguredComponent, extension: (id: string) => Extension | undefined): Settings => ({
        id: component.id,
        telemetry: this.telemetry,
        version: this.options.version,
        instanceId: this.instanceId,
        resource,
        ledger: this.ledger,
        extension,
      }),
    };
  }

  /** Starts what `isNew` in a graph, and lets data in before the receivers start. */
  private async bringUp(graph: Graph, isNew: (node: Node) => boolean, onFailure: () => void = () => {}): Promise<void> {
    const nodes = startOrder(graph).filter(isNew);
    const inner = nodes.filter((node) => node.kind !== 'receiver');
    const limit = this.options.shutdownMs ?? SHUTDOWN_MS;
    await startAll(inner, limit, onFailure);
    for (const [inlet, target] of graph.targets) inlet.open(target);
    try {
      await startAll(
        nodes.filter((node) => node.kind === 'receiver'),
        limit,
        onFailure,
      );
    } catch (error) {
      for (const inlet of graph.targets.keys()) inlet.hold();
      await stopAll({ ...graph, receivers: [] }, { totalMs: limit, only: isNew });
      throw error;
    }
  }

  private settle(config: GatewayConfig, graph: Graph, isNew: (node: Node) => boolean): void {
    this.config = config;
    this.graph = graph;
    this.state = 'running';
    for (const node of graph.extensions.filter(isNew)) node.component.ready?.(true);
  }

  private keptBetween(old: Graph, graph: Graph): Set<Component> {
    const before = new Set(startOrder(old).map((node) => node.component));
    return new Set(startOrder(graph).flatMap((node) => (before.has(node.component) ? node.component : [])));
  }

  /** Stops what the new graph does not have; processors hand over first. */
  private async takeDown(old: Graph, graph: Graph, kept: ReadonlySet<Component>): Promise<void> {
    for (const node of old.receivers)
      if (kept.has(node.component)) for (const inlet of node.inlets.values()) inlet.hold();
    const leftovers = await stopAll(old, {
      totalMs: RELOAD_STOP_MS,
      only: (node) => !kept.has(node.component),
      before: (node) => handOver(node, graph),
      linger: (left) => this.linger(left),
    });
    for (const { name, reason } of leftovers) this.telemetry.log.warn({ component: name }, `reload: ${reason}`);
  }

  /** Lets an exporter that is not part of the configuration any more end in its own time. */
  private linger(left: Promise<Leftover | undefined>): void {
    const ended = left.then((leftover) => {
      this.lingering.delete(ended);
      if (!leftover) return;
      this.lost.push(leftover);
      this.telemetry.log.error({ component: leftover.name }, `reload: ${leftover.reason}`);
    });
    this.lingering.add(ended);
  }

  /** Brings the new graph up, or else the old configuration in new instances. Rejects in both cases but the first. */
  private async replace(graph: Graph, kept: ReadonlySet<Component>, old: Graph): Promise<void> {
    const isNew = (node: Node): boolean => !kept.has(node.component);
    let back: Graph | undefined;
    const rebuild = (): void => {
      const common = {
        ...old,
        receivers: old.receivers.filter((node) => kept.has(node.component)),
        exporters: old.exporters.filter((node) => kept.has(node.component)),
        extensions: old.extensions.filter((node) => kept.has(node.component)),
      };
      back = buildGraph(this.config, this.host(this.config), common);
      for (const node of [...graph.processors, ...graph.exporters]) handOver(node, back);
    };
    try {
      await this.bringUp(graph, isNew, rebuild);
    } catch (error) {
      this.state = 'stopped';
      if (!back) throw error;
      await this.bringUp(back, isNew);
      this.settle(this.config, back, isNew);
      throw error;
    }
  }

  /** Changes log and metrics endpoint; when that fails they are as before. */
  private async retune(next: GatewayConfig, before: GatewayConfig): Promise<void> {
    this.logging?.configure(next.telemetry.logs);
    if (JSON.stringify(next.telemetry.metrics.listen) === JSON.stringify(before.telemetry.metrics.listen)) return;
    await this.closeEndpoints();
    try {
      await this.openEndpoints(next);
    } catch (error) {
      this.logging?.configure(before.telemetry.logs);
      await this.openEndpoints(before);
      throw error;
    }
  }

  /** What runs and what its components know of themselves, without secrets. */
  status(): StatusDocument {
    const { config, graph, running, startedMs, options } = this;
    return statusDocument({ version: options.version, running, startedMs, config, graph });
  }

  private async openEndpoints(config: GatewayConfig): Promise<void> {
    const pages = ownPages({
      status: () => this.status(),
      factories: this.options.components ?? [],
      instances: (factory) => instancesOf(factory, this.graph, this.config),
    });
    for (const at of config.telemetry.metrics.listen) {
      try {
        this.endpoints.push(await serveMetrics(this.telemetry, bindOptions(at), pages));
      } catch (cause) {
        await this.closeEndpoints();
        const message = `service::telemetry::metrics: cannot listen on ${at.host}:${at.port}: ${(cause as Error).message}`;
        throw new Error(message, { cause });
      }
    }
  }

  private async closeEndpoints(): Promise<void> {
    const closing = this.endpoints.map((endpoint) => endpoint.close());
    this.endpoints = [];
    await Promise.all(closing);
  }
}

/** Gives what an old processor knows, or an old exporter holds, to the one of the same id in another graph. */
function handOver(old: Node, graph: Graph): void {
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
