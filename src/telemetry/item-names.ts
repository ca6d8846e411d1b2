// What the Collector calls the items of each signal in metric names.
import { SIGNALS, type Signal } from '../pipeline/index.js';
import type { Telemetry } from './index.js';

export const ITEM_NAMES: Readonly<Record<Signal, string>> = {
  metrics: 'metric_points',
  traces: 'spans',
  logs: 'log_records',
};

/** One end of a counter. */
export interface Adder {
  inc(count: number): void;
}

/**
 * A counter a signal, `<prefix>_metric_points` and its siblings, for the component that `label` names. They exist from
 * the start.
 */
export function itemCounters(
  telemetry: Telemetry,
  prefix: string,
  help: string,
  label: Readonly<Record<string, string>>,
): Readonly<Record<Signal, Adder>> {
  const child = (signal: Signal): Adder => {
    const name = `${prefix}_${ITEM_NAMES[signal]}`;
    const counter = telemetry.counter(name, `${help} (${signal}).`, Object.keys(label)).labels(label);
    counter.inc(0); // The registry shows only what was counted once.
    return counter;
  };
  return Object.fromEntries(SIGNALS.map((signal) => [signal, child(signal)])) as Record<Signal, Adder>;
}
