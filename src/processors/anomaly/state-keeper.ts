// Keeps what a processor has learnt over a restart: checkpoints in an extension that stores, one at a time.
import type { Learner } from '../../detection/learner.js';
import type { LearningBacklog } from '../../detection/learning/backlog.js';
import { AlertsFile } from '../../detection/state/alerts-file.js';
import { Checkpoints } from '../../detection/state/checkpoints.js';
import { openAlerts, rememberAlerts } from '../../detection/state/open-alerts.js';
import { stateLayout } from '../../kernel/state-layout.js';
import type { ComponentId, Extension } from '../../pipeline/index.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import { alertsName, checkpointName, storageOf } from './storage.js';

export interface StateKeeperOptions {
  readonly id: ComponentId;
  readonly events: AnomalyEvents;
  readonly learner: Learner;
  readonly backlog: LearningBacklog;
  /** The configured name of the extension; undefined: the default one, where it runs. */
  readonly storage: string | undefined;
  /** False in a replay: its alerts are told to nobody. */
  readonly live: boolean;
  extension(id: string): Extension | undefined;
}

export class StateKeeper {
  readonly #options: StateKeeperOptions;
  #checkpoints: Checkpoints | undefined;
  #alerts: AlertsFile | undefined;
  /** A checkpoint that is on its way. */
  #saving: Promise<unknown> | undefined;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
  }

  /** Goes on where a process before this one stopped, if it left anything that fits and nothing is known yet. */
  async start(): Promise<void> {
    const { extension, storage: name, id, events, learner, live } = this.#options;
    const storage = storageOf((key) => extension(key), name);
    // Found out once, which takes a while: now rather than in the first checkpoint, beside the traffic.
    if (storage) stateLayout();
    this.#checkpoints = storage && new Checkpoints(storage, checkpointName(id), events);
    this.#alerts = storage && live ? new AlertsFile(storage, alertsName(id), events) : undefined;
    if (learner.detector) return;
    await this.#resume();
    const open = await this.#alerts?.read();
    if (open) rememberAlerts(learner.open(), open);
  }

  async #resume(): Promise<void> {
    const { events, learner } = this.#options;
    const checkpoint = await this.#checkpoints?.read();
    if (!checkpoint) return;
    try {
      learner.restore(checkpoint);
      const { edges, created } = checkpoint.header;
      events.restored(edges, (Date.now() - Date.parse(created)) / 1000);
    } catch (error) {
      learner.discard();
      await this.#checkpoints?.refuse(error);
    }
  }

  /**
   * Resolves when storage knows what is told and not over now, so that it can be told; undefined where nothing is kept.
   */
  noteAlerts(): Promise<void> | undefined {
    const { detector } = this.#options.learner;
    return detector && this.#alerts?.write(openAlerts(detector));
  }

  /** Begins a checkpoint, unless one is on its way. */
  begin(): void {
    this.#saving ??= this.#write()
      .catch((error) => this.#options.events.checkpointFailed(error))
      .finally(() => {
        this.#saving = undefined;
      });
  }

  /** Resolves when the state of now, or a later one, is written; with whether it is. */
  async save(): Promise<boolean> {
    await this.#saving;
    return this.#write();
  }

  /** After everything was told that was to be told: the checkpoint knows it all, if it was written. */
  async finish(isSaved: boolean): Promise<void> {
    if (isSaved) await this.#alerts?.remove();
  }

  /** Writes the state that is there between two requests. */
  async #write(): Promise<boolean> {
    const checkpoints = this.#checkpoints;
    if (!checkpoints) return false;
    const { backlog, learner } = this.#options;
    const { answer: state, took } = await backlog.exclusively(learner.state());
    return state ? checkpoints.write(state, took.longestMs) : false;
  }
}
