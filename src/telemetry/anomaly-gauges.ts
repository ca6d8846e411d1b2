// Gauges of the anomaly processor: clocks, checkpoints, and how many there are of what.

import type { AnomalyEvents, AnomalyGauges, ClockReport, Log } from './anomaly-events.js';
import type { Telemetry } from './index.js';
import { rateLimited } from './rate-limited-log.js';

export function clockEvents(
  telemetry: Telemetry,
  processor: string,
  log: Log,
): Pick<AnomalyEvents, 'clockIsOff' | 'clockAgrees'> {
  const labels = ['processor', 'cluster', 'sender'];
  const offsets = telemetry.gauge(
    'pxanomaly_sender_clock_offset_seconds',
    "How far a sender's clock is ahead of its cluster's others; negative: behind.",
    labels,
  );
  const warn = rateLimited((fields, line) => log.warn(fields, line));
  const info = rateLimited((fields, line) => log.info(fields, line));
  const set = ({ cluster, sender }: ClockReport, value: number) =>
    offsets.labels({ processor, cluster, sender }).set(value);
  return {
    clockIsOff(report) {
      set(report, report.offsetS);
      const { cluster, sender, windowS: window_s, offsetS: offset_s, isLeftOut } = report;
      const line = isLeftOut
        ? `A sender's clock is too far ${offset_s > 0 ? 'ahead' : 'behind'}: what it sends is forwarded, not scored; ${offset_s > 0 ? '' : 'where its times are recorded ones raise max_past, else '}set its clock (NTP)`
        : "A sender's clock differs from the others of its cluster: its times are aligned; set its clock (NTP)";
      warn(`${cluster} ${sender} ${window_s} ${isLeftOut}`, { cluster, sender, offset_s, window_s }, line);
    },
    clockAgrees(report) {
      set(report, 0);
      const { cluster, sender } = report;
      info(`${cluster} ${sender}`, { cluster, sender }, "A sender's clock agrees with the others again");
    },
  };
}

export function checkpointEvents(
  telemetry: Telemetry,
  processor: string,
  log: Log,
): Pick<AnomalyEvents, 'checkpointWritten' | 'checkpointFailed' | 'alertsNotKept' | 'restored' | 'checkpointRefused'> {
  const counter = telemetry.counter('pxanomaly_checkpoints', 'Checkpoints by outcome.', ['processor', 'outcome']);
  const count = (outcome: string) => counter.labels({ processor, outcome }).inc();
  const gauge = (name: string, help: string) => telemetry.gauge(name, help, ['processor']).labels({ processor });
  const size = gauge('pxanomaly_checkpoint_bytes', 'Size of the last checkpoint written.');
  const time = gauge('pxanomaly_checkpoint_time_seconds', 'When the last checkpoint was written, Unix time.');
  const took = gauge('pxanomaly_checkpoint_write_seconds', 'Time that the last checkpoint took to write.');
  return {
    checkpointWritten({ edges, bytes, ms, heldMs }) {
      count('written');
      size.set(bytes);
      time.set(Date.now() / 1000);
      took.set(ms / 1000);
      log.info({ edges, bytes, ms: Math.round(ms), held_ms: Math.round(heldMs) }, 'Checkpoint written');
    },
    checkpointFailed(error) {
      count('failed');
      log.error({ err: error }, 'The state could not be written; the last checkpoint stands');
    },
    alertsNotKept(error) {
      const text = 'The file of open alerts cannot be used: after a crash, alerts may be told twice';
      log.error({ err: error }, text);
    },
    restored(edges, ageS) {
      count('restored');
      log.info({ edges, age_s: Math.round(ageS) }, 'State of the detectors restored from a checkpoint');
    },
    checkpointRefused(reason, aside) {
      count('refused');
      log.warn({ reason, kept_as: aside }, 'The checkpoint is not used; the detectors learn anew');
    },
  };
}

export function gaugeSetter(telemetry: Telemetry, processor: string): (values: AnomalyGauges) => void {
  const make = (name: string, help: string) => telemetry.gauge(name, help, ['processor']).labels({ processor });
  const all: Readonly<Record<keyof AnomalyGauges, ReturnType<typeof make>>> = {
    clusters: make('pxanomaly_clusters', 'Clusters seen.'),
    edges: make('pxanomaly_edges', 'Edges known.'),
    edgesLearning: make('pxanomaly_edges_learning', 'Edges too young to alert.'),
    edgesAnomalous: make('pxanomaly_edges_anomalous', 'Edges with an anomaly now.'),
    series: make('pxanomaly_series', 'Series known.'),
    incidentsOpen: make('pxanomaly_incidents_open', 'Incidents open now.'),
    backlogBytes: make('pxanomaly_learning_backlog_bytes', 'Requests that wait to be learnt from.'),
    kernelBytes: make('pxanomaly_kernel_memory_bytes', 'Memory of the kernel.'),
  };
  return (values) => {
    for (const name of Object.keys(all) as (keyof AnomalyGauges)[]) all[name].set(values[name]);
  };
}
