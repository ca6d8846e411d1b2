// Where our own metrics and pages are served.
import { bindOptions } from '../config/endpoint.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import type { Telemetry } from '../telemetry/index.js';
import { type MetricsEndpoint, serveMetrics } from '../telemetry/metrics-endpoint.js';

type Pages = Parameters<typeof serveMetrics>[2];

export class Endpoints {
  readonly #telemetry: Telemetry;
  readonly #pages: () => Pages;
  #open: MetricsEndpoint[] = [];

  constructor(telemetry: Telemetry, pages: () => Pages) {
    this.#telemetry = telemetry;
    this.#pages = pages;
  }

  /** Addresses in use, by what they are configured as. */
  get addresses(): readonly (readonly [string, Readonly<Record<string, string>>])[] {
    return this.#open.map(
      (endpoint, i) => [`service::telemetry::metrics${i > 0 ? `::${i}` : ''}`, { http: endpoint.address }] as const,
    );
  }

  /** Rejects, with all of them closed, where one cannot listen. */
  async open({ telemetry: { metrics } }: GatewayConfig): Promise<void> {
    const pages = this.#pages();
    for (const at of metrics.listen) {
      try {
        this.#open.push(await serveMetrics(this.#telemetry, bindOptions(at), pages));
      } catch (cause) {
        await this.close();
        const message = `service::telemetry::metrics: cannot listen on ${at.host}:${at.port}: ${(cause as Error).message}`;
        throw new Error(message, { cause });
      }
    }
  }

  async close(): Promise<void> {
    const closing = this.#open.map((endpoint) => endpoint.close());
    this.#open = [];
    await Promise.all(closing);
  }
}
