// Configuration of the prometheus exporter.
import { z } from 'zod';
import { positiveDuration } from '../../config/duration.js';
import { type HostPort, hostPort } from '../../config/endpoint.js';
import { type ServerTls, serverTls } from '../../config/tls.js';

export interface Config {
  endpoint: HostPort;
  path: string;
  tls?: ServerTls | undefined;
  forwarded: boolean;
  max_series: number;
  metric_expiration: number;
  namespace: string;
  const_labels: Record<string, string>;
  send_timestamps: boolean;
  enable_open_metrics: boolean;
  add_metric_suffixes: boolean;
  without_scope_info: boolean;
  resource_to_telemetry_conversion: { enabled: boolean };
}

/** `le` and `quantile` belong to histograms and summaries, two underscores in front to Prometheus. */
const label = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'not a label name')
  .regex(/^(?!__|(?:le|quantile)$)/, 'a label name that Prometheus keeps for itself');

export const schema: z.ZodType<Config> = z.strictObject({
  endpoint: hostPort.prefault('0.0.0.0:9464').describe('address to listen on'),
  path: z.string().regex(/^\//, 'begins with /').default('/metrics').describe('path of the page'),
  tls: serverTls.optional().describe('serve HTTPS'),
  forwarded: z.boolean().default(false).describe('expose the metrics received too, not only our results'),
  max_series: z.int().min(1).default(50_000).describe('series held; points of more are dropped and counted'),
  metric_expiration: positiveDuration.prefault('5m').describe('a series not seen for this long is forgotten'),
  namespace: z.string().default('').describe('put in front of each name'),
  const_labels: z.record(label, z.string()).default({}).describe('labels of every series'),
  send_timestamps: z.boolean().default(false).describe('write the time of each point (event time)'),
  enable_open_metrics: z.boolean().default(true).describe('answer in OpenMetrics 1.0 where the scraper asks for it'),
  add_metric_suffixes: z.boolean().default(true).describe('add unit and type to names: _seconds, _total, _ratio'),
  without_scope_info: z.boolean().default(false).describe('leave out otel_scope_name and _version of received metrics'),
  resource_to_telemetry_conversion: z
    .strictObject({ enabled: z.boolean().default(false).describe('resource attributes become labels of each series') })
    .prefault({}),
});
