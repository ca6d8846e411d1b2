// Items between components, under the Collector's names: what each produced and consumed, by pipeline and outcome.
import { Counter } from 'prom-client';
import type { Signal } from '../pipeline/index.js';
import type { Telemetry } from './index.js';

export type ItemsRole =
  | 'receiver_produced'
  | 'processor_consumed'
  | 'processor_produced'
  | 'connector_consumed'
  | 'connector_produced'
  | 'exporter_consumed';

export type ItemOutcome = 'success' | 'failure';

const LABELS = ['otelcol_component_id', 'otelcol_component_kind', 'otelcol_pipeline_id', 'otelcol_signal', 'outcome'];

/** Items of one component at one place: plain numbers, since they are counted for every batch and read at a scrape. */
export interface Tally {
  success: number;
  failure: number;
}

/** The tallies of a service. Registered once; those of places that a reload took away keep their last value. */
export class PipelineItems {
  private readonly byRole: Map<ItemsRole, Map<string, { labels: Record<string, string>; tally: Tally }>> = new Map();
  private readonly telemetry: Telemetry;

  constructor(telemetry: Telemetry) {
    this.telemetry = telemetry;
  }

  /** The tally of a place. `pipeline` is empty where the component stands between several. */
  tally(role: ItemsRole, id: string, pipeline: string, signal: Signal): Tally {
    const places = this.byRole.get(role) ?? this.register(role);
    const key = `${id}\0${pipeline}\0${signal}`;
    const known = places.get(key);
    if (known) return known.tally;
    const labels = {
      otelcol_component_id: id,
      otelcol_component_kind: role.slice(0, role.indexOf('_')),
      otelcol_signal: signal,
      ...(pipeline && { otelcol_pipeline_id: pipeline }),
    };
    const tally = { success: 0, failure: 0 };
    places.set(key, { labels, tally });
    return tally;
  }

  private register(role: ItemsRole): Map<string, { labels: Record<string, string>; tally: Tally }> {
    const places = new Map<string, { labels: Record<string, string>; tally: Tally }>();
    this.byRole.set(role, places);
    new Counter({
      name: `otelcol_${role}_items`,
      help: `Items ${role.replace(/.*_/, '')} by the ${role.replace(/_.*/, '')}.`,
      labelNames: LABELS,
      registers: [this.telemetry.registry],
      collect() {
        this.reset();
        for (const { labels, tally } of places.values()) {
          for (const outcome of ['success', 'failure'] as const) this.inc({ ...labels, outcome }, tally[outcome]);
        }
      },
    });
    return places;
  }
}
