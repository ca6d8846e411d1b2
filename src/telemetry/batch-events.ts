// What the batch processor does: each event bumps its counter and writes its log line.
import { type Batch, type ComponentId, formatId } from '../pipeline/index.js';
import type { Telemetry } from './index.js';
import { rateLimited } from './rate-limited-log.js';

export type Trigger = 'size' | 'timeout';

export interface BatchEvents {
  triggered(by: Trigger): void;
  sent(batch: Batch): void;
  /** The next stage cannot take it now: it is kept. */
  kept(batch: Batch, error: Error, delayMs: number): void;
  dropped(batch: Batch, reason: 'permanent' | 'shutdown', error: Error): void;
}

/** Items a batch; the Collector's own boundaries. */
const SIZE_BUCKETS = [
  10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000,
];
const MORE_SIZE_BUCKETS = [10_000, 20_000, 30_000, 50_000, 100_000];

/** The events of one batch processor. */
export function batchEvents(telemetry: Telemetry, id: ComponentId): BatchEvents {
  const processor = formatId(id);
  const log = telemetry.log.child({ component: processor, kind: 'processor' });
  const counter = (name: string, help: string) =>
    telemetry.counter(`otelcol_processor_batch_${name}`, help, ['processor']).labels({ processor });
  const triggers = {
    size: counter('batch_size_trigger_send', 'Batches that left because they were large enough.'),
    timeout: counter('timeout_trigger_send', 'Batches that left because their time was over.'),
  };
  const size = telemetry
    .histogram(
      'otelcol_processor_batch_batch_send_size',
      'Items in a batch.',
      [...SIZE_BUCKETS, ...MORE_SIZE_BUCKETS],
      ['processor'],
    )
    .labels({ processor });
  const bytes = counter('sent_bytes', 'Bytes of all batches that left.');
  const dropped = telemetry.counter('pxanomaly_batch_dropped_items', 'Items a batch processor had to give up.', [
    'processor',
    'signal',
    'reason',
  ]);
  const warn = rateLimited((fields, line) => log.warn(fields, line));
  return {
    triggered: (by) => triggers[by].inc(),
    sent(batch) {
      size.observe(batch.items);
      bytes.inc(batch.body.byteLength);
    },
    kept(batch, error, delayMs) {
      const fields = { signal: batch.signal, error: error.message, interval_ms: delayMs };
      warn('kept', fields, 'The next stage takes nothing. Keeping the batch and refusing new data.');
    },
    dropped(batch, reason, error) {
      dropped.labels({ processor, signal: batch.signal, reason }).inc(batch.items);
      const fields = { signal: batch.signal, reason, dropped_items: batch.items, error: error.message };
      log.error(fields, 'Dropping a batch.');
    },
  };
}
