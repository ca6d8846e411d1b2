// A service of fakes from YAML text.

import type { GatewayConfig } from '../../src/config/gateway-config.js';
import { loadConfig, requireConfig } from '../../src/config/load.js';
import { Service, type ServiceOptions } from '../../src/service/service.js';
import { createTelemetry } from '../../src/telemetry/index.js';
import { type Fakes, makeFakes } from './fakes.js';

/** Switches our own metrics off: tests must not listen on a fixed port. */
export const NO_METRICS = 'service.telemetry.metrics.level=none';

export function fakeConfig(fakes: Fakes, yaml: string, sets: readonly string[] = [NO_METRICS]): GatewayConfig {
  return requireConfig(loadConfig(fakes.factories, { uris: [`yaml:${yaml}`], sets, env: {} }));
}

export interface FakeService {
  readonly service: Service;
  readonly fakes: Fakes;
  config(yaml: string, sets?: readonly string[]): GatewayConfig;
}

export function fakeService(
  yaml: string,
  options: Partial<ServiceOptions> = {},
  sets?: readonly string[],
): FakeService {
  const fakes = makeFakes();
  const config = (text: string, more?: readonly string[]): GatewayConfig => fakeConfig(fakes, text, more);
  const service = new Service(config(yaml, sets), {
    version: '1.2.3',
    env: {},
    log: createTelemetry().log,
    ...options,
  });
  return { service, fakes, config };
}
