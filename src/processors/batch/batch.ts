// Joins small requests into larger ones, without decoding them.
import type { Settings } from '../../config/settings.js';
import { type Consumer, type Processor, type Signal, UndeliveredError } from '../../pipeline/index.js';
import { Undelivered } from '../../sending/undelivered.js';
import { type BatchEvents, batchEvents } from '../../telemetry/batch-events.js';
import { BatchStage } from './batch-stage.js';
import type { Config } from './config.js';

/** Bound of handing on what is held at shutdown; ms. */
const DRAIN_MS = 3_000;

export class BatchProcessor implements Processor {
  private readonly events: BatchEvents;
  private readonly stages: BatchStage[] = [];

  constructor(
    private readonly settings: Settings,
    private readonly config: Config,
  ) {
    this.events = batchEvents(settings.telemetry, settings.id);
  }

  stage(_pipeline: string, _signal: Signal, next: Consumer): Consumer {
    const stage = new BatchStage(this.config, this.events, next, this.settings.ledger);
    this.stages.push(stage);
    return stage;
  }

  async start(): Promise<void> {}

  async shutdown(): Promise<void> {
    const undelivered = new Undelivered();
    await Promise.all(this.stages.map((stage) => stage.drain(DRAIN_MS, undelivered)));
    if (undelivered.total > 0) throw new UndeliveredError(undelivered.bySignal);
  }
}
