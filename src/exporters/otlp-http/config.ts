// Configuration of the otlp_http exporter.
import { z } from 'zod';
import {
  type AuthConfig,
  authExtension,
  credentialAdvice,
  credentialProblems,
  exporterAuth,
} from '../../auth/config.js';
import { httpUrl } from '../../config/endpoint.js';
import { type ClientTls, clientTls } from '../../config/tls.js';
import { NAMES } from '../../otlp/index.js';
import type { Signal } from '../../pipeline/index.js';
import { type Compression, compressionProblems, compressionSchema } from '../../sending/compression.js';
import {
  queueSchema,
  retrySchema,
  type SendingConfig,
  sendingAdvice,
  sendingExtensions,
  sendingProblems,
  timeoutSchema,
} from '../../sending/config.js';

export interface Config extends SendingConfig {
  endpoint?: string | undefined;
  metrics_endpoint?: string | undefined;
  traces_endpoint?: string | undefined;
  logs_endpoint?: string | undefined;
  encoding: 'proto' | 'json';
  compression: Compression;
  headers: Record<string, string>;
  auth?: AuthConfig | undefined;
  tls: ClientTls;
  max_conns_per_host: number;
  proxy_url?: string | undefined;
}

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'not a header name');

export const schema: z.ZodType<Config> = z.strictObject({
  endpoint: httpUrl.optional().describe('base URL; /v1/metrics, /v1/traces and /v1/logs are appended'),
  metrics_endpoint: httpUrl.optional().describe('whole URL for metrics, instead of endpoint'),
  traces_endpoint: httpUrl.optional().describe('whole URL for traces, instead of endpoint'),
  logs_endpoint: httpUrl.optional().describe('whole URL for logs, instead of endpoint'),
  encoding: z.enum(['proto', 'json']).default('proto').describe('form of the body'),
  compression: compressionSchema.describe(
    'an incoming gzip form is reused with encoding proto; zstd needs Node 22.15 or later',
  ),
  headers: z.record(headerName, z.string()).default({}).describe('sent with each request'),
  auth: exporterAuth,
  tls: clientTls.prefault({}).describe('TLS of https:// endpoints'),
  max_conns_per_host: z.int().min(0).default(0).describe('connections to one host; 0: as many as num_consumers'),
  proxy_url: httpUrl
    .optional()
    .describe('proxy on the way; default: what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say for the endpoint'),
  timeout: timeoutSchema('30s'),
  retry_on_failure: retrySchema,
  sending_queue: queueSchema,
});

/** Where a signal goes; undefined where neither its own endpoint nor the base is given. */
export function urlOf(config: Config, signal: Signal): string | undefined {
  const own = config[`${signal}_endpoint`];
  return own ?? (config.endpoint && `${config.endpoint}${NAMES[signal].httpPath}`);
}

/** Problems across the keys. */
export function validate(config: Config): string[] {
  const problems = [
    ...sendingProblems(config),
    ...compressionProblems(config.compression),
    ...credentialProblems(config),
  ];
  if (!(config.endpoint ?? config.metrics_endpoint ?? config.traces_endpoint ?? config.logs_endpoint))
    problems.unshift('give endpoint, or an endpoint of each signal');
  return problems;
}

/** What is allowed, and perhaps not meant. */
export function advise(config: Config): string[] {
  const isPlain = [config.endpoint, config.metrics_endpoint, config.traces_endpoint, config.logs_endpoint].some((url) =>
    url?.startsWith('http:'),
  );
  return [...sendingAdvice(config), ...credentialAdvice(config, isPlain)];
}

/** Ids of extensions that it needs, by the key that names each. */
export function extensions(config: Config): Record<string, string> {
  return { ...sendingExtensions(config), ...authExtension(config.auth) };
}
