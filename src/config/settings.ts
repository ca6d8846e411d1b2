// What the host gives a component when it is made, and the factory type that every component folder exports.
import type { z } from 'zod';
import type { ComponentId, Extension, Factory, Kind, Ledger } from '../pipeline/index.js';
import type { Telemetry } from '../telemetry/index.js';

export interface Settings {
  readonly id: ComponentId;
  readonly telemetry: Telemetry;
  /** Version of this program, for `service.version`, user agents and banners. */
  readonly version: string;
  /** `service.instance.id` of everything we make; stable for the life of the process. */
  readonly instanceId: string;
  /**
   * Resource attributes of everything we make: `service.name`, `service.version`, `service.instance.id`,
   * `k8s.node.name` and `k8s.pod.name` where known, and what `service.telemetry.resource` sets.
   */
  readonly resource: Readonly<Record<string, string>>;
  /** All bytes that this service holds for unfinished and queued work. */
  readonly ledger: Ledger;
  /**
   * A started extension by its configured id (`file_storage`, `file_storage/a`); undefined where it is not configured.
   */
  extension(id: string): Extension | undefined;
}

/** A component folder's default export: `factory.ts` of each. */
export type ComponentFactory<K extends Kind, S extends z.ZodType> = Factory<K, z.output<S>, Settings, S>;

/** Any factory, as `components.ts` lists them. */
// biome-ignore lint/suspicious/noExplicitAny: the list is heterogeneous; the service checks a config against the factory's own schema.
export type AnyFactory = { [K in Kind]: Factory<K, any, Settings, z.ZodType> }[Kind];
