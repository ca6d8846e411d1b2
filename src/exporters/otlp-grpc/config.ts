// Configuration of the otlp_grpc exporter.
import { z } from 'zod';
import {
  type AuthConfig,
  authExtension,
  credentialAdvice,
  credentialProblems,
  exporterAuth,
} from '../../auth/config.js';
import { duration } from '../../config/duration.js';
import { type GrpcTarget, grpcTarget } from '../../config/endpoint.js';
import { type ClientTls, clientTls } from '../../config/tls.js';
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

export interface KeepaliveConfig {
  time: number;
  timeout: number;
  permit_without_stream: boolean;
}

export interface Config extends SendingConfig {
  endpoint: GrpcTarget;
  tls: ClientTls;
  compression: Compression;
  headers: Record<string, string>;
  auth?: AuthConfig | undefined;
  authority?: string | undefined;
  keepalive?: KeepaliveConfig | undefined;
  wait_for_ready: boolean;
  balancer_name: 'pick_first' | 'round_robin';
}

const keepalive: z.ZodType<KeepaliveConfig> = z.strictObject({
  time: duration.prefault('10s').describe('idle time after which a ping is sent; at least 10s'),
  timeout: duration.prefault('20s').describe('the connection is given up when no answer came after this'),
  permit_without_stream: z.boolean().default(false).describe('ping also while no request is under way'),
});

/** gRPC metadata: lower-case names; `grpc-` belongs to the protocol. */
const metadataName = z
  .string()
  .toLowerCase()
  .regex(/^(?!grpc-)[0-9a-z_.-]+$/, 'a header name has letters, digits, "_", "-", "." and does not start with "grpc-"');

export const schema: z.ZodType<Config> = z.strictObject({
  endpoint: grpcTarget.describe('host:port, http://, https:// or dns:///'),
  tls: clientTls.prefault({}).describe('TLS; https:// and http:// in the endpoint take precedence over insecure'),
  compression: compressionSchema.describe('an incoming gzip form is reused; zstd needs Node 22.15 or later'),
  headers: z.record(metadataName, z.string()).default({}).describe('sent with each request'),
  auth: exporterAuth,
  authority: z.string().optional().describe('value of :authority; default: the endpoint'),
  keepalive: keepalive.optional().describe('HTTP/2 pings; off by default'),
  wait_for_ready: z.boolean().default(false).describe('wait for a connection until timeout instead of failing at once'),
  balancer_name: z
    .enum(['pick_first', 'round_robin'])
    .default('pick_first')
    .describe('one connection, or one to each address of the name (a headless Service), followed as they change'),
  timeout: timeoutSchema('5s'),
  retry_on_failure: retrySchema,
  sending_queue: queueSchema,
});

/** Problems across the keys. */
export function validate(config: Config): string[] {
  const problems = [
    ...sendingProblems(config),
    ...compressionProblems(config.compression),
    ...credentialProblems(config),
  ];
  if (config.keepalive && config.keepalive.time < 10_000)
    problems.push('keepalive: time must be at least 10s (servers close connections that ping more often)');
  return problems;
}

/** What is allowed, and perhaps not meant. */
export function advise(config: Config): string[] {
  const isPlain = config.endpoint.scheme === 'http' || (config.endpoint.scheme === undefined && config.tls.insecure);
  return [...sendingAdvice(config), ...credentialAdvice(config, isPlain)];
}

/** Ids of extensions that it needs, by the key that names each. */
export function extensions(config: Config): Record<string, string> {
  return { ...sendingExtensions(config), ...authExtension(config.auth) };
}
