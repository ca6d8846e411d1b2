// A running configuration: start, reload without losing what detectors know, shut down in bounded time.
import { randomUUID } from 'node:crypto';
import type { ConfiguredComponent, GatewayConfig } from '../config/gateway-config.js';
import type { AnyFactory, Settings } from '../config/settings.js';
import { type Component, type Extension, Ledger, ledgerLimits } from '../pipeline/index.js';
import { createTelemetry, type Logger, type Telemetry } from '../telemetry/index.js';
import { registerLedger } from '../telemetry/ledger-metrics.js';
import { createLogging, type Logging } from '../telemetry/logging.js';
import { PipelineItems } from '../telemetry/pipeline-items.js';
import { registerProcessMetrics, registerTargetInfo } from '../telemetry/process-metrics.js';
import { ownResource, stableInstanceId } from '../telemetry/resource.js';
import { keptBetween, startGraph, stopOld } from './change-graph.js';
import { Endpoints } from './endpoints.js';
import { buildGraph, type Graph, type GraphHost, instancesOf, type Node } from './graph.js';
import { handOver } from './hand-over.js';
import { type Leftover, SHUTDOWN_MS, startOrder, stopAll } from './lifecycle.js';
import { Lingering } from './lingering.js';
import { memoryBytes } from './memory.js';
import { ownPages } from './own-pages.js';
import { ownPorts } from './own-ports.js';
import { type StatusDocument, statusDocument } from './status.js';

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
  private readonly lingering: Lingering;
  private readonly endpoints: Endpoints;
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
    this.lingering = new Lingering(this.telemetry.log);
    const pages = { status: () => this.status(), factories: options.components ?? [] };
    this.endpoints = new Endpoints(this.telemetry, () =>
      ownPages({ ...pages, instances: (factory) => instancesOf(factory, this.graph, this.config) }),
    );
    registerProcessMetrics(this.telemetry);
    registerLedger(this.telemetry, this.ledger);
  }

  /** Resolves when every pipeline runs. Rejects, with everything shut down again, when a component cannot start. */
  start(): Promise<void> {
    return this.serialised(async () => {
      if (this.state !== 'made') throw new Error('the service was started before');
      this.telemetry.log.info({ version: this.options.version, pipelines: this.config.pipelines.length }, 'starting');
      try {
        await this.endpoints.open(this.config);
        const graph = buildGraph(this.config, this.host(this.config));
        await this.startNew(graph, () => true);
        this.commit(this.config, graph, () => true);
      } catch (error) {
        this.state = 'stopped';
        await this.endpoints.close();
        this.logging?.close();
        throw error;
      }
      this.telemetry.log.info({ listening: this.addresses() }, 'ready');
    });
  }

  /** Stops receivers, drains, stops the rest. Returns what was not done in time. A second call does nothing. */
  shutdown(): Promise<readonly Leftover[]> {
    return this.serialised(async () => {
      const wasRunning = this.state === 'running';
      this.state = 'stopped';
      if (!wasRunning || !this.graph) return [];
      this.telemetry.log.info('shutting down');
      for (const node of this.graph.extensions) node.component.ready?.(false);
      const { shutdownMs } = this.options;
      const patient = shutdownMs === undefined;
      const stopped = await stopAll(this.graph, { totalMs: shutdownMs ?? SHUTDOWN_MS, patient });
      await this.lingering.ended();
      const leftovers = [...this.lingering.lost, ...stopped];
      for (const { name, reason } of leftovers) this.telemetry.log.error({ component: name }, `shutdown: ${reason}`);
      await this.endpoints.close();
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
    return this.serialised(async () => {
      const old = this.graph;
      if (this.state !== 'running' || !old) throw new Error('the service is not running');
      const graph = buildGraph(next, this.host(next), old);
      await this.applyTelemetry(next, this.config);
      const kept = keptBetween(old, graph);
      const leftovers = await stopOld(old, graph, kept, (left) => this.lingering.add(left));
      for (const { name, reason } of leftovers) this.telemetry.log.warn({ component: name }, `reload: ${reason}`);
      try {
        await this.replace(graph, kept, old);
      } catch (error) {
        await this.applyTelemetry(this.config, next);
        const outcome = this.running ? 'the one before is back' : 'and neither can the one before';
        this.telemetry.log.error({ err: error }, `the new configuration cannot start; ${outcome}`);
        throw error;
      }
      this.commit(next, graph, (node) => !kept.has(node.component));
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
    return Object.fromEntries([...entries, ...this.endpoints.addresses]);
  }

  private serialised<T>(work: () => Promise<T>): Promise<T> {
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

  private startNew(graph: Graph, isNew: (node: Node) => boolean, onFailure?: () => void): Promise<void> {
    return startGraph(graph, isNew, this.options.shutdownMs ?? SHUTDOWN_MS, onFailure);
  }

  private commit(config: GatewayConfig, graph: Graph, isNew: (node: Node) => boolean): void {
    this.config = config;
    this.graph = graph;
    this.state = 'running';
    for (const node of graph.extensions.filter(isNew)) node.component.ready?.(true);
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
      await this.startNew(graph, isNew, rebuild);
    } catch (error) {
      this.state = 'stopped';
      if (!back) throw error;
      await this.startNew(back, isNew);
      this.commit(this.config, back, isNew);
      throw error;
    }
  }

  /** Changes log and metrics endpoint; when that fails they are as before. */
  private async applyTelemetry(next: GatewayConfig, before: GatewayConfig): Promise<void> {
    this.logging?.configure(next.telemetry.logs);
    if (JSON.stringify(next.telemetry.metrics.listen) === JSON.stringify(before.telemetry.metrics.listen)) return;
    await this.endpoints.close();
    try {
      await this.endpoints.open(next);
    } catch (error) {
      this.logging?.configure(before.telemetry.logs);
      await this.endpoints.open(before);
      throw error;
    }
  }

  /** What runs and what its components know of themselves, without secrets. */
  status(): StatusDocument {
    const { config, graph, running, startedMs, options } = this;
    return statusDocument({ version: options.version, running, startedMs, config, graph });
  }
}
