// Our own telemetry: one registry and one logger for each service instance. The functions that say what happened
// (counter and log line together) live beside this file, one file an area, and take a Telemetry.
import { pino } from 'pino';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Logger = pino.Logger;

export interface Telemetry {
  readonly log: Logger;
  readonly registry: Registry;
  /** The counter of that name; made at the first call. Label names must agree between calls. */
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string>(name: string, help: string, buckets: number[], labels?: readonly L[]): Histogram<L>;
}

export interface TelemetryOptions {
  readonly log?: Logger;
}

/** A fresh registry with a logger (silent unless one is given). */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  const registry = new Registry();
  const log = options.log ?? pino({ level: 'silent' });
  const known = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make();
  return {
    log,
    registry,
    counter: (name, help, labels = []) =>
      known(name, () => new Counter({ name, help, labelNames: [...labels], registers: [registry] })),
    gauge: (name, help, labels = []) =>
      known(name, () => new Gauge({ name, help, labelNames: [...labels], registers: [registry] })),
    histogram: (name, help, buckets, labels = []) =>
      known(name, () => new Histogram({ name, help, buckets, labelNames: [...labels], registers: [registry] })),
  };
}
