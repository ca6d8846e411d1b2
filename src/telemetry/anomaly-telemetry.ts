// The events of an anomaly processor as counters, gauges and log lines.
import { type ComponentId, formatId } from '../pipeline/index.js';
import { metricEvents } from './anomaly-counters.js';
import type { AnomalyEvents } from './anomaly-events.js';
import { logEvents } from './anomaly-log.js';
import type { Telemetry } from './index.js';

/** The events of one processor. */
export function anomalyEvents(telemetry: Telemetry, id: ComponentId): AnomalyEvents {
  const processor = formatId(id);
  const log = telemetry.log.child({ component: processor, kind: 'processor' });
  return { ...metricEvents(telemetry, processor, log), ...logEvents(log) };
}
