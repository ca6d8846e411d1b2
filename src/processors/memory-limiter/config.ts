// Configuration of the memory_limiter processor.
import { z } from 'zod';
import { duration, positiveDuration } from '../../config/duration.js';

export interface Config {
  check_interval: number;
  limit_mib: number;
  spike_limit_mib: number;
  limit_percentage: number;
  spike_limit_percentage: number;
  min_gc_interval_when_soft_limited: number;
  min_gc_interval_when_hard_limited: number;
}

const mib = z.int().min(0).default(0);
const percentage = z.int().min(0).max(100).default(0);

export const schema: z.ZodType<Config> = z.strictObject({
  check_interval: positiveDuration.prefault('1s').describe('time between two looks at the memory used'),
  limit_mib: mib.describe('hard limit; takes precedence over limit_percentage. MiB'),
  spike_limit_mib: mib.describe(
    'what may be added between two looks: data is refused from limit − spike on; 0: 20 % of the limit',
  ),
  limit_percentage: percentage.describe('hard limit in percent of the memory of the container or the machine'),
  spike_limit_percentage: percentage.describe('the spike in percent of the same; 0: 20 % of the limit'),
  min_gc_interval_when_soft_limited: duration
    .prefault('10s')
    .describe('pause between forced collections above the soft limit'),
  min_gc_interval_when_hard_limited: duration.prefault('0s').describe('the same above the hard limit'),
});

/** Problems across the keys. */
export function validate(config: Config): string[] {
  const problems: string[] = [];
  if (config.limit_mib === 0 && config.limit_percentage === 0)
    problems.push('limit_mib or limit_percentage must be greater than 0');
  if (config.limit_mib > 0 && config.spike_limit_mib >= config.limit_mib)
    problems.push('spike_limit_mib must be smaller than limit_mib');
  if (config.limit_percentage > 0 && config.spike_limit_percentage >= config.limit_percentage)
    problems.push('spike_limit_percentage must be smaller than limit_percentage');
  if (config.min_gc_interval_when_soft_limited < config.min_gc_interval_when_hard_limited)
    problems.push('min_gc_interval_when_soft_limited must not be shorter than min_gc_interval_when_hard_limited');
  return problems;
}

export interface Limits {
  readonly hardBytes: number;
  readonly softBytes: number;
}

const MIB = 1024 * 1024;

/** Limits in bytes, for a machine or container of so much memory. */
export function limitsOf(config: Config, totalBytes: number): Limits {
  const byMib = config.limit_mib > 0;
  const hardBytes = byMib ? config.limit_mib * MIB : (totalBytes * config.limit_percentage) / 100;
  const spike = byMib ? config.spike_limit_mib * MIB : (totalBytes * config.spike_limit_percentage) / 100;
  return { hardBytes, softBytes: hardBytes - (spike || hardBytes * 0.2) };
}
