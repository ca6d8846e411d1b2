// What can happen to a batch in an exporter: each event bumps its counter and writes its log line.

import type { Batch, ComponentId, ItemCounts } from '../pipeline/index.js';
import { formatId } from '../pipeline/index.js';
import type { Telemetry } from './index.js';
import { itemCounters } from './item-names.js';
import { rateLimited } from './rate-limited-log.js';

/** Why an exporter gave up items. */
export type DropReason =
  /** The queue had no room: whoever offered the batch was told so. */
  | 'queue_full'
  /** Every attempt within `max_elapsed_time` failed, or retrying is off. */
  | 'retries_exhausted'
  /** The next hop (or the encoding) said that trying again cannot help. */
  | 'permanent'
  /** Retrying is off and the only attempt took longer than `timeout`. */
  | 'timeout'
  /** The next hop took the request but not these items (`partial_success`). */
  | 'rejected'
  /** Undelivered when the process ended. */
  | 'shutdown'
  /** No room for another series. */
  | 'series_limit'
  /** The name is taken by a metric of another type. */
  | 'type_conflict'
  /** The exporter has no form for this type of metric. */
  | 'unsupported_type';

export interface ExporterEvents {
  /** `message`: what the next hop says about it. */
  sent(batch: Batch, rejected?: number, message?: string): void;
  /** It was taken, and the response cannot be read: `why`. */
  unreadable(batch: Batch, why: string): void;
  /** Given up after it had been tried (or queued). */
  failed(batch: Batch, reason: DropReason, error: unknown): void;
  /** Part of a batch that was taken is left out. */
  left(batch: Batch, items: number, reason: DropReason): void;
  /** Not taken at all. */
  enqueueFailed(batch: Batch): void;
  retrying(batch: Batch, error: unknown, delayMs: number): void;
  inFlight(requests: number): void;
  queueSize(size: number): void;
  queueCapacity(capacity: number): void;
  /** What was given up at the end is summed up in one line. */
  drained(undelivered: { readonly total: number; readonly bySignal: ItemCounts }): void;
}

/** Kinds of unreadable responses that get a line of their own. */
const MAX_UNREAD = 16;

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function gauges(telemetry: Telemetry, exporter: string) {
  const gauge = (name: string, help: string) => telemetry.gauge(name, help, ['exporter']).labels({ exporter });
  return {
    inFlight: gauge('otelcol_exporter_in_flight_requests', 'Requests being sent or waiting for their next attempt.'),
    size: gauge('otelcol_exporter_queue_size', 'Fill of the sending queue, in the unit of its sizer.'),
    capacity: gauge('otelcol_exporter_queue_capacity', 'Capacity of the sending queue, in the unit of its sizer.'),
  };
}

/** The events of one exporter. Counters exist from the start, so that a rate over them is never missing. */
export function exporterEvents(telemetry: Telemetry, id: ComponentId): ExporterEvents {
  const exporter = formatId(id);
  const log = telemetry.log.child({ component: exporter, kind: 'exporter' });
  const counters = (what: string, help: string) =>
    itemCounters(telemetry, `otelcol_exporter_${what}`, help, { exporter });
  const sent = counters('sent', 'Items that the next hop took');
  const sendFailed = counters('send_failed', 'Items that were given up after sending failed');
  const enqueueFailed = counters('enqueue_failed', 'Items that found no room in the queue');
  const dropped = telemetry.counter('pxanomaly_exporter_dropped_items', 'Items an exporter gave up, by reason.', [
    'exporter',
    'signal',
    'reason',
  ]);
  const { inFlight, size, capacity } = gauges(telemetry, exporter);
  /** Why responses could not be read, as far as it was said. */
  const unread = new Set<string>();
  const warn = rateLimited((fields, line) => log.warn(fields, line));
  const fail = rateLimited((fields, line) => log.error(fields, line));

  const drop = (batch: Batch, items: number, reason: DropReason): void =>
    dropped.labels({ exporter, signal: batch.signal, reason }).inc(items);

  return {
    sent(batch, rejected = 0, message = '') {
      sent[batch.signal].inc(batch.items - rejected);
      if (rejected > 0) drop(batch, rejected, 'rejected');
      if (rejected > 0)
        warn('rejected', { rejected, message, signal: batch.signal }, 'The next hop took the request in part');
      else if (message !== '')
        warn('remark', { message, signal: batch.signal }, 'The next hop took the request and remarks on it');
    },
    unreadable({ signal }, why) {
      if (unread.has(why) || unread.size >= MAX_UNREAD) return;
      unread.add(why);
      log.warn({ signal, why }, 'The next hop took the request, but its response cannot be read. Said once.');
    },
    failed(batch, reason, error) {
      sendFailed[batch.signal].inc(batch.items);
      drop(batch, batch.items, reason);
      if (reason === 'shutdown') return;
      const fields = { reason, signal: batch.signal, dropped_items: batch.items, error: text(error) };
      fail(reason, fields, 'Exporting failed. Dropping data.');
    },
    left(batch, items, reason) {
      drop(batch, items, reason);
      warn(reason, { reason, signal: batch.signal, dropped_items: items }, 'Dropping data that cannot be exported.');
    },
    enqueueFailed(batch) {
      enqueueFailed[batch.signal].inc(batch.items);
      drop(batch, batch.items, 'queue_full');
      fail('queue_full', { signal: batch.signal, refused_items: batch.items }, 'Sending queue is full. Refusing data.');
    },
    retrying(batch, error, delayMs) {
      const fields = { signal: batch.signal, error: text(error), interval_ms: Math.round(delayMs) };
      warn('retrying', fields, 'Exporting failed. Will retry the request after interval.');
    },
    inFlight: (requests) => inFlight.set(requests),
    queueSize: (value) => size.set(value),
    queueCapacity: (value) => capacity.set(value),
    drained(undelivered) {
      const { total, bySignal } = undelivered;
      if (total > 0) log.error({ undelivered_items: total, undelivered: bySignal }, 'Shut down with data undelivered');
    },
  };
}
