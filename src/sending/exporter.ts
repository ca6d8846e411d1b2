// Builds an exporter from the one function that it has to write: queue(observe(retry(timeout(push)))).
import type { Settings } from '../config/settings.js';
import { type Batch, type Exporter, UndeliveredError } from '../pipeline/index.js';
import { type ExporterEvents, exporterEvents } from '../telemetry/exporter-events.js';
import { queueEvents } from '../telemetry/queue-events.js';
import { maxElapsedMs, type QueueConfig, type SendingConfig } from './config.js';
import { direct } from './direct.js';
import { remembering } from './last.js';
import { PersistentQueue } from './persistent-queue.js';
import { queue } from './queue.js';
import { queueStorage } from './queue-storage.js';
import { type RetryOptions, retry } from './retry.js';
import { dropReason, isKept, type PartialSuccess, type Send } from './send.js';
import { type QueueOptions, type SendingQueue, sizeOf } from './sending-queue.js';
import { timeout } from './timeout.js';

/** What is particular to an exporter. */
export interface Push {
  start?(): Promise<void>;
  /** One attempt. */
  readonly send: Send;
  /** False: it detaches the lease of a batch whose bytes may still be read when `send` has ended. */
  readonly retainsBody?: boolean;
  /**
   * Where it sends to, in a form that can be compared: what waits for one exporter may go out through another that says
   * the same.
   */
  readonly destination?: string;
  /** Called once, when nothing is being sent any more. */
  close(): Promise<void>;
}

function retryOptions(sending: SendingConfig): RetryOptions {
  const config = sending.retry_on_failure;
  return {
    enabled: config.enabled,
    initialIntervalMs: config.initial_interval,
    randomizationFactor: config.randomization_factor,
    multiplier: config.multiplier,
    maxIntervalMs: config.max_interval,
    maxElapsedMs: maxElapsedMs(sending),
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
      if (!isKept(error)) events.failed(batch, dropReason(error), error);
      throw error;
    } finally {
      events.inFlight(--inFlight);
    }
  };
}

/** After its drain an exporter has this long to abort what is under way and close; ms. */
const CLOSE_MS = 500;

/** What an exporter gives to its successor. */
interface Estate {
  readonly queue: SendingQueue;
  readonly destination: string | undefined;
}

const estates = new WeakMap<Exporter, Estate>();

function queueFor(settings: Settings, config: SendingConfig, events: ExporterEvents, send: Send): SendingQueue {
  const { enabled, storage } = config.sending_queue;
  if (!enabled) return direct(send);
  const options = queueOptions(config.sending_queue);
  const host = { events, ledger: settings.ledger };
  if (storage === undefined) return queue(options, host, send);
  const onDisk = queueEvents(settings.telemetry, settings.id);
  const log = queueStorage(settings, storage).queueLog(settings.id, onDisk);
  return new PersistentQueue(options, { ...host, log, queueEvents: onDisk }, send);
}

/** The exporter around `push`. `shutdown` delivers what was taken, for at most `sending_queue.drain_timeout`. */
export function sendingExporter(settings: Settings, config: SendingConfig, push: Push): Exporter {
  const { events, last } = remembering(exporterEvents(settings.telemetry, settings.id));
  const stopping = new AbortController();
  const attempt = timeout({ timeoutMs: config.timeout }, push.send);
  const host = { stopping: stopping.signal, endsWithStop: () => queue.isKept, events };
  const queue = queueFor(settings, config, events, observe(events, retry(retryOptions(config), host, attempt)));
  const { drain_timeout: drainMs } = config.sending_queue;

  const close = async (withinMs: number): Promise<void> => {
    stopping.abort();
    const undelivered = await queue.drain(Math.min(drainMs, Math.max(0, withinMs - CLOSE_MS)));
    events.drained(undelivered);
    await push.close();
    if (undelivered.total > 0) throw new UndeliveredError(undelivered.bySignal);
  };
  let closed: Promise<void> | undefined;
  const exporter: Exporter = {
    async start() {
      await push.start?.();
      await queue.start?.();
    },
    adopt(previous) {
      const estate = estates.get(previous);
      if (estate?.destination !== undefined && estate.destination === push.destination) estate.queue.handTo?.(queue);
    },
    shutdown(withinMs = Number.POSITIVE_INFINITY) {
      closed ??= close(withinMs);
      return closed;
    },
    shutdownMs: drainMs + 2 * CLOSE_MS,
    get lingers() {
      return !queue.isKept;
    },
    consume: (batch) => queue.consume(batch),
    refusal: (bytes) => queue.refusal(bytes),
    retainsBody: push.retainsBody !== false,
    inspect: () => last(),
  };
  estates.set(exporter, { queue, destination: push.destination });
  return exporter;
}
