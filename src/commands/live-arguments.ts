// Where the own telemetry of a running gateway is, for commands that talk to it.
import { type HostPort, parseHostPort } from '../config/endpoint.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { UsageError } from '../terminal/io.js';

/** Where `service.telemetry.metrics` is by default. */
export const TELEMETRY_ADDRESS = 'localhost:8888';

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
