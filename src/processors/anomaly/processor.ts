// The processor: forwards what it gets, learns from it afterwards, and sends what it found down the metrics pipelines.
import type { Settings } from '../../config/settings.js';
import { Learner } from '../../detection/learner.js';
import { LearningBacklog } from '../../detection/learning/backlog.js';
import type { OwnResource } from '../../detection/results/own-resource.js';
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
import type { Consumer, Processor, Signal } from '../../pipeline/index.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import { anomalyEvents } from '../../telemetry/anomaly-telemetry.js';
import { countOf } from '../../terminal/format.js';
import type { Config } from './config.js';
import { Operations } from './operations.js';
import { detectionSettings } from './settings.js';
import { Stages } from './stages.js';
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
  readonly #options: AnomalyOptions;
  readonly #events: AnomalyEvents;
  readonly #backlog: LearningBacklog;
  readonly #learner: Learner;
  readonly #stages: Stages;
  readonly #timers: Timers;
  readonly #keeper: StateKeeper;
  readonly #operations: Operations;

  constructor(settings: Settings, config: Config, options: AnomalyOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#events = anomalyEvents(settings.telemetry, settings.id);
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
      routes: () => this.#stages.results,
      emit: (routes, batch) => this.#stages.emit(routes, batch),
    });
    this.#backlog = new LearningBacklog({
      learn: (pending) => this.#learner.learn(pending),
      ledger: settings.ledger,
      maxBytes: config.max_learning_backlog_mib * 1024 * 1024,
      failed: (_, error) => this.#events.learningFailed(error),
      took: (ms) => this.#events.learnt(ms / 1000),
    });
    const { learner, backlog } = { learner: this.#learner, backlog: this.#backlog };
    this.#stages = new Stages({
      events: this.#events,
      learner,
      backlog,
      live: options.live,
      scoreAttributes: config.score_attributes,
      defaultCluster: config.default_cluster,
      noteAlerts: () => this.#keeper.noteAlerts(),
    });
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
      routes: () => this.#stages.results,
    });
    this.#timers = new Timers({
      config,
      events: this.#events,
      detector: () => this.#learner.detector,
      flush: () => this.#stages.results.map((results) => results.flush()),
      backlogBytes: () => this.#backlog.bytes,
      checkpoint: () => this.#keeper.begin(),
      status: () => this.#events.status(statusLine(this.status()), {}),
    });
  }

  async start(): Promise<void> {
    await this.#keeper.start();
    this.#learner.open();
    if (this.#stages.results.length === 0 && this.#stages.hasTraces) this.#events.noMetricsPipeline();
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
    this.#stages.lastExportMs = previous.#stages.lastExportMs;
    this.#learner.adopt(previous.#learner);
  }

  async shutdown(): Promise<void> {
    this.#timers.stop();
    await this.#operations.finish();
    await this.#backlog.drained();
    const isSaved = await this.#keeper.save();
    await this.#stages.noted();
    await Promise.all(this.#stages.results.map((results) => results.flush()));
    await this.#keeper.finish(isSaved);
    this.#learner.detector?.publishCounts();
    this.#learner.discard();
  }

  stage(pipeline: string, signal: Signal, next: Consumer): Consumer {
    return this.#stages.stage(pipeline, signal, next);
  }

  async flush(endsWhole = true): Promise<void> {
    await this.#backlog.drained();
    this.#learner.flush(endsWhole);
    await this.#stages.sent();
  }

  status(): AnomalyStatus {
    return statusOf(this.#learner.open(), {
      requests: this.#learner.requests,
      backlogBytes: this.#backlog.bytes,
      lastExportMs: this.#stages.lastExportMs,
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
