// What an operator does to a running processor: test events, looking at what it knows, having it forget.
import type { Learner } from '../../detection/learner.js';
import type { LearningBacklog } from '../../detection/learning/backlog.js';
import type { Route } from '../../detection/pending-request.js';
import { Injector } from '../../detection/results/injector.js';
import type { OwnResource } from '../../detection/results/own-resource.js';
import type { TestEvent, TestOutcome } from '../../detection/results/test-events.js';
import type { Capacities } from '../../detection/settings.js';
import { type ForgetTarget, forget, targetOf } from '../../detection/state/forget.js';
import { listState } from '../../detection/state/inventory.js';
import type { StateForgotten, StateListing, StateQuery, StateTarget } from '../../detection/state/listing.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { StateKeeper } from './state-keeper.js';

/** What the ends of anomalies and incidents say. */
const REASON = 'an operator had it forgotten';

export interface OperationsOptions {
  readonly own: OwnResource;
  readonly events: AnomalyEvents;
  readonly learner: Learner;
  readonly backlog: LearningBacklog;
  readonly keeper: StateKeeper;
  readonly capacities: Capacities;
  readonly defaultCluster: string;
  /** Every metrics pipeline of the processor. */
  routes(): readonly Route[];
}

export class Operations {
  readonly #options: OperationsOptions;
  readonly #injector: Injector;

  constructor(options: OperationsOptions) {
    const { own, events, learner, defaultCluster, routes } = options;
    this.#options = options;
    this.#injector = new Injector({
      own,
      events,
      defaultCluster,
      edges: () => learner.open().edges,
      routesOf: (cluster) => learner.open().routing.of(cluster),
      routes,
    });
  }

  /** Ends the tests that are under way: the process goes down. */
  finish(): Promise<void> {
    return this.#injector.finish();
  }

  /**
   * Sends a made-up event down the pipelines, tagged and never learnt. Rejects with a `PermanentError` that says what
   * is wrong with it.
   */
  inject(event: TestEvent): Promise<TestOutcome> {
    return this.#injector.inject(event);
  }

  listState(query: StateQuery): StateListing {
    return listState(this.#options.learner.open(), this.#options.capacities, query);
  }

  /**
   * Between two requests; a checkpoint follows, so that a crash does not bring it back. Rejects with a `PermanentError`
   * that says what there is instead.
   */
  async forgetState(wanted: StateTarget): Promise<StateForgotten> {
    const { learner, backlog, events, keeper } = this.#options;
    const detector = learner.open();
    targetOf(detector, wanted);
    // Others may have been learnt from meanwhile: it is looked for again.
    function* steps(): Generator<void, ForgetTarget> {
      const target = targetOf(detector, wanted);
      if (!wanted.isDryRun) forget(detector, target, REASON);
      yield;
      return target;
    }
    const { answer } = await backlog.exclusively(steps());
    const { forgotten } = answer;
    if (wanted.isDryRun) return forgotten;
    events.stateForgotten(forgotten);
    await keeper.save();
    return forgotten;
  }
}
