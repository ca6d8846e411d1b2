// Gateways of the chaos suites: what arrives goes to one next hop untouched, and is scored in a pipeline beside it.
import { type GatewayConfig, SMALL_ANOMALY } from './gateway.js';

/** Retries that come soon, so that a test sees many of them. */
export const EAGER = {
  timeout: '500ms',
  retry_on_failure: { initial_interval: '50ms', max_interval: '200ms', max_elapsed_time: '0s' },
};

/** To a gRPC next hop of a test; what is sent is what arrives, so that bytes can be compared. */
export function toHop(port: number, exporter: object = {}): object {
  return { endpoint: `127.0.0.1:${port}`, tls: { insecure: true }, compression: 'none', ...EAGER, ...exporter };
}

/** The forwarding pipeline has no results of our own in it: every item of the exporter's counters was a sender's. */
export function forwarding(exporters: object, anomaly: object = {}): GatewayConfig {
  return {
    processors: { anomaly: { ...SMALL_ANOMALY, ...anomaly } },
    exporters: { ...exporters, debug: {} },
    pipelines: {
      metrics: { receivers: ['otlp'], exporters: Object.keys(exporters) },
      'metrics/scored': { receivers: ['otlp'], processors: ['anomaly'], exporters: ['debug'] },
    },
  };
}
