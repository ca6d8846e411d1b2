// Announces anomalies by small HTTP requests to the gateway's own Service, where Pixie traces them like any other
// traffic.
import { createServer, type Server } from 'node:http';
import type { Settings } from '../../config/settings.js';
import type { Batch, Exporter, RetryableError } from '../../pipeline/index.js';
import { announcements } from './announcement.js';
import type { Config } from './config.js';

/** Path of every announcement; `deploy/pixie/live/anomalies` filters on it. */
export const PATH = '/pixie/anomaly';

/**
 * An exporter of logs pipelines. A failed announcement is counted and logged, never an error of the pipeline: the event
 * has gone elsewhere too.
 */
export class PixieLoopback implements Exporter {
  /** Reads nothing that was received. */
  readonly retainsBody: boolean = false;
  readonly #config: Config;
  readonly #settings: Settings;
  readonly #announced;
  readonly #dropped;
  #server: Server | undefined;
  #second = 0;
  #sentThisSecond = 0;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(settings: Settings, config: Config) {
    this.#settings = settings;
    this.#config = config;
    this.#announced = settings.telemetry.counter('pxanomaly_pixie_loopback_announced', 'Anomalies announced to Pixie');
    this.#dropped = settings.telemetry.counter(
      'pxanomaly_pixie_loopback_dropped',
      'Announcements not made, by reason',
      ['reason'],
    );
  }

  async start(): Promise<void> {
    const at = this.#config.listen.lastIndexOf(':');
    const host = this.#config.listen.slice(0, at);
    const port = Number(this.#config.listen.slice(at + 1));
    // The answer carries nothing: the request itself is the message.
    this.#server = createServer((incoming, response) => {
      incoming.resume().on('end', () => response.writeHead(incoming.url === PATH ? 204 : 404).end());
    });
    await new Promise<void>((resolve, reject) => {
      this.#server?.once('error', reject).listen(port, host, resolve);
    });
  }

  /** Port that answers, for tests that listen on 0. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  refusal(): RetryableError | undefined {
    return undefined;
  }

  consume(batch: Batch): undefined {
    if (batch.signal !== 'logs' || batch.origin !== 'anomaly') return;
    for (const text of announcements(batch.body)) {
      if (!this.#admit()) {
        this.#dropped.inc({ reason: 'rate' });
        continue;
      }
      const sent = this.#announce(text).finally(() => this.#inFlight.delete(sent));
      this.#inFlight.add(sent);
    }
  }

  #admit(): boolean {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#sentThisSecond = 0;
    }
    return ++this.#sentThisSecond <= this.#config.max_per_second;
  }

  async #announce(text: string): Promise<void> {
    try {
      // Not before somebody announces: undici is 5 MB of resident memory.
      const { request } = await import('undici');
      const { statusCode, body } = await request(this.#config.endpoint.replace(/\/$/, '') + PATH, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: text,
        headersTimeout: this.#config.timeout,
        bodyTimeout: this.#config.timeout,
      });
      await body.dump();
      if (statusCode >= 300) throw new Error(`answered ${statusCode}`);
      this.#announced.inc();
    } catch (error) {
      this.#dropped.inc({ reason: 'failed' });
      this.#settings.telemetry.log.warn(
        { err: error },
        `pixie_loopback: announcement to ${this.#config.endpoint} failed`,
      );
    }
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.#inFlight);
    const server = this.#server;
    this.#server = undefined;
    if (server) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}
