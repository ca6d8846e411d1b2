// The status document: what runs, where it listens, where it sends to, and what each component knows of itself. No
// secrets.
import type { ConfiguredComponent, GatewayConfig } from '../config/gateway-config.js';
import { isMapping } from '../config/tree.js';
import type { Graph, Node } from './graph.js';
import { startOrder } from './lifecycle.js';

export interface ComponentStatus {
  readonly kind: string;
  readonly id: string;
  /** Where it listens, by protocol. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Where it sends to: hosts or URLs as configured, credentials in URLs left out. */
  readonly targets: readonly string[];
  /** What it says of itself. */
  readonly state?: unknown;
}

export interface StatusDocument {
  readonly version: string;
  readonly running: boolean;
  /** Wall clock, Unix ms. */
  readonly startedMs: number;
  readonly nowMs: number;
  readonly pipelines: readonly {
    readonly id: string;
    readonly receivers: readonly string[];
    readonly processors: readonly string[];
    readonly exporters: readonly string[];
  }[];
  readonly components: readonly ComponentStatus[];
}

export interface StatusInput {
  readonly version: string;
  readonly running: boolean;
  readonly startedMs: number;
  readonly config: GatewayConfig;
  readonly graph: Graph | undefined;
}

export function statusDocument({ version, running, startedMs, config, graph }: StatusInput): StatusDocument {
  return {
    version,
    running,
    startedMs,
    nowMs: Date.now(),
    pipelines: config.pipelines.map(({ key, receivers, processors, exporters }) => ({
      id: key,
      receivers,
      processors,
      exporters,
    })),
    components: graph ? startOrder(graph).map((node) => componentStatus(node, config)) : [],
  };
}

function componentStatus({ kind, key, component }: Node, config: GatewayConfig): ComponentStatus {
  const state = component.inspect?.();
  return {
    kind,
    id: key,
    addresses: component.addresses?.() ?? {},
    targets: kind === 'exporter' && !component.addresses ? targetsOf(config.components.exporter.get(key)) : [],
    ...(state === undefined ? {} : { state }),
  };
}

const CREDENTIALS = /\/\/[^/@]*@/;

/** Values of `endpoint`, `metrics_endpoint` and their like. */
function targetsOf(configured: ConfiguredComponent | undefined): string[] {
  const raw = configured?.raw;
  if (!isMapping(raw)) return [];
  return Object.entries(raw).flatMap(([key, value]) =>
    /(^|_)endpoint$/.test(key) && typeof value === 'string' ? [value.replace(CREDENTIALS, '//')] : [],
  );
}
