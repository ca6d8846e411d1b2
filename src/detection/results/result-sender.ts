// Where results go: the next stage of a metrics pipeline, with patience while it is full.
import { type Batch, type Consumer, RetryableError } from '../../pipeline/index.js';
import type { Route } from '../pending-request.js';

export interface DeliveryEvents {
  /** A result was thrown away: the next stage refused it for good, or was full for too long. */
  dropped(items: number, error: unknown): void;
}

/** Results that wait while the next stage is full. A window's result is a few KiB. */
const MAX_WAITING = 1000;

export class ResultSender implements Route {
  /** The pipeline that it belongs to. */
  readonly pipeline: string;
  readonly #next: Consumer;
  readonly #events: DeliveryEvents;
  readonly #waiting: Batch[] = [];
  #draining: Promise<void> | undefined;

  constructor(next: Consumer, events: DeliveryEvents, pipeline = '') {
    this.pipeline = pipeline;
    this.#next = next;
    this.#events = events;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Hands a result on, after those that still wait. Resolves when it is handed on, or waits because the next stage is
   * full.
   */
  send(batch: Batch): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) this.#drop(this.#waiting.shift()!, new Error('the next stage is full'));
    this.#waiting.push(batch);
    return this.flush();
  }

  /** Tries what waits; stops at the first that the next stage has no room for. */
  flush(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #drain(): Promise<void> {
    for (let batch = this.#waiting[0]; batch; batch = this.#waiting[0]) {
      if (!(await this.#handOn(batch))) return;
      if (this.#waiting[0] === batch) this.#waiting.shift();
    }
  }

  async #handOn(batch: Batch): Promise<boolean> {
    try {
      await this.#next.consume(batch);
    } catch (error) {
      if (error instanceof RetryableError) return false;
      this.#drop(batch, error);
    }
    return true;
  }

  #drop(batch: Batch, error: unknown): void {
    this.#events.dropped(batch.items, error);
  }
}
