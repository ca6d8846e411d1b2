// A whole configuration, checked: components by kind and id, pipelines, and how the process reports on itself.
import type { ComponentId, Kind, Signal } from '../pipeline/index.js';
import type { TelemetryConfig } from './service-schema.js';
import type { AnyFactory } from './settings.js';

/** A component as configured, used in a pipeline or not. */
export interface ConfiguredComponent {
  readonly id: ComponentId;
  /** The id as the configuration writes it. */
  readonly key: string;
  readonly factory: AnyFactory;
  /** Checked, with defaults: what `create` gets. */
  readonly config: unknown;
  /** As written, after substitution. */
  readonly raw: unknown;
}

export interface ConfiguredPipeline {
  /** `metrics` or `metrics/name`. */
  readonly key: string;
  readonly signal: Signal;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

export interface GatewayConfig {
  readonly components: Readonly<Record<Kind, ReadonlyMap<string, ConfiguredComponent>>>;
  readonly extensions: readonly string[];
  readonly pipelines: readonly ConfiguredPipeline[];
  readonly telemetry: TelemetryConfig;
  /** The `service` section as written. */
  readonly rawService: unknown;
}

/** The section of each kind. */
export const SECTIONS: Readonly<Record<Kind, string>> = {
  receiver: 'receivers',
  processor: 'processors',
  connector: 'connectors',
  exporter: 'exporters',
  extension: 'extensions',
};

export const KINDS: readonly Kind[] = Object.keys(SECTIONS) as Kind[];
