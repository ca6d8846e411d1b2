// The options that every sending exporter has, under the Collector's names and with its defaults.
import { z } from 'zod';
import { duration } from '../config/duration.js';
import type { Sizer } from './queue.js';

export interface RetryConfig {
  enabled: boolean;
  initial_interval: number;
  randomization_factor: number;
  multiplier: number;
  max_interval: number;
  max_elapsed_time: number;
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
  storage?: unknown;
  batch?: QueueBatchConfig | undefined;
}

export const retrySchema: z.ZodType<RetryConfig> = z
  .strictObject({
    enabled: z.boolean().default(true).describe('try again after errors that may pass'),
    initial_interval: duration.prefault('5s').describe('wait after the first failure'),
    randomization_factor: z.number().min(0).max(1).default(0.5).describe('jitter: interval × [1 − f, 1 + f]'),
    multiplier: z.number().min(1).default(1.5).describe('growth of the interval from failure to failure'),
    max_interval: duration.prefault('30s').describe('bound of the interval'),
    max_elapsed_time: duration.prefault('300s').describe('give up after this; 0: never'),
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
    drain_timeout: duration.prefault('5s').describe('at shutdown, what is not delivered after this is given up'),
    storage: z
      .unknown()
      .refine(() => false, {
        message: 'a persistent queue is not available: the queue is in memory only; remove this key',
      })
      .optional()
      .describe('not available'),
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

/** What the schema cannot say. */
export function sendingProblems(config: SendingConfig): string[] {
  const { batch } = config.sending_queue;
  const problems: string[] = [];
  if (batch && batch.max_size > 0 && batch.max_size < batch.min_size)
    problems.push('sending_queue::batch: max_size must be at least min_size');
  if (config.retry_on_failure.max_interval < config.retry_on_failure.initial_interval)
    problems.push('retry_on_failure: max_interval must be at least initial_interval');
  return problems;
}
