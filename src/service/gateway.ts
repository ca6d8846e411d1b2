// A gateway as a value of a program: made from a configuration object, started, reloaded and shut down by its owner.
import { COMPONENTS } from '../components.js';
import { type ConfigSources, loadConfig, requireConfig } from '../config/load.js';
import { formatProblem, type Problem } from '../config/problem.js';
import type { AnyFactory } from '../config/settings.js';
import { isMapping } from '../config/tree.js';
import type { Logger, Telemetry } from '../telemetry/index.js';
import { VERSION } from '../version.js';
import type { Leftover } from './lifecycle.js';
import { type Addresses, Service, type ServiceOptions } from './service.js';
import type { StatusDocument } from './status.js';

type ConfigSection = Readonly<Record<string, unknown>>;

/** A configuration as an object: the very structure of the YAML files. */
export interface GatewayInput {
  readonly receivers?: ConfigSection | undefined;
  readonly processors?: ConfigSection | undefined;
  readonly connectors?: ConfigSection | undefined;
  readonly exporters?: ConfigSection | undefined;
  readonly extensions?: ConfigSection | undefined;
  readonly service: {
    readonly extensions?: readonly string[] | undefined;
    readonly pipelines: Readonly<
      Record<
        string,
        {
          readonly receivers: readonly string[];
          readonly processors?: readonly string[];
          readonly exporters: readonly string[];
        }
      >
    >;
    readonly telemetry?: ConfigSection | undefined;
  };
}

export interface GatewayOptions {
  /** Variables for `${env:…}` and the resource; default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A pino logger in place of what `service.telemetry.logs` says. */
  readonly log?: Logger;
  /** Components; default: all that this package has. */
  readonly components?: readonly AnyFactory[];
  /** `service.instance.id`; default: the pod's name, else the host's with a port of ours, else a fresh UUID. */
  readonly instanceId?: string;
  /** Time that a shutdown may take, ms. */
  readonly shutdownMs?: number;
}

export interface Gateway {
  /** Resolves when every pipeline runs; rejects, with nothing left running, when a component cannot start. */
  start(): Promise<void>;
  /** Stops receiving, drains, stops. Resolves with what was not done in time: an empty list is a clean end. */
  shutdown(): Promise<readonly Leftover[]>;
  /**
   * Goes over to another configuration; detectors keep what they know. Rejects, and goes on as before, when it is not
   * valid or cannot start.
   */
  reload(config: GatewayInput): Promise<void>;
  /** Addresses in use, by section and id (`receivers::otlp`), then by protocol. */
  addresses(): Addresses;
  /**
   * What runs, where it listens and sends to, and what its components know of themselves; plain JSON without secrets.
   */
  status(): StatusDocument;
  readonly telemetry: Telemetry;
}

/** Logs what a configuration should be told without being refused for. */
export function logWarnings(log: Logger, problems: readonly Problem[]): void {
  for (const problem of problems) if (problem.severity === 'warning') log.warn(formatProblem(problem));
}

/** A service for what the sources hold. Throws a `ConfigError` with everything that is wrong. */
export function serviceFrom(
  sources: ConfigSources,
  components: readonly AnyFactory[],
  options: Omit<ServiceOptions, 'version'>,
): Service {
  const loaded = loadConfig(components, sources);
  const service = new Service(requireConfig(loaded), { version: VERSION, components, ...options });
  logWarnings(service.telemetry.log, loaded.problems);
  return service;
}

/**
 * A program opens the addresses that it asks for: own metrics and status are served where `service.telemetry.metrics`
 * says so, and not on the port that a process of its own has by default.
 */
function withoutDefaultAddress(config: GatewayInput): GatewayInput {
  const { telemetry = {} } = config.service ?? {};
  const metrics = telemetry.metrics ?? {};
  if (!config.service || !isMapping(metrics) || 'readers' in metrics || 'address' in metrics) return config;
  return {
    ...config,
    service: { ...config.service, telemetry: { ...telemetry, metrics: { readers: [], ...metrics } } },
  };
}

/**
 * Makes a gateway; nothing runs before `start`. Throws a `ConfigError` that lists everything that is wrong with the
 * configuration.
 */
export function createGateway(config: GatewayInput, options: GatewayOptions = {}): Gateway {
  const { components = COMPONENTS, ...rest } = options;
  const sources = (value: GatewayInput): ConfigSources => ({
    value: withoutDefaultAddress(value),
    ...(options.env && { env: options.env }),
  });
  const service = serviceFrom(sources(config), components, rest);
  return {
    telemetry: service.telemetry,
    start: () => service.start(),
    shutdown: () => service.shutdown(),
    addresses: () => service.addresses(),
    status: () => service.status(),
    reload: async (next) => {
      const loaded = loadConfig(components, sources(next));
      await service.reload(requireConfig(loaded));
      logWarnings(service.telemetry.log, loaded.problems);
    },
  };
}
