// Configuration of the batch processor.
import { z } from 'zod';
import { duration } from '../../config/duration.js';

export interface Config {
  timeout: number;
  send_batch_size: number;
  send_batch_max_size: number;
  metadata_keys: string[];
  metadata_cardinality_limit: number;
}

export const schema: z.ZodType<Config> = z.strictObject({
  timeout: duration.prefault('200ms').describe('a smaller batch leaves after this; 0: every request leaves at once'),
  send_batch_size: z.int().min(0).default(8192).describe('items from which on a batch leaves at once'),
  send_batch_max_size: z
    .int()
    .min(0)
    .default(0)
    .describe('requests are not joined beyond this; one that is larger by itself passes whole. 0: no bound'),
  metadata_keys: z
    .array(z.string().toLowerCase())
    .default([])
    .describe('only requests with equal values of these join'),
  metadata_cardinality_limit: z.int().min(1).default(1000).describe('combinations of such values at the same time'),
});

/** Problems across the keys. */
export function validate(config: Config): string[] {
  const { send_batch_size: size, send_batch_max_size: max, metadata_keys: keys } = config;
  const problems: string[] = [];
  if (max > 0 && max < size) problems.push('send_batch_max_size must be at least send_batch_size');
  if (new Set(keys).size < keys.length) problems.push('metadata_keys names a key twice');
  return problems;
}
