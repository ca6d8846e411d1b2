// The processor: forwards what it gets, learns from it afterwards, and sends what it found down the metrics pipelines.
import { randomBytes } from 'node:crypto';
import type { Settings } from '../../config/settings.js';
import { CapacityError, CheckpointError, MalformedError } from '../../kernel/errors.js';
import type { KernelFace, KernelOptions } from '../../kernel/face.js';
import { stateLayout } from '../../kernel/state-layout.js';
import {
  type Batch,
  type Consumer,
  PermanentError,
  type Processor,
  type RetryableError,
  type Signal,
  type TestEvent,
  type TestOutcome,
} from '../../pipeline/index.js';
import { type AnomalyEvents, anomalyEvents } from '../../telemetry/anomaly-events.js';
import { Senders } from './alerting/senders.js';
import { type ClusterStatus, clusterStatuses } from './cluster-status.js';
import type { Config } from './config.js';
import { configTexts, Detector, type DetectorOptions } from './detector.js';
import type { ClusterState } from './graph/graph.js';
import { Backlog } from './learning/backlog.js';
import { LearnLoop, type Lesson } from './learning/learn.js';
import { SpanLessons } from './learning/spans/lessons.js';
import { Timers } from './learning/timers.js';
import { countRows, isTruncated } from './learning/truncation.js';
import { Delivery } from './results/delivery.js';
import { Injector } from './results/injector.js';
import type { OwnResource } from './results/own-resource.js';
import { stamped } from './results/stamp.js';
import type { Checkpoint } from './state/checkpoint.js';
import { Checkpoints } from './state/checkpoints.js';
import { type FitHost, fitState } from './state/fit.js';
import { checkpointName, storageOf } from './state/storage.js';
import { type AnomalyStatus, type EdgeStatus, edgeStatuses, readyText, statusLine, statusOf } from './status.js';

export interface AnomalyOptions {
  /** False in a replay: learning ends before `consume` does, ticks are closed straight through, no clock plays a part. */
  readonly live: boolean;
  readonly createKernel: (options: KernelOptions) => KernelFace;
  /** Called while the kernel serves (true), and when it no longer does. */
  readonly register?: (kernel: KernelFace, serves: boolean) => void;
  /** Seed of the hash of series; random where it is not given. */
  readonly hashSeed?: bigint;
}

/** What `inspect` gives. */
export interface AnomalyReport extends AnomalyStatus {
  readonly senders: readonly ClusterStatus[];
}

export interface AnomalyProcessor extends Processor {
  status(): AnomalyStatus;
  edges(): EdgeStatus[];
  /** Closes everything that is open and hands the results on: the end of a replay. */
  flush(): Promise<void>;
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
  readonly #backlog: Backlog;
  readonly #spans: SpanLessons;
  #lastSpans: Record<string, number> = {};
  #hasTraces = false;
  readonly #deliveries: Delivery[] = [];
  readonly #timers: Timers;
  readonly #injector: Injector;
  #kernelOptions: KernelOptions;
  #checkpoints: Checkpoints | undefined;
  #detector: Detector | undefined;
  #loop: LearnLoop | undefined;
  /** Results on their way, in a replay. */
  #sending: Promise<void>[] = [];
  #requests = 0;
  #truncated = 0;
  #lastExportMs = 0;

  constructor(settings: Settings, config: Config, options: AnomalyOptions) {
    this.#settings = settings;
    this.#config = config;
    this.#options = options;
    this.#events = anomalyEvents(settings.telemetry, settings.id);
    this.#senders = new Senders(config.default_cluster);
    this.#kernelOptions = kernelOptions(config, options.hashSeed);
    this.#spans = new SpanLessons({
      waitNanos: BigInt(Math.round(config.traces.wait * 1e6)),
      maxWaiting: config.traces.max_waiting,
    });
    this.#backlog = new Backlog({
      learn: (lesson) => this.#learn(lesson),
      maxBytes: config.max_learning_backlog_mib * 1024 * 1024,
      failed: (_, error) => this.#events.learningFailed(error),
      took: (ms) => this.#events.learnt(ms / 1000),
    });
    this.#injector = new Injector({
      own: this.#own(),
      events: this.#events,
      defaultCluster: config.default_cluster,
      detector: () => this.#open(),
      deliveries: () => this.#deliveries,
    });
    this.#timers = new Timers({
      config,
      events: this.#events,
      detector: () => this.#detector,
      emit: (cluster, batch) => this.#emit(cluster, batch),
      flush: () => this.#deliveries.map((delivery) => delivery.flush()),
      backlogBytes: () => this.#backlog.bytes,
      checkpoint: () => {
        if (!this.#checkpoints?.isWriting) this.#backlog.between(() => void this.#checkpoint());
      },
      status: () => this.#events.status(statusLine(this.status()), {}),
    });
  }

  async start(): Promise<void> {
    const { extension, id } = this.#settings;
    const storage = storageOf((name) => extension(name), this.#config.storage);
    this.#checkpoints = storage && new Checkpoints(storage, checkpointName(id), this.#events);
    if (!this.#detector) await this.#resume();
    this.#open();
    if (this.#deliveries.length === 0 && this.#hasTraces) this.#events.noMetricsPipeline();
    if (!this.#options.live) return;
    this.#timers.start();
    this.#events.learning(`${this.status().edges} edges known; ${readyText(this.status())}`);
  }

  /** The detector, made at the first need: a processor that adopts another's does not make one. */
  #open(): Detector {
    return this.#detector ?? this.#serve(this.#options.createKernel(this.#kernelOptions));
  }

  #serve(kernel: KernelFace): Detector {
    this.#options.register?.(kernel, true);
    const detector = new Detector(this.#detectorOptions(kernel));
    this.#use(detector, new LearnLoop(kernel));
    return detector;
  }

  /** Goes on where a process before this one stopped, if it left anything that fits. */
  async #resume(): Promise<void> {
    const checkpoint = await this.#checkpoints?.read();
    if (!checkpoint) return;
    try {
      this.#wake(checkpoint);
      const { edges, created } = checkpoint.header;
      this.#events.restored(edges, (Date.now() - Date.parse(created)) / 1000);
    } catch (error) {
      this.#discard();
      await this.#checkpoints?.refuse(error);
    }
  }

  /** Takes a state up. Throws `CheckpointError` where it does not fit. */
  #wake(checkpoint: Checkpoint): void {
    const { header, knowledge, kernel } = checkpoint;
    const { layout, hash } = stateLayout();
    if (header.layout !== layout || header.hash !== hash)
      throw new CheckpointError(`version ${header.program} wrote it, whose state is laid out in another way`);
    const hashSeed = BigInt(header.kernel.hashSeed);
    const before: KernelOptions = { ...header.kernel, hashSeed };
    this.#kernelOptions = { ...this.#kernelOptions, hashSeed };
    const delivery = (name: string) => this.#deliveries.find(({ pipeline }) => pipeline === name);
    const now = configTexts(this.#config);
    const dropped = header.rules === now.rules ? [] : [OTHER_RULES];
    if (shapeOf(before) === shapeOf(this.#kernelOptions)) {
      const detector = this.#open();
      detector.kernel.restore(kernel);
      detector.restore(knowledge.detector, header, delivery);
    } else {
      const fitted = fitState(checkpoint, before, this.#kernelOptions, this.#fitHost());
      dropped.push(...fitted.dropped);
      this.#serve(fitted.kernel).restore(fitted.saved, now, delivery);
    }
    this.#loop?.restore(knowledge.loop, (name) => delivery(name) ?? this.#deliveries[0]);
    this.#spans.restore(knowledge.spans);
    this.#lastSpans = { ...this.#spans.counts };
    this.#requests = knowledge.requests;
    this.#truncated = knowledge.truncated;
    if (dropped.length > 0) this.#events.stateDropped(dropped);
  }

  #fitHost(): FitHost {
    return {
      createKernel: (options) => this.#options.createKernel(options),
      detectorOptions: (kernel) => this.#detectorOptions(kernel),
    };
  }

  /** A detector that was filled in part is worth nothing. */
  #discard(): void {
    if (this.#detector) this.#options.register?.(this.#detector.kernel, false);
    this.#detector = undefined;
    this.#loop = undefined;
  }

  /** Writes the state; called between two requests. */
  async #checkpoint(): Promise<void> {
    const { detector, loop } = { detector: this.#detector, loop: this.#loop };
    if (!this.#checkpoints || !detector || !loop) return;
    const start = performance.now();
    const state = this.#state(detector, loop);
    await this.#checkpoints.write(state, performance.now() - start);
  }

  /** Everything that is known, between two requests. */
  #state(detector: Detector, loop: LearnLoop): Checkpoint {
    const { hashSeed, ...kernel } = this.#kernelOptions;
    return {
      header: {
        program: this.#settings.version,
        created: new Date().toISOString(),
        ...stateLayout(),
        kernel: { ...kernel, hashSeed: String(hashSeed) },
        ...configTexts(this.#config),
        edges: detector.edges.count,
        watermarks: detector.edges.groups.map(({ cluster, windowMs, timeUnixNano }) => ({
          cluster: cluster.id,
          window: `${windowMs / 1000}s`,
          time: new Date(Number(timeUnixNano / 1_000_000n)).toISOString(),
        })),
      },
      knowledge: {
        detector: detector.save(),
        loop: loop.save(),
        spans: this.#spans.save(),
        requests: this.#requests,
        truncated: this.#truncated,
      },
      kernel: detector.kernel.snapshot(),
    };
  }

  #use(detector: Detector, loop: LearnLoop): void {
    this.#detector = detector;
    this.#loop = loop;
  }

  #own(): OwnResource {
    const { resource, version } = this.#settings;
    return { resource: { attributes: resource }, scope: { name: 'pxanomaly', version } };
  }

  #detectorOptions(kernel: KernelFace): DetectorOptions {
    return {
      kernel,
      config: this.#config,
      resource: this.#own(),
      events: this.#events,
      live: this.#options.live,
      emit: (cluster, batch) => this.#emit(cluster, batch),
    };
  }

  /** Keeps the detectors' state over a reload. */
  adopt(previous: Processor): void {
    if (!(previous instanceof Anomaly)) return;
    previous.#backlog.finish();
    const { detector, loop } = { detector: previous.#detector, loop: previous.#loop };
    if (!detector || !loop) return;
    detector.publishCounts();
    if (layoutOf(previous.#kernelOptions) !== layoutOf(this.#kernelOptions)) {
      this.#adoptState(previous.#state(detector, loop));
      previous.#discard();
      return;
    }
    previous.#detector = undefined;
    previous.#loop = undefined;
    this.#spans.restore(previous.#spans.save());
    this.#lastSpans = { ...this.#spans.counts };
    detector.reconfigure(this.#detectorOptions(detector.kernel));
    this.#use(detector, loop);
    this.#kernelOptions = previous.#kernelOptions;
    this.#requests = previous.#requests;
    this.#truncated = previous.#truncated;
    this.#lastExportMs = previous.#lastExportMs;
    this.#events.adopted(`${detector.edges.count} edges`);
  }

  /** The kernel's memory is laid out in another way: through a checkpoint that never leaves memory. */
  #adoptState(state: Checkpoint): void {
    try {
      this.#wake(state);
      this.#events.adopted(`${this.#open().edges.count} edges`);
    } catch (error) {
      this.#discard();
      this.#events.notAdopted(error instanceof Error ? error.message : String(error));
    }
  }

  async shutdown(): Promise<void> {
    this.#timers.stop();
    await this.#injector.finish();
    await this.#backlog.drained();
    await this.#checkpoint();
    await Promise.all(this.#deliveries.map((delivery) => delivery.flush()));
    this.#detector?.publishCounts();
    if (this.#detector) this.#options.register?.(this.#detector.kernel, false);
    this.#detector = undefined;
    this.#loop = undefined;
  }

  stage(pipeline: string, signal: Signal, next: Consumer): Consumer {
    if (signal === 'traces') return this.#traceStage(next);
    if (signal !== 'metrics') return next;
    const dropped = (items: number, error: unknown) => this.#events.resultDropped(items, error);
    const delivery = new Delivery(next, { dropped }, pipeline);
    this.#deliveries.push(delivery);
    return {
      borrows: next.borrows === true,
      consume: (batch) => this.#consume(batch, next, delivery),
      refusal: (bytes) => this.#refusal(bytes) ?? next.refusal(bytes),
    };
  }

  /** Spans are learnt from as well, once they are delivered: one that comes again would count twice. Results leave through the metrics pipelines that name this processor. */
  #traceStage(next: Consumer): Consumer {
    this.#hasTraces = true;
    return {
      borrows: next.borrows === true,
      consume: (batch) => {
        const [delivery] = this.#deliveries;
        if (batch.origin !== 'received' || !delivery) return next.consume(batch);
        // Settings that are refused are refused before anything is forwarded.
        const lesson = { batch, sender: this.#senders.read(batch.metadata), delivery };
        const handed = next.consume(batch);
        return handed instanceof Promise ? handed.then(() => this.#take(lesson)) : this.#take(lesson);
      },
      refusal: (bytes) => this.#refusal(bytes) ?? next.refusal(bytes),
    };
  }

  #refusal(bytes: number): RetryableError | undefined {
    return this.#backlog.refusal(bytes);
  }

  /**
   * Check, hand on, and only then learn: what is refused is refused before anybody was told OK. A live process does not wait for a
   * next hop without a queue: what failed there comes again and is known then, and its scan is still in scratch.
   */
  #consume(batch: Batch, next: Consumer, delivery: Delivery): undefined | Promise<void> {
    if (batch.origin !== 'received') return next.consume(batch);
    const sender = this.#senders.read(batch.metadata);
    if (!this.#check(batch)) return next.consume(batch);
    this.#requests++;
    const lesson = { batch, sender, delivery };
    const handed = next.consume(this.#config.score_attributes ? this.#stamp(batch) : batch);
    if (this.#options.live) return both(handed, this.#take(lesson));
    return handed instanceof Promise ? handed.then(() => this.#take(lesson)) : this.#take(lesson);
  }

  #stamp(batch: Batch): Batch {
    const { kernel, binder } = this.#open();
    return stamped(batch, kernel, (series) => binder.edgeOf(series));
  }

  /** Whether it can be learnt from. Throws what is malformed back at the sender. */
  #check({ body }: Batch): boolean {
    try {
      this.#open().kernel.scan('metrics', body);
      return true;
    } catch (error) {
      if (error instanceof MalformedError)
        throw new PermanentError(error.message, 'invalid_argument', { cause: error });
      if (!(error instanceof CapacityError)) throw error;
      this.#events.tooLarge(body.length);
      return false;
    }
  }

  #take(lesson: Lesson): undefined | Promise<void> {
    if (this.#options.live) return this.#backlog.add(lesson);
    this.#backlog.now(lesson);
    return this.#sent();
  }

  async #sent(): Promise<void> {
    await Promise.all(this.#sending.splice(0));
  }

  *#learn(lesson: Lesson): Generator<void> {
    if (!this.#loop || !this.#detector) return;
    if (lesson.batch.signal === 'traces') {
      yield* this.#learnSpans(lesson, this.#loop, this.#detector);
      return;
    }
    const before = this.#detector.kernel.counts().copies;
    yield* this.#loop.learn(lesson, this.#detector);
    const { body, items } = lesson.batch;
    const rows = countRows(body, items);
    if (!isTruncated(rows, items, this.#detector.kernel.counts().copies - before)) return;
    this.#truncated++;
    this.#detector.noteTruncated();
    this.#events.truncated(rows);
  }

  *#learnSpans(lesson: Lesson, loop: LearnLoop, detector: Detector): Generator<void> {
    const calls = yield* this.#spans.from(lesson);
    if (calls) yield* loop.learn(calls, detector);
    this.#countSpans();
  }

  #countSpans(): void {
    for (const [outcome, count] of Object.entries(this.#spans.counts)) {
      const more = count - (this.#lastSpans[outcome] ?? 0);
      if (more > 0) this.#events.spans(outcome, more);
      this.#lastSpans[outcome] = count;
    }
  }

  #emit(cluster: ClusterState, batch: Batch): void {
    this.#lastExportMs = Date.now();
    this.#events.resultSent(batch.items, batch.events?.items ?? 0);
    for (const delivery of cluster.deliveries) {
      const sent = delivery.send(batch);
      if (!this.#options.live) this.#sending.push(sent);
    }
  }

  async flush(): Promise<void> {
    await this.#backlog.drained();
    if (!this.#loop || !this.#detector) return;
    const rest = this.#spans.rest();
    if (rest) for (const _ of this.#loop.learn(rest, this.#detector));
    this.#countSpans();
    for (const _ of this.#loop.flush(this.#detector.edges.groups.length, this.#detector));
    this.#detector.publishCounts();
    await this.#sent();
  }

  status(): AnomalyStatus {
    return statusOf(this.#open(), {
      requests: this.#requests,
      backlogBytes: this.#backlog.bytes,
      lastExportMs: this.#lastExportMs,
      truncated: this.#truncated,
    });
  }

  edges(): EdgeStatus[] {
    return edgeStatuses(this.#open());
  }

  /** For `GET /status`: itself and every cluster. */
  inspect(): AnomalyReport {
    return { ...this.status(), senders: clusterStatuses(this.#open()) };
  }

  inject(event: TestEvent): Promise<TestOutcome> {
    return this.#injector.inject(event);
  }
}

/** Resolves when both have; undefined where neither is to be waited for. */
function both(one: undefined | Promise<void>, other: undefined | Promise<void>): undefined | Promise<void> {
  if (one && other) return Promise.all([one, other]).then(() => undefined);
  return one ?? other;
}

const OTHER_RULES = 'which series feeds what: the rules have changed, and edges whose window has changed learn anew';

/** What the kernel's memory is laid out for. */
function kernelOptions(config: Config, hashSeed: bigint | undefined): KernelOptions {
  const { enabled, trees, subsample } = config.detectors.isolation_forest;
  return {
    maxSeries: config.max_series,
    maxEdges: config.max_edges,
    maxServices: config.max_edges * SERVICES_PER_EDGE,
    maxGroups: config.max_groups,
    maxFeeds: config.max_groups * FEEDS_PER_GROUP,
    inputLimitBytes: config.max_request_size_mib * 1024 * 1024,
    hashSeed: hashSeed ?? randomBytes(8).readBigUInt64LE(),
    seed: config.seed,
    forest: { enabled, trees, subsample, ...FOREST },
    autoencoder: config.detectors.autoencoder.enabled,
  };
}

/** Room for services and feeds by that for edges and groups. */
const SERVICES_PER_EDGE = 2;
const FEEDS_PER_GROUP = 32;

/** Detection, section 4: sizes in vectors, refresh in windows. */
const FOREST = { reservoir: 4096, period: 2048, first: 512, refresh: 360 } as const;

/** Everything that a snapshot depends on, but the hash seed, which belongs to the state. */
function shapeOf({ hashSeed, inputLimitBytes, ...shape }: KernelOptions): string {
  return JSON.stringify(shape);
}

/** The same and the size of the input: what one kernel can go on with. */
function layoutOf(options: KernelOptions): string {
  return `${shapeOf(options)} ${options.inputLimitBytes}`;
}
