// Takes the events that ride on anomaly metrics out of a metrics pipeline and feeds them to logs pipelines.
import type { Batch, Connector, Consumer, Signal } from '../../pipeline/index.js';

export class AnomalyEventsConnector implements Connector {
  readonly #consumers: Consumer[] = [];
  /** Batches that were handed on: a processor that stands in several pipelines sends the same object down each. */
  readonly #seen = new WeakSet<Batch>();

  async start(): Promise<void> {}
  async shutdown(): Promise<void> {}

  /**
   * Takes every batch of a metrics pipeline; those without events end here. A full logs pipeline refuses no sender's
   * metrics.
   */
  consumer(signal: Signal): Consumer {
    if (signal !== 'metrics') throw new Error(`anomaly_events takes metrics pipelines, not ${signal}`);
    return {
      retainsBody: false,
      refusal: () => undefined,
      consume: ({ events }) => (events && !this.#seen.has(events) ? this.#handOn(events) : undefined),
    };
  }

  deliver(signal: Signal, consumer: Consumer): void {
    if (signal !== 'logs') throw new Error(`anomaly_events feeds logs pipelines, not ${signal}`);
    this.#consumers.push(consumer);
  }

  /** To every logs pipeline. Where one refuses, the processor offers the events again. */
  #handOn(events: Batch): undefined | Promise<void> {
    const handed = this.#consumers.map((consumer) => consumer.consume(events)).filter((done) => done !== undefined);
    this.#seen.add(events);
    return handed.length === 0 ? undefined : this.#allOrAgain(events, handed);
  }

  async #allOrAgain(events: Batch, handed: readonly Promise<void>[]): Promise<void> {
    try {
      await Promise.all(handed);
    } catch (error) {
      this.#seen.delete(events);
      throw error;
    }
  }
}
