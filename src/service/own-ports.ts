// The ports that a configuration asks for: what tells gateways of one host apart, before and after a restart.
import type { GatewayConfig } from '../config/gateway-config.js';

/** The port of our own metrics first, then those of receivers; 0 is a port of the system's choice. */
export function ownPorts({ telemetry, components, pipelines }: GatewayConfig): number[] {
  const used = new Set(pipelines.flatMap(({ receivers }) => receivers));
  const receivers = [...components.receiver.values()].filter(({ key }) => used.has(key));
  return [...telemetry.metrics.listen.map(({ port }) => port), ...receivers.flatMap(({ config }) => portsIn(config))];
}

/** Of every address in a component's configuration. */
function portsIn(config: unknown): number[] {
  if (typeof config !== 'object' || config === null) return [];
  if ('port' in config && typeof config.port === 'number') return [config.port];
  return Object.values(config).flatMap(portsIn);
}
