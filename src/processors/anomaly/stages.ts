// What stands in the pipelines: a stage forwards what it gets, hands it on to be learnt from, and takes results.
import { Senders } from '../../detection/alerting/senders.js';
import type { Learner } from '../../detection/learner.js';
import type { LearningBacklog } from '../../detection/learning/backlog.js';
import type { PendingRequest, Route } from '../../detection/pending-request.js';
import { annotated } from '../../detection/results/annotate.js';
import { ResultSender } from '../../detection/results/result-sender.js';
import { CapacityError, MalformedError } from '../../kernel/errors.js';
import { type Batch, type Consumer, PermanentError, type RetryableError, type Signal } from '../../pipeline/index.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';

export interface StagesOptions {
  readonly events: AnomalyEvents;
  readonly learner: Learner;
  readonly backlog: LearningBacklog;
  /** False in a replay: learning ends before `consume` does. */
  readonly live: boolean;
  /** Forwarded points carry scores. */
  readonly scoreAttributes: boolean;
  readonly defaultCluster: string;
  /** Resolves when storage knows of the alerts that are open; undefined: there is nothing to wait for. */
  noteAlerts(): Promise<unknown> | undefined;
}

export class Stages {
  /** When results went out last, Unix ms; 0: not yet. */
  lastExportMs = 0;
  /** A traces pipeline names the processor. */
  hasTraces = false;
  /** Results of each metrics pipeline. */
  readonly results: ResultSender[] = [];
  readonly #options: StagesOptions;
  readonly #senders: Senders;
  /** Results on their way, in a replay. */
  #sending: Promise<void>[] = [];
  /** Results that wait until storage knows of the alerts in them, and those behind. */
  #noting: Promise<void> | undefined;

  constructor(options: StagesOptions) {
    const { defaultCluster, events } = options;
    this.#options = options;
    this.#senders = new Senders(defaultCluster, ({ subject }, cluster) => events.settingsIgnored(subject, cluster));
  }

  /** The stage in a pipeline. */
  stage(pipeline: string, signal: Signal, next: Consumer): Consumer {
    if (signal === 'traces') return this.#traceStage(next);
    if (signal === 'logs') return this.#logStage(next);
    const dropped = (items: number, error: unknown) => this.#options.events.resultDropped(items, error);
    const results = new ResultSender(next, { dropped }, pipeline);
    this.results.push(results);
    return {
      retainsBody: next.retainsBody !== false,
      consume: (batch) => this.#consume(batch, next, results),
      refusal: (bytes) => this.#refusal(bytes) ?? next.refusal(bytes),
      checkMetadata: (metadata) => this.#checkMetadata(metadata, next),
    };
  }

  /**
   * Spans are learnt from as well, once they are delivered: one that comes again would count twice. Results leave
   * through the metrics pipelines that name this processor.
   */
  #traceStage(next: Consumer): Consumer {
    this.hasTraces = true;
    return {
      retainsBody: next.retainsBody !== false,
      consume: (batch) => {
        const [route] = this.results;
        if (batch.origin !== 'received' || !route) return next.consume(batch);
        // Settings that are refused are refused before anything is forwarded.
        const pending = { batch, sender: this.#senders.read(batch.metadata, batch.auth), route };
        this.#options.learner.requests++;
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
      retainsBody: next.retainsBody !== false,
      consume: (batch) => {
        if (batch.origin === 'received') this.#options.learner.requests++;
        return next.consume(batch);
      },
      refusal: (bytes) => next.refusal(bytes),
      checkMetadata: (metadata) => next.checkMetadata?.(metadata),
    };
  }

  #checkMetadata(metadata: ReadonlyMap<string, string>, next: Consumer): void {
    if (this.results.length > 0) this.#senders.read(metadata);
    next.checkMetadata?.(metadata);
  }

  #refusal(bytes: number): RetryableError | undefined {
    return this.#options.backlog.refusal(bytes);
  }

  /**
   * Check, hand on, and only then learn: what is refused is refused before anybody was noted OK. A live process does
   * not wait for a next hop without a queue: what failed there comes again and is known then, and its scan is still in
   * scratch.
   */
  #consume(batch: Batch, next: Consumer, route: Route): undefined | Promise<void> {
    if (batch.origin !== 'received') return next.consume(batch);
    const sender = this.#senders.read(batch.metadata, batch.auth);
    if (!this.#check(batch)) return next.consume(batch);
    this.#options.learner.requests++;
    const pending = { batch, sender, route };
    const handed = next.consume(this.#options.scoreAttributes ? this.#annotate(pending) : batch);
    if (this.#options.live) return both(handed, this.#take(pending));
    return handed instanceof Promise ? handed.then(() => this.#take(pending)) : this.#take(pending);
  }

  #annotate({ batch, sender }: PendingRequest): Batch {
    const { kernel, binder } = this.#options.learner.open();
    return annotated(batch, { kernel, salt: sender.salt, edgeOf: (series) => binder.edgeOf(series) });
  }

  /** Whether it can be learnt from. Throws what is malformed back at the sender. */
  #check({ body }: Batch): boolean {
    try {
      this.#options.learner.open().kernel.scan('metrics', body);
      return true;
    } catch (error) {
      if (error instanceof MalformedError)
        throw new PermanentError(error.message, 'invalid_argument', { cause: error });
      if (!(error instanceof CapacityError)) throw error;
      this.#options.events.tooLarge(body.length);
      return false;
    }
  }

  #take(pending: PendingRequest): undefined | Promise<void> {
    if (this.#options.live) return this.#options.backlog.add(pending);
    this.#options.backlog.now(pending);
    return this.sent();
  }

  /** Resolves when the results that are on their way, in a replay, have arrived. */
  async sent(): Promise<void> {
    await Promise.all(this.#sending.splice(0));
  }

  /** Sends results to these pipelines. */
  emit(routes: ReadonlySet<Route>, batch: Batch): void {
    this.lastExportMs = Date.now();
    this.#options.events.resultSent(batch.items, batch.events?.items ?? 0);
    const alerts = batch.events && this.#options.noteAlerts();
    if (!alerts && !this.#noting) {
      this.#send(routes, batch);
      return;
    }
    const noted = Promise.all([this.#noting, alerts]).then(() => {
      if (this.#noting === noted) this.#noting = undefined;
      this.#send(routes, batch);
    });
    this.#noting = noted;
  }

  /** Resolves when no result waits any more. */
  async noted(): Promise<void> {
    await this.#noting;
  }

  #send(routes: ReadonlySet<Route>, batch: Batch): void {
    for (const route of routes) {
      const sent = route.send(batch);
      if (!this.#options.live) this.#sending.push(sent);
    }
  }
}

/** Resolves when both have; undefined where neither is to be waited for. */
function both(one: undefined | Promise<void>, other: undefined | Promise<void>): undefined | Promise<void> {
  if (one && other) return Promise.all([one, other]).then(() => undefined);
  return one ?? other;
}
