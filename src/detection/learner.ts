// What a processor has learnt: detector, learn loop, spans and counts. It outlives a reload, and a checkpoint holds it.
import type { KernelApi, KernelOptions } from '../kernel/api.js';
import { CheckpointError } from '../kernel/errors.js';
import { stateLayout } from '../kernel/state-layout.js';
import type { Batch } from '../pipeline/index.js';
import type { AnomalyEvents } from '../telemetry/anomaly-events.js';
import { countOf } from '../terminal/format.js';
import { Detector } from './detector.js';
import type { DetectorOptions } from './detector-parts.js';
import { kernelOptions, layoutOf, shapeOf } from './kernel-options.js';
import type { HeldBodies } from './learning/held-requests.js';
import { LearnLoop, type Reach } from './learning/learn.js';
import { SpanCalls } from './learning/spans/span-calls.js';
import { countRows, isTruncated } from './learning/truncation.js';
import type { PendingRequest, Route } from './pending-request.js';
import type { OwnResource } from './results/own-resource.js';
import type { DetectionSettings } from './settings.js';
import { atOnce } from './slicing/slices.js';
import type { Checkpoint } from './state/checkpoint.js';
import { checkpointHeader } from './state/checkpoint-header.js';
import { type FitHost, fitState } from './state/fit.js';
import { mendDetector } from './state/mend-detector.js';
import { mendSaved } from './state/mend-saved.js';

export interface LearnerOptions {
  readonly settings: DetectionSettings;
  /** Of the program, for checkpoints. */
  readonly version: string;
  readonly events: AnomalyEvents;
  readonly resource: OwnResource;
  readonly live: boolean;
  /** Counts the requests that are held. */
  readonly ledger: HeldBodies;
  readonly hashSeed: bigint | undefined;
  readonly createKernel: (options: KernelOptions) => KernelApi;
  readonly register: ((kernel: KernelApi, serves: boolean) => void) | undefined;
  /** Every metrics pipeline. */
  readonly routes: () => readonly Route[];
  emit(routes: ReadonlySet<Route>, batch: Batch): void;
}

const OTHER_RULES = 'which series feeds what: the rules have changed, and edges whose window has changed learn anew';

export class Learner {
  /** Requests that were learnt from, and those that Pixie had cut off. */
  requests = 0;
  truncated = 0;
  readonly #options: LearnerOptions;
  readonly #spans: SpanCalls;
  #lastSpans: Record<string, number> = {};
  #kernelOptions: KernelOptions;
  #detector: Detector | undefined;
  #loop: LearnLoop | undefined;

  constructor(options: LearnerOptions) {
    const { settings, hashSeed } = options;
    const { waitMs, maxWaiting } = settings.learning.spans;
    this.#options = options;
    this.#kernelOptions = kernelOptions(settings, hashSeed);
    this.#spans = new SpanCalls({
      waitNanos: BigInt(Math.round(waitMs * 1e6)),
      maxWaiting,
      remark: (remark) => options.events.spansOdd(remark),
      badTexts: (cluster, count, example) => options.events.invalidUtf8(cluster, 'spans', example, count),
    });
  }

  /** Undefined before the first need of it. */
  get detector(): Detector | undefined {
    return this.#detector;
  }

  /** The detector, made at the first need: a processor that adopts another's does not make one. */
  open(): Detector {
    return this.#detector ?? this.#serve(this.#options.createKernel(this.#kernelOptions));
  }

  #serve(kernel: KernelApi): Detector {
    this.#options.register?.(kernel, true);
    this.#detector = new Detector(this.#detectorOptions(kernel));
    this.#loop = new LearnLoop(kernel, this.#reach(), this.#options.ledger);
    return this.#detector;
  }

  /** In a replay there is no receipt to compare with. */
  #reach(): Reach {
    const { live, settings } = this.#options;
    const nanos = (ms: number): bigint => (live ? BigInt(Math.round(ms * 1e6)) : 0n);
    const { maxFutureMs, maxPastMs } = settings.learning;
    return { aheadNanos: nanos(maxFutureMs), behindNanos: nanos(maxPastMs) };
  }

  /** Lets everything go. A detector that was filled in part is worth nothing. */
  discard(): void {
    if (this.#detector) this.#options.register?.(this.#detector.kernel, false);
    this.#detector = undefined;
    this.#loop?.discard();
    this.#loop = undefined;
  }

  #detectorOptions(kernel: KernelApi): DetectorOptions {
    const { settings, events, resource, live, emit } = this.#options;
    return { kernel, settings, resource, events, live, emit };
  }

  *learn(pending: PendingRequest): Generator<void> {
    if (!this.#loop || !this.#detector) return;
    if (pending.batch.signal === 'traces') {
      yield* this.#learnSpans(pending, this.#loop, this.#detector);
      return;
    }
    const before = this.#detector.kernel.counts().copies;
    yield* this.#loop.learn(pending, this.#detector);
    this.#detector.lookAtClocks();
    const { body, items } = pending.batch;
    const rows = countRows(body, items);
    if (!isTruncated(rows, items, this.#detector.kernel.counts().copies - before)) return;
    this.truncated++;
    this.#detector.noteTruncated();
    this.#options.events.truncated(rows);
  }

  *#learnSpans(pending: PendingRequest, loop: LearnLoop, detector: Detector): Generator<void> {
    yield* this.#spans.from(pending, (calls) => loop.learn(calls, detector));
    detector.lookAtClocks();
    this.#countSpans();
  }

  #countSpans(): void {
    for (const [outcome, count] of Object.entries(this.#spans.counts)) {
      const more = count - (this.#lastSpans[outcome] ?? 0);
      if (more > 0) this.#options.events.spans(outcome, more);
      this.#lastSpans[outcome] = count;
    }
  }

  /**
   * Closes what is open, straight through: the end of a replay. `endsWhole`: the newest window too; else it is
   * forgotten.
   */
  flush(endsWhole: boolean): void {
    if (!this.#loop || !this.#detector) return;
    const rest = this.#spans.rest();
    if (rest) for (const _ of this.#loop.learn(rest, this.#detector));
    this.#countSpans();
    for (const _ of this.#loop.flush(this.#detector.edges.groups.length, this.#detector, endsWhole));
    this.#detector.publishCounts();
  }

  /** Everything that is known; undefined before there is anything. Nothing may be learnt between two of its steps. */
  *state(): Generator<void, Checkpoint | undefined> {
    const [detector, loop] = [this.#detector, this.#loop];
    if (!detector || !loop) return undefined;
    const kernel: Uint8Array[] = [];
    for (const piece of detector.kernel.snapshotPieces()) {
      if (piece.length > 0) kernel.push(piece);
      yield;
    }
    const modelState = {
      detector: yield* detector.save(),
      loop: loop.save(),
      spans: this.#spans.save(),
      requests: this.requests,
      truncated: this.truncated,
    };
    const { version, settings: its } = this.#options;
    const header = checkpointHeader(detector, { version, kernel: this.#kernelOptions, texts: its.texts });
    return { header, modelState, kernel };
  }

  /** Takes a state up. Throws `CheckpointError` where it does not fit. */
  restore(checkpoint: Checkpoint): void {
    const { header, kernel } = checkpoint;
    const mended = mendSaved(checkpoint.modelState.detector);
    const modelState = { ...checkpoint.modelState, detector: mended.saved };
    const { layout, hash } = stateLayout();
    if (header.layout !== layout || header.hash !== hash)
      throw new CheckpointError(`version ${header.program} wrote it, whose state is laid out in another way`);
    const hashSeed = BigInt(header.kernel.hashSeed);
    const before: KernelOptions = { ...header.kernel, hashSeed };
    this.#kernelOptions = { ...this.#kernelOptions, hashSeed };
    const routeOf = (name: string) => this.#options.routes().find(({ pipeline }) => pipeline === name);
    const now = this.#options.settings.texts;
    const dropped = header.rules === now.rules ? [] : [OTHER_RULES];
    if (shapeOf(before) === shapeOf(this.#kernelOptions)) {
      const detector = this.open();
      detector.kernel.restore(kernel);
      detector.restore(modelState.detector, header, routeOf);
    } else {
      const fitted = fitState({ ...checkpoint, modelState }, before, this.#kernelOptions, this.#fitHost());
      dropped.push(...fitted.dropped);
      this.#serve(fitted.kernel).restore(fitted.saved, now, routeOf);
    }
    this.#loop?.restore(modelState.loop, (name) => routeOf(name) ?? this.#options.routes()[0]);
    this.#spans.restore(modelState.spans);
    this.#lastSpans = { ...this.#spans.counts };
    this.requests = modelState.requests;
    this.truncated = modelState.truncated;
    if (dropped.length > 0) this.#options.events.stateDropped(dropped);
    const bounds = { numbers: mended.count, maxFutureNanos: this.#reach().aheadNanos };
    mendDetector(this.open(), this.#options.events, bounds);
  }

  #fitHost(): FitHost {
    return {
      createKernel: (options) => this.#options.createKernel(options),
      detectorOptions: (kernel) => this.#detectorOptions(kernel),
    };
  }

  /** Takes over what another has learnt, over a reload; it is left with nothing. */
  adopt(previous: Learner): void {
    const { detector, loop } = { detector: previous.#detector, loop: previous.#loop };
    if (!detector || !loop) return;
    detector.publishCounts();
    if (layoutOf(previous.#kernelOptions) !== layoutOf(this.#kernelOptions)) {
      this.#adoptState(previous);
      return;
    }
    previous.#detector = undefined;
    previous.#loop = undefined;
    this.#spans.restore(previous.#spans.save());
    this.#lastSpans = { ...this.#spans.counts };
    detector.reconfigure(this.#detectorOptions(detector.kernel));
    this.#detector = detector;
    this.#loop = loop;
    loop.reach = this.#reach();
    this.#kernelOptions = previous.#kernelOptions;
    this.requests = previous.requests;
    this.truncated = previous.truncated;
    this.#options.events.adopted(countOf(detector.edges.count, 'edge'));
  }

  /** The kernel's memory is laid out in another way: through a checkpoint that never leaves memory. */
  #adoptState(previous: Learner): void {
    const told = previous.#detector?.told.pending;
    const state = atOnce(previous.state());
    if (!state) return;
    try {
      this.restore(state);
      if (told) this.open().told.remember(told);
      this.#options.events.adopted(countOf(this.open().edges.count, 'edge'));
    } catch (error) {
      this.discard();
      this.#options.events.notAdopted(error instanceof Error ? error.message : String(error));
    } finally {
      previous.discard();
    }
  }
}
