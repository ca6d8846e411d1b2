// The processor: forwards what it gets, learns from it afterwards, and sends what it found down the metrics pipelines.
import type { Settings } from '../../config/settings.js';
import { Senders } from '../../detection/alerting/senders.js';
import { Learner } from '../../detection/learner.js';
import { LearningBacklog } from '../../detection/learning/backlog.js';
import type { PendingRequest, Route } from '../../detection/pending-request.js';
import type { OwnResource } from '../../detection/results/own-resource.js';
import { ResultSender } from '../../detection/results/result-sender.js';
import { stamped } from '../../detection/results/stamp.js';
import type { TestEvent, TestOutcome } from '../../detection/results/test-events.js';
import type { StateForgotten, StateListing, StateQuery, StateTarget } from '../../detection/state/listing.js';
import { type AnomalyReport, clusterStatuses } from '../../detection/status/cluster-status.js';
import {
  type AnomalyStatus,
  type EdgeStatus,
  edgeStatuses,
  readyText,
  statusLine,
  statusOf,
} from '../../detection/status/status.js';
import type { KernelApi, KernelOptions } from '../../kernel/api.js';
import { CapacityError, MalformedError } from '../../kernel/errors.js';
import {
  type Batch,
  type Consumer,
  PermanentError,
  type Processor,
  type RetryableError,
  type Signal,
} from '../../pipeline/index.js';
import { type AnomalyEvents, anomalyEvents } from '../../telemetry/anomaly-events.js';
import { countOf } from '../../terminal/format.js';
import type { Config } from './config.js';
import { Operations } from './operations.js';
import { detectionSettings } from './settings.js';
import { StateKeeper } from './state-keeper.js';
import { Timers } from './timers.js';

export interface AnomalyOptions {
  /**
   * False in a replay: learning ends before `consume` does, ticks are closed straight through, no clock plays a part.
   */
  readonly live: boolean;
  readonly createKernel: (options: KernelOptions) => KernelApi;
  /** Called while the kernel serves (true), and when it no longer does. */
  readonly register?: (kernel: KernelApi, serves: boolean) => void;
  /** Seed of the hash of series; random where it is not given. */
  readonly hashSeed?: bigint;
}

export interface AnomalyProcessor extends Processor {
  status(): AnomalyStatus;
  edges(): EdgeStatus[];
  /**
   * Closes what is open and hands the results on: the end of a replay. The newest window is forgotten where it is not
   * whole.
   */
  flush(endsWhole?: boolean): Promise<void>;
  inject(event: TestEvent): Promise<TestOutcome>;
  listState(query: StateQuery): StateListing;
  forgetState(target: StateTarget): Promise<StateForgotten>;
}

export function createAnomalyProcessor(settings: Settings, config: Config, options: AnomalyOptions): AnomalyProcessor {
  return new Anomaly(settings, config, options);
}

class Anomaly implements AnomalyProcessor {
  readonly #settings: Settings;
  readonly #config: Config;
  readonly #options: AnomalyOptions;
  readonly #events: AnomalyEvents;
  readonly #senders: Senders;
  readonly #backlog: LearningBacklog;
  readonly #learner: Learner;
  #hasTraces = false;
  readonly #deliveries: ResultSender[] = [];
  readonly #timers: Timers;
  readonly #keeper: StateKeeper;
  readonly #operations: Operations;
  /** Results on their way, in a replay. */
  #sending: Promise<void>[] = [];
  /** Results that wait until storage knows of the alerts in them, and those behind. */
  #telling: Promise<void> | undefined;
  #lastExportMs = 0;

  constructor(settings: Settings, config: Config, options: AnomalyOptions) {
    this.#settings = settings;
    this.#config = config;
    this.#options = options;
    this.#events = anomalyEvents(settings.telemetry, settings.id);
    this.#senders = new Senders(config.default_cluster, ({ subject }, cluster) =>
      this.#events.settingsIgnored(subject, cluster),
    );
    const its = detectionSettings(config);
    this.#learner = new Learner({
      settings: its,
      version: settings.version,
      events: this.#events,
      resource: this.#own(),
      live: options.live,
      ledger: settings.ledger,
      hashSeed: options.hashSeed,
      createKernel: options.createKernel,
      register: options.register,
      routes: () => this.#deliveries,
      emit: (routes, batch) => this.#emit(routes, batch),
    });
    this.#backlog = new LearningBacklog({
      learn: (pending) => this.#learner.learn(pending),
      ledger: settings.ledger,
      maxBytes: config.max_learning_backlog_mib * 1024 * 1024,
      failed: (_, error) => this.#events.learningFailed(error),
      took: (ms) => this.#events.learnt(ms / 1000),
    });
    const { learner, backlog } = { learner: this.#learner, backlog: this.#backlog };
    this.#keeper = new StateKeeper({
      id: settings.id,
      events: this.#events,
      learner,
      backlog,
      storage: config.storage,
      live: options.live,
      extension: (id) => settings.extension(id),
    });
    this.#operations = new Operations({
      own: this.#own(),
      events: this.#events,
      learner,
      backlog,
      keeper: this.#keeper,
      capacities: its.capacities,
      defaultCluster: config.default_cluster,
      routes: () => this.#deliveries,
    });
    this.#timers = new Timers({
      config,
      events: this.#events,
      detector: () => this.#learner.detector,
      flush: () => this.#deliveries.map((delivery) => delivery.flush()),
      backlogBytes: () => this.#backlog.bytes,
      checkpoint: () => this.#keeper.begin(),
      status: () => this.#events.status(statusLine(this.status()), {}),
    });
  }

  async start(): Promise<void> {
    await this.#keeper.start();
    this.#learner.open();
    if (this.#deliveries.length === 0 && this.#hasTraces) this.#events.noMetricsPipeline();
    if (!this.#options.live) return;
    this.#timers.start();
    this.#events.learning(`${countOf(this.status().edges, 'edge')} known; ${readyText(this.status())}`);
  }

  #own(): OwnResource {
    const { resource, version } = this.#settings;
    return { resource: { attributes: resource }, scope: { name: 'pxanomaly', version } };
  }

  /** Keeps what was learnt over a reload. */
  adopt(previous: Processor): void {
    if (!(previous instanceof Anomaly)) return;
    previous.#backlog.finish();
    this.#lastExportMs = previous.#lastExportMs;
    this.#learner.adopt(previous.#learner);
  }

  async shutdown(): Promise<void> {
    this.#timers.stop();
    await this.#operations.finish();
    await this.#backlog.drained();
    const isSaved = await this.#keeper.save();
    await this.#telling;
    await Promise.all(this.#deliveries.map((delivery) => delivery.flush()));
    await this.#keeper.finish(isSaved);
    this.#learner.detector?.publishCounts();
    this.#learner.discard();
  }

  stage(pipeline: string, signal: Signal, next: Consumer): Consumer {
    if (signal === 'traces') return this.#traceStage(next);
    if (signal === 'logs') return this.#logStage(next);
    const dropped = (items: number, error: unknown) => this.#events.resultDropped(items, error);
    const delivery = new ResultSender(next, { dropped }, pipeline);
    this.#deliveries.push(delivery);
    return {
      borrows: next.borrows === true,
      consume: (batch) => this.#consume(batch, next, delivery),
      refusal: (bytes) => this.#refusal(bytes) ?? next.refusal(bytes),
      checkMetadata: (metadata) => this.#checkMetadata(metadata, next),
    };
  }

  /**
   * Spans are learnt from as well, once they are delivered: one that comes again would count twice. Results leave
   * through the metrics pipelines that name this processor.
   */
  #traceStage(next: Consumer): Consumer {
    this.#hasTraces = true;
    return {
      borrows: next.borrows === true,
      consume: (batch) => {
        const [route] = this.#deliveries;
        if (batch.origin !== 'received' || !route) return next.consume(batch);
        // Settings that are refused are refused before anything is forwarded.
        const pending = { batch, sender: this.#senders.read(batch.metadata, batch.auth), route };
        this.#learner.requests++;
        const handed = next.consume(batch);
        return handed instanceof Promise ? handed.then(() => this.#take(pending)) : this.#take(pending);
      },
      refusal: (bytes) => this.#refusal(bytes) ?? next.refusal(bytes),
      checkMetadata: (metadata) => this.#checkMetadata(metadata, next),
    };
  }

  /** Nothing is learnt from logs; they are counted with the rest. */
  #logStage(next: Consumer): Consumer {
    return {
      borrows: next.borrows === true,
      consume: (batch) => {
        if (batch.origin === 'received') this.#learner.requests++;
        return next.consume(batch);
      },
      refusal: (bytes) => next.refusal(bytes),
      checkMetadata: (metadata) => next.checkMetadata?.(metadata),
    };
  }

  #checkMetadata(metadata: ReadonlyMap<string, string>, next: Consumer): void {
    if (this.#deliveries.length > 0) this.#senders.read(metadata);
    next.checkMetadata?.(metadata);
  }

  #refusal(bytes: number): RetryableError | undefined {
    return this.#backlog.refusal(bytes);
  }

  /**
   * Check, hand on, and only then learn: what is refused is refused before anybody was told OK. A live process does not
   * wait for a next hop without a queue: what failed there comes again and is known then, and its scan is still in
   * scratch.
   */
  #consume(batch: Batch, next: Consumer, route: Route): undefined | Promise<void> {
    if (batch.origin !== 'received') return next.consume(batch);
    const sender = this.#senders.read(batch.metadata, batch.auth);
    if (!this.#check(batch)) return next.consume(batch);
    this.#learner.requests++;
    const pending = { batch, sender, route };
    const handed = next.consume(this.#config.score_attributes ? this.#stamp(pending) : batch);
    if (this.#options.live) return both(handed, this.#take(pending));
    return handed instanceof Promise ? handed.then(() => this.#take(pending)) : this.#take(pending);
  }

  #stamp({ batch, sender }: PendingRequest): Batch {
    const { kernel, binder } = this.#learner.open();
    return stamped(batch, { kernel, salt: sender.salt, edgeOf: (series) => binder.edgeOf(series) });
  }

  /** Whether it can be learnt from. Throws what is malformed back at the sender. */
  #check({ body }: Batch): boolean {
    try {
      this.#learner.open().kernel.scan('metrics', body);
      return true;
    } catch (error) {
      if (error instanceof MalformedError)
        throw new PermanentError(error.message, 'invalid_argument', { cause: error });
      if (!(error instanceof CapacityError)) throw error;
      this.#events.tooLarge(body.length);
      return false;
    }
  }

  #take(pending: PendingRequest): undefined | Promise<void> {
    if (this.#options.live) return this.#backlog.add(pending);
    this.#backlog.now(pending);
    return this.#sent();
  }

  async #sent(): Promise<void> {
    await Promise.all(this.#sending.splice(0));
  }

  #emit(routes: ReadonlySet<Route>, batch: Batch): void {
    this.#lastExportMs = Date.now();
    this.#events.resultSent(batch.items, batch.events?.items ?? 0);
    const noted = batch.events && this.#keeper.noteAlerts();
    if (!noted && !this.#telling) {
      this.#send(routes, batch);
      return;
    }
    const told = Promise.all([this.#telling, noted]).then(() => {
      if (this.#telling === told) this.#telling = undefined;
      this.#send(routes, batch);
    });
    this.#telling = told;
  }

  #send(routes: ReadonlySet<Route>, batch: Batch): void {
    for (const route of routes) {
      const sent = route.send(batch);
      if (!this.#options.live) this.#sending.push(sent);
    }
  }

  async flush(endsWhole = true): Promise<void> {
    await this.#backlog.drained();
    this.#learner.flush(endsWhole);
    await this.#sent();
  }

  status(): AnomalyStatus {
    return statusOf(this.#learner.open(), {
      requests: this.#learner.requests,
      backlogBytes: this.#backlog.bytes,
      lastExportMs: this.#lastExportMs,
      truncated: this.#learner.truncated,
    });
  }

  edges(): EdgeStatus[] {
    return edgeStatuses(this.#learner.open());
  }

  /** For `GET /status`: itself and every cluster. */
  inspect(): AnomalyReport {
    return { ...this.status(), senders: clusterStatuses(this.#learner.open()) };
  }

  listState(query: StateQuery): StateListing {
    return this.#operations.listState(query);
  }

  forgetState(target: StateTarget): Promise<StateForgotten> {
    return this.#operations.forgetState(target);
  }

  inject(event: TestEvent): Promise<TestOutcome> {
    return this.#operations.inject(event);
  }
}

/** Resolves when both have; undefined where neither is to be waited for. */
function both(one: undefined | Promise<void>, other: undefined | Promise<void>): undefined | Promise<void> {
  if (one && other) return Promise.all([one, other]).then(() => undefined);
  return one ?? other;
}
