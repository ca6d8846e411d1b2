// Builds an exporter from the one function that it has to write: queue(observe(retry(timeout(push)))).
import type { Settings } from '../config/settings.js';
import type { Batch, Exporter } from '../pipeline/index.js';
import { type ExporterEvents, exporterEvents } from '../telemetry/exporter-events.js';
import type { QueueConfig, RetryConfig, SendingConfig } from './config.js';
import { direct } from './direct.js';
import { remembering } from './last.js';
import { type QueueOptions, queue, sizeOf } from './queue.js';
import { type RetryOptions, retry } from './retry.js';
import { dropReason, type PartialSuccess, type Send } from './send.js';
import { timeout } from './timeout.js';

/** What is particular to an exporter. */
export interface Push {
  start?(): Promise<void>;
  /** One attempt. */
  readonly send: Send;
  /** It forfeits the lease of a batch whose bytes may still be read when `send` has ended (`Consumer.borrows`). */
  readonly borrows?: boolean;
  /** Called once, when nothing is being sent any more. */
  close(): Promise<void>;
}

function retryOptions(config: RetryConfig): RetryOptions {
  return {
    enabled: config.enabled,
    initialIntervalMs: config.initial_interval,
    randomizationFactor: config.randomization_factor,
    multiplier: config.multiplier,
    maxIntervalMs: config.max_interval,
    maxElapsedMs: config.max_elapsed_time,
  };
}

function queueOptions(config: QueueConfig): QueueOptions {
  const { batch } = config;
  return {
    numConsumers: config.num_consumers,
    queueSize: config.queue_size,
    sizer: config.sizer,
    maxBytes: config.max_bytes || byDefault(config),
    blockOnOverflow: config.block_on_overflow,
    waitForResult: config.wait_for_result,
    ...(batch && {
      batch: {
        flushTimeoutMs: batch.flush_timeout,
        minSize: batch.min_size,
        maxSize: batch.max_size,
        sizeOf: sizeOf(batch.sizer),
        metadataKeys: batch.partition.metadata_keys,
      },
    }),
  };
}

/** A next hop may say that it rejected more than there was, or less than nothing. */
function rejectedOf(batch: Batch, { rejected }: PartialSuccess): number {
  return Math.max(0, Math.min(rejected, batch.items));
}

/** Who has said how many bytes are held has said all. */
function byDefault({ sizer, queue_size }: QueueConfig): number | undefined {
  return sizer === 'bytes' ? queue_size : undefined;
}

/** Counts what became of every batch: the one place where `sent` and `failed` are told. */
export function observe(events: Pick<ExporterEvents, 'sent' | 'unreadable' | 'failed' | 'inFlight'>, next: Send): Send {
  let inFlight = 0;
  return async (batch, signal) => {
    events.inFlight(++inFlight);
    try {
      const partial = await next(batch, signal);
      if (partial?.unreadable) events.unreadable(batch, partial.message);
      if (partial && !partial.unreadable) events.sent(batch, rejectedOf(batch, partial), partial.message);
      else events.sent(batch);
      return partial;
    } catch (error) {
      events.failed(batch, dropReason(error), error);
      throw error;
    } finally {
      events.inFlight(--inFlight);
    }
  };
}

/** The exporter around `push`. `shutdown` delivers what was taken, for at most `sending_queue.drain_timeout`. */
export function sendingExporter(settings: Settings, config: SendingConfig, push: Push): Exporter {
  const { events, last } = remembering(exporterEvents(settings.telemetry, settings.id));
  const stopping = new AbortController();
  const attempt = timeout({ timeoutMs: config.timeout }, push.send);
  const send = observe(
    events,
    retry(retryOptions(config.retry_on_failure), { stopping: stopping.signal, events }, attempt),
  );
  const intake = config.sending_queue.enabled
    ? queue(queueOptions(config.sending_queue), { events, ledger: settings.ledger }, send)
    : direct(send);

  const close = async (): Promise<void> => {
    stopping.abort();
    events.drained(await intake.drain(config.sending_queue.drain_timeout));
    await push.close();
  };
  let closed: Promise<void> | undefined;
  return {
    start: async () => push.start?.(),
    shutdown() {
      closed ??= close();
      return closed;
    },
    consume: (batch) => intake.consume(batch),
    refusal: (bytes) => intake.refusal(bytes),
    borrows: push.borrows === true,
    inspect: () => last(),
  };
}
