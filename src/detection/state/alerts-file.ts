// The file of alerts that are told and not over, in storage: written before each telling, gone after a clean stop.
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { OpenAlerts } from '../alerting/told.js';
import type { Storage } from './checkpoints.js';
import { decodeAlerts, encodeAlerts } from './open-alerts.js';

export class AlertsFile {
  readonly #storage: Storage;
  readonly #name: string;
  readonly #events: AnomalyEvents;

  constructor(storage: Storage, name: string, events: AnomalyEvents) {
    this.#storage = storage;
    this.#name = name;
    this.#events = events;
  }

  /** What a process left that was killed; undefined where there is nothing that can be read. Never throws. */
  async read(): Promise<OpenAlerts | undefined> {
    try {
      const bytes = await this.#storage.read(this.#name);
      return bytes && decodeAlerts(bytes);
    } catch (error) {
      this.#events.alertsNotKept(error);
      return undefined;
    }
  }

  /** Resolves when storage has it. Never throws: an alert that may be told twice is better than none. */
  async write(alerts: OpenAlerts): Promise<void> {
    try {
      await this.#storage.writeAtomic(this.#name, encodeAlerts(alerts));
    } catch (error) {
      this.#events.alertsNotKept(error);
    }
  }

  /** The checkpoint holds everything. */
  async remove(): Promise<void> {
    await this.#storage.remove(this.#name).catch((error) => this.#events.alertsNotKept(error));
  }
}
