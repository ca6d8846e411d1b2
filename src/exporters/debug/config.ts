// Configuration of the debug exporter.
import { z } from 'zod';

export interface Config {
  verbosity: 'basic' | 'normal' | 'detailed';
  sampling_initial: number;
  sampling_thereafter: number;
  use_internal_logger: boolean;
}

export const schema: z.ZodType<Config> = z.strictObject({
  verbosity: z.enum(['basic', 'normal', 'detailed']).default('basic').describe('counts; a line an item; everything'),
  sampling_initial: z.int().min(0).default(2).describe('requests shown in each second before sampling begins'),
  sampling_thereafter: z.int().min(0).default(1).describe('then each so-many-th is shown; 0: none'),
  use_internal_logger: z.boolean().default(true).describe('write to the log; false: plain lines on standard output'),
});
