// The `service` section: which extensions and pipelines run, and how the process reports on itself.
import { z } from 'zod';
import { type HostPort, hostPort } from './endpoint.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type MetricsLevel = 'none' | 'basic' | 'normal' | 'detailed';

export interface LogsConfig {
  readonly level: LogLevel;
  readonly encoding: 'console' | 'json';
  /** `stderr`, `stdout` or files. */
  readonly output_paths: readonly string[];
  readonly initial_fields: Readonly<Record<string, unknown>>;
}

export interface TelemetryConfig {
  readonly logs: LogsConfig;
  readonly metrics: {
    readonly level: MetricsLevel;
    /** Where `/metrics` is served; empty: nowhere. */
    readonly listen: readonly HostPort[];
  };
  readonly resource: Readonly<Record<string, string | null>>;
}

export interface PipelineConfig {
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

export interface ServiceConfig {
  readonly extensions: readonly string[];
  readonly pipelines: Readonly<Record<string, PipelineConfig>>;
  readonly telemetry: TelemetryConfig;
}

/** An enumeration that is read whatever its case, as the Collector reads levels. */
function anyCase<const T extends string>(values: readonly T[]): z.ZodType<T> {
  return z.preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(values));
}

const logs = z.strictObject({
  level: anyCase(['debug', 'info', 'warn', 'error']).default('info').describe('Lowest level that is written'),
  encoding: z.enum(['console', 'json']).default('console').describe('Lines for people, or a JSON object a line'),
  output_paths: z
    .array(z.string().min(1))
    .min(1)
    .default(['stderr'])
    .describe('`stderr`, `stdout` or files, all of which get every line'),
  initial_fields: z.record(z.string(), z.unknown()).default({}).describe('Fields that every line carries'),
});

const DEFAULT_METRICS: HostPort = { host: 'localhost', port: 8888 };

const prometheusReader = z.strictObject({
  host: z.string().min(1).default(DEFAULT_METRICS.host).describe('Where `/metrics` is served'),
  port: z.int().min(0).max(65_535).default(DEFAULT_METRICS.port).describe('The same'),
});

const reader = z.strictObject({
  pull: z.strictObject({ exporter: z.strictObject({ prometheus: prometheusReader }) }),
});

/** A Collector of today calls it an unknown key. */
const ADDRESS_IS_OLD = 'Older form of one reader, which a Collector no longer takes: write `readers`';

const metrics = z
  .strictObject({
    level: anyCase(['none', 'basic', 'normal', 'detailed'])
      .default('normal')
      .describe('`none` serves nothing; `basic` leaves out the items between components'),
    address: hostPort.optional().describe(ADDRESS_IS_OLD),
    readers: z
      .array(reader)
      .optional()
      .describe(
        'Where `/metrics` is served: `pull::exporter::prometheus` with `host` and `port`; an empty list: nowhere. Default: localhost:8888 (as a library: nowhere)',
      ),
  })
  .superRefine((value, ctx) => {
    if (value.address && value.readers) ctx.addIssue({ code: 'custom', message: 'give either address or readers' });
  })
  .transform(({ level, address, readers }) => ({
    level,
    listen:
      level === 'none' ? [] : (readers?.map((one) => one.pull.exporter.prometheus) ?? [address ?? DEFAULT_METRICS]),
  }));

const telemetry = z.strictObject({
  logs: logs.prefault({}).describe('Our own log'),
  metrics: metrics.prefault({}).describe('Our own metrics'),
  resource: z
    .record(z.string(), z.union([z.string(), z.null()]))
    .default({})
    .describe('Resource attributes of everything we make; null takes one away'),
});

const ids = z.array(z.string().min(1));

const pipeline = z.strictObject({
  receivers: ids.min(1).describe('Where its data come from: receivers, or connectors that another pipeline exports to'),
  processors: ids.default([]).describe('What they pass, in this order'),
  exporters: ids.min(1).describe('Where they go: exporters, or connectors'),
});

/**
 * What a Collector of today would refuse in this section, with what to write; undefined: nothing. `raw` is the section
 * as written.
 */
export function olderTelemetry(raw: unknown): string | undefined {
  const written = (raw as { telemetry?: { metrics?: { address?: unknown } } }).telemetry?.metrics?.address;
  if (typeof written !== 'string') return undefined;
  const { host, port } = hostPort.parse(written);
  return (
    'is an older key, which a Collector no longer takes: write ' +
    `readers: [{ pull: { exporter: { prometheus: { host: ${JSON.stringify(host)}, port: ${port} } } } }]`
  );
}

export const serviceSchema: z.ZodType<ServiceConfig> = z.strictObject({
  extensions: ids.default([]).describe('Extensions to run, in this order'),
  pipelines: z.record(z.string(), pipeline).describe('By `signal` or `signal/name`: metrics, traces or logs'),
  telemetry: telemetry.prefault({}).describe('How the process reports on itself'),
});
