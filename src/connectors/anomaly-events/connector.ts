// Takes the events that ride on anomaly metrics out of a metrics pipeline and feeds them to logs pipelines.
import {
  type Batch,
  type Connector,
  type Consumer,
  PermanentError,
  type RetryableError,
  type Signal,
} from '../../pipeline/index.js';

export class AnomalyEvents implements Connector {
  readonly #consumers: Consumer[] = [];
  /** Batches that were handed on: a processor that stands in several pipelines sends the same object down each. */
  readonly #seen = new WeakSet<Batch>();

  async start(): Promise<void> {}
  async shutdown(): Promise<void> {}

  /** Takes every batch of a metrics pipeline; those without events end here. */
  intake(signal: Signal): Consumer {
    if (signal !== 'metrics') throw new Error(`anomaly_events takes metrics pipelines, not ${signal}`);
    return {
      refusal: (bytes) => this.#refusal(bytes),
      consume: ({ events }) => (events && this.#isNew(events) ? this.#handOn(events) : undefined),
    };
  }

  deliver(signal: Signal, consumer: Consumer): void {
    if (signal !== 'logs') throw new PermanentError(`anomaly_events feeds logs pipelines, not ${signal}`, 'internal');
    this.#consumers.push(consumer);
  }

  #isNew(events: Batch): boolean {
    if (this.#seen.has(events)) return false;
    this.#seen.add(events);
    return true;
  }

  /** A full logs pipeline refuses events, not the metrics of a sender, which have none. */
  #refusal(_bytes: number): RetryableError | undefined {
    return undefined;
  }

  #handOn(events: Batch): undefined | Promise<void> {
    const handed = this.#consumers.map((consumer) => consumer.consume(events)).filter((done) => done !== undefined);
    return handed.length === 0 ? undefined : Promise.all(handed).then(() => {});
  }
}
