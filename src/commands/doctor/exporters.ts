// Checks the way out: queues, what was lost, the last error, whether the next hop can be reached, whether the test
// point left.
import { setTimeout as sleep } from 'node:timers/promises';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import type { LastSending } from '../../sending/last.js';
import type { ComponentStatus, StatusDocument } from '../../service/status.js';
import { countOf, formatCount, formatSeconds } from '../../terminal/format.js';
import { type Check, fail, ok, warn } from './check.js';
import { BrokenHop, reach } from './connect.js';
import { readSamples, type Samples, sumOf } from './own-telemetry.js';
import type { HopPlan } from './plan.js';

/** How long the test point may take to leave, ms. */
const LEAVE_MS = 5_000;
const LOOK_MS = 100;
/** Fill of a queue from which it is worth a warning. */
const NEARLY_FULL = 0.8;

/** Can each next hop be reached from here? */
export async function checkNextHop({ id, text, at }: HopPlan): Promise<Check> {
  const hop = `next hop of ${id}`;
  if (!at) return warn(hop, `${text} is no address that can be tried`, '');
  try {
    await reach(at);
    return ok(hop, `${formatHostPort(at)} answers`);
  } catch (error) {
    if (!(error instanceof BrokenHop)) throw error;
    return fail(hop, error.message, `${error.advice} (tried from here, not from the gateway's pod)`);
  }
}

/** Items of every signal. */
function items(samples: Samples, what: string, exporter: string): number {
  const names = ['metric_points', 'spans', 'log_records'];
  return names.reduce((sum, name) => sum + sumOf(samples, `otelcol_exporter_${what}_${name}`, { exporter }), 0);
}

export function checkExporter(component: ComponentStatus, samples: Samples, nowMs: number): Check {
  const { id } = component;
  const hop = `exporter ${id}`;
  const size = sumOf(samples, 'otelcol_exporter_queue_size', { exporter: id });
  const capacity = sumOf(samples, 'otelcol_exporter_queue_capacity', { exporter: id });
  const [sent, lost, turnedAway] = ['sent', 'send_failed', 'enqueue_failed'].map((what) => items(samples, what, id));
  const fill = capacity > 0 ? size / capacity : 0;
  const last = (component.state ?? {}) as Partial<LastSending>;
  const failing = (last.failedMs ?? 0) > (last.sentMs ?? 0);
  const error = last.error ? `; last error ${agoText(last.failedMs ?? 0, nowMs)}: ${last.error}` : '';
  const numbers = `${countOf(sent ?? 0, 'item')} sent, ${formatCount((lost ?? 0) + (turnedAway ?? 0))} lost or refused, queue ${size} of ${capacity}`;
  if (fill >= 1) return fail(hop, `queue full: ${numbers}${error}`, 'the next hop is too slow or away: see its line');
  if (failing) return fail(hop, `sending fails: ${numbers}${error}`, 'see the line of its next hop');
  if (fill >= NEARLY_FULL) return warn(hop, `${numbers}${error}`, 'the next hop takes less than comes in');
  if ((lost ?? 0) + (turnedAway ?? 0) > 0) return warn(hop, `${numbers}${error}`, 'data was lost before; it works now');
  return ok(hop, numbers);
}

function agoText(thenMs: number, nowMs: number): string {
  return `${formatSeconds(Math.max(0, Math.round((nowMs - thenMs) / 1000)))} ago`;
}

/** Exporters that send to somewhere else, of pipelines of this signal. */
export function sendingExporters(status: StatusDocument, signal: string): ComponentStatus[] {
  const named = new Set(
    status.pipelines.filter(({ id }) => id.split('/')[0] === signal).flatMap(({ exporters }) => exporters),
  );
  return status.components.filter(
    ({ kind, id, targets }) => kind === 'exporter' && named.has(id) && targets.length > 0,
  );
}

export interface LeavingOptions {
  readonly telemetry: HostPort;
  readonly before: Samples;
  readonly exporters: readonly ComponentStatus[];
  readonly signal: 'metric_points' | 'log_records';
  /** `the test point`. */
  readonly what: string;
}

/** Waits until each exporter has sent something since. */
export async function checkLeaving({ telemetry, before, exporters, signal, what }: LeavingOptions): Promise<Check[]> {
  const deadline = Date.now() + LEAVE_MS;
  const name = `otelcol_exporter_sent_${signal}`;
  for (;;) {
    const now = await readSamples(telemetry);
    const since = (id: string): number => sumOf(now, name, { exporter: id }) - sumOf(before, name, { exporter: id });
    const late = exporters.filter(({ id }) => since(id) <= 0);
    if (late.length > 0 && Date.now() < deadline) {
      await sleep(LOOK_MS);
      continue;
    }
    return exporters.map(({ id, targets }) =>
      since(id) > 0
        ? ok(`through ${id}`, `${what} left for ${targets.join(', ')} and was taken`)
        : fail(`through ${id}`, `${what} has not left within ${LEAVE_MS / 1000} s`, 'see the lines of this exporter'),
    );
  }
}
