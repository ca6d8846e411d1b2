// The options that every sending exporter has, under the Collector's names and with its defaults.
import { z } from 'zod';
import { duration } from '../config/duration.js';
import type { Sizer } from './sending-queue.js';

export interface RetryConfig {
  enabled: boolean;
  initial_interval: number;
  randomization_factor: number;
  multiplier: number;
  max_interval: number;
  /** Undefined: 300 s, without end where the queue is on disk. */
  max_elapsed_time?: number | undefined;
}

export interface QueueBatchConfig {
  flush_timeout: number;
  min_size: number;
  max_size: number;
  sizer: 'items' | 'bytes';
  partition: { metadata_keys: string[] };
}

export interface QueueConfig {
  enabled: boolean;
  num_consumers: number;
  queue_size: number;
  sizer: Sizer;
  max_bytes: number;
  block_on_overflow: boolean;
  wait_for_result: boolean;
  drain_timeout: number;
  storage?: string | undefined;
  batch?: QueueBatchConfig | undefined;
}

export const retrySchema: z.ZodType<RetryConfig> = z
  .strictObject({
    enabled: z.boolean().default(true).describe('try again after errors that may pass'),
    initial_interval: duration.prefault('5s').describe('wait after the first failure'),
    randomization_factor: z.number().min(0).max(1).default(0.5).describe('jitter: interval × [1 − f, 1 + f]'),
    multiplier: z.number().min(1).default(1.5).describe('growth of the interval from failure to failure'),
    max_interval: duration.prefault('30s').describe('bound of the interval'),
    max_elapsed_time: duration
      .optional()
      .describe('give up after this; 0: never. Default: 300s; with sending_queue.storage 0, since the disk has it'),
  })
  .prefault({});

const batchSchema: z.ZodType<QueueBatchConfig> = z.strictObject({
  flush_timeout: duration.prefault('200ms').describe('a smaller request leaves after this'),
  min_size: z.int().min(0).default(8192).describe('a request leaves at once from this size on'),
  max_size: z.int().min(0).default(0).describe('requests are not joined beyond this size (never split); 0: no bound'),
  sizer: z.enum(['items', 'bytes']).default('items').describe('unit of min_size and max_size'),
  partition: z
    .strictObject({
      metadata_keys: z.array(z.string().toLowerCase()).default([]).describe('only equal values of these join'),
    })
    .prefault({}),
});

export const queueSchema: z.ZodType<QueueConfig> = z
  .strictObject({
    enabled: z.boolean().default(true).describe('without a queue the sender waits for the next hop'),
    num_consumers: z.int().min(1).default(10).describe('requests sent at the same time'),
    queue_size: z.int().min(1).default(1000).describe('capacity, in the unit of sizer'),
    sizer: z.enum(['requests', 'items', 'bytes']).default('requests').describe('what queue_size counts'),
    max_bytes: z
      .int()
      .min(0)
      .default(0)
      .describe('bytes that may be held, whatever sizer counts; 0: a quarter of the memory of container or machine'),
    block_on_overflow: z.boolean().default(false).describe('wait for room instead of refusing'),
    wait_for_result: z.boolean().default(false).describe('answer the sender with the result of sending'),
    drain_timeout: duration
      .prefault('20s')
      .describe('at shutdown, what is not delivered after this is given up; a queue on disk keeps it instead'),
    storage: z
      .string()
      .min(1)
      .optional()
      .describe('id of a file_storage extension: the queue is on disk, and an OK to the sender means that it is there'),
    batch: batchSchema.optional().describe('join small requests'),
  })
  .prefault({});

/** `timeout` of one attempt; 0: none. */
export function timeoutSchema(byDefault: string): z.ZodType<number> {
  return duration.prefault(byDefault).describe('bound of one attempt; 0: none');
}

export interface SendingConfig {
  timeout: number;
  retry_on_failure: RetryConfig;
  sending_queue: QueueConfig;
}

/** Give up after this, ms; 0: never. */
export function maxElapsedMs({ retry_on_failure: retry, sending_queue: queue }: SendingConfig): number {
  return retry.max_elapsed_time ?? (queue.enabled && queue.storage !== undefined ? 0 : 300_000);
}

/** Extensions that it needs, with the key that names each. */
export function sendingExtensions({ sending_queue: { enabled, storage } }: SendingConfig): Record<string, string> {
  return enabled && storage !== undefined ? { 'sending_queue.storage': storage } : {};
}

/** What is allowed, and perhaps not meant. */
export function sendingAdvice({ retry_on_failure: retry, sending_queue: queue }: SendingConfig): string[] {
  if (!queue.enabled || queue.storage === undefined || !retry.enabled || !retry.max_elapsed_time) return [];
  return [
    'retry_on_failure: max_elapsed_time is set, so the beginning of a longer outage is dropped although the disk has it; leave it out',
  ];
}

/** What the schema cannot say. */
export function sendingProblems(config: SendingConfig): string[] {
  const { batch } = config.sending_queue;
  const problems: string[] = [];
  if (batch && batch.max_size > 0 && batch.max_size < batch.min_size)
    problems.push('sending_queue::batch: max_size must be at least min_size');
  if (config.retry_on_failure.max_interval < config.retry_on_failure.initial_interval)
    problems.push('retry_on_failure: max_interval must be at least initial_interval');
  const { storage, wait_for_result: waits } = config.sending_queue;
  if (storage !== undefined && waits)
    problems.push(
      'sending_queue: with storage the answer comes when the disk has the request; wait_for_result contradicts it',
    );
  return problems;
}
