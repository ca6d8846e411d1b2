// Options of commands that talk to a running gateway, and where its own telemetry is.
import { parseArgs } from 'node:util';
import { type HostPort, parseHostPort } from '../config/endpoint.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { UsageError } from '../terminal/io.js';
import type { OwnOptions } from './arguments.js';

/** Where `service.telemetry.metrics` is by default. */
export const TELEMETRY_ADDRESS = 'localhost:8888';

export interface LiveOptions {
  readonly uris: readonly string[];
  readonly sets: readonly string[];
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
}

/** `--config` and `--set`, both repeatable and none needed, and the command's own options. Throws a `UsageError`. */
export function parseCommandOptions(argv: readonly string[], own: OwnOptions): LiveOptions {
  const options = Object.fromEntries(Object.entries(own).map(([name, type]) => [name, { type }]));
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, config: { type: 'string', multiple: true }, set: { type: 'string', multiple: true } },
    });
    const { config = [], set = [], ...rest } = values as { config?: string[]; set?: string[] } & LiveOptions['own'];
    return { uris: config, sets: set, own: rest };
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ', 1)[0]);
  }
}

/** What `--endpoint` says, else the configuration, else the default. Throws a `UsageError`. */
export function telemetryAddress(endpoint: string | undefined, config: GatewayConfig | undefined): HostPort {
  const text = endpoint?.replace(/^https?:\/\//, '').replace(/\/.*$/, '') ?? TELEMETRY_ADDRESS;
  const given = endpoint === undefined ? (config ? config.telemetry.metrics.listen[0] : undefined) : undefined;
  if (endpoint === undefined && config && !given)
    throw new UsageError('this configuration switches its own telemetry off (service.telemetry.metrics.level: none)');
  const at = given ?? parseHostPort(text);
  if (!at || at.port === 0) throw new UsageError(`--endpoint is host:port, such as ${TELEMETRY_ADDRESS}`);
  return at.host === '::' || at.host === '0.0.0.0' || at.host === 'localhost'
    ? { host: '127.0.0.1', port: at.port }
    : at;
}
